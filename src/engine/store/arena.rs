//! Where works live: a slab of hot records, and beside it columns of what a turn does not touch.
//!
//! A slot is a `u32`; a [`WorkId`](crate::WorkId) also carries the serial number of the work, so a slot that is used
//! again never answers to an old id.

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

/// All works of one scheduler.
pub(crate) struct Arena {
    records: Slab<Record>,
    cold: ColdColumn,
    pub pending: Pending,
    pub pinned: Pinned,
    /// The end of each work's present `sleep`: as long as the highest slot that has ever slept.
    sleeps: Vec<Time>,
    pub(crate) tree: Vec<TreeLinks>,
    next_serial: u64,
    /// Works that have left, and whose slots are not free before their bodies have been dropped.
    leaving: usize,
}

/// The serial number of a work that has left.
const LEFT: u64 = u64::MAX;

impl Arena {
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

    pub fn len(&self) -> usize {
        self.records.len() - self.leaving
    }

    /// How many works have ever been added.
    pub fn added(&self) -> u64 {
        self.next_serial
    }

    /// Makes room for so many works more.
    pub fn reserve(&mut self, works: usize) {
        self.records.reserve(works);
        self.pending.reserve(works);
    }

    /// Adds a work in state Pending. Takes the name, if it is to be kept. Amortised O(1).
    ///
    /// Blank entries are put in and then filled: an entry that has just been put together piece by piece cannot be moved
    /// before all pieces have reached the cache.
    #[inline(always)]
    pub fn insert(&mut self, name: &mut Name, retries: u32, ordinal: u32) -> u32 {
        let serial = self.next_serial;
        self.next_serial += 1;
        let slot = self.records.insert(Record::BLANK) as u32;
        let record = self.at_mut(slot);
        record.serial = serial;
        self.pending.enter(slot);
        self.cold.enter(slot, name, retries, ordinal);
        slot
    }

    /// Makes the work unknown. Its slot is free once the body has been dropped: see [`Arena::remove`].
    pub fn leave(&mut self, slot: u32) {
        self.at_mut(slot).serial = LEFT;
        self.leaving += 1;
    }

    /// Frees the slot of a work that has left.
    ///
    /// What is known of the work beside its record is dropped or forgotten: the next work of this slot finds nothing of it.
    pub fn remove(&mut self, slot: u32) -> Record {
        self.leaving -= 1;
        self.cold.leave(slot);
        self.pending.reset(slot);
        self.records.remove(slot as usize)
    }

    pub fn get(&self, slot: u32) -> Option<&Record> {
        self.records.get(slot as usize)
    }

    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Record> {
        self.records.get_mut(slot as usize)
    }

    #[cfg_attr(not(debug_assertions), inline)]
    pub fn at(&self, slot: u32) -> &Record {
        &self.records[slot as usize]
    }

    #[cfg_attr(not(debug_assertions), inline)]
    pub fn at_mut(&mut self, slot: u32) -> &mut Record {
        &mut self.records[slot as usize]
    }

    /// Reads the count and the record of a work, if it is still there; see `run/prefetch.rs`. Records lie across two lines of a
    /// cache: the one is read by `get`, the other has the serial.
    #[inline]
    pub fn prefetch(&self, slot: u32) -> u32 {
        let record = self.get(slot);
        self.pending.prefetch(slot) ^ record.map_or(0, |record| record.serial as u32)
    }

    #[inline]
    pub fn cold(&self, slot: u32) -> ColdRef<'_> {
        self.cold.get(slot)
    }

    #[inline]
    pub fn cold_mut(&mut self, slot: u32) -> &mut Cold {
        self.cold.get_mut(slot)
    }

    #[inline]
    pub fn extension(&self, slot: u32) -> Option<&Extension> {
        if self.at(slot).marks & mark::EXTENDED == 0 {
            return None;
        }
        self.cold.get(slot).extension
    }

    #[inline]
    pub fn extension_mut(&mut self, slot: u32) -> Option<&mut Extension> {
        if self.at(slot).marks & mark::EXTENDED == 0 {
            return None;
        }
        self.cold.get_mut(slot).extension.as_deref_mut()
    }

    /// The work's extension, made if need be.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn extension_or_new(&mut self, slot: u32) -> &mut Extension {
        if self.at(slot).marks & mark::EXTENDED == 0 {
            self.make_rare(slot);
        }
        let extension = self.cold.get_mut(slot).extension.as_deref_mut();
        extension.expect("what is marked as extension has its box")
    }

    #[cold]
    #[inline(never)]
    fn make_rare(&mut self, slot: u32) {
        let mut extension = Box::new(Extension::new(Extras::default(), Needs::default()));
        let record = self.at_mut(slot);
        record.marks |= mark::EXTENDED;
        // Until now no more than one attempt has ended, and the record has its duration.
        let under_way = record.marks & mark::ATTEMPT != 0;
        extension.total = if under_way { 0 } else { record.began_or_took };
        self.cold.get_mut(slot).extension = Some(extension);
    }

    /// The number of the work's attempt since `add` or `restart`; 0 before the first grant. A first attempt, and most works
    /// have no other, is not written down.
    pub fn attempt(&self, slot: u32) -> u32 {
        match self.is(slot, flag::TRIED) {
            true => self.cold(slot).attempts.max(1),
            false => 0,
        }
    }

    /// Another attempt begins.
    #[inline]
    pub fn count_attempt(&mut self, slot: u32) {
        if self.is(slot, flag::TRIED) {
            let attempts = &mut self.cold_mut(slot).attempts;
            *attempts = (*attempts).max(1).saturating_add(1);
        }
        self.set(slot, flag::TRIED);
    }

    /// It has had no attempt. Says how many there were.
    pub fn forget_attempts(&mut self, slot: u32) -> u32 {
        let attempts = self.attempt(slot);
        self.clear(slot, flag::TRIED);
        self.cold_mut(slot).attempts = 0;
        attempts
    }

    /// Whether the work's body is there to be called: not while it has its turn, and not once it is gone.
    pub fn has_body(&self, slot: u32) -> bool {
        let is_gone = |slot| self.extension(slot).is_some_and(|extension| extension.gone);
        !self.is(slot, flag::IN_TURN) && !is_gone(slot)
    }

    #[inline]
    pub fn is(&self, slot: u32, flag: u16) -> bool {
        self.at(slot).flags.has(flag)
    }

    #[inline]
    pub fn set(&mut self, slot: u32, flag: u16) {
        self.at_mut(slot).flags.set(flag);
    }

    #[cfg_attr(not(debug_assertions), inline)]
    pub fn clear(&mut self, slot: u32, flag: u16) {
        self.at_mut(slot).flags.clear(flag);
    }

    /// Clears the flag and tells whether it was set.
    #[inline]
    pub fn take(&mut self, slot: u32, flag: u16) -> bool {
        let flags = &mut self.at_mut(slot).flags;
        let was = flags.has(flag);
        flags.clear(flag);
        was
    }

    /// A cancel has come at a moment when the work cannot be aborted; it takes effect as soon as it can.
    pub fn cancel_later(&mut self, slot: u32, by: CancelledBy) {
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

    #[cold]
    fn take_cancel_that_came(&mut self, slot: u32) -> CancelledBy {
        self.clear(slot, flag::CANCEL);
        let extension = self.extension_mut(slot);
        let by = extension.and_then(|extension| extension.cancelled_by.take());
        by.unwrap_or(CancelledBy::Host)
    }

    /// The end of the work's `sleep`, which is under way.
    #[inline]
    pub fn sleep_end(&self, slot: u32) -> Time {
        self.sleeps[slot as usize]
    }

    pub fn begin_sleep(&mut self, slot: u32, until: Time) {
        if self.sleeps.len() <= slot as usize {
            self.sleeps.resize(slot as usize + 1, Time::ZERO);
        }
        self.sleeps[slot as usize] = until;
    }

    /// Children of the present attempt that have not settled.
    #[inline]
    pub fn live_children(&self, slot: u32) -> u32 {
        if !self.is(slot, flag::CHILDREN) {
            return 0;
        }
        self.extension(slot)
            .map_or(0, |extension| extension.join.live)
    }

    /// The attempt's number, counted over restarts.
    pub fn attempt_number(&self, slot: u32) -> u32 {
        let before = self
            .extension(slot)
            .map_or(0, |extension| extension.attempts_before);
        before.wrapping_add(self.attempt(slot))
    }

    /// The present attempt.
    pub fn attempt_id(&self, slot: u32) -> AttemptId {
        AttemptId {
            slot,
            serial: self.at(slot).serial,
            attempt: self.attempt_number(slot),
        }
    }

    /// Whether that attempt is still the present one.
    pub fn is_present(&self, attempt_id: AttemptId) -> bool {
        self.get(attempt_id.slot)
            .is_some_and(|record| record.serial == attempt_id.serial)
            && self.attempt_id(attempt_id.slot) == attempt_id
    }

    /// More than the highest slot that was ever used; less than twice as many, once there are a few.
    pub fn slots_end(&self) -> u32 {
        self.pending.slots()
    }

    /// Slots in use, in no order that may reach a decision.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        let records = self.records.iter();
        let here = records.filter(|(_, record)| record.serial != LEFT);
        here.map(|(slot, _)| slot as u32)
    }

    /// Slots in use in the order in which their works were added. O(n log n).
    pub fn slots_by_age(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.slots().collect();
        slots.sort_unstable_by_key(|&slot| self.at(slot).serial);
        slots
    }
}
