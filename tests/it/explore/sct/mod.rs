//! Small concurrent programs with known bugs, played through the public interface: see `data/sct/README.md`.
//!
//! A thread of a program is a work without a permit, and a turn instruction is one turn. Guards keep a work from its
//! turn while its thread could not go on. Nothing here knows a program by its name.
//!
//! `CRANKWORK_SCT=full` has more seeds, policies and runs.

mod ends;
mod exact;
mod fuzzed;
mod orders;
mod parse;
mod play;
mod program;
mod state;
mod table;

use program::Program;
use serde_json::Value;
use std::sync::Arc;

/// Returns whether the long form of the tests is wanted.
fn is_full() -> bool {
    std::env::var_os("CRANKWORK_SCT").is_some_and(|value| value == "full")
}

fn json(name: &str, test: &str) -> Option<Value> {
    let path = crate::shared_data::file(name, test)?;
    let text = std::fs::read_to_string(path).expect("a text");
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// Returns all programs.
fn programs(test: &str) -> Option<Vec<Arc<Program>>> {
    let source = json("sct/programs.json", test)?;
    let all = source["programs"].as_array().expect("programs").iter();
    let read = |source: &Value| {
        let program = Program::new(source);
        Arc::new(program.unwrap_or_else(|| panic!("not readable: {source}")))
    };
    Some(all.map(read).collect())
}

/// Returns the programs with their figures, as far as there are any.
fn programs_with_figures(test: &str) -> Option<Vec<(Arc<Program>, Value)>> {
    let figures = json("sct/expected.json", test)?;
    let all = programs(test)?.into_iter().filter_map(|program| {
        let figures = figures["programs"].get(&program.name)?.clone();
        Some((program, figures))
    });
    Some(all.collect())
}

#[test]
fn sct_fuzz_corpus_fails_no_correct_program() {
    let Some(programs) = programs("sct_fuzz_corpus_fails_no_correct_program") else {
        return;
    };
    crate::corpus::replay("programs", |data| fuzzed::check(&programs, data));
}
