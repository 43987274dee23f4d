//! A hierarchical timer wheel that is exact to the nanosecond.
//!
//! # Algorithm
//!
//! Deadlines are numbers of eleven digits, base 64. The wheel has a table of 64 lists for each digit position, its
//! *levels*, and a *base*, a moment that follows the clock. A timer goes to the level of the highest digit in which its
//! deadline and the base differ, and there to the list for its own digit: that is one exclusive-or, one count of leading
//! zeros and one append, wherever in 584 years the deadline lies. One `u64` per table says which lists hold something.
//!
//! The first occupied slot has the earliest timers. If its list is short, it is sorted; if it is long, it is *split* by
//! the next digit into a table of its own, which takes the slot's place, and so on with the first slot of that
//! (`earliest.rs`). So the earliest deadline is always known, and what is due leaves from the head of a sorted list.
//!
//! When a table is used up the base moves to the clock. What is in the slot that it enters is filed again at lower levels,
//! or, if that slot has been split, its table becomes that of its level. No other timer changes its level: each still
//! differs from the base in the same digit. Splitting does early what filing again would do later, and without moving
//! the base, which would leave timers armed between the clock and the base without a place. Either way a timer moves
//! down, ten times at most in its life.
//!
//! *Order.* Two timers with the same deadline are always in the same list: which one depends only on the deadline, the
//! base and what is split. Lists grow at the tail, are read from the head and sorted stably. So equal deadlines fire in
//! the order in which they were armed, without a sequence number.
//!
//! The levels are those of scheme 7 in G. Varghese and A. Lauck, *Hashed and Hierarchical Timing Wheels* (1987); filing
//! by the highest differing digit is how a radix heap does it (Ahuja, Mehlhorn, Orlin, Tarjan, *Faster Algorithms for the
//! Shortest Path Problem*, 1990); splitting buckets when they are first needed is multikey sorting on demand, as in a
//! burst trie (Heinz, Zobel, Williams, 2002).
//!
//! # Limits
//!
//! Fewer than 2^32 timers at a time. Memory is that of the most timers there ever were at once, 24 bytes each (twice that
//! while the vector has just grown), 6 KiB for the levels and half a KiB per split slot; it is kept. "O(1)" below is
//! amortised over the life of a timer: a call that meets a long list for the first time deals with all of it, a few
//! milliseconds for a million timers. A [`TimerKey`] carries no generation, so the owner has to forget it when its timer
//! has fired or been cancelled.

mod earliest;
mod nodes;
mod tables;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use self::earliest::LONG;
use self::nodes::{List, NIL, Nodes};
use self::tables::{LEVELS, Place, Tables, Taken, bit, digit, level, place};
use super::Time;

/// The place of a timer that `advance` has moved to the due list.
const DUE: Place = u32::MAX - 1;

/// Names an armed timer of one [`TimerWheel`], until it fires or is cancelled.
///
/// Four bytes, also in an `Option`. It may name another timer afterwards, so whoever keeps it drops it then.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimerKey(NonZeroU32);

impl TimerKey {
    #[inline]
    fn new(index: u32) -> Self {
        Self(NonZeroU32::new(index).expect("timer 0 is never handed out"))
    }

    const fn index(self) -> u32 {
        self.0.get()
    }
}

/// Timers, ordered by (deadline, arming order) to the nanosecond; each carries the number of its owner.
///
/// ```
/// use crankwork::time::{Time, TimerWheel};
///
/// let mut wheel = TimerWheel::new();
/// wheel.arm(Time::from_secs(30), 1);
/// let soon = wheel.arm(Time::from_secs(5), 2);
/// wheel.arm(Time::from_secs(30), 3);
/// assert_eq!(wheel.next_deadline(), Some(Time::from_secs(5)));
///
/// wheel.rearm(soon, Time::from_secs(30));
/// wheel.advance(Time::from_secs(31));
/// let mut fired = Vec::new();
/// while let Some((_, owner)) = wheel.pop_due() {
///     fired.push(owner);
/// }
/// assert_eq!(fired, [1, 3, 2]);
/// ```
// The engine asks the wheel in every turn of its loop: what it calls is worth inlining across codegen units.
pub struct TimerWheel {
    nodes: Nodes,
    tables: Tables,
    /// The table of each level.
    levels: [u32; LEVELS],
    /// Bit `l` says that the table of level `l` is not empty.
    occupied: u32,
    /// What timers are filed by. At or before `now`.
    base: u64,
    /// The latest moment that `advance` was told.
    now: u64,
    /// How many timers in the wheel have a deadline at or before `base`. They were armed too late.
    late: u32,
    /// The earliest deadline in the wheel, not counting the due list; `u64::MAX` if there is none.
    earliest: u64,
    /// The slot of `earliest`, if there is one.
    first: Place,
    due: List,
    /// What is being sorted, as (deadline, index). Empty between calls.
    scratch: Vec<(u64, u32)>,
}

impl Default for TimerWheel {
    fn default() -> Self {
        Self::new()
    }
}

impl TimerWheel {
    /// An empty wheel at [`Time::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            nodes: Nodes::new(),
            tables: Tables::new(),
            levels: std::array::from_fn(|level| level as u32),
            occupied: 0,
            base: 0,
            now: 0,
            late: 0,
            earliest: u64::MAX,
            first: 0,
            due: List::EMPTY,
            scratch: Vec::new(),
        }
    }

    /// How many timers are armed, those in the due list included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no timer is armed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the next timer fires: exactly, or `None` if none is armed.
    ///
    /// Counts timers in the due list, and timers that were armed too late; for these the moment lies in the past. O(1).
    #[must_use]
    #[inline]
    pub fn next_deadline(&self) -> Option<Time> {
        if !self.due.is_empty() {
            let due = self.nodes.deadline(self.due.head);
            return Some(Time::from_nanos(due.min(self.earliest)));
        }
        (self.occupied != 0).then_some(Time::from_nanos(self.earliest))
    }

    /// When an armed timer fires. O(1).
    ///
    /// # Panics
    /// If the timer has fired or was cancelled, unless its key names another timer by now.
    #[must_use]
    pub fn deadline(&self, key: TimerKey) -> Time {
        Time::from_nanos(self.nodes.armed(key.index()).deadline)
    }

    /// Arms a timer for `owner`. O(1).
    ///
    /// If `deadline` is not after the last [`advance`](Self::advance), the timer fires at the next one, in its proper
    /// order; never at the one whose due list is being popped.
    ///
    /// # Panics
    /// If there are 2^32 - 1 timers already.
    #[inline]
    pub fn arm(&mut self, deadline: Time, owner: u32) -> TimerKey {
        let index = self.nodes.insert(deadline.as_nanos(), owner);
        self.file(index, deadline.as_nanos());
        TimerKey::new(index)
    }

    /// Disarms a timer and returns its owner. It may be in the due list already. O(1).
    ///
    /// # Panics
    /// If the timer has fired or was cancelled, unless its key names another timer by now.
    #[inline]
    pub fn cancel(&mut self, key: TimerKey) -> u32 {
        let node = self.nodes.armed(key.index());
        self.remove(key.index(), node.deadline, node.place);
        self.nodes.release(key.index());
        if node.deadline == self.earliest {
            self.find_earliest();
        }
        node.owner
    }

    /// Gives an armed timer another deadline: the same as to cancel it and to arm it again, but the key stays. O(1).
    ///
    /// # Panics
    /// If the timer has fired or was cancelled, unless its key names another timer by now.
    #[inline]
    pub fn rearm(&mut self, key: TimerKey, deadline: Time) {
        let node = self.nodes.armed(key.index());
        self.remove(key.index(), node.deadline, node.place);
        self.nodes.set_deadline(key.index(), deadline.as_nanos());
        self.file(key.index(), deadline.as_nanos());
        if node.deadline == self.earliest {
            self.find_earliest();
        }
    }

    /// Moves the timers whose deadline is at or before `now` to the due list.
    ///
    /// The due list is sorted by (deadline, arming order), timers that were left in it included. A `now` before that of
    /// an earlier call counts as that. O(1), and O(1) for each timer that is due, and for each that was left in the due
    /// list and is overtaken by one armed since then.
    #[inline]
    pub fn advance(&mut self, now: Time) {
        self.now = self.now.max(now.as_nanos());
        let mut left = self.overtaken();
        let mut used_up = false;
        while self.earliest <= self.now && self.occupied != 0 {
            used_up |= self.drain_first_slot(&mut left);
        }
        self.nodes.join(&mut self.due, left);
        // Seldom enough to be cheap, often enough to keep the way to a timer's list short.
        if used_up {
            self.move_base();
            self.find_earliest();
        }
    }

    /// Takes the first timer off the due list: its deadline and its owner. O(1).
    #[inline]
    pub fn pop_due(&mut self) -> Option<(Time, u32)> {
        if self.due.is_empty() {
            return None;
        }
        let index = self.due.head;
        let node = self.nodes.armed(index);
        self.nodes.pop_front(&mut self.due);
        self.nodes.release(index);
        Some((Time::from_nanos(node.deadline), node.owner))
    }

    /// The timers of the earliest deadline in the due list, in the order in which they would be popped: those whose
    /// order a search may vary. O(their number) to walk.
    pub fn due_tied(&self) -> impl Iterator<Item = (TimerKey, u32)> + '_ {
        let first = self.due.head;
        let deadline = self.nodes.deadline(first);
        let step = move |index: u32| {
            (index != NIL && self.nodes.deadline(index) == deadline).then_some(index)
        };
        std::iter::successors(step(first), move |&index| step(self.nodes.next(index)))
            .map(|index| (TimerKey::new(index), self.nodes.armed(index).owner))
    }

    /// Puts a timer into the list where its deadline belongs.
    #[inline]
    fn file(&mut self, index: u32, deadline: u64) {
        let place = self.place(index, deadline);
        if deadline <= self.base {
            self.late += 1;
        }
        // Not `<`, because the wheel may have been empty. Equal deadlines are in one slot anyway.
        if deadline <= self.earliest {
            self.earliest = deadline;
            self.first = place;
        }
    }

    #[inline]
    fn place(&mut self, index: u32, deadline: u64) -> Place {
        let level = level(deadline ^ self.base);
        self.occupied |= 1 << level;
        self.append(self.levels[level as usize], level, index, deadline)
    }

    /// Puts a timer into a table of the given level.
    #[inline]
    fn append(&mut self, table: u32, level: u32, index: u32, deadline: u64) -> Place {
        let place = place(table, digit(deadline, level));
        let table = self.tables.of_mut(place);
        if (table.split | table.sorted) & bit(place) != 0 {
            return self.append_in_order(place, level, index, deadline);
        }
        table.occupied |= bit(place);
        let list = self.tables.slot_mut(place);
        self.nodes.push_back(list, index, place);
        place
    }

    /// Puts a timer into a slot that is split or sorted: into a table below it, or between the timers of its list. If
    /// that takes too long, the list is not sorted any more. Recurses into split slots, and so at most ten deep.
    fn append_in_order(&mut self, place: Place, level: u32, index: u32, deadline: u64) -> Place {
        let is_split = self.tables.of(place).split & bit(place) != 0;
        let list = self.tables.slot_mut(place);
        if is_split {
            let child = list.head;
            return self.append(child, level - 1, index, deadline);
        }
        if !self.nodes.insert_ordered(list, index, place, LONG) {
            self.nodes.push_back(list, index, place);
            self.tables.of_mut(place).sorted &= !bit(place);
        }
        place
    }

    /// Takes a timer out of its list. Leaves `earliest` to the caller.
    #[inline]
    fn remove(&mut self, index: u32, deadline: u64, place: Place) {
        if place == DUE {
            return self.nodes.unlink(&mut self.due, index);
        }
        if deadline <= self.base {
            self.late -= 1;
        }
        let list = self.tables.slot_mut(place);
        self.nodes.unlink(list, index);
        if list.is_empty() {
            self.vacate(place);
        }
    }

    fn vacate(&mut self, place: Place) {
        if let Some(level) = self.tables.vacate(place) {
            self.occupied &= !(1 << level);
        }
    }

    /// Takes the due list, if timers were left in it that one armed since then is going to overtake.
    #[inline]
    fn overtaken(&mut self) -> List {
        let last = self.due.last();
        if last != NIL && self.earliest < self.nodes.deadline(last) {
            return std::mem::take(&mut self.due);
        }
        List::EMPTY
    }

    /// Moves what is due in the first slot to the due list, merged with what was `left` of that. Returns whether this was
    /// the last slot of its table.
    #[inline]
    fn drain_first_slot(&mut self, left: &mut List) -> bool {
        if self.tables.of(self.first).sorted & bit(self.first) == 0 {
            self.find_earliest();
        }
        let list = self.tables.slot_mut(self.first);
        while !list.is_empty() {
            let (index, deadline) = (list.head, self.nodes.deadline(list.head));
            if deadline > self.now {
                self.earliest = deadline;
                return false;
            }
            if deadline <= self.base {
                self.late -= 1;
            }
            // What was left was armed earlier.
            while !left.is_empty() && self.nodes.deadline(left.head) <= deadline {
                let index = self.nodes.pop_front(left);
                self.nodes.push_back(&mut self.due, index, DUE);
            }
            self.nodes.pop_front(list);
            self.nodes.push_back(&mut self.due, index, DUE);
        }
        let used_up = self.tables.of(self.first).occupied == bit(self.first);
        self.vacate(self.first);
        self.find_earliest();
        used_up
    }

    /// Moves the base to `now`, when no timer is left at or before that. What the slot of the new base holds is filed
    /// again; the levels below are empty by now.
    fn move_base(&mut self) {
        let mut level = level(self.base ^ self.now);
        self.base = self.now;
        loop {
            let place = place(self.levels[level as usize], digit(self.base, level));
            if self.tables.of(place).occupied & bit(place) == 0 {
                return;
            }
            let taken = self.tables.take(place);
            if self.tables.of(place).occupied == 0 {
                self.occupied &= !(1 << level);
            }
            match taken {
                Taken::List(list) => return self.file_again(list),
                Taken::Table(child) => {
                    level -= 1;
                    self.tables.release(self.levels[level as usize]);
                    self.levels[level as usize] = child;
                    self.occupied |= 1 << level;
                }
            }
        }
    }

    fn file_again(&mut self, list: List) {
        let mut index = list.head;
        while index != NIL {
            let (next, deadline) = (self.nodes.next(index), self.nodes.deadline(index));
            self.place(index, deadline);
            index = next;
        }
    }
}
