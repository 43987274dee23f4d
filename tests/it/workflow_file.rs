//! Any bytes as a workflow file: what is refused is refused in one line, and what is not runs as the reference model
//! says. The fuzz target and the corpus replay share this.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};

use super::workflow_example::edge_list::Unit;
use super::workflow_example::options::{Options, Slots};
use super::workflow_example::workflow::Workflow;
use super::workflow_example::{input, reference, run};

/// Longer messages help nobody.
const LONGEST_MESSAGE: usize = 5_000;

/// Reads the bytes after the first as a file, and runs it. The first byte says what kind of file it is, and how to
/// run it.
///
/// # Panics
/// If the error is not in one line, or the engine and the model differ.
pub fn check_file(data: &[u8]) {
    let Some((&first, file)) = data.split_first() else {
        return;
    };
    let (name, packs) = [
        ("file.json", false),
        ("file.txt", false),
        ("file.txt.gz", false),
        ("file.txt.gz", true),
    ][usize::from(first & 3)];
    let unit = (first & 4 != 0).then_some(Unit::InstalledSize);
    let packed = packs.then(|| gzip(file));
    let file = packed.as_deref().unwrap_or(file);
    match input::load_from(Path::new(name), file, unit) {
        Ok(workflow) => check_run(&workflow, first),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains('\n'), "{message}");
            assert!(message.len() <= LONGEST_MESSAGE, "{message}");
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn check_run(workflow: &Workflow, first: u8) {
    let options = Options {
        slots: NonZeroUsize::new(usize::from(first >> 4)).map_or(Slots::Unlimited, Slots::Limited),
        failures: first & 8 != 0,
    };
    let result = run::run(workflow, &options, &mut |_, _| ()).expect("a checked workflow runs");
    let model = reference::simulate(workflow, &options, &mut |_, _| ());
    assert_eq!(result.spans, model.spans, "the engine's, then the model's");
    assert_eq!(result.turns, model.turns, "the engine's, then the model's");
    let makespan = result.spans.iter().map(|span| span.finish_ns).max();
    assert!(makespan >= Some(workflow.critical_path().length_ns));
}

// The fuzz target has no tests.
#[cfg(test)]
#[test]
fn fuzz_corpus_is_refused_or_runs() {
    crate::corpus::replay("workflow_file", check_file);
}
