//! Pinned works: settled works that stay only because unsettled works depend on them. A count says how many
//! dependents pin each of them.
//!
//! The column is as long as the highest slot that has ever been pinned. It stays empty in a program that keeps its
//! works.
//!
//! Invariant: a pinned work has settled, and at least one unsettled work is after it. The last of these to settle
//! removes it (L30). The audit counts both anew.

use super::arena::Arena;
use super::flags::mark;

/// The counts of the pinned works.
#[derive(Default)]
pub(crate) struct Pinned {
    /// Unsettled dependents by slot; meaningless for a work that is not pinned.
    dependents: Vec<u32>,
    /// How many works are pinned. While it is 0, no work that settles looks at its dependencies.
    works: u32,
}

impl Pinned {
    /// Returns whether any work is pinned.
    #[inline]
    pub fn any(&self) -> bool {
        self.works > 0
    }

    /// Returns how many works are pinned.
    pub fn works(&self) -> u32 {
        self.works
    }

    /// Returns how many dependents pin the work in `slot`, which is pinned. Only the audit asks.
    pub fn dependents(&self, slot: u32) -> u32 {
        self.dependents[slot as usize]
    }
}

impl Arena {
    /// Returns whether the work is pinned.
    #[inline]
    pub fn is_pinned(&self, slot: u32) -> bool {
        self.at(slot).marks & mark::PINNED != 0
    }

    /// Pins a settled work until its unsettled `dependents` have settled. The caller has counted them, and there is at
    /// least one.
    pub fn pin(&mut self, slot: u32, dependents: u32) {
        // The mark makes the entry of the column valid, so an old count need not be cleared.
        self.at_mut(slot).marks |= mark::PINNED;
        let column = &mut self.pinned.dependents;
        if column.len() <= slot as usize {
            column.resize(slot as usize + 1, 0);
        }
        column[slot as usize] = dependents;
        self.pinned.works += 1;
    }

    /// Counts one more unsettled dependent of a work, if the work is pinned. A new edge, or a restart of the dependent,
    /// brings one.
    pub fn pin_once_more(&mut self, slot: u32) {
        if self.is_pinned(slot) {
            self.pinned.dependents[slot as usize] += 1;
        }
    }

    /// Counts down the dependents of a work, if the work is pinned. Returns whether the last of them has settled. The
    /// caller then removes the work.
    pub fn pin_once_less(&mut self, slot: u32) -> bool {
        if !self.is_pinned(slot) {
            return false;
        }
        let dependents = &mut self.pinned.dependents[slot as usize];
        *dependents -= 1;
        *dependents == 0
    }

    /// Unpins a work before it is restarted or reclaimed. Does nothing for any other work.
    pub fn unpin(&mut self, slot: u32) {
        if self.is_pinned(slot) {
            self.at_mut(slot).marks &= !mark::PINNED;
            self.pinned.works -= 1;
        }
    }
}
