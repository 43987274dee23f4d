//! Dependencies: of each work two lists, the edges out of it and the edges into it, each in a block of memory of its own.
//!
//! An edge is an entry in the list of either end, and each says at which place the other is. So the edges of a work lie
//! side by side in the order in which they were added, and removing one leaves a gap in the other's list without a
//! search. A full list moves to a block of twice the size, or closes its gaps if they are half of it; one that is almost
//! empty moves to a smaller block. Places do not change with the block, only when gaps are closed, and then the other
//! ends are told: all in all O(1) per edge.
//!
//! An edge stays as long as both its works do: a satisfied one stays satisfied, and a restarted work takes its open
//! ones as they are. What an edge is like is kept on the side of the work that comes first, so that its end is told to
//! its dependents in one pass. Whether an edge exists already is looked for in the shorter of the two lists.
//!
//! Edges come and go one by one (`link.rs`), or come with a whole graph (`many.rs`). The lists into works say nothing that the
//! lists out of works do not. As long as all edges came with whole graphs there are none; the first call that needs one makes
//! them all (`ins.rs`).
//!
//! Invariant: the graph has no cycle, settling and starting counted apart (`cycle`), and each edge is in the lists of both its
//! works or, while those into works are not made, in the one.
//!
//! Deliberately absent: a clock, queues, and what follows when the last dependency settles. A turn that yields does not come
//! here.
//!
//! At most 2^28 edges, and at most 2^30 cells of memory before one more is added: indices and counters have the room.

mod audit;
mod blocks;
pub(crate) mod cycle;
pub(crate) mod edge_list;
mod ins;
mod link;
mod many;
#[cfg(test)]
mod tests;
pub(crate) mod topo;

use crate::engine::store::arena::Arena;
use crate::engine::store::record::NONE;
use crate::work::EdgeKind;
use blocks::Blocks;
use ins::Ins;
use std::cell::OnceCell;
use std::ops::Range;

pub(crate) use blocks::Entry;

/// Edges into a work that are looked at before the length of the other list is.
const FIRST_LOOK: usize = 16;

/// No edge is added once there are so many cells. One call doubles each list at most once, so it adds twice as many at
/// most, besides the list of a new work.
const MOST_CELLS: usize = 1 << 30;

/// Which of the two lists of a work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Outs,
    Ins,
}

impl Side {
    const fn other(self) -> Side {
        match self {
            Side::Outs => Side::Ins,
            Side::Ins => Side::Outs,
        }
    }
}

/// What holds wherever edges change one by one.
const MADE: &str = "who changes edges has made those into works";

pub(crate) struct Graph {
    /// The edges out of works; each work's record says where its list is.
    outs: Blocks,
    /// Not there while all edges came with whole graphs and nobody has asked for one by the work it leads into.
    ins: OnceCell<Ins>,
    edges: usize,
}

impl Graph {
    pub fn new() -> Self {
        Graph {
            outs: Blocks::new(),
            ins: OnceCell::new(),
            edges: 0,
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.edges
    }

    /// Whether so many edges more would be more than `limit`, or more than there is memory for.
    #[inline]
    pub fn lacks_room(&self, more: usize, limit: usize) -> bool {
        let into = self.ins.get().map_or(0, |ins| ins.blocks.len());
        self.edges + more > limit || self.outs.len().max(into) >= MOST_CELLS
    }

    // ---- the two sides ----

    /// The edges into works, made if need be.
    #[inline]
    fn ins_or_new(&self, arena: &Arena) -> &Ins {
        self.ins.get_or_init(|| match self.edges {
            0 => Ins::new(),
            _ => Ins::of(arena, &self.outs),
        })
    }

    /// Once they have been made.
    #[inline]
    fn known_ins(&self) -> &Ins {
        self.ins.get().expect(MADE)
    }

    #[inline]
    fn ins_mut(&mut self) -> &mut Ins {
        self.ins.get_mut().expect(MADE)
    }

    #[inline]
    fn blocks_mut(&mut self, side: Side) -> &mut Blocks {
        match side {
            Side::Outs => &mut self.outs,
            Side::Ins => &mut self.ins_mut().blocks,
        }
    }

    #[inline]
    fn list(&self, arena: &Arena, slot: u32, side: Side) -> u32 {
        match side {
            Side::Outs => arena.at(slot).outs,
            Side::Ins => self.ins_or_new(arena).head(slot),
        }
    }

    #[inline]
    fn list_mut<'a>(&'a mut self, arena: &'a mut Arena, slot: u32, side: Side) -> &'a mut u32 {
        match side {
            Side::Outs => &mut arena.at_mut(slot).outs,
            Side::Ins => self.ins_mut().head_mut(slot),
        }
    }

    // ---- looking ----

    /// Edges out of `slot`, in the order in which they were added.
    #[inline]
    pub fn outs(&self, arena: &Arena, slot: u32) -> Entries<'_> {
        Entries(self.outs.entries(arena.at(slot).outs).iter())
    }

    /// Edges into `slot`, in the order in which they were added; what they are like is told by [`Graph::out_of`].
    #[inline]
    pub fn ins(&self, arena: &Arena, slot: u32) -> Entries<'_> {
        Entries(self.ins_or_new(arena).entries(slot).iter())
    }

    /// Whether an edge leads into `slot`.
    #[inline]
    pub fn has_ins(&self, arena: &Arena, slot: u32) -> bool {
        self.ins_or_new(arena).head(slot) != NONE
    }

    /// The same edge on the side of the work that comes first.
    #[inline]
    pub fn out_of(&self, arena: &Arena, into: Entry) -> Entry {
        self.outs.at(arena.at(into.peer()).outs + into.place())
    }

    /// Where the entries of a list out of a work are, gaps included: for walks during which other things change.
    #[inline]
    pub fn range(&self, outs: u32) -> Range<u32> {
        self.outs.range(outs)
    }

    /// The entries of a list out of a work, gaps included.
    #[inline]
    pub fn entries(&self, outs: u32) -> &[Entry] {
        self.outs.entries(outs)
    }

    /// The work that the first entry of a list out of a work leads to; any work if that is a gap.
    #[inline]
    pub fn first_of(&self, outs: u32) -> Option<u32> {
        (outs != NONE).then(|| self.outs.at(outs + 1).peer())
    }

    /// The outgoing entry at such an index.
    #[inline]
    pub fn at(&self, index: u32) -> Entry {
        self.outs.at(index)
    }

    /// The work before this outgoing entry has settled. The work after it, and whether the edge is satisfied now, unless the
    /// entry is a gap or was satisfied before.
    #[inline]
    pub fn settle(&mut self, index: u32, success: bool) -> Option<(u32, bool)> {
        let entry = self.outs.at_mut(index);
        if entry.is_satisfied() {
            return None;
        }
        let satisfied = success || entry.kind() == EdgeKind::AfterSettled;
        if satisfied {
            *entry = entry.satisfied();
        }
        Some((entry.peer(), satisfied))
    }

    /// Says what the edge of this outgoing entry is like from now on.
    #[inline]
    pub fn mark(&mut self, index: u32, kind: EdgeKind, satisfied: bool) {
        let entry = self.outs.at_mut(index);
        *entry = entry.with(kind, satisfied);
    }

    /// The index of the outgoing entry of the edge from `before` to `after`, if there is one. Costs the shorter of the two
    /// lists, but for the first few edges into `after`: mostly they are all.
    #[inline]
    pub fn find(&self, arena: &Arena, before: u32, after: u32) -> Option<u32> {
        let into = self.ins_or_new(arena).entries(after);
        self.find_in(arena.at(before).outs, into, before, after)
    }

    #[inline]
    fn find_in(&self, outs: u32, into: &[Entry], before: u32, after: u32) -> Option<u32> {
        if into.len() <= FIRST_LOOK {
            return position(into, before).map(|place| outs + into[place].place());
        }
        self.find_among_many(outs, into, before, after)
    }

    fn find_among_many(&self, outs: u32, into: &[Entry], before: u32, after: u32) -> Option<u32> {
        let out = self.outs.entries(outs);
        if out.len() < into.len() {
            return position(out, after).map(|place| outs + 1 + place as u32);
        }
        position(into, before).map(|place| outs + into[place].place())
    }
}

/// The entries of a list that are no gaps.
#[derive(Clone, Default)]
pub(crate) struct Entries<'a>(std::slice::Iter<'a, Entry>);

impl Iterator for Entries<'_> {
    type Item = Entry;

    #[inline]
    fn next(&mut self) -> Option<Entry> {
        self.0.find(|entry| !entry.is_gap()).copied()
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Entry> {
        self.0.rfind(|entry| !entry.is_gap()).copied()
    }
}

#[inline]
fn position(entries: &[Entry], peer: u32) -> Option<usize> {
    let is_it = |entry: &Entry| entry.peer() == peer && !entry.is_gap();
    entries.iter().position(is_it)
}

/// The size of a block for so many entries and the header.
#[inline]
const fn size_for(entries: u32) -> u32 {
    u32::BITS - entries.leading_zeros()
}
