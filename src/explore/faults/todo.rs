//! What a fault leaves for the simulation to do after a crank, since no engine can do it to itself.

use crate::{Time, WorkId};
use std::time::Duration;

/// Something that the simulation does after the crank in which it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explore) enum Todo {
    /// Wakes a work of a node.
    Wake(usize, WorkId),
    /// Moves the clock.
    Jump(Duration),
    /// Crashes a node, and starts it again after that time.
    Crash(usize, Duration),
}

/// A work that sleeps on for some time after it has been woken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sleeper {
    /// The turn that comes late.
    turn: u32,
    by: Duration,
    /// When it is ready, once it has been woken.
    pub until: Option<Time>,
}

impl Sleeper {
    pub fn new(turn: u32, by: Duration) -> Sleeper {
        Sleeper {
            turn,
            by,
            until: None,
        }
    }

    /// Returns whether the work, which is ready, may have the turn.
    pub fn is_awake(&mut self, turn: u32, now: Time) -> bool {
        let until = *self.until.get_or_insert(now.saturating_add(self.by));
        // Another turn than the one that was meant: the work has begun anew.
        turn != self.turn || now >= until
    }

    /// Returns when the work is ready, if it has been woken now or before.
    pub fn end(&self, now: Time) -> Time {
        self.until.unwrap_or(now)
    }
}
