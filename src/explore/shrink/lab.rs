//! Re-runs with a budget: a list of items that has been tried once is not tried again.

use super::{Outcome, Runs};
use crate::explore::item::{Item, Plan};
use crate::explore::trace::Trace;
use crate::explore::verdict::Verdict;
use std::collections::BTreeMap;

/// How a run with some items ended: `None` if it passed.
pub(super) type Ending = Option<Verdict>;

/// What came of a list of items.
pub(super) enum Tried {
    /// It fails as the first run did.
    Fails,
    /// It does not, and this is its record.
    Not(Box<Trace>),
    /// The budget is used up.
    NoBudget,
}

/// See the file's page.
pub(super) struct Lab<'a> {
    runs: &'a mut dyn Runs,
    verdict: &'a Verdict,
    /// The seed of all runs, if it is not the usual one.
    pub seed: Option<u64>,
    budget: u32,
    /// Re-runs so far.
    pub used: u32,
    known: BTreeMap<Vec<Item>, Ending>,
    /// The items and the record of the last run that failed as it should.
    last: Option<(Vec<Item>, Trace)>,
}

impl<'a> Lab<'a> {
    pub fn new(runs: &'a mut dyn Runs, verdict: &'a Verdict, budget: u32) -> Self {
        Lab {
            runs,
            verdict,
            seed: None,
            budget,
            used: 0,
            known: BTreeMap::new(),
            last: None,
        }
    }

    /// Runs again with these items and no others, whatever is known and left of the budget.
    pub fn rerun(&mut self, items: &[Item]) -> Outcome {
        self.used += 1;
        self.runs.plan(&Plan {
            seed: self.seed,
            items: items.to_vec(),
        })
    }

    /// Runs again with these answers to all decisions.
    pub fn rerun_answers(&mut self, answers: &[u32]) -> Outcome {
        self.used += 1;
        self.runs.answers(answers)
    }

    /// Returns whether there are re-runs left.
    pub fn has_budget(&self) -> bool {
        self.used < self.budget
    }

    /// Returns how a run with these items ends; `None` if that is not known and the budget is used up.
    pub fn ending(&mut self, items: &[Item]) -> Option<&Ending> {
        if !self.known.contains_key(items) {
            if !self.has_budget() {
                return None;
            }
            let outcome = self.rerun(items);
            if self.is_like(&outcome.verdict) {
                self.last = Some((items.to_vec(), outcome.trace));
            }
            self.known.insert(items.to_vec(), outcome.verdict);
        }
        self.known.get(items)
    }

    /// Runs with items that have not been tried.
    pub fn tried(&mut self, items: &[Item]) -> Tried {
        if !self.has_budget() {
            return Tried::NoBudget;
        }
        let outcome = self.rerun(items);
        let is_like = self.is_like(&outcome.verdict);
        self.known.insert(items.to_vec(), outcome.verdict);
        match is_like {
            true => {
                self.last = Some((items.to_vec(), outcome.trace));
                Tried::Fails
            }
            false => Tried::Not(Box::new(outcome.trace)),
        }
    }

    /// Returns whether the record of a run with these items has a property. That takes a re-run, since only the record
    /// of a failing run is kept.
    pub fn is_so(&mut self, items: &[Item], holds: impl Fn(&Trace) -> bool) -> bool {
        self.has_budget() && holds(&self.rerun(items).trace)
    }

    /// Returns whether a run with these items is known to fail as the first one did.
    pub fn fails(&mut self, items: &[Item]) -> bool {
        let verdict = self.verdict;
        let ending = self.ending(items);
        matches!(ending, Some(Some(other)) if other.is_like(verdict))
    }

    /// Returns whether a run with these items is known to pass.
    pub fn passes(&mut self, items: &[Item]) -> bool {
        matches!(self.ending(items), Some(None))
    }

    pub fn is_like(&self, ending: &Ending) -> bool {
        ending.as_ref().is_some_and(|it| it.is_like(self.verdict))
    }

    /// Notes that these items give the run that `others` give.
    pub fn are_alike(&mut self, items: &[Item], others: &[Item]) {
        if let Some(ending) = self.known.get(others) {
            let ending = ending.clone();
            self.known.insert(items.to_vec(), ending);
        }
        if let Some((last, _)) = &mut self.last
            && last == others
        {
            *last = items.to_vec();
        }
    }

    /// Returns the record of a run with these items, which fails; `None` if it does not, or the budget is used up.
    pub fn trace(&mut self, items: &[Item]) -> Option<&Trace> {
        let is_last = matches!(&self.last, Some((last, _)) if last == items);
        if !is_last {
            if !self.has_budget() {
                return None;
            }
            let outcome = self.rerun(items);
            if !self.is_like(&outcome.verdict) {
                return None;
            }
            self.last = Some((items.to_vec(), outcome.trace));
        }
        self.last.as_ref().map(|(_, trace)| trace)
    }

    /// Forgets what is known, since runs will have another seed.
    pub fn set_seed(&mut self, seed: Option<u64>) {
        self.seed = seed;
        self.known.clear();
        self.last = None;
    }
}
