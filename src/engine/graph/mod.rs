//! Dependencies. Each work has two edge lists, the edges out of it and the edges into it, each in a block of memory
//! of its own.
//!
//! An edge is an entry in the list of either end, and each entry says at which place the other is. So the edges of a
//! work lie side by side in the order in which they were added. Removing an edge leaves a gap in the peer's list,
//! without a search.
//!
//! A full list moves to a block of twice the size, or closes its gaps if they are half of it. A list that is almost
//! empty moves to a smaller block. Places change only when gaps are closed, and then the other ends are told: O(1)
//! per edge in all.
//!
//! An edge stays as long as both its works do. A satisfied edge stays satisfied, and a restarted work takes its open
//! edges as they are. The entry on the side of the work that comes first holds the kind of the edge. So a work that
//! settles tells its dependents in one pass. A search for an existing edge walks the shorter of the two lists.
//!
//! Edges are added and removed one by one (`link.rs`), or added with a whole graph (`many.rs`). The lists into works
//! repeat what the lists out of works say. As long as all edges came with whole graphs there are none; the first call
//! that needs one makes them all (`ins.rs`).
//!
//! Invariant: the graph has no cycle, where starting and settling are two events (`cycle`). Each edge is in the lists
//! of both its works. While the lists into works are not made, it is in the other list only.
//!
//! Deliberately absent: a clock, queues, and what follows when the last dependency settles. A turn that yields does
//! not come here.
//!
//! Limits: at most 2^28 edges, and at most 2^30 cells of memory before one more edge is added. Indices and counters
//! have the room.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `blocks`, `ins` | memory of edge lists; the lists into works |
//! | `link`, `many` | edges one by one, and with a whole graph |
//! | `edge_list` | the edges of a graph before it is added |
//! | `cycle`, `topo` | the search for cycles, and the order that makes most searches needless |
//! | `audit` | the checks |

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

/// How many edges into a work are searched before the lengths of both lists are compared.
const FIRST_LOOK: usize = 16;

/// No edge is added once there are this many cells. One call doubles each list at most once. So it adds at most twice
/// as many, besides the list of a new work.
const MOST_CELLS: usize = 1 << 30;

/// The two lists of a work. A function that takes a side works on both in one way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The edges to its dependents.
    Outs,
    /// The edges to its dependencies.
    Ins,
}

impl Side {
    /// Returns the side at which the twins of this side's entries are.
    const fn other(self) -> Side {
        match self {
            Side::Outs => Side::Ins,
            Side::Ins => Side::Outs,
        }
    }
}

/// The invariant that holds wherever edges change one by one. A panic with it is a bug of this room.
const MADE: &str = "who changes edges has made those into works";

/// All edges between the works of one scheduler.
pub(crate) struct Graph {
    /// The edges out of works; each work's record says where its list is. They are always complete.
    outs: Blocks,
    /// The edges into works. Not made while all edges came with whole graphs and no caller has needed them.
    ins: OnceCell<Ins>,
    /// How many edges there are. Gaps do not count.
    edges: usize,
}

impl Graph {
    /// Returns a graph without edges.
    pub fn new() -> Self {
        Graph {
            outs: Blocks::new(),
            ins: OnceCell::new(),
            edges: 0,
        }
    }

    /// Forgets all edges.
    #[inline]
    pub fn clear(&mut self) {
        if self.edges > 0 || self.ins.get().is_some() {
            *self = Graph::new();
        }
    }

    /// Returns how many edges there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.edges
    }

    /// Returns whether `more` edges would exceed `limit`, or the memory that there is. A caller asks before it adds
    /// edges.
    #[inline]
    pub fn lacks_room(&self, more: usize, limit: usize) -> bool {
        let into = self.ins.get().map_or(0, |ins| ins.blocks.len());
        self.edges + more > limit || self.outs.len().max(into) >= MOST_CELLS
    }

    // ---- the two sides ----

    /// Returns the edges into works, and makes them if need be. O(1), but the first call after whole graphs costs
    /// O(slots + edges).
    #[inline]
    fn ins_or_new(&self, arena: &Arena) -> &Ins {
        // A shared borrow is enough for that, because queries need these lists, too.
        self.ins.get_or_init(|| match self.edges {
            0 => Ins::new(),
            _ => Ins::of(arena, &self.outs),
        })
    }

    /// Returns the edges into works, which have been made.
    #[inline]
    fn known_ins(&self) -> &Ins {
        self.ins.get().expect(MADE)
    }

    /// Returns the edges into works for changes; they have been made.
    #[inline]
    fn ins_mut(&mut self) -> &mut Ins {
        self.ins.get_mut().expect(MADE)
    }

    /// Returns the memory of one side for changes.
    #[inline]
    fn blocks_mut(&mut self, side: Side) -> &mut Blocks {
        match side {
            Side::Outs => &mut self.outs,
            Side::Ins => &mut self.ins_mut().blocks,
        }
    }

    /// Returns the block of a work's list on one side.
    #[inline]
    fn list(&self, arena: &Arena, slot: u32, side: Side) -> u32 {
        match side {
            Side::Outs => arena.at(slot).outs,
            Side::Ins => self.ins_or_new(arena).head(slot),
        }
    }

    /// Returns the block of a work's list on one side for changes.
    #[inline]
    fn list_mut<'a>(&'a mut self, arena: &'a mut Arena, slot: u32, side: Side) -> &'a mut u32 {
        match side {
            Side::Outs => &mut arena.at_mut(slot).outs,
            Side::Ins => self.ins_mut().head_mut(slot),
        }
    }

    // ---- looking ----

    /// Returns the edges out of `slot`, in the order in which they were added. Edges to settled works are among them.
    /// O(1), and O(entries) to walk.
    #[inline]
    pub fn outs(&self, arena: &Arena, slot: u32) -> Entries<'_> {
        Entries(self.outs.entries(arena.at(slot).outs).iter())
    }

    /// Returns the edges into `slot`, in the order in which they were added. [`Graph::out_of`] returns the kind of
    /// each.
    #[inline]
    pub fn ins(&self, arena: &Arena, slot: u32) -> Entries<'_> {
        Entries(self.ins_or_new(arena).entries(slot).iter())
    }

    /// Returns whether an edge leads into `slot`. A satisfied edge counts.
    #[inline]
    pub fn has_ins(&self, arena: &Arena, slot: u32) -> bool {
        self.ins_or_new(arena).head(slot) != NONE
    }

    /// Returns the twin of an incoming entry: the entry on the side of the work that comes first.
    #[inline]
    pub fn out_of(&self, arena: &Arena, into: Entry) -> Entry {
        self.outs.at(arena.at(into.peer()).outs + into.place())
    }

    /// Returns the cells of a list out of a work, gaps included. A caller uses it to walk while other things change.
    /// Nothing may be added to the list meanwhile, since it might move.
    #[inline]
    pub fn range(&self, outs: u32) -> Range<u32> {
        self.outs.range(outs)
    }

    /// Returns the entries of a list out of a work, gaps included.
    #[inline]
    pub fn entries(&self, outs: u32) -> &[Entry] {
        self.outs.entries(outs)
    }

    /// Returns the peer of the first entry of a list out of a work; any work if that entry is a gap.
    #[inline]
    pub fn first_of(&self, outs: u32) -> Option<u32> {
        (outs != NONE).then(|| self.outs.at(outs + 1).peer())
    }

    /// Returns the outgoing entry in a cell.
    #[inline]
    pub fn at(&self, index: u32) -> Entry {
        self.outs.at(index)
    }

    /// Notes that the work before this outgoing entry has settled. Returns the work after it, and whether the edge is
    /// satisfied now. Returns `None` for a gap or for an edge that was satisfied before.
    #[inline]
    pub fn settle(&mut self, index: u32, success: bool) -> Option<(u32, bool)> {
        let entry = self.outs.at_mut(index);
        // A satisfied edge stays so, whatever its work does later (L10). A gap counts as satisfied, too.
        if entry.is_satisfied() {
            return None;
        }
        let satisfied = success || entry.kind() == EdgeKind::AfterSettled;
        if satisfied {
            *entry = entry.satisfied();
        }
        Some((entry.peer(), satisfied))
    }

    /// Sets the kind of an outgoing entry, and whether its edge is satisfied. The caller changes the count of pending
    /// dependencies with it, if need be.
    #[inline]
    pub fn mark(&mut self, index: u32, kind: EdgeKind, satisfied: bool) {
        let entry = self.outs.at_mut(index);
        *entry = entry.with(kind, satisfied);
    }

    /// Returns the index of the outgoing entry of the edge from `before` to `after`, if there is one. Costs the
    /// shorter of the two lists. Up to [`FIRST_LOOK`] edges into `after` are searched in any case, since mostly there
    /// are no more.
    #[inline]
    pub fn find(&self, arena: &Arena, before: u32, after: u32) -> Option<u32> {
        let into = self.ins_or_new(arena).entries(after);
        self.find_in(arena.at(before).outs, into, before, after)
    }

    /// Returns the index of the edge, given both lists.
    #[inline]
    fn find_in(&self, outs: u32, into: &[Entry], before: u32, after: u32) -> Option<u32> {
        if into.len() <= FIRST_LOOK {
            return position(into, before).map(|place| outs + into[place].place());
        }
        self.find_among_many(outs, into, before, after)
    }

    /// Returns the index of the edge after a walk of the shorter list.
    fn find_among_many(&self, outs: u32, into: &[Entry], before: u32, after: u32) -> Option<u32> {
        let out = self.outs.entries(outs);
        if out.len() < into.len() {
            return position(out, after).map(|place| outs + 1 + place as u32);
        }
        position(into, before).map(|place| outs + into[place].place())
    }
}

/// The entries of a list that are no gaps. They come in the order in which they were added.
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

/// Returns the position of the entry with this peer.
#[inline]
fn position(entries: &[Entry], peer: u32) -> Option<usize> {
    // A gap has the peer 0, which is a slot like any other.
    let is_it = |entry: &Entry| entry.peer() == peer && !entry.is_gap();
    entries.iter().position(is_it)
}

/// Returns the size (as a power of two) of a block for a header and `entries` entries. The header makes it one cell
/// more: three entries fit into four cells, and four need eight.
#[inline]
const fn size_for(entries: u32) -> u32 {
    u32::BITS - entries.leading_zeros()
}
