//! How many dependencies of each work are pending.
//!
//! The counts have a column of their own. A work that settles counts down those of its dependents, and one small
//! column is quick to reach.
//!
//! Invariant: the count of an unsettled work is the number of its open edges, and one more while it awaits its parent.
//! The audit counts anew. A work leaves Pending when its count comes to 0.

/// Marks a settled work, which waits for nothing. Its dependencies may settle later than it, and must not count it
/// down.
const SETTLED: u32 = u32::MAX;

/// A call of `grow` adds no fewer slots than these. Most schedulers stay small.
const FEW: usize = 4;
/// A call of `grow` adds no more slots than these. So one addition never fills many.
const MANY: usize = 512;

/// Pending dependencies by slot. A count stays below 2^29, since there are at most 2^28 edges. So no count reaches the
/// mark of a settled work.
pub(crate) struct Pending(Vec<u32>);

impl Pending {
    /// Returns an empty column.
    pub const fn new() -> Self {
        Pending(Vec::new())
    }

    /// Forgets all works, but keeps the room. O(slots).
    pub fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Makes room for a work in `slot`, which has been used before or is the next one. Amortised O(1). The count of the
    /// slot is 0.
    #[inline]
    pub fn enter(&mut self, slot: u32) {
        if slot as usize >= self.0.len() {
            self.grow();
        }
    }

    /// Adds many slots at once, so that each costs little.
    #[cold]
    fn grow(&mut self) {
        let more = self.0.len().clamp(FEW, MANY);
        self.0.resize(self.0.len() + more, 0);
    }

    /// Makes room for `slots` more slots. Entries are still made one by one.
    pub fn reserve(&mut self, slots: usize) {
        self.0.reserve(slots);
    }

    /// Returns the end of the column, which is somewhat above the highest slot that has been used.
    pub fn slots(&self) -> u32 {
        self.0.len() as u32
    }

    /// Returns the open dependencies of a work, plus one while its parent's attempt has not begun; 0 for a settled
    /// work.
    #[inline]
    pub fn of(&self, slot: u32) -> u32 {
        match self.0[slot as usize] {
            SETTLED => 0,
            count => count,
        }
    }

    /// Reads the count, whatever it is; see `run/prefetch.rs`. The value means nothing to the caller.
    #[inline]
    pub fn prefetch(&self, slot: u32) -> u32 {
        self.0[slot as usize]
    }

    /// Counts `more` dependencies of a work that has not settled.
    #[inline]
    pub fn add(&mut self, slot: u32, more: u32) {
        // The mark of a settled work is no count, and adding to it would wrap.
        debug_assert!(self.0[slot as usize] != SETTLED);
        self.0[slot as usize] += more;
    }

    /// Counts down one dependency of a work, and returns whether it was the last. A settled work has none.
    #[inline]
    pub fn close(&mut self, slot: u32) -> bool {
        let count = &mut self.0[slot as usize];
        // A work that was cancelled or blocked keeps its open edges, and its dependencies settle one by one.
        if *count == SETTLED {
            return false;
        }
        *count -= 1;
        *count == 0
    }

    /// Clears the count of a work that is new or is to be run anew. A restart then counts its open edges.
    #[inline]
    pub fn reset(&mut self, slot: u32) {
        self.0[slot as usize] = 0;
    }

    /// Notes that the work has settled. From now on [`Pending::close`] does nothing to it.
    #[inline]
    pub fn settle(&mut self, slot: u32) {
        self.0[slot as usize] = SETTLED;
    }
}
