//! Many edges at once, all between works that are new: since it is known how many each will have, its list is made in its
//! final size, and every edge is written once.

use super::blocks::Header;
use super::{Arena, Entry, Graph, MOST_CELLS, size_for};
use crate::engine::outline::{Degrees, Outline};
use crate::engine::record::NONE;
use crate::work::WorkId;

/// How many cells a list takes; none if there is none.
#[inline]
const fn cells_for(edges: u32) -> u32 {
    if edges == 0 { 0 } else { 1 << size_for(edges) }
}

impl Graph {
    /// The cells that lists out of works with so many edges need; `None` if there is no memory for them, or for those into
    /// the works.
    pub fn cells_for_many(&self, degrees: &[Degrees]) -> Option<u32> {
        let (mut outs, mut ins) = (0, 0);
        for work in degrees {
            outs += cells_for(work.outs) as usize;
            ins += cells_for(work.ins) as usize;
        }
        let known = self.ins.get().map_or(0, |ins| ins.blocks.len());
        let fit = self.outs.len() + outs <= MOST_CELLS && known + ins <= MOST_CELLS;
        fit.then_some(outs as u32)
    }

    /// Adds the edges of a graph between these works, none of which has edges out of it yet. What `outline` knows of degrees
    /// is used up. O(works + edges).
    pub fn link_many<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        works: &[WorkId],
        outline: &mut Outline<'_>,
        cells: u32,
    ) {
        if self.edges == 0 {
            self.ins.take();
        }
        let mut next = self.outs.take_cells(cells);
        for (work, degrees) in works.iter().zip(&mut outline.degrees) {
            degrees.block = self.new_list(&mut next, degrees.outs);
            arena.at_mut(work.slot).outs = degrees.block;
            if let Some(ins) = self.ins.get_mut() {
                degrees.ins = ins.make_room(work.slot, degrees.ins);
            }
        }
        // From the last to the first, so that what is left to be filled of a list says where an edge goes.
        for &(before, after) in outline.edges.iter().rev() {
            let into = &mut outline.degrees[after].ins;
            let entry = Entry::new(works[after].slot, *into);
            *into -= 1;
            let before = &mut outline.degrees[before];
            *self.outs.at_mut(before.block + before.outs) = entry;
            before.outs -= 1;
        }
        self.edges += outline.edges.len();
        if let Some(ins) = self.ins.get_mut() {
            ins.fill(arena, &self.outs, works.iter().map(|work| work.slot));
        }
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
        self.outs.set_header(block, header);
        block
    }
}
