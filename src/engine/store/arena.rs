//! The arena: a slab of hot records, and beside it columns of what a turn does not touch.
//!
//! A slot is a `u32`. A [`WorkId`](crate::WorkId) also carries the serial number of the work, so a reused slot never
//! answers to an old id.
//!
//! Invariant: a column has an entry for each slot that may ask for one. [`Arena::insert`] makes the entries that every
//! work has, and the mark of a record says whether the others were made.
//!
//! | column | as long as | an entry means something |
//! | --- | --- | --- |
//! | records | the most works at a time | while the slot is taken |
//! | cold | the highest slot, in chunks | while the slot is taken |
//! | `pending` | somewhat more than the highest slot | while the slot is taken |
//! | `pinned` | the highest slot that was pinned | with the mark `PINNED` |
//! | sleeps | the highest slot that has slept | with the mark `SLEEPS` |
//! | tree | the highest slot of a child | with the mark `CHILD` |

use crate::engine::id::AttemptId;
use crate::engine::store::cold::{Cold, ColdColumn, ColdRef};
use crate::engine::store::extension::Extension;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::pending::Pending;
use crate::engine::store::pinned::Pinned;
use crate::engine::store::record::{Needs, Record};
use crate::engine::store::tree::TreeLinks;
use crate::time::Time;
use crate::work::{CancelledBy, Extras, Name};
use slab::Slab;

/// All works of one scheduler. A slot goes from free to taken ([`Arena::insert`]), to left ([`Arena::leave`]), and to
/// free again ([`Arena::remove`]).
pub(crate) struct Arena {
    /// The hot records.
    records: Slab<Record>,
    /// What a turn does not need.
    cold: ColdColumn,
    /// How many dependencies of each work are open.
    pub pending: Pending,
    /// How many dependents pin each settled work.
    pub pinned: Pinned,
    /// The end of each work's present `sleep`. As long as the highest slot that has ever slept.
    sleeps: Vec<Time>,
    /// Parents and siblings of the children.
    pub(crate) tree: Vec<TreeLinks>,
    /// The serial number of the next work, which is also how many works have been added.
    next_serial: u64,
    /// Works that have left, but whose bodies have not been dropped: their slots are not free yet.
    leaving: usize,
}

/// The serial number of a work that has left. No work has it: serial numbers count up from 0.
const LEFT: u64 = u64::MAX;

impl Arena {
    /// Returns an arena without works.
    pub fn new() -> Self {
        Arena {
            records: Slab::new(),
            cold: ColdColumn::new(),
            pending: Pending::new(),
            pinned: Pinned::default(),
            sleeps: Vec::new(),
            tree: Vec::new(),
            next_serial: 0,
            leaving: 0,
        }
    }

    /// Forgets all works, but keeps the room.
    #[inline]
    pub fn reset(&mut self) {
        self.cold.clear();
        self.records.clear();
        self.pending.clear();
        self.pinned = Pinned::default();
        self.sleeps.clear();
        self.tree.clear();
        self.next_serial = 0;
        self.leaving = 0;
    }

    /// Returns how many works are in the scheduler. Works that have left do not count.
    pub fn len(&self) -> usize {
        self.records.len() - self.leaving
    }

    /// Returns how many works have ever been added. Works that have left count, too.
    pub fn added(&self) -> u64 {
        self.next_serial
    }

    /// Makes room for `works` more works. The other columns grow when a work first needs them.
    pub fn reserve(&mut self, works: usize) {
        self.records.reserve(works);
        self.pending.reserve(works);
    }

    /// Adds a work in state Pending and returns its slot. Takes `name` if the arena has to keep it. Amortised O(1).
    ///
    /// The caller gives the work its level, its edges and its first state.
    #[inline(always)]
    pub fn insert(&mut self, name: &mut Name, retries: u32, ordinal: u32) -> u32 {
        let serial = self.next_serial;
        self.next_serial += 1;
        // A blank record is inserted and then filled in place, since moving a filled one costs more.
        let slot = self.records.insert(Record::BLANK) as u32;
        let record = self.at_mut(slot);
        record.serial = serial;
        self.pending.enter(slot);
        self.cold.enter(slot, name, retries, ordinal);
        slot
    }

    /// Makes the work unknown. Its slot is free once the body has been dropped: see [`Arena::remove`]. From now on no
    /// id finds the work. The caller has taken it out of every queue and list.
    pub fn leave(&mut self, slot: u32) {
        self.at_mut(slot).serial = LEFT;
        self.leaving += 1;
    }

    /// Frees the slot of a work that has left, and returns its record.
    ///
    /// Clears the columns beside the record, so that the next work of this slot finds nothing of this one.
    pub fn remove(&mut self, slot: u32) -> Record {
        self.leaving -= 1;
        // The columns `sleeps`, `tree` and `pinned` are not cleared: the marks of a new record say that they mean
        // nothing.
        self.cold.leave(slot);
        self.pending.reset(slot);
        self.records.remove(slot as usize)
    }

    /// Returns the record in `slot`, if the slot is in use. A work that has left still has its record.
    pub fn get(&self, slot: u32) -> Option<&Record> {
        self.records.get(slot as usize)
    }

    /// Returns the record in `slot` for changes, if the slot is in use.
    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Record> {
        self.records.get_mut(slot as usize)
    }

    /// Returns the record of the work in `slot`.
    ///
    /// # Panics
    ///
    /// If the slot is free.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn at(&self, slot: u32) -> &Record {
        &self.records[slot as usize]
    }

    /// Returns the record of the work in `slot` for changes.
    ///
    /// # Panics
    ///
    /// If the slot is free.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn at_mut(&mut self, slot: u32) -> &mut Record {
        &mut self.records[slot as usize]
    }

    /// Reads the count and the record of a work, if it is still there; see `run/prefetch.rs`.
    #[inline]
    pub fn prefetch(&self, slot: u32) -> u32 {
        // A record may lie across two cache lines: `get` reads one of them, and `serial` is in the other.
        let record = self.get(slot);
        self.pending.prefetch(slot) ^ record.map_or(0, |record| record.serial as u32)
    }

    /// Returns the cold part of a work for reading. O(1).
    #[inline]
    pub fn cold(&self, slot: u32) -> ColdRef<'_> {
        self.cold.get(slot)
    }

    /// Returns the cold part of a work for changes. From now on the work has an entry of its own. Amortised O(1), but a
    /// read with [`Arena::cold`] makes no entry.
    #[inline]
    pub fn cold_mut(&mut self, slot: u32) -> &mut Cold {
        self.cold.get_mut(slot)
    }

    /// Returns the work's extension, if it has one.
    #[inline]
    pub fn extension(&self, slot: u32) -> Option<&Extension> {
        // Without the mark the cold part need not be read at all.
        if self.at(slot).marks & mark::EXTENDED == 0 {
            return None;
        }
        self.cold.get(slot).extension
    }

    /// Returns the work's extension for changes, if it has one.
    #[inline]
    pub fn extension_mut(&mut self, slot: u32) -> Option<&mut Extension> {
        if self.at(slot).marks & mark::EXTENDED == 0 {
            return None;
        }
        self.cold.get_mut(slot).extension.as_deref_mut()
    }

    /// Returns the work's extension, and makes it if need be.
    ///
    /// Only a caller that writes uses it: an extension stays until the work is reclaimed.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn extension_or_new(&mut self, slot: u32) -> &mut Extension {
        if self.at(slot).marks & mark::EXTENDED == 0 {
            self.make_rare(slot);
        }
        let extension = self.cold.get_mut(slot).extension.as_deref_mut();
        extension.expect("what is marked as extension has its box")
    }

    /// Makes an empty extension and moves the duration of the last attempt into it. The record has one place for a
    /// duration, and the extension keeps the sum.
    #[cold]
    #[inline(never)]
    fn make_rare(&mut self, slot: u32) {
        let mut extension = Box::new(Extension::new(Extras::default(), Needs::default()));
        let record = self.at_mut(slot);
        record.marks |= mark::EXTENDED;
        // At most one attempt has ended so far, and the record has its duration.
        let under_way = record.marks & mark::ATTEMPT != 0;
        extension.total = if under_way { 0 } else { record.began_or_took };
        self.cold.get_mut(slot).extension = Some(extension);
    }

    /// Returns the number of the work's attempt since `add` or `restart`; 0 before the first grant.
    pub fn attempt(&self, slot: u32) -> u32 {
        // Most works have one attempt only, so the first is a flag and is not written down.
        match self.is(slot, flag::TRIED) {
            true => self.cold(slot).attempts.max(1),
            false => 0,
        }
    }

    /// Counts the attempt that begins. The first attempt sets a flag and writes nothing else.
    #[inline]
    pub fn count_attempt(&mut self, slot: u32) {
        if self.is(slot, flag::TRIED) {
            let attempts = &mut self.cold_mut(slot).attempts;
            // 0 stands for one attempt, which only the flag has noted.
            *attempts = (*attempts).max(1).saturating_add(1);
        }
        self.set(slot, flag::TRIED);
    }

    /// Sets the work back to having had no attempt, and returns how many it had. A restart and a revoked grant need
    /// that.
    pub fn forget_attempts(&mut self, slot: u32) -> u32 {
        let attempts = self.attempt(slot);
        self.clear(slot, flag::TRIED);
        self.cold_mut(slot).attempts = 0;
        attempts
    }

    /// Returns whether the work's body can be called: not during its turn, and not once it is gone.
    pub fn has_body(&self, slot: u32) -> bool {
        let is_gone = |slot| self.extension(slot).is_some_and(|extension| extension.gone);
        !self.is(slot, flag::IN_TURN) && !is_gone(slot)
    }

    /// Returns whether any of the flags in `flag` is set.
    #[inline]
    pub fn is(&self, slot: u32, flag: u16) -> bool {
        self.at(slot).flags.has(flag)
    }

    /// Sets the flag.
    #[inline]
    pub fn set(&mut self, slot: u32, flag: u16) {
        self.at_mut(slot).flags.set(flag);
    }

    /// Clears the flag.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn clear(&mut self, slot: u32, flag: u16) {
        self.at_mut(slot).flags.clear(flag);
    }

    /// Clears the flag, and returns whether it was set.
    #[inline]
    pub fn take(&mut self, slot: u32, flag: u16) -> bool {
        let flags = &mut self.at_mut(slot).flags;
        let was = flags.has(flag);
        flags.clear(flag);
        was
    }

    /// Notes a cancel at a moment when the work cannot be aborted. It takes effect as soon as the work can. Between
    /// cranks no such flag is left: the audit checks that.
    pub fn cancel_later(&mut self, slot: u32, by: CancelledBy) {
        // The first cancel says on whose behalf the work ends.
        if !self.is(slot, flag::CANCEL) {
            self.set(slot, flag::CANCEL);
            self.extension_or_new(slot).cancelled_by = Some(by);
        }
    }

    /// Takes back the cancel that has come meanwhile, if one has.
    #[inline]
    pub fn take_cancel(&mut self, slot: u32) -> Option<CancelledBy> {
        match self.is(slot, flag::CANCEL) {
            true => Some(self.take_cancel_that_came(slot)),
            false => None,
        }
    }

    /// Clears the cancel and returns its party. Marked cold so that the common path stays inline.
    #[cold]
    fn take_cancel_that_came(&mut self, slot: u32) -> CancelledBy {
        self.clear(slot, flag::CANCEL);
        let extension = self.extension_mut(slot);
        let by = extension.and_then(|extension| extension.cancelled_by.take());
        // The flag is set together with the party, so this is a fallback only.
        by.unwrap_or(CancelledBy::Host)
    }

    /// Returns the end of the work's present `sleep`. The mark `SLEEPS` says whether there is one; without it the entry
    /// is old or missing.
    #[inline]
    pub fn sleep_end(&self, slot: u32) -> Time {
        self.sleeps[slot as usize]
    }

    /// Notes that the work sleeps until `until`. The caller sets the mark `SLEEPS`. Amortised O(1).
    pub fn begin_sleep(&mut self, slot: u32, until: Time) {
        if self.sleeps.len() <= slot as usize {
            self.sleeps.resize(slot as usize + 1, Time::ZERO);
        }
        self.sleeps[slot as usize] = until;
    }

    /// Returns how many children of the present attempt have not settled. O(1).
    #[inline]
    pub fn live_children(&self, slot: u32) -> u32 {
        if !self.is(slot, flag::CHILDREN) {
            return 0;
        }
        self.extension(slot)
            .map_or(0, |extension| extension.join.live)
    }

    /// Returns the number of the present attempt, counted over restarts. It may wrap: it only has to differ from that
    /// of a waker or job that is still alive.
    pub fn attempt_number(&self, slot: u32) -> u32 {
        let before = self
            .extension(slot)
            .map_or(0, |extension| extension.attempts_before);
        before.wrapping_add(self.attempt(slot))
    }

    /// Returns the id of the present attempt.
    pub fn attempt_id(&self, slot: u32) -> AttemptId {
        AttemptId {
            slot,
            serial: self.at(slot).serial,
            attempt: self.attempt_number(slot),
        }
    }

    /// Returns whether `attempt_id` names the present attempt of its work.
    pub fn is_present(&self, attempt_id: AttemptId) -> bool {
        // The serial comes first: the slot may be free by now, and then it has no attempt to be asked for.
        self.get(attempt_id.slot)
            .is_some_and(|record| record.serial == attempt_id.serial)
            && self.attempt_id(attempt_id.slot) == attempt_id
    }

    /// Returns an upper bound of the slots ever used: less than twice as many, once there are a few. Columns by slot
    /// that are made for one search or audit have this length.
    pub fn slots_end(&self) -> u32 {
        self.pending.slots()
    }

    /// Returns the slots in use, in an order that must not reach a decision.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        let records = self.records.iter();
        let here = records.filter(|(_, record)| record.serial != LEFT);
        here.map(|(slot, _)| slot as u32)
    }

    /// Returns the slots in use in the order in which their works were added. O(n log n). Whatever the program can see
    /// of an order over all works uses this one (L27).
    pub fn slots_by_age(&self) -> Vec<u32> {
        let mut slots: Vec<(u64, u32)> = self
            .slots()
            .map(|slot| (self.at(slot).serial, slot))
            .collect();
        slots.sort_unstable();
        slots.into_iter().map(|(_, slot)| slot).collect()
    }
}
