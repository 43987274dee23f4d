//! Turns that come to nothing: the work's own alarm brings them, and the work does nothing but arm the next.
//!
//! Works that poll for something which only a Queued work can bring keep each other awake for ever, and no single turn tells
//! so. The count of such turns since anything else happened does. It is kept where an alarm is armed and nowhere else: other
//! turns and additions are seen there as a sum of counters that has changed. Works that settle need no counter of their own:
//! a turn, a timer, a message or a call of the host brings each end.

use crate::engine::Engine;

#[derive(Default)]
pub(crate) struct Fruitless {
    /// Turns that ended by arming an alarm.
    armed: u64,
    /// Wakes other than by a work's own alarm, other timers, grants, messages, and calls of the host.
    stirs: u64,
    /// What had happened by the last turn that armed an alarm.
    stamp: u64,
    turns: u64,
}

impl Fruitless {
    /// Something other than an alarm, or than what has a counter of its own, has happened.
    #[inline]
    pub fn stir(&mut self) {
        self.stirs += 1;
    }
}

impl Engine {
    /// A sum that grows with everything but a turn that arms an alarm.
    #[inline]
    fn happened(&self) -> u64 {
        let other_turns = self.recorder.turns - self.fruitless.armed;
        other_turns + self.arena.added() + self.fruitless.stirs
    }

    /// The turn that is over has armed an alarm.
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

    /// Whether so many turns have come to nothing while works wait for permits that are out. O(lanes of the permit queue).
    pub(crate) fn is_starved(&self, turns: u64) -> bool {
        self.fruitless_turns() >= turns && self.permits.is_any_lacked(&self.arena)
    }
}
