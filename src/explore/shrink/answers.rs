//! The fallback where items cannot express a failure: as few answers other than that of production as can be.

use super::lab::Lab;
use super::minimal::minimal;

/// Returns the answers of the failing run with as many of them 0 as can be.
pub(super) fn shrink(lab: &mut Lab<'_>, answers: &[u32]) -> Vec<u32> {
    let places: Vec<usize> = (0..answers.len())
        .filter(|&place| answers[place] > 0)
        .collect();
    let with = |kept: &[usize]| {
        let mut some = vec![0; answers.len()];
        for place in kept.iter().map(|&kept| places[kept]) {
            some[place] = answers[place];
        }
        some
    };
    let kept = minimal(places.len(), &mut |kept| {
        kept.len() == places.len()
            || lab.has_budget() && {
                let outcome = lab.rerun_answers(&with(kept));
                lab.is_like(&outcome.verdict)
            }
    });
    with(&kept)
}
