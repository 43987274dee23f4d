//! The outcomes of works that have been reclaimed: the latest, as many as [`Limits::outcomes`](crate::Limits) says.
//!
//! A program that reclaims works and goes on to name them keeps these few words of each, and not the works.

use crate::work::{Failure, FailureKind, Name, RootCause, WorkId, WorkOutcome};
use std::collections::{BTreeMap, VecDeque};

/// A work that is gone.
struct Gone {
    id: WorkId,
    name: Name,
    outcome: WorkOutcome,
}

/// The outcomes that are kept.
#[derive(Default)]
pub(crate) struct Outcomes {
    /// The most that are kept.
    most: usize,
    /// By the serial numbers of the works.
    by_serial: BTreeMap<u64, Gone>,
    /// The serial numbers, the first to be reclaimed in front.
    order: VecDeque<u64>,
}

impl Outcomes {
    /// Returns a store for at most so many.
    pub fn new(most: usize) -> Self {
        Outcomes {
            most,
            ..Outcomes::default()
        }
    }

    /// Returns whether any outcome is to be kept.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.most > 0
    }

    /// Keeps an outcome, and forgets the oldest if there is no more room. O(log n).
    pub fn keep(&mut self, id: WorkId, name: Name, outcome: WorkOutcome) {
        if self.order.len() >= self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_serial.remove(&oldest);
        }
        self.order.push_back(id.serial);
        self.by_serial.insert(id.serial, Gone { id, name, outcome });
    }

    /// Returns the outcome of a work that is gone, if it is kept. O(log n).
    pub fn get(&self, id: WorkId) -> Option<&WorkOutcome> {
        self.find(id).map(|gone| &gone.outcome)
    }

    /// Returns the failure with which the first of `befores` that is gone, and did not succeed, blocks a work.
    pub fn blocker(&self, befores: impl IntoIterator<Item = WorkId>) -> Option<Failure> {
        let mut gone = befores.into_iter().filter_map(|id| self.find(id));
        gone.find_map(Gone::blocks_with)
    }

    /// Forgets all outcomes.
    #[inline]
    pub fn clear(&mut self) {
        // Most programs keep none, and the drop of an empty tree costs more than the look.
        if !self.order.is_empty() {
            self.by_serial.clear();
            self.order.clear();
        }
    }

    fn find(&self, id: WorkId) -> Option<&Gone> {
        // The serial numbers of two schedulers coincide.
        self.by_serial.get(&id.serial).filter(|gone| gone.id == id)
    }
}

impl Gone {
    fn blocks_with(&self) -> Option<Failure> {
        // All works along a chain share one root cause.
        let (root, name, cause) = match &self.outcome {
            WorkOutcome::Success => return None,
            WorkOutcome::Failed(failure) => (self.id, &self.name, Some(failure.clone())),
            WorkOutcome::Cancelled => (self.id, &self.name, None),
            WorkOutcome::Blocked(RootCause { id, name, failure }) => (*id, name, failure.clone()),
        };
        let name = name.clone();
        Some(Failure::caused(FailureKind::Blocked { root, name }, cause))
    }
}
