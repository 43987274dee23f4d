//! The record of a work: the hot part, which a turn touches. The cold part and the [`Extension`] are beside it.
//!
//! Invariant: a record takes 40 bytes at most.
//!
//! [`Extension`]: super::extension::Extension
//!
//! Trap: a new field of a record must fit into the 40 bytes. Whatever a turn does not read belongs into the cold part,
//! the extension or a column.

use super::flags::{Flags, flag, mark};
use crate::time::{Time, TimerKey};
use crate::work::WorkState;
use smallvec::SmallVec;

/// No slot and no edge: the end of a list.
pub(crate) const NONE: u32 = u32::MAX;

/// The most works. A slot must leave a bit of a timer's owner free: see `lifecycle/timers.rs`.
pub(crate) const MAX_WORKS: usize = 1 << 30;

/// A work's neighbours in the list that it is in.
#[derive(Clone, Copy)]
pub(crate) struct Links {
    /// The work before this one, or `NONE`. In the ready queue it is the place in the ring.
    pub prev: u32,
    /// The work after this one, or `NONE`.
    pub next: u32,
}

impl Links {
    /// No neighbours.
    pub const NONE: Links = Links {
        prev: NONE,
        next: NONE,
    };
}

/// The index of a pool. Pool 0 is the general one.
pub(crate) type Pool = u32;

/// Permits that an attempt needs besides the general permit, by pool. Sorted by pool, each pool at most once, each
/// weight above 0.
pub(crate) type Needs = SmallVec<[(Pool, u32); 2]>;

/// The part of a work that a turn touches.
pub(crate) struct Record {
    /// The serial number of the work; it tells old ids from new ones.
    pub serial: u64,
    /// The start of the present attempt, or the duration of the last one, in nanoseconds. The mark `ATTEMPT` tells
    /// which.
    pub began_or_took: u64,
    /// The neighbours in a lane of the permit queue, or (`prev`) the place in the ready queue. A work is in at most
    /// one of them.
    pub links: Links,
    /// Turns since `add` or `restart`. A work with none can still take dependencies (L15).
    pub turns: u32,
    /// The block with the edges to its dependents. `NONE` as long as it has no dependent.
    pub outs: u32,
    /// The wake-up of a sleeper, or the end of a back-off. `None` as soon as it has fired, since the wheel may reuse
    /// the key.
    pub alarm: Option<TimerKey>,
    /// The bits of [`flag`].
    pub flags: Flags,
    /// The bits of [`mark`].
    pub marks: u8,
    /// The state of the work. Only `lifecycle::change` writes it.
    pub state: WorkState,
}

impl Record {
    /// A record that is to be filled. No id answers to it before it has its serial number.
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
    /// Returns whether the work is Running and its flags satisfy `are_such`.
    #[inline(always)]
    pub fn is_called(&self, are_such: fn(Flags) -> bool) -> bool {
        self.state == WorkState::Running && are_such(self.flags)
    }

    /// Begins a fast turn, and counts it. The caller has seen the flags before it.
    #[inline]
    pub fn begin_fast_turn(&mut self) {
        self.count_turn();
        self.flags.begin_fast_turn();
    }

    /// Counts a turn.
    #[inline]
    pub fn count_turn(&mut self) {
        // A work that runs for ever must not overflow the count.
        self.turns = self.turns.saturating_add(1);
    }

    /// Returns whether the next attempt is the first, and the work has no pool, no child and no extension.
    #[inline]
    pub fn is_plain_start(&self) -> bool {
        // A child begins as any work does. Its parent matters at its end only.
        self.marks & !mark::CHILD == 0 && !self.flags.has(flag::TRIED | flag::CHILDREN)
    }

    /// Begins an attempt of that kind at `now`. The caller counts the permit and enters the work into the ready ring.
    #[inline]
    pub fn begin_plain_attempt(&mut self, now: Time) {
        self.flags.begin_plain_attempt();
        self.marks |= mark::ATTEMPT;
        self.began_or_took = now.as_nanos();
    }

    /// Ends the attempt with a plain success: takes the permit back and notes the duration. The caller gives the permit
    /// back to its pool.
    #[inline]
    pub fn end_plain_success(&mut self, now: Time) {
        self.flags.clear(flag::PERMIT | flag::IN_TURN);
        // `is_plain_success` has seen that ATTEMPT is the only mark.
        self.marks = 0;
        self.began_or_took = now.as_nanos().saturating_sub(self.began_or_took);
    }

    /// Returns whether success of the present attempt has nothing to undo but its permit. There is no child, parent,
    /// timer, wake, cancel or extension. The body must be there.
    #[inline]
    pub fn is_plain_success(&self) -> bool {
        // A lost dependency changes nothing about a success, and its turn may not be over yet.
        let among = !(flag::LOST_DEPENDENCY | flag::IN_TURN);
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
