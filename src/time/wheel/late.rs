//! Timers that were armed for a moment which had already come. They are due at the next `advance`, not before.
//!
//! The tables hold only timers ahead of the clock. Late timers are few, and wait in ordered maps. Each node keeps its
//! number, since the key is the deadline and that number.

use std::collections::BTreeMap;

/// The deadline, and how many late timers were armed before.
type Key = (u64, u64);

#[derive(Default)]
pub(super) struct Late {
    /// The number of timers in both maps.
    len: usize,
    /// The timers that are due since the last `advance`.
    due: BTreeMap<Key, u32>,
    /// The timers that were armed since then.
    fresh: BTreeMap<Key, u32>,
    armed: u64,
}

impl Late {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a timer and returns how many were added before it.
    pub(super) fn insert(&mut self, deadline: u64, index: u32) -> u64 {
        let number = self.armed;
        self.armed += 1;
        self.len += 1;
        self.fresh.insert((deadline, number), index);
        number
    }

    pub(super) fn remove(&mut self, deadline: u64, number: u64) {
        let key = (deadline, number);
        let removed = self.due.remove(&key).or_else(|| self.fresh.remove(&key));
        debug_assert!(removed.is_some());
        self.len -= removed.is_some() as usize;
    }

    /// Returns the earliest deadline, due or not.
    pub(super) fn earliest(&self) -> Option<u64> {
        let keys = [&self.due, &self.fresh].map(BTreeMap::first_key_value);
        keys.into_iter().flatten().map(|(&(at, _), _)| at).min()
    }

    /// Returns the earliest deadline of the due timers.
    pub(super) fn earliest_due(&self) -> Option<u64> {
        self.due.first_key_value().map(|(&(at, _), _)| at)
    }

    /// Makes all timers due.
    #[cold]
    pub(super) fn fall_due(&mut self) {
        self.due.extend(std::mem::take(&mut self.fresh));
    }

    /// Takes the first due timer.
    pub(super) fn pop_due(&mut self) -> Option<u32> {
        let (_, index) = self.due.pop_first()?;
        self.len -= 1;
        Some(index)
    }

    /// Returns the due timers with this deadline, in the order in which they were armed.
    pub(super) fn due_at(&self, deadline: u64) -> impl Iterator<Item = u32> {
        let tied = self.due.range((deadline, 0)..=(deadline, u64::MAX));
        tied.map(|(_, &index)| index)
    }
}
