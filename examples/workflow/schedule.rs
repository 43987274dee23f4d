//! The result of a run: when each task ran, and a fingerprint of it.
//!
//! Two engines made the same schedule if and only if the fingerprints agree. A fingerprint covers the successful
//! attempt of each task in file order, to the nanosecond.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::workflow::Workflow;

/// The result that the engine returns.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// When the successful attempt of each task ran, in file order.
    pub spans: Vec<Span>,
    /// How many turns the engine gave.
    pub turns: u64,
}

/// From the start of an attempt to its end, in nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// When its slot was granted.
    pub start_ns: u64,
    /// When it succeeded.
    pub finish_ns: u64,
}

impl RunResult {
    /// Returns when the last task was done, in nanoseconds.
    pub fn makespan_ns(&self) -> u64 {
        self.spans
            .iter()
            .map(|span| span.finish_ns)
            .max()
            .unwrap_or(0)
    }

    /// Returns the SHA-256, in lower-case hexadecimal, over one line per task: key, tab, start, tab, finish, line feed.
    ///
    /// # Panics
    ///
    /// If the result does not belong to this workflow.
    pub fn schedule_sha256(&self, workflow: &Workflow) -> String {
        assert_eq!(
            self.spans.len(),
            workflow.tasks().len(),
            "one span for each task"
        );
        let mut hasher = Sha256::new();
        for (task, span) in workflow.tasks().iter().zip(&self.spans) {
            let times = format!("\t{}\t{}\n", span.start_ns, span.finish_ns);
            hasher.update(task.key.as_bytes());
            hasher.update(times.as_bytes());
        }
        hex(&hasher.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String does not fail");
        text
    })
}
