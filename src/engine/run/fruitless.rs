//! Fruitless turns: a work's own alarm brings them, and the work does nothing but arm the next alarm.
//!
//! Works that poll for something which only a Queued work can bring keep each other awake for ever. No single turn
//! shows that; the count of such turns since anything else happened does.
//!
//! The count is kept only where an alarm is armed. Other turns and additions show there as a sum of counters that has
//! changed. Works that settle need no counter of their own: a turn, a timer, a message or a call of the host brings
//! each end.

use crate::engine::Engine;

/// The counters of fruitless turns.
#[derive(Default)]
pub(crate) struct Fruitless {
    /// Turns that ended by arming an alarm.
    armed: u64,
    /// Wakes other than by a work's own alarm, other timers, grants, messages, and calls of the host.
    stirs: u64,
    /// The sum of the counters at the last turn that armed an alarm.
    stamp: u64,
    /// Fruitless turns since that sum last changed.
    turns: u64,
}

impl Fruitless {
    /// Counts something other than an alarm, unless it has a counter of its own.
    #[inline]
    pub fn stir(&mut self) {
        self.stirs += 1;
    }
}

impl Engine {
    /// Returns a sum that grows with everything but a turn that arms an alarm.
    #[inline]
    pub(super) fn happened(&self) -> u64 {
        let other_turns = self.recorder.turns - self.fruitless.armed;
        other_turns + self.arena.added() + self.fruitless.stirs
    }

    /// Notes that the turn which is over has armed an alarm.
    #[inline]
    pub(crate) fn note_armed(&mut self) {
        self.fruitless.armed += 1;
        let stamp = self.happened();
        if stamp == self.fruitless.stamp {
            self.fruitless.turns += 1;
        } else {
            self.fruitless.stamp = stamp;
            self.fruitless.turns = 0;
        }
    }

    /// As [`WorkScheduler::fruitless_turns`](crate::WorkScheduler::fruitless_turns).
    pub(crate) fn fruitless_turns(&self) -> u64 {
        match self.happened() == self.fruitless.stamp {
            true => self.fruitless.turns,
            false => 0,
        }
    }

    /// Returns whether at least `turns` turns were fruitless while works wait for permits that others hold. O(lanes
    /// of the permit queue).
    pub(crate) fn is_starved(&self, turns: u64) -> bool {
        self.fruitless_turns() >= turns && self.permits.is_any_lacked(&self.arena)
    }
}
