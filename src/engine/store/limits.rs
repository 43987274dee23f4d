//! The limits that few works have, and the keys of their timers. Only this file lists all kinds.
//!
//! To add a kind, add it to [`Limit`] and to [`Limit::ALL`], at the place that its strength demands.
//! `lifecycle/timers.rs` says what it does when it fires.

use crate::time::TimerKey;

/// A bound on a work or its attempt, in the order in which limits win at one instant. Each beats the alarm.
///
/// The number of a kind is its index in [`LimitKeys`]. L5 has the order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Limit {
    /// The instant by which the work has to settle.
    Deadline,
    /// The longest duration of one attempt.
    AttemptTimeout,
    /// The longest duration of an abort.
    Grace,
}

impl Limit {
    /// All kinds, in that order.
    pub const ALL: [Limit; 3] = [Limit::Deadline, Limit::AttemptTimeout, Limit::Grace];
}

/// The timer keys of a work's limits, by kind. A key is there just as long as its timer is armed: the wheel may give
/// the key to another timer afterwards.
#[derive(Clone, Copy, Default)]
pub(crate) struct LimitKeys(pub [Option<TimerKey>; Limit::ALL.len()]);

impl LimitKeys {
    /// Returns the limits that have a timer, with its key. The strongest comes first.
    pub fn armed(&self) -> impl Iterator<Item = (Limit, TimerKey)> {
        let kinds = Limit::ALL.into_iter().zip(self.0);
        kinds.filter_map(|(limit, key)| Some((limit, key?)))
    }

    /// Returns the limit whose timer has this key.
    pub fn find(&self, key: TimerKey) -> Option<Limit> {
        let mut armed = self.armed();
        armed.find_map(|(limit, other)| (other == key).then_some(limit))
    }
}
