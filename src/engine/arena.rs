//! Where works live: a slab of hot records, one cache line each, and beside it what a turn does not touch.
//!
//! A slot is a `u32`; a [`WorkId`] also carries the serial number of the work, so a slot that is used again never
//! answers to an old id. What only few works need (family, abort, limits, output, watches) is in a box, [`Rare`].

use super::inbox::{CancelToken, WakerCell};
use super::permits::Needs;
use super::ready::Links;
use super::streams::Stream;
use crate::time::{Time, TimerKey};
use crate::work::{Extras, Failure, Name, Work, WorkId, WorkState};
use slab::Slab;
use smallvec::SmallVec;
use std::any::Any;

/// No slot, no edge: the end of a list.
pub(crate) const NONE: u32 = u32::MAX;

/// Slots must leave two bits of a timer's owner free for the timer's kind.
pub(crate) const MAX_WORKS: usize = 1 << 30;

/// What a turn touches.
pub(crate) struct Record<C: ?Sized> {
    /// Absent during a turn, and for good after a panic or a forced abort.
    pub body: Option<Box<dyn Work<C>>>,
    pub serial: u64,
    /// Place in the ready list or in a lane of the permit queue; a work is in one of them at most.
    pub links: Links,
    /// Dependencies that are open, plus one while the parent's attempt has not begun.
    pub open: u32,
    /// Turns since `add` or `restart`.
    pub turns: u32,
    /// 0 before the first grant.
    pub attempt: u32,
    pub first_out: u32,
    pub last_out: u32,
    pub first_in: u32,
    /// The wake-up of a sleeper, or the end of a back-off.
    pub alarm: Option<TimerKey>,
    pub flags: u16,
    pub marks: u8,
    pub state: WorkState,
}

/// The bits of [`Record::flags`].
pub(crate) mod flag {
    /// `on_reset` has run since `add` or `restart`.
    pub const RESET: u16 = 1 << 0;
    /// Holds all permits it needs.
    pub const PERMIT: u16 = 1 << 1;
    /// A wake came during its turn.
    pub const WOKEN: u16 = 1 << 2;
    /// Its turn, or one of its hooks, is running.
    pub const IN_TURN: u16 = 1 << 3;
    /// A cancel came during its turn.
    pub const CANCEL: u16 = 1 << 4;
    /// Its own parent cancelled it: it does not count as a failed child.
    pub const BY_PARENT: u16 = 1 << 5;
    /// Asleep, and something outside the engine may wake it.
    pub const EXTERNAL: u16 = 1 << 6;
    /// Waits for its permit in the middle of an attempt.
    pub const RETURNER: u16 = 1 << 7;
    /// Needs no general permit.
    pub const NO_PERMIT: u16 = 1 << 8;
    /// Called `release_permit` in its present turn.
    pub const RELEASE: u16 = 1 << 9;
    /// Is in a ready list.
    pub const READY: u16 = 1 << 10;
    /// Which of the two ready lists.
    pub const SIDE: u16 = 1 << 11;
    /// Has, or had in this attempt, children.
    pub const FAMILY: u16 = 1 << 12;
    /// Waits for its parent's attempt; counted in `open`.
    pub const HELD: u16 = 1 << 13;
    /// A child whose parent's attempt has ended: reclaimed as soon as no dependent is unsettled.
    pub const ORPHAN: u16 = 1 << 14;
    /// A dependency that did not succeed has been reclaimed.
    pub const LOST_DEPENDENCY: u16 = 1 << 15;
}

/// The bits of [`Record::marks`].
pub(crate) mod mark {
    /// Asleep, and it said `expect_wake`.
    pub const EXPECTS_WAKE: u8 = 1 << 0;
    /// In the middle of a `sleep`.
    pub const SLEEPS: u8 = 1 << 1;
    /// An attempt is under way.
    pub const ATTEMPT: u8 = 1 << 2;
}

/// What is not needed for a turn, for every work.
pub(crate) struct Meta<C: ?Sized> {
    pub name: Name,
    /// The last failure; of a Blocked work: whose failure it stems from.
    pub error: Option<Failure>,
    pub rare: Option<Box<Rare<C>>>,
    /// When the present attempt began, or how long the last one took.
    pub span: u64,
    /// Place in the order of arrival, while it waits for a permit.
    pub arrival: u64,
    /// The end of the present `sleep`, if there is one.
    pub sleep_until: Time,
    pub parent: u32,
    pub prev_sibling: u32,
    pub next_sibling: u32,
    pub retries_left: u32,
    pub retries_spent: u32,
    /// Which of its same-named siblings it is.
    pub ordinal: u32,
    /// Dependents that have not settled.
    pub unsettled_dependents: u32,
    pub priority: i8,
}

/// What few works need.
pub(crate) struct Rare<C: ?Sized> {
    pub extras: Extras<C>,
    pub needs: Needs,
    pub family: Family,
    pub abort: Option<Abort>,
    pub deadline: Option<TimerKey>,
    pub timeout: Option<TimerKey>,
    pub grace: Option<TimerKey>,
    pub output: Option<Box<dyn Any>>,
    /// Works that this one watches in its present attempt.
    pub watching: SmallVec<[WorkId; 2]>,
    /// Works that watch this one, in the order in which they began.
    pub watchers: Vec<Witness>,
    /// Remote wakers of this attempt that have not been dropped.
    pub remotes: u32,
    pub remote: Option<std::sync::Weak<WakerCell>>,
    pub token: Option<CancelToken>,
    pub stream: Option<Stream>,
    pub tracing: Option<tracing::Span>,
    /// How long all attempts took that have ended.
    pub total: u64,
    /// How long the attempt before the present one took.
    pub last: u64,
    /// Attempts made before the last restart: tells the wakers of old attempts from new ones.
    pub attempts_before: u32,
}

/// Names one attempt of one work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Witness {
    pub slot: u32,
    pub serial: u64,
    /// Counted over restarts.
    pub attempt: u32,
}

/// The children of an attempt.
#[derive(Default)]
pub(crate) struct Family {
    /// First and last child; meaningless while `count` is 0.
    pub first: u32,
    pub last: u32,
    pub count: u32,
    pub live: u32,
    pub succeeded: u32,
    /// Failed and Blocked ones, and Cancelled ones that the parent did not cancel.
    pub failed: u32,
    /// The first failed child of a FailFast parent, to be dealt with at the end of the round.
    pub first_failure: Option<Failure>,
}

/// Why an attempt is being aborted, and how it ends.
pub(crate) struct Abort {
    pub cause: AbortCause,
    /// Whether `on_abort` is called once the children are done: not if the attempt ended by itself.
    pub polite: bool,
}

#[derive(Clone)]
pub(crate) enum AbortCause {
    Cancel,
    Fail(Failure),
}

impl<C: ?Sized> Rare<C> {
    pub fn new(extras: Extras<C>, needs: Needs) -> Self {
        Rare {
            extras,
            needs,
            family: Family::default(),
            abort: None,
            deadline: None,
            timeout: None,
            grace: None,
            output: None,
            watching: SmallVec::new(),
            watchers: Vec::new(),
            remotes: 0,
            remote: None,
            token: None,
            stream: None,
            tracing: None,
            total: 0,
            last: 0,
            attempts_before: 0,
        }
    }
}

/// All works of one scheduler.
pub(crate) struct Arena<C: ?Sized> {
    records: Slab<Record<C>>,
    metas: Vec<Meta<C>>,
    next_serial: u64,
}

impl<C: ?Sized> Arena<C> {
    pub fn new() -> Self {
        Arena {
            records: Slab::new(),
            metas: Vec::new(),
            next_serial: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// How many works have ever been added.
    pub fn added(&self) -> u64 {
        self.next_serial
    }

    /// Amortised O(1).
    pub fn insert(
        &mut self,
        body: Box<dyn Work<C>>,
        flags: u16,
        state: WorkState,
        meta: Meta<C>,
    ) -> (u32, u64) {
        let serial = self.next_serial;
        self.next_serial += 1;
        let slot = self.records.insert(Record {
            body: Some(body),
            serial,
            links: Links::NONE,
            open: 0,
            turns: 0,
            attempt: 0,
            first_out: NONE,
            last_out: NONE,
            first_in: NONE,
            alarm: None,
            flags,
            marks: 0,
            state,
        });
        if slot == self.metas.len() {
            self.metas.push(meta);
        } else {
            self.metas[slot] = meta;
        }
        (slot as u32, serial)
    }

    pub fn remove(&mut self, slot: u32) -> Record<C> {
        let meta = &mut self.metas[slot as usize];
        meta.rare = None;
        meta.error = None;
        meta.name = Name::Static("");
        self.records.remove(slot as usize)
    }

    pub fn get(&self, slot: u32) -> Option<&Record<C>> {
        self.records.get(slot as usize)
    }

    #[inline]
    pub fn at(&self, slot: u32) -> &Record<C> {
        &self.records[slot as usize]
    }

    #[inline]
    pub fn at_mut(&mut self, slot: u32) -> &mut Record<C> {
        &mut self.records[slot as usize]
    }

    #[inline]
    pub fn meta(&self, slot: u32) -> &Meta<C> {
        &self.metas[slot as usize]
    }

    #[inline]
    pub fn meta_mut(&mut self, slot: u32) -> &mut Meta<C> {
        &mut self.metas[slot as usize]
    }

    #[inline]
    pub fn rare(&self, slot: u32) -> Option<&Rare<C>> {
        self.metas[slot as usize].rare.as_deref()
    }

    #[inline]
    pub fn rare_mut(&mut self, slot: u32) -> Option<&mut Rare<C>> {
        self.metas[slot as usize].rare.as_deref_mut()
    }

    /// The work's box of rare things, made if need be.
    pub fn rare_or_new(&mut self, slot: u32) -> &mut Rare<C> {
        let under_way = self.at(slot).marks & mark::ATTEMPT != 0;
        let Meta { rare, span, .. } = &mut self.metas[slot as usize];
        rare.get_or_insert_with(|| {
            let mut rare = Rare::new(Extras::default(), Needs::default());
            // Until now no more than one attempt has ended, and its duration is the span.
            rare.total = if under_way { 0 } else { *span };
            Box::new(rare)
        })
    }

    #[inline]
    pub fn is(&self, slot: u32, flag: u16) -> bool {
        self.at(slot).flags & flag != 0
    }

    #[inline]
    pub fn set(&mut self, slot: u32, flag: u16) {
        self.at_mut(slot).flags |= flag;
    }

    #[inline]
    pub fn clear(&mut self, slot: u32, flag: u16) {
        self.at_mut(slot).flags &= !flag;
    }

    /// Clears the flag and tells whether it was set.
    #[inline]
    pub fn take(&mut self, slot: u32, flag: u16) -> bool {
        let flags = &mut self.at_mut(slot).flags;
        let was = *flags & flag != 0;
        *flags &= !flag;
        was
    }

    /// Children of the present attempt that have not settled.
    #[inline]
    pub fn live_children(&self, slot: u32) -> u32 {
        if !self.is(slot, flag::FAMILY) {
            return 0;
        }
        self.rare(slot).map_or(0, |rare| rare.family.live)
    }

    /// The attempt's number, counted over restarts.
    pub fn witness(&self, slot: u32) -> Witness {
        let record = self.at(slot);
        let before = self.rare(slot).map_or(0, |rare| rare.attempts_before);
        Witness {
            slot,
            serial: record.serial,
            attempt: before.wrapping_add(record.attempt),
        }
    }

    /// Whether that attempt is still the present one.
    pub fn is_present(&self, witness: Witness) -> bool {
        self.get(witness.slot)
            .is_some_and(|record| record.serial == witness.serial)
            && self.witness(witness.slot) == witness
    }

    /// One more than the highest slot that was ever used.
    pub fn slots_end(&self) -> u32 {
        self.metas.len() as u32
    }

    /// Slots in use, in no order that may reach a decision.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        self.records.iter().map(|(slot, _)| slot as u32)
    }

    /// Slots in use in the order in which their works were added. O(n log n).
    pub fn slots_by_age(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.slots().collect();
        slots.sort_unstable_by_key(|&slot| self.at(slot).serial);
        slots
    }

    /// The children of a work's present attempt, in the order in which they were added.
    pub fn children(&self, slot: u32) -> Siblings<'_, C> {
        let family = self
            .rare(slot)
            .map(|rare| &rare.family)
            .filter(|family| family.count > 0);
        Siblings {
            arena: self,
            next: family.map_or(NONE, |family| family.first),
        }
    }

    /// Adds `child` as the last child of `parent`. O(1).
    pub fn adopt(&mut self, parent: u32, child: u32) {
        self.set(parent, flag::FAMILY);
        let family = &mut self.rare_or_new(parent).family;
        let last = if family.count == 0 { NONE } else { family.last };
        if last == NONE {
            family.first = child;
        }
        family.last = child;
        family.count += 1;
        family.live += 1;
        if last != NONE {
            self.meta_mut(last).next_sibling = child;
        }
        let meta = self.meta_mut(child);
        (meta.parent, meta.prev_sibling, meta.next_sibling) = (parent, last, NONE);
    }

    /// Takes a settled child out of its parent's list. O(1).
    pub fn disown(&mut self, child: u32) {
        let meta = self.meta_mut(child);
        let (parent, prev, next) = (meta.parent, meta.prev_sibling, meta.next_sibling);
        (meta.parent, meta.prev_sibling, meta.next_sibling) = (NONE, NONE, NONE);
        if parent == NONE {
            return;
        }
        if prev != NONE {
            self.meta_mut(prev).next_sibling = next;
        }
        if next != NONE {
            self.meta_mut(next).prev_sibling = prev;
        }
        let family = &mut self.rare_or_new(parent).family;
        family.count -= 1;
        if prev == NONE {
            family.first = next;
        }
        if next == NONE {
            family.last = prev;
        }
    }
}

/// Iterates over the children of a work.
pub(crate) struct Siblings<'a, C: ?Sized> {
    arena: &'a Arena<C>,
    next: u32,
}

impl<C: ?Sized> Iterator for Siblings<'_, C> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.next == NONE {
            return None;
        }
        let child = self.next;
        self.next = self.arena.meta(child).next_sibling;
        Some(child)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_cache_line() {
        assert!(size_of::<Record<()>>() <= 64, "{}", size_of::<Record<()>>());
        assert!(
            size_of::<Option<Record<()>>>() <= 64,
            "the slab's entry has no room for a tag"
        );
        assert!(size_of::<Meta<()>>() <= 104, "{}", size_of::<Meta<()>>());
    }
}
