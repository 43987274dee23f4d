//! The composites: each class by itself, then all of them cancelled, failed and restarted at every moment.

mod batch;
mod batch_outputs;
mod callback;
mod conditional;
mod future;
mod graph;
mod guests;
mod moments;
mod nesting;
mod outputs;
mod parent;
mod repeat;
mod restart;
mod sequence;

use crate::workbench::*;

/// The names of the works that had a first turn, in that order: the reset before it is logged right before it.
fn started(b: &mut Bench) -> Vec<String> {
    let lines = b.lines();
    let name = |pair: &[String]| {
        let reset = pair[0].strip_suffix(": on_reset")?;
        let first = pair[1].strip_suffix(": poll 1")?;
        (reset == first).then(|| first.to_owned())
    };
    lines.windows(2).filter_map(name).collect()
}

/// The part of the status that the work of this name says itself.
fn says(b: &Bench, name: &str) -> String {
    let status = b.s.status();
    let line = status
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(name));
    line.expect("a work of that name").to_owned()
}
