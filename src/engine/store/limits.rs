//! The limits that few works have, and the keys of their timers. Only this file lists all kinds.

use crate::time::TimerKey;

/// A bound on a work or its attempt, in the order in which limits win at one instant. Each beats the alarm.
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

/// The timer keys of a work's limits, by kind.
#[derive(Clone, Copy, Default)]
pub(crate) struct LimitKeys(pub [Option<TimerKey>; Limit::ALL.len()]);

impl LimitKeys {
    /// Returns the limits that have a timer, with its key.
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
