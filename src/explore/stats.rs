//! What a search has come through.

use super::item::Item;
use super::orders::Orders;
use super::policy::Coverage;
use super::verdict::Verdict;
use std::fmt;

/// What a search has come through: all runs of a check without a failure, or of a survey.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Runs.
    pub runs: u64,
    /// Different orders among them, up to about a million.
    pub distinct: u64,
    /// Orders that came up once.
    pub once: u64,
    /// Runs that have failed. Only [`Explore::survey`](super::Explore::survey) goes on after one.
    pub failures: u64,
    /// The number of the first run that has failed, from 0, and how.
    pub first_failure: Option<(u64, Verdict)>,
    /// Decisions of all runs.
    pub decisions: u64,
    /// Turns of all runs.
    pub turns: u64,
    /// The most decisions of a run.
    pub most_decisions: u64,
    /// Whether all orders have had a run.
    pub coverage: Coverage,
    /// The conditions of [`Sim::sometimes`](super::Sim::sometimes) that no run has met.
    pub never: Vec<String>,
    /// The items of replayed failures, those of a corpus included, that nothing in the program matched.
    pub stale: Vec<Item>,
    /// How often each order came up, by its hash.
    orders: Orders,
}

impl Stats {
    /// Counts a run.
    pub(super) fn count(&mut self, digest: u64, decisions: u64, turns: u64) {
        self.runs += 1;
        self.decisions += decisions;
        self.turns += turns;
        self.most_decisions = self.most_decisions.max(decisions);
        match self.orders.count(digest) {
            1 => (self.distinct, self.once) = (self.distinct + 1, self.once + 1),
            2 => self.once -= 1,
            _ => {}
        }
    }

    /// Counts the failure of a run that has been counted.
    pub(super) fn count_failure(&mut self, run: u64, verdict: Verdict) {
        self.failures += 1;
        self.first_failure.get_or_insert((run, verdict));
    }

    /// Returns about how likely it is that the next run has an order that none has had: by I. J. Good, "The Population
    /// Frequencies of Species and the Estimation of Population Parameters", 1953, after Turing. It holds for policies
    /// that draw each run alike.
    pub fn chance_of_new(&self) -> f64 {
        match self.runs {
            0 => 1.0,
            runs => self.once as f64 / runs as f64,
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs, {} distinct orders", self.runs, self.distinct)?;
        if let Some((run, verdict)) = &self.first_failure {
            write!(f, ", {} failed, first run {run}: {verdict}", self.failures)?;
        }
        match self.coverage {
            Coverage::Exhaustive => f.write_str(": all there are")?,
            Coverage::ExhaustiveUpTo(bound) => {
                write!(
                    f,
                    ": all with up to {bound} departures from production order"
                )?;
            }
            Coverage::Sampled => {
                let percent = 100.0 * self.chance_of_new();
                write!(
                    f,
                    ", {} seen once: about {percent:.1} % chance that the next is new",
                    self.once
                )?;
            }
        }
        for name in &self.never {
            write!(f, "\nnever seen: {name}")?;
        }
        for item in &self.stale {
            write!(f, "\nstale, nothing matches it: {item}")?;
        }
        Ok(())
    }
}
