//! The application of these tests.

use crankwork::{RemoteWaker, WorkId};
use std::collections::BTreeMap;

/// What happened, in order, and what works leave for the test or for each other.
#[derive(Default)]
pub struct Log {
    /// A line for each call that a [`Probe`](super::Probe) got, among lines that works and tests push.
    pub lines: Vec<String>,
    pub wakers: Vec<RemoteWaker>,
    pub ids: BTreeMap<&'static str, WorkId>,
}

impl Log {
    /// Appends a line.
    pub fn push(&mut self, line: impl ToString) {
        self.lines.push(line.to_string());
    }

    /// Returns the id under this name in `ids`, where the bench notes the works that a test adds.
    pub fn id(&self, name: &'static str) -> WorkId {
        self.ids[name]
    }

    /// Returns the turns in short: `a` for a turn, `a!` for one of `on_abort`, nothing for a hook. Lines that were
    /// pushed stand between them as they are.
    pub fn turns(&self) -> Vec<String> {
        self.lines.iter().filter_map(|line| short(line)).collect()
    }

    /// Returns [`Log::turns`] in one line.
    pub fn ran(&self) -> String {
        self.turns().join(" ")
    }

    /// Returns how many turns `name` had.
    pub fn turns_of(&self, name: &str) -> usize {
        let prefix = format!("{name}: poll ");
        let turns = self.lines.iter().filter(|line| line.starts_with(&prefix));
        turns.count()
    }
}

fn short(line: &str) -> Option<String> {
    let Some((name, call)) = line.rsplit_once(": ") else {
        return Some(line.to_owned());
    };
    match call {
        "on_abort" => Some(format!("{name}!")),
        "on_reset" | "on_success" | "on_failure_retry" | "on_failure_raise" => None,
        _ if call.starts_with("poll ") => Some(name.to_owned()),
        _ => Some(line.to_owned()),
    }
}
