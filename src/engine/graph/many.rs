//! Many edges at once, all between works that are new: since it is known how many each will have, its lists are made in
//! their final size, and every edge is written once.
//!
//! The lists of edges out of all these works lie side by side, and after them those of edges into them: who settles
//! works one after the other reads only the first.

use super::blocks::Header;
use super::{Arena, Entry, Graph, MOST_CELLS, Side, size_for};
use crate::engine::outline::{Degrees, Outline};
use crate::engine::record::NONE;
use crate::work::WorkId;

/// How many cells the lists of a graph take.
#[derive(Clone, Copy)]
pub(crate) struct Cells {
    outs: u32,
    ins: u32,
}

/// How many cells a list takes; none if there is none.
#[inline]
const fn cells_for(edges: u32) -> u32 {
    if edges == 0 { 0 } else { 1 << size_for(edges) }
}

impl Graph {
    /// The cells that works with so many edges need; `None` if there is no memory for them.
    pub fn cells_for_many(&self, degrees: &[Degrees]) -> Option<Cells> {
        let (mut outs, mut ins) = (0, 0);
        for work in degrees {
            outs += cells_for(work.outs) as usize;
            ins += cells_for(work.ins) as usize;
        }
        let cells = Cells {
            outs: outs as u32,
            ins: ins as u32,
        };
        (self.blocks.len() + outs + ins <= MOST_CELLS).then_some(cells)
    }

    /// Adds the edges of a graph between these works, none of which has edges out of it yet. What `outline` knows of degrees
    /// is used up. O(works + edges).
    pub fn link_many<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        works: &[WorkId],
        outline: &mut Outline,
        cells: Cells,
    ) {
        let mut next_outs = self.blocks.take_cells(cells.outs + cells.ins);
        let mut next_ins = next_outs + cells.outs;
        let mut ins = Vec::with_capacity(works.len());
        for (work, degrees) in works.iter().zip(&mut outline.degrees) {
            let record = arena.at_mut(work.slot);
            let mut into = self.new_list(&mut next_ins, degrees.ins);
            degrees.block = self.new_list(&mut next_outs, degrees.outs);
            record.outs = degrees.block;
            if record.ins == NONE {
                record.ins = into;
            } else if degrees.ins > 0 {
                into = self.widen(arena, work.slot, &mut degrees.ins, into);
            }
            ins.push(into);
        }
        // From the last to the first, so that what is left to be filled of a list says where an edge goes.
        for &(before, after) in outline.edges.iter().rev() {
            let (first, then) = (works[before as usize].slot, works[after as usize].slot);
            let before = &mut outline.degrees[before as usize];
            let (outs, out) = (before.block, before.outs);
            before.outs -= 1;
            let into = &mut outline.degrees[after as usize].ins;
            *self.blocks.at_mut(outs + out) = Entry::new(then, *into);
            *self.blocks.at_mut(ins[after as usize] + *into) = Entry::new(first, out);
            *into -= 1;
        }
        self.edges += outline.edges.len();
    }

    /// A list with so many edges, which are the caller's to fill in.
    #[inline]
    fn new_list(&mut self, next: &mut u32, edges: u32) -> u32 {
        if edges == 0 {
            return NONE;
        }
        let block = *next;
        *next += cells_for(edges);
        let header = Header::new(size_for(edges), edges);
        self.blocks.set_header(block, header);
        block
    }

    /// The work is after others already: their list gets room for so many `more`, and the new list is not needed. Where it
    /// is then; `more` says how many it will have.
    #[cold]
    fn widen<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        slot: u32,
        more: &mut u32,
        spare: u32,
    ) -> u32 {
        self.blocks.give_back(spare);
        *more += self.blocks.header(arena.at(slot).ins).len();
        let header = Header::new(size_for(*more), *more);
        self.rebuild(arena, slot, Side::Ins, header)
    }
}
