//! What a search has come through.

use super::item::Item;
use super::orders::Orders;
use super::policy::Coverage;
use super::verdict::Verdict;
use std::collections::BTreeMap;
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
    /// Whether the time of `CRANK_TIME` was over before the last run.
    pub is_cut_short: bool,
    /// The conditions of `sometimes`, and whether any run has met them.
    met: BTreeMap<String, bool>,
    /// Which orders came up once, and which more often, by their hashes.
    orders: Orders,
}

impl Stats {
    /// Makes room for the orders of so many runs.
    pub(super) fn reserve(&mut self, runs: u64) {
        self.orders.reserve(runs);
    }

    /// Counts a run.
    #[inline]
    pub(super) fn count(&mut self, digest: u64, decisions: u64, turns: u64) {
        self.runs += 1;
        self.decisions += decisions;
        self.turns += turns;
        self.most_decisions = self.most_decisions.max(decisions);
        self.orders.count(digest);
    }

    /// Brings the numbers of orders up to date: while runs go on, they wait.
    pub(super) fn sum_up(&mut self) {
        (self.distinct, self.once) = self.orders.distinct_and_once();
    }

    /// Counts the failure of a run that has been counted.
    pub(super) fn count_failure(&mut self, run: u64, verdict: Verdict) {
        self.failures += 1;
        self.first_failure.get_or_insert((run, verdict));
    }

    /// Notes which conditions of `sometimes` some run has met.
    pub(super) fn meet(&mut self, sometimes: Vec<(String, bool)>) {
        for (name, is_met) in sometimes {
            let was_met = self.met.entry(name).or_default();
            *was_met |= is_met;
        }
        let never = self.met.iter().filter(|(_, is_met)| !**is_met);
        self.never = never.map(|(name, _)| name.clone()).collect();
    }

    /// Adds what another thread has come through in other runs of the same search.
    pub(super) fn add(&mut self, other: &mut Stats) {
        self.runs += other.runs;
        self.failures += other.failures;
        self.decisions += other.decisions;
        self.turns += other.turns;
        self.most_decisions = self.most_decisions.max(other.most_decisions);
        self.is_cut_short |= other.is_cut_short;
        if let Some((run, verdict)) = &other.first_failure
            && self
                .first_failure
                .as_ref()
                .is_none_or(|first| run < &first.0)
        {
            self.first_failure = Some((*run, verdict.clone()));
        }
        self.meet(other.met.clone().into_iter().collect());
        self.orders.add(&mut other.orders);
        self.sum_up();
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
        if self.is_cut_short {
            f.write_str(", cut short by CRANK_TIME")?;
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
