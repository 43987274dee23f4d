//! A failed run, as data and as the report that a person reads.

use super::item::Fault;
use super::trace::TracedTurn;
use super::verdict::Verdict;
use std::fmt;

/// A run that has failed. Its text is the report: equal for equal seeds, byte for byte.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The name of the test.
    pub test: String,
    /// What failed.
    pub verdict: Verdict,
    /// The number of the run, from 0.
    pub run: u64,
    /// How many runs there were to be.
    pub runs: u64,
    /// The policy of the run.
    pub policy: String,
    /// The seed of the run.
    pub seed: u64,
    /// Different orders so far, this one included.
    pub distinct: u64,
    /// How many decisions the run had.
    pub decisions: usize,
    /// Held works that had a turn nevertheless, because nothing else could go on, in order.
    pub waived: Vec<String>,
    /// The faults that happened in the run, in order.
    pub faults: Vec<Fault>,
    /// The last turns of the run.
    pub turns: Vec<TracedTurn>,
    /// The answers of the run as text, for `CRANK_REPLAY`.
    pub replay: String,
    /// Whether the failure came back when the run was repeated.
    pub reproduced: bool,
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exploration of `{}` failed: {}", self.test, self.verdict)?;
        writeln!(
            f,
            "  run {} of {}, policy {}, seed {:#x}   ({} passed, {} distinct orders, {} decisions)",
            self.run, self.runs, self.policy, self.seed, self.run, self.distinct, self.decisions
        )?;
        if !self.reproduced {
            writeln!(
                f,
                "  the failure did not come back in a second run with the same answers: something besides them"
            )?;
            writeln!(
                f,
                "  decides (a clock, the order of a hash map, an address, a thread)"
            )?;
        }
        if !self.waived.is_empty() {
            writeln!(
                f,
                "  holds waived, since nothing else could go on: {}",
                self.waived.join(", ")
            )?;
        }
        for fault in &self.faults {
            writeln!(f, "  fault: {fault}")?;
        }
        writeln!(f, "\n   turn  virtual time  work")?;
        for turn in &self.turns {
            writeln!(f, "{turn}")?;
        }
        let (seed, replay) = (self.seed, &self.replay);
        write!(
            f,
            "\n  repeat:  CRANK_SEED={seed:#x} CRANK_REPLAY='{replay}' cargo test {} -- --exact",
            self.test
        )
    }
}
