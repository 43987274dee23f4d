//! What is known of a work: a hot record of one cache line, which a turn touches, and beside it what a turn does not.
//! What only few works need (join, abort, limits, output, watches) is in a box, [`Extension`].

use super::flags::{Flags, flag, mark};
use crate::time::{Time, TimerKey};
use crate::work::WorkState;
use smallvec::SmallVec;

/// No slot, no edge: the end of a list.
pub(crate) const NONE: u32 = u32::MAX;

/// A slot must leave a bit of a timer's owner free: see `lifecycle/timers.rs`.
pub(crate) const MAX_WORKS: usize = 1 << 30;

/// A work's neighbours in the list it is in.
#[derive(Clone, Copy)]
pub(crate) struct Links {
    pub prev: u32,
    pub next: u32,
}

impl Links {
    pub const NONE: Links = Links {
        prev: NONE,
        next: NONE,
    };
}

/// Index of a pool.
pub(crate) type Pool = u32;

/// How much of which pools an attempt needs besides the general permit, by pool.
pub(crate) type Needs = SmallVec<[(Pool, u32); 2]>;

/// What a turn touches.
pub(crate) struct Record {
    pub serial: u64,
    /// When the present attempt began, or how long the last one took.
    pub began_or_took: u64,
    /// Neighbours in a lane of the permit queue, or (`prev`) the place among those that have a turn coming; a work is in one
    /// of them at most.
    pub links: Links,
    /// Turns since `add` or `restart`.
    pub turns: u32,
    /// Where the list of its edges to dependents is.
    pub outs: u32,
    /// The wake-up of a sleeper, or the end of a back-off.
    pub alarm: Option<TimerKey>,
    pub flags: Flags,
    pub marks: u8,
    pub state: WorkState,
}

impl Record {
    /// A record that is to be filled.
    pub const BLANK: Self = Record {
        serial: 0,
        began_or_took: 0,
        links: Links::NONE,
        turns: 0,
        outs: NONE,
        alarm: None,
        flags: Flags::new(0),
        marks: 0,
        state: WorkState::Pending,
    };
}

impl Record {
    /// Whether it is in an attempt, and its flags are such.
    #[inline(always)]
    pub fn is_called(&self, are_such: fn(Flags) -> bool) -> bool {
        self.state == WorkState::Running && are_such(self.flags)
    }

    /// Such a turn begins.
    #[inline]
    pub fn begin_fast_turn(&mut self) {
        self.count_turn();
        self.flags.begin_fast_turn();
    }

    #[inline]
    pub fn count_turn(&mut self) {
        self.turns = self.turns.saturating_add(1);
    }

    /// Whether its next attempt is the first, with no pool, no child and no extension about it.
    #[inline]
    pub fn is_plain_start(&self) -> bool {
        self.marks & !mark::CHILD == 0 && !self.flags.has(flag::TRIED | flag::CHILDREN)
    }

    /// Such an attempt begins.
    #[inline]
    pub fn begin_plain_attempt(&mut self, now: Time) {
        self.flags.begin_plain_attempt();
        self.marks |= mark::ATTEMPT;
        self.began_or_took = now.as_nanos();
    }

    /// Such a success: the permit goes back, and the time is noted.
    #[inline]
    pub fn end_plain_success(&mut self, now: Time) {
        self.flags.clear(flag::PERMIT);
        self.marks = 0;
        self.began_or_took = now.as_nanos().saturating_sub(self.began_or_took);
    }

    /// Whether the success of the present attempt has nothing to undo but its permit: no child, parent, timer, wake,
    /// cancel or extension. The body must be there.
    #[inline]
    pub fn is_plain_success(&self) -> bool {
        let among = !flag::LOST_DEPENDENCY;
        self.marks == mark::ATTEMPT
            && self
                .flags
                .has_just(flag::TRIED | flag::RESET | flag::PERMIT, among)
            && self.alarm.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_cache_line() {
        assert!(size_of::<Record>() <= 40, "{}", size_of::<Record>());
        assert!(
            size_of::<Option<Record>>() <= 40,
            "the slab's entry has no room for a tag"
        );
    }
}
