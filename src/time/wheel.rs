//! A hierarchical timer wheel that is exact to the nanosecond.
//!
//! # Algorithm
//!
//! Deadlines are numbers of eleven digits, base 64. The wheel has a table of 64 lists for each digit position, its
//! *levels*. It also has a *base*, a moment that follows the clock.
//!
//! The highest digit in which a timer's deadline and the base differ gives the timer's level, and its own digit there
//! gives the list (`filing.rs`). That is one exclusive-or, one count of leading zeros and one append, wherever in 584
//! years the deadline lies. One `u64` per table says which lists hold something.
//!
//! The first occupied slot has the earliest timers. The wheel sorts its list if that is short. If it is long, the wheel
//! *splits* it by the next digit into a table of its own, which takes the slot's place. The wheel then goes on with the
//! first slot of that table (`earliest.rs`). So the earliest deadline is always known, and due timers leave from the
//! head of a sorted list. A list whose timers came in order of their deadlines counts as sorted, however long it is.
//!
//! When a table is used up, the base moves to the deadline of the timer that left it. The timers in the slot of the new
//! base are filed again at lower levels. If that slot has been split, its table becomes the table of its level. No
//! other timer changes its level, since each still differs from the base in the same digit.
//!
//! A split does early the work of filing again, and does not move the base. A base ahead of the clock would leave
//! timers between the two without a place. Either way a timer moves down, at most ten times in its life. A timer whose
//! moment has already come waits beside the tables for the next `advance` (`late.rs`).
//!
//! *Order.* Two timers with the same deadline are always in the same list, which depends only on the deadline, the base
//! and the splits. Lists grow at the tail, are read from the head and sorted stably. So equal deadlines fire in the
//! order in which they were armed, without a sequence number.
//!
//! *Sources.* The levels are those of scheme 7 in G. Varghese and A. Lauck, *Hashed and Hierarchical Timing Wheels*
//! (1987). Filing by the highest differing digit is the method of a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan, *Faster
//! Algorithms for the Shortest Path Problem*, 1990). Splitting buckets when they are first needed is multikey sorting
//! on demand, as in a burst trie (Heinz, Zobel, Williams, 2002).
//!
//! # Limits
//!
//! A wheel holds fewer than 2^32 timers at a time. It keeps the memory of the most timers that it ever had: 32 bytes
//! each (twice that while the vector has just grown), 6 KiB for the levels and half a KiB per split slot.
//!
//! "O(1)" below is amortised over the life of a timer. A call that meets a long list for the first time deals with all
//! of it, which takes a few milliseconds for a million timers. A [`TimerKey`] carries no generation, so the owner has
//! to forget it when its timer has fired or been cancelled.

mod earliest;
mod filing;
mod late;
mod nodes;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZeroU32;

use self::earliest::LONG;
use self::late::Late;
use self::nodes::{NIL, Node, Nodes};
use self::tables::{LEVELS, Place, Tables, bit};
use super::Time;

/// Names an armed timer of one [`TimerWheel`], until it fires or is cancelled.
///
/// It takes four bytes, also in an `Option`. Drop it when the timer has fired or been cancelled, since it may then name
/// another timer.
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

/// Timers in order of (deadline, arming order), to the nanosecond. Each carries the number of its owner.
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
// The engine asks the wheel in every turn, so its small functions are worth inlining across codegen units.
pub struct TimerWheel {
    nodes: Nodes,
    tables: Tables,
    /// The table of each level.
    levels: [u32; LEVELS],
    /// Bit `l` says that the table of level `l` is not empty.
    occupied: u32,
    /// The moment by which timers are filed. It is not after `now`.
    base: u64,
    /// The latest moment that `advance` was given.
    now: u64,
    /// The earliest deadline in the tables; `u64::MAX` if there is none.
    earliest: u64,
    /// The slot of `earliest`, if there is one. Its list is sorted.
    first: Place,
    /// The timers that were armed for a moment at or before `now`.
    late: Late,
    /// Room for the list that is being sorted, as (deadline, index).
    scratch: [(u64, u32); LONG],
}

impl Default for TimerWheel {
    fn default() -> Self {
        Self::new()
    }
}

/// Prints how many timers are armed, and when the next one fires.
impl fmt::Debug for TimerWheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerWheel")
            .field("len", &self.len())
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}

impl TimerWheel {
    /// Makes an empty wheel at [`Time::ZERO`].
    #[must_use]
    pub fn new() -> Self {
        Self {
            nodes: Nodes::new(),
            tables: Tables::new(),
            levels: std::array::from_fn(|level| level as u32),
            occupied: 0,
            base: 0,
            now: 0,
            earliest: u64::MAX,
            first: 0,
            late: Late::default(),
            scratch: [(0, 0); LONG],
        }
    }

    /// Forgets all timers, and goes back to [`Time::ZERO`]. Costs nothing if there has been no timer.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.nodes.is_used() || self.now > 0 {
            *self = TimerWheel::new();
        }
    }

    /// Returns how many timers are armed, including due ones that have not been popped.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns whether no timer is armed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns exactly when the next timer fires, or `None` if none is armed.
    ///
    /// It counts due timers that have not been popped, and timers that were armed too late, whose moment lies in the
    /// past. O(1).
    #[must_use]
    #[inline]
    pub fn next_deadline(&self) -> Option<Time> {
        if self.late.len() == 0 {
            return self.next_ahead();
        }
        let late = self.late.earliest().map(Time::from_nanos);
        self.next_ahead().into_iter().chain(late).min()
    }

    /// Returns when the next timer fires, not counting timers that were armed too late.
    #[inline]
    pub(crate) fn next_ahead(&self) -> Option<Time> {
        (self.occupied != 0).then_some(Time::from_nanos(self.earliest))
    }

    /// Returns how many timers were armed too late and have not been popped.
    #[inline]
    pub(crate) fn late_len(&self) -> usize {
        self.late.len()
    }

    /// Returns when an armed timer fires. O(1).
    ///
    /// # Panics
    /// If the timer has fired or was cancelled, unless its key names another timer by now.
    #[must_use]
    pub fn deadline(&self, key: TimerKey) -> Time {
        Time::from_nanos(self.nodes.armed(key.index()).deadline)
    }

    /// Arms a timer for `owner`. O(1).
    ///
    /// If `deadline` is not after the last [`advance`](Self::advance), the timer is due at the next one, in its proper
    /// order. It is not due before that, even while due timers are being popped.
    ///
    /// # Panics
    /// If there are 2^32 - 1 timers already.
    #[inline]
    pub fn arm(&mut self, deadline: Time, owner: u32) -> TimerKey {
        let index = self.nodes.insert(deadline.as_nanos(), owner);
        self.file(index, deadline.as_nanos());
        TimerKey::new(index)
    }

    /// Disarms a timer, which may already be due, and returns its owner. O(1).
    ///
    /// # Panics
    /// If the timer has fired or was cancelled, unless its key names another timer by now.
    #[inline]
    pub fn cancel(&mut self, key: TimerKey) -> u32 {
        let &Node {
            deadline,
            owner,
            place,
            ..
        } = self.nodes.armed(key.index());
        self.remove(key.index(), place);
        self.nodes.release(key.index());
        if deadline == self.earliest {
            self.find_earliest();
        }
        owner
    }

    /// Gives an armed timer another deadline, as if it were cancelled and armed again, but the key stays. O(1).
    ///
    /// # Panics
    /// If the timer has fired or was cancelled, unless its key names another timer by now.
    #[inline]
    pub fn rearm(&mut self, key: TimerKey, deadline: Time) {
        let &Node {
            deadline: old,
            place,
            ..
        } = self.nodes.armed(key.index());
        self.remove(key.index(), place);
        self.nodes.set_deadline(key.index(), deadline.as_nanos());
        self.file(key.index(), deadline.as_nanos());
        if old == self.earliest {
            self.find_earliest();
        }
    }

    /// Makes the timers whose deadline is at or before `now` due, for [`pop_due`](Self::pop_due) to take.
    ///
    /// Due timers that have not been popped stay due. A `now` before that of an earlier call counts as that earlier
    /// one. O(1), and O(log n) for each timer that was armed too late.
    #[inline]
    pub fn advance(&mut self, now: Time) {
        self.now = self.now.max(now.as_nanos());
        if self.late.len() > 0 {
            self.late.fall_due();
        }
    }

    /// Pops the first due timer, and returns its deadline and owner. The order is (deadline, arming order). O(1).
    #[inline]
    pub fn pop_due(&mut self) -> Option<(Time, u32)> {
        self.pop_due_key().map(|(_, at, owner)| (at, owner))
    }

    /// Pops as [`TimerWheel::pop_due`] does, and also returns the timer's key, which may now name another timer.
    #[inline]
    pub(crate) fn pop_due_key(&mut self) -> Option<(TimerKey, Time, u32)> {
        let index = if self.late.len() > 0 && self.late_is_first() {
            self.late.pop_due()?
        } else if self.has_due() {
            self.pop_first()
        } else {
            return None;
        };
        let &Node {
            deadline, owner, ..
        } = self.nodes.armed(index);
        self.nodes.release(index);
        Some((TimerKey::new(index), Time::from_nanos(deadline), owner))
    }

    /// Returns the due timers of the earliest deadline, in the order in which they would be popped. A search may vary
    /// the order of these timers. O(their number) to walk.
    pub fn due_tied(&self) -> impl Iterator<Item = (TimerKey, u32)> + '_ {
        let first = if self.has_due() {
            self.tables.slot(self.first).head
        } else {
            NIL
        };
        let ahead = (first != NIL).then_some(self.earliest);
        let deadline = ahead.into_iter().chain(self.late.earliest_due()).min();
        let step = move |index: u32| {
            let is_tied = index != NIL && Some(self.nodes.deadline(index)) == deadline;
            is_tied.then_some(index)
        };
        std::iter::successors(step(first), move |&index| step(self.nodes.next(index)))
            .chain(self.late.due_at(deadline.unwrap_or(0)))
            .map(|index| (TimerKey::new(index), self.nodes.armed(index).owner))
    }

    /// Returns whether a timer in the tables is due.
    #[inline]
    fn has_due(&self) -> bool {
        self.earliest <= self.now && self.occupied != 0
    }

    /// Returns whether the next timer to be popped was armed too late. Of equal deadlines those in the tables were
    /// armed before.
    fn late_is_first(&self) -> bool {
        let late = self.late.earliest_due();
        late.is_some_and(|at| !self.has_due() || at < self.earliest)
    }

    /// Takes the first timer out of the tables.
    #[inline]
    fn pop_first(&mut self) -> u32 {
        let list = self.tables.slot_mut(self.first);
        let index = self.nodes.pop_front(list);
        if !list.is_empty() {
            self.earliest = self.nodes.deadline(list.head);
            return index;
        }
        let used_up = self.tables.of(self.first).occupied == bit(self.first);
        self.vacate(self.first);
        // The base moves seldom enough to be cheap, and often enough to keep the way to a timer's list short.
        if used_up {
            self.move_base(self.earliest);
        }
        self.find_earliest();
        index
    }
}
