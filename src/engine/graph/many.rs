//! Many edges at once, all between new works. Their numbers are known, so each list is made in its final size and
//! each edge is written once.
//!
//! Invariant: while edges are written, the degree of a work is used as the cell of its next edge. So a graph of a
//! million edges needs no memory besides its lists.

use super::blocks::Header;
use super::ins::Ins;
use super::{Arena, Entry, Graph, MOST_CELLS, size_for};
use crate::engine::graph::edge_list::{Degrees, EdgeList};

/// Returns how many cells a list of `edges` edges takes. No list takes none.
#[inline]
const fn cells_for(edges: u32) -> u32 {
    if edges == 0 { 0 } else { 1 << size_for(edges) }
}

impl Graph {
    /// Returns how many cells the lists out of works with these degrees need. Returns `None` if there is no memory
    /// for them, or for the lists into the works.
    pub fn cells_for_many(&self, degrees: &[Degrees]) -> Option<u32> {
        let sum = |edges: fn(&Degrees) -> u32| -> usize {
            let cells = degrees.iter().map(|work| cells_for(edges(work)) as usize);
            cells.sum()
        };
        let outs = sum(|work| work.outs);
        let outs_fit = self.outs.len() + outs <= MOST_CELLS;
        // Lists that are made later have at most two cells for an edge, and there is always room for those.
        let ins_fit = self
            .ins
            .get()
            .is_none_or(|ins| ins.blocks.len() + sum(|work| work.ins) <= MOST_CELLS);
        (outs_fit && ins_fit).then_some(outs as u32)
    }

    /// Adds the edges of a graph between `works`, none of which has edges out of it yet. Uses up the degrees of
    /// `edge_list`. O(works + edges). The caller has asked [`Graph::cells_for_many`], and gives its answer as `cells`.
    pub fn link_many(
        &mut self,
        arena: &mut Arena,
        works: &[u32],
        edge_list: &mut EdgeList<'_>,
        cells: u32,
    ) {
        // Lists into works that have never held an edge go, so that this graph need not write them. Once they have
        // held one, the program may ask again, and each graph writes them at once.
        if self.edges == 0 && self.ins.get().is_some_and(Ins::is_unused) {
            self.ins.take();
        }
        // The lists lie side by side, unless a block that was given back can be used.
        let mut next = (!self.outs.has_spare()).then(|| self.outs.take_cells(cells));
        for (&work, degrees) in works.iter().zip(&mut edge_list.degrees) {
            if degrees.outs > 0 {
                let block = self.new_list(&mut next, degrees.outs);
                arena.at_mut(work).outs = block;
                // From here on the degree is the cell of the last edge that is not written yet.
                degrees.outs += block;
            }
            if let Some(ins) = self.ins.get_mut() {
                degrees.ins = ins.make_room(work, degrees.ins);
            }
        }
        // From the last edge to the first, so that every list is filled from its end. Cutting `works` to the length
        // of `degrees` saves one of two bounds checks.
        let degrees = &mut edge_list.degrees[..];
        let works = &works[..degrees.len()];
        let cells = self.outs.cells_mut();
        for &(before, after) in edge_list.edges.iter().rev() {
            let into = &mut degrees[after].ins;
            let entry = Entry::new(works[after], *into);
            *into -= 1;
            let out = &mut degrees[before].outs;
            cells[*out as usize] = entry;
            *out -= 1;
        }
        self.edges += edge_list.edges.len();
        if let Some(ins) = self.ins.get_mut() {
            ins.fill(arena, &self.outs, works.iter().copied());
        }
    }

    /// Returns a block for `edges` edges, in the `next` cells if they are known. The caller fills the edges in. O(1),
    /// or the cost of new memory.
    #[inline]
    fn new_list(&mut self, next: &mut Option<u32>, edges: u32) -> u32 {
        let header = Header::new(size_for(edges), edges);
        let Some(block) = *next else {
            return self.outs.take(header);
        };
        *next = Some(block + cells_for(edges));
        self.outs.set_header(block, header);
        block
    }
}
