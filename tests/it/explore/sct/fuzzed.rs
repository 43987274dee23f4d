//! Any bytes, as a program and the order of its turns. The fuzz target `programs` shares this file.

use super::play::{play, search};
use super::program::Program;
use crankwork::explore::{Policy, Verdict};
use std::sync::Arc;

/// Plays the program that the first byte picks, in the order that the others say, twice.
///
/// # Panics
/// If a correct program fails, or the two runs differ.
pub fn check(programs: &[Arc<Program>], data: &[u8]) {
    let Some((&first, order)) = data.split_first() else {
        return;
    };
    let program = &programs[usize::from(first) % programs.len()];
    let run = || -> Option<Verdict> {
        let search = search(program, Policy::Bytes(order.to_vec()), 0);
        let survey = search.survey(|sim| play(sim, program, None));
        survey.first_failure.map(|(_, verdict)| verdict)
    };
    let [one, other] = [run(), run()];
    assert_eq!(one, other, "{}: two runs with the same bytes", program.name);
    if let Some(verdict) = one {
        assert!(program.fails, "{}: {verdict}", program.name);
    }
}
