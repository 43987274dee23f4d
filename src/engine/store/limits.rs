//! The limits that few works have, and the keys of their timers. All kinds are listed here and nowhere else.

use crate::time::TimerKey;

/// What bounds a work or its attempt, in the order in which it wins at one instant. Each beats the alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Limit {
    Deadline,
    AttemptTimeout,
    Grace,
}

impl Limit {
    pub const ALL: [Limit; 3] = [Limit::Deadline, Limit::AttemptTimeout, Limit::Grace];
}

/// The keys of a work's limits.
#[derive(Clone, Copy, Default)]
pub(crate) struct LimitKeys(pub [Option<TimerKey>; Limit::ALL.len()]);

impl LimitKeys {
    pub fn armed(&self) -> impl Iterator<Item = (Limit, TimerKey)> {
        let kinds = Limit::ALL.into_iter().zip(self.0);
        kinds.filter_map(|(limit, key)| Some((limit, key?)))
    }

    /// The limit that has this key.
    pub fn find(&self, key: TimerKey) -> Option<Limit> {
        let mut armed = self.armed();
        armed.find_map(|(limit, other)| (other == key).then_some(limit))
    }
}
