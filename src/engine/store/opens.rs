//! How many dependencies of each work are open, in a column of their own: who settles counts down those of its dependents,
//! and where they all lie is small enough to stay in a near cache.

/// Of a settled work: what is counted is not what it waits for, but, if it lingers, who waits for it.
const SETTLED: u32 = 1 << 31;

/// As many slots are added at least and at most.
const FEW: usize = 4;
const MANY: usize = 512;

/// By slot. Below 2^31, since there are at most 2^28 edges.
pub(crate) struct Opens(Vec<u32>);

impl Opens {
    pub const fn new() -> Self {
        Opens(Vec::new())
    }

    /// A work has come, to a slot that has been used before or to the next one. Amortised O(1).
    #[inline]
    pub fn enter(&mut self, slot: u32) {
        if slot as usize == self.0.len() {
            self.grow();
        }
    }

    /// Many slots at once, so that each costs next to nothing.
    #[cold]
    fn grow(&mut self) {
        let more = self.0.len().clamp(FEW, MANY);
        self.0.resize(self.0.len() + more, 0);
    }

    /// Makes room for so many slots more.
    pub fn reserve(&mut self, slots: usize) {
        self.0.reserve(slots);
    }

    /// Those that have been used, and some more.
    pub fn slots(&self) -> u32 {
        self.0.len() as u32
    }

    /// The dependencies that are open, plus one while the parent's attempt has not begun; none of a settled work.
    #[inline]
    pub fn of(&self, slot: u32) -> u32 {
        let count = self.0[slot as usize];
        if count & SETTLED == 0 { count } else { 0 }
    }

    /// Reads the count, whatever it is; see `run/prefetch.rs`.
    #[inline]
    pub fn prefetch(&self, slot: u32) -> u32 {
        self.0[slot as usize]
    }

    #[inline]
    pub fn add(&mut self, slot: u32, more: u32) {
        debug_assert!(self.0[slot as usize] & SETTLED == 0);
        self.0[slot as usize] += more;
    }

    /// One thing that the work has waited for has come about; whether it was the last. Settled works wait for nothing.
    #[inline]
    pub fn close(&mut self, slot: u32) -> bool {
        let count = &mut self.0[slot as usize];
        if *count & SETTLED != 0 {
            return false;
        }
        *count -= 1;
        *count == 0
    }

    /// A work is new, or is to be run anew.
    #[inline]
    pub fn reset(&mut self, slot: u32) {
        self.0[slot as usize] = 0;
    }

    /// A work has settled, or so many dependents are all that a settled one is kept for.
    #[inline]
    pub fn settle(&mut self, slot: u32, dependents: u32) {
        self.0[slot as usize] = SETTLED | dependents;
    }

    /// The dependents that a settled work lingers for.
    pub fn lingers_for(&self, slot: u32) -> u32 {
        self.0[slot as usize] & !SETTLED
    }

    /// A work that lingers has one more unsettled dependent.
    pub fn linger_for_another(&mut self, slot: u32) {
        debug_assert!(self.0[slot as usize] & SETTLED != 0);
        self.0[slot as usize] += 1;
    }

    /// One of its dependents has settled; whether it was the last.
    pub fn linger_for_one_less(&mut self, slot: u32) -> bool {
        self.0[slot as usize] -= 1;
        self.lingers_for(slot) == 0
    }
}
