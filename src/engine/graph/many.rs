//! Many edges at once, all between works that are new: since it is known how many each will have, its lists are made in
//! their final size, and every edge is written once.
//!
//! The lists of edges out of all these works lie side by side, and after them those of edges into them: who settles
//! works one after the other reads only the first.

use super::blocks::Header;
use super::{Arena, Entry, Graph, MOST_CELLS, Side, size_for};
use crate::engine::outline::Degrees;
use crate::engine::record::NONE;

/// The list to which a work's next edges are added, and how many it has.
#[derive(Clone, Copy)]
struct Port {
    block: u32,
    len: u32,
}

/// A new work, the edges of which are on their way.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    slot: u32,
    outs: Port,
    ins: Port,
}

/// Cells for the lists of many works, which take them one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Cells {
    next_outs: u32,
    next_ins: u32,
}

impl Port {
    #[inline]
    fn next(&mut self) -> u32 {
        self.len += 1;
        self.len
    }
}

/// How many cells a list takes; none if there is none.
#[inline]
const fn cells_for(edges: u32) -> u32 {
    if edges == 0 { 0 } else { 1 << size_for(edges) }
}

impl Graph {
    /// Takes cells for the lists of works that will have so many edges. `None` if there is no memory for them.
    pub fn take_cells(&mut self, degrees: &[Degrees]) -> Option<Cells> {
        let mut wanted = [0; 2];
        for work in degrees {
            wanted[0] += cells_for(work.outs) as usize;
            wanted[1] += cells_for(work.ins) as usize;
        }
        if self.blocks.len() + wanted[0] + wanted[1] > MOST_CELLS {
            return None;
        }
        let next_outs = self.blocks.take_cells(wanted[0] + wanted[1]);
        Some(Cells {
            next_outs,
            next_ins: next_outs + wanted[0] as u32,
        })
    }

    /// Gives back what no work has taken: all that works with `degrees` would have.
    pub fn give_back_cells(&mut self, mut cells: Cells, degrees: &[Degrees]) {
        for work in degrees {
            for block in [
                self.next_list(&mut cells.next_outs, work.outs),
                self.next_list(&mut cells.next_ins, work.ins),
            ] {
                if block != NONE {
                    self.blocks.give_back(block);
                }
            }
        }
    }

    /// An empty list for so many edges.
    #[inline]
    fn next_list(&mut self, next: &mut u32, edges: u32) -> u32 {
        if edges == 0 {
            return NONE;
        }
        let block = *next;
        *next += cells_for(edges);
        self.blocks
            .set_header(block, Header::new(size_for(edges), 0));
        block
    }

    /// Gives a new work, which has no edge out of it yet, its lists; the edges are [`Graph::link_many`]'s to fill in.
    #[inline]
    pub fn open_ports<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        slot: u32,
        degrees: Degrees,
        cells: &mut Cells,
    ) -> Ports {
        let outs = self.next_list(&mut cells.next_outs, degrees.outs);
        let ins = self.next_list(&mut cells.next_ins, degrees.ins);
        let record = arena.at_mut(slot);
        record.outs = outs;
        let is_after_others = record.ins != NONE;
        if !is_after_others {
            record.ins = ins;
        }
        let mut ports = Ports {
            slot,
            outs: Port {
                block: outs,
                len: 0,
            },
            ins: Port { block: ins, len: 0 },
        };
        if is_after_others && ins != NONE {
            ports.ins = self.widen(arena, slot, degrees.ins, ins);
        }
        ports
    }

    /// The work is after others already: their list gets room for so many more, and the new list is not needed.
    #[cold]
    fn widen<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32, more: u32, spare: u32) -> Port {
        self.blocks.give_back(spare);
        let len = self.blocks.header(arena.at(slot).ins).len();
        let header = Header::new(size_for(len + more), len);
        let block = self.rebuild(arena, slot, Side::Ins, header);
        Port { block, len }
    }

    /// Adds these edges, each once, between the works of `ports` by position. O(works + edges).
    pub fn link_many(&mut self, ports: &mut [Ports], edges: &[(u32, u32)]) {
        for &(before, after) in edges {
            let first = &mut ports[before as usize];
            let (before, outs, out) = (first.slot, first.outs.block, first.outs.next());
            let then = &mut ports[after as usize];
            let (after, ins, into) = (then.slot, then.ins.block, then.ins.next());
            *self.blocks.at_mut(outs + out) = Entry::new(after, into);
            *self.blocks.at_mut(ins + into) = Entry::new(before, out);
        }
        for port in ports.iter().flat_map(|ports| [ports.outs, ports.ins]) {
            if port.block != NONE {
                let size = self.blocks.header(port.block).size();
                let header = Header::new(size, port.len);
                self.blocks.set_header(port.block, header);
            }
        }
        self.edges += edges.len();
    }
}
