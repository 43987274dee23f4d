//! The tree of works: for each parent a list of its children.
//!
//! The lists are linked through a column that is as long as the highest slot of any child so far. Programs without
//! children have none.
//!
//! Invariant: the list of a parent has exactly the children of its present attempt that it keeps, and each names it as
//! parent. `Join` has the ends and the length of the list.

use crate::engine::store::arena::Arena;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::record::NONE;

/// A child's parent, and its neighbours among the parent's children.
#[derive(Clone, Copy)]
pub(crate) struct TreeLinks {
    /// The slot of the parent.
    parent: u32,
    /// The child that was added before this one, or `NONE`.
    prev: u32,
    /// The child that was added after this one, or `NONE`.
    next: u32,
}

impl TreeLinks {
    /// The links of a work that is no child.
    const NONE: TreeLinks = TreeLinks {
        parent: NONE,
        prev: NONE,
        next: NONE,
    };
}

impl Arena {
    /// Returns the work's parent, if it is a child. An orphan has none. O(1).
    #[inline]
    pub fn parent(&self, slot: u32) -> Option<u32> {
        let is_child = self.at(slot).marks & mark::CHILD != 0;
        is_child.then(|| self.tree[slot as usize].parent)
    }

    /// Returns the child that was added after this one. The work must be in a list: the entry of any other means
    /// nothing.
    #[inline]
    pub fn next_sibling(&self, child: u32) -> Option<u32> {
        let next = self.tree[child as usize].next;
        (next != NONE).then_some(next)
    }

    /// Returns the children of a work's present attempt, in the order in which they were added. Settled children that
    /// the parent keeps are among them. The list must not change meanwhile.
    pub fn children(&self, slot: u32) -> impl Iterator<Item = u32> + use<'_> {
        let has_any = self.is(slot, flag::CHILDREN);
        let join = has_any
            .then(|| self.extension(slot))
            .flatten()
            .map(|extension| &extension.join)
            .filter(|join| join.count > 0);
        std::iter::successors(join.map(|join| join.first), |&child| {
            self.next_sibling(child)
        })
    }

    /// Adds `child` as the last child of `parent`. O(1). The parent has not settled, and the child is new.
    pub fn attach(&mut self, parent: u32, child: u32) {
        self.set(parent, flag::CHILDREN);
        let join = &mut self.extension_or_new(parent).join;
        // `first` and `last` mean nothing in an empty list, so the count decides.
        let last = if join.count == 0 { NONE } else { join.last };
        if last == NONE {
            join.first = child;
        }
        join.last = child;
        join.count += 1;
        join.live += 1;
        if last != NONE {
            self.tree[last as usize].next = child;
        }
        if self.tree.len() <= child as usize {
            self.tree.resize(child as usize + 1, TreeLinks::NONE);
        }
        self.tree[child as usize] = TreeLinks {
            parent,
            prev: last,
            next: NONE,
        };
        self.at_mut(child).marks |= mark::CHILD;
    }

    /// Counts a settled child, which is about to leave the tree, as the works below it that have left before. It counts
    /// as one if there are none. O(1).
    pub fn count_below(&mut self, parent: u32, child: u32) {
        let below = self.extension(child).map_or(0, |extension| extension.below);
        let parent = self.extension_or_new(parent);
        parent.below = parent.below.saturating_add(below.max(1));
    }

    /// Takes a settled child out of its parent's list. O(1). The caller counts it off the parent's `succeeded` or
    /// `failed` if need be. Does nothing for a work without a parent.
    pub fn detach(&mut self, child: u32) {
        if self.parent(child).is_none() {
            return;
        }
        self.at_mut(child).marks &= !mark::CHILD;
        let TreeLinks { parent, prev, next } =
            std::mem::replace(&mut self.tree[child as usize], TreeLinks::NONE);
        if prev != NONE {
            self.tree[prev as usize].next = next;
        }
        if next != NONE {
            self.tree[next as usize].prev = prev;
        }
        let join = &mut self.extension_or_new(parent).join;
        join.count -= 1;
        if prev == NONE {
            join.first = next;
        }
        if next == NONE {
            join.last = prev;
        }
    }
}
