//! Which nodes are cut off from each other, and until when.

use crate::Time;
use std::collections::BTreeMap;

/// Pairs of nodes between which messages are lost, the smaller number first.
#[derive(Default)]
pub(in crate::explore) struct Cuts {
    pairs: BTreeMap<(usize, usize), Time>,
}

impl Cuts {
    pub fn clear(&mut self) {
        // The drop of an empty tree costs more than the look.
        if !self.pairs.is_empty() {
            self.pairs.clear();
        }
    }

    /// Cuts two nodes off until a time, or until they are healed.
    pub fn cut(&mut self, one: usize, other: usize, until: Option<Time>) {
        let end = self.pairs.entry(pair(one, other)).or_default();
        *end = (*end).max(until.unwrap_or(Time::MAX));
    }

    pub fn heal(&mut self, one: usize, other: usize) {
        self.pairs.remove(&pair(one, other));
    }

    pub fn is_cut(&self, one: usize, other: usize, now: Time) -> bool {
        let end = self.pairs.get(&pair(one, other));
        end.is_some_and(|&end| now < end)
    }
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}
