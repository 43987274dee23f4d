//! The audit of the edge lists: every entry has its twin, and every cell is in one list or spare.

use super::blocks::Blocks;
use super::ins::Ins;
use super::{Graph, Side};
use crate::engine::store::arena::Arena;
use crate::engine::store::record::NONE;

/// Both sides of the graph. Edges into works may not be made yet; the audit then makes its own, since a check must
/// not change the graph for good.
struct Sides<'a> {
    /// The works; each record has the head of its list of edges out.
    arena: &'a Arena,
    /// The memory of the edges out of works.
    outs: &'a Blocks,
    /// The edges into works: those of the graph, or made for this audit.
    ins: &'a Ins,
}

impl Graph {
    /// Checks all lists, and that every cell is in one of them or spare. O(works + edges).
    ///
    /// # Errors
    ///
    /// A sentence that says what is broken.
    pub fn audit(&self, arena: &Arena) -> Result<(), String> {
        // Lists that the audit made for good would change what later calls cost.
        let unmade;
        let ins = match self.ins.get() {
            Some(ins) => ins,
            None => {
                unmade = Ins::of(arena, &self.outs);
                &unmade
            }
        };
        let sides = Sides {
            arena,
            outs: &self.outs,
            ins,
        };
        sides.audit(Side::Outs)?;
        sides.audit(Side::Ins)
    }
}

impl Sides<'_> {
    /// Returns the memory of one side.
    fn blocks(&self, side: Side) -> &Blocks {
        match side {
            Side::Outs => self.outs,
            Side::Ins => &self.ins.blocks,
        }
    }

    /// Returns the block of a work's list on one side.
    fn list(&self, slot: u32, side: Side) -> u32 {
        match side {
            Side::Outs => self.arena.at(slot).outs,
            Side::Ins => self.ins.head(slot),
        }
    }

    /// Checks one side. O(works + edges).
    fn audit(&self, side: Side) -> Result<(), String> {
        let mut used = 0;
        for slot in self.arena.slots() {
            used += self.audit_list(slot, side)?;
        }
        let (spare, all) = (self.blocks(side).spare(), self.blocks(side).len());
        // A cell that two lists share is counted twice, and a cell that was lost is not counted.
        if used + spare != all {
            return Err(format!(
                "lists have {used} cells and {spare} are spare of {all}"
            ));
        }
        Ok(())
    }

    /// Checks one list, and returns how many cells it takes.
    fn audit_list(&self, slot: u32, side: Side) -> Result<usize, String> {
        let block = self.list(slot, side);
        if block == NONE {
            return Ok(0);
        }
        let header = self.blocks(side).header(block);
        let entries = self.blocks(side).entries(block);
        let mut seen = 0;
        for (place, &entry) in (1..).zip(entries).filter(|(_, entry)| !entry.is_gap()) {
            seen += 1;
            if self.arena.get(entry.peer()).is_none() {
                return Err("an edge with a work that is gone".into());
            }
            let twins = self.list(entry.peer(), side.other());
            let twin = self.blocks(side.other()).entries(twins);
            // Places count from 1, since the header is at 0.
            let twin = twin.get(entry.place() as usize - 1);
            if twin.is_none_or(|twin| (twin.peer(), twin.place()) != (slot, place)) {
                return Err("the two ends of an edge do not point to each other".into());
            }
        }
        // A list that has become empty should have given its block back.
        if seen == 0 || seen != header.live() {
            return Err(format!(
                "{} edges are counted, {seen} are there",
                header.live()
            ));
        }
        Ok(1 << header.size())
    }
}
