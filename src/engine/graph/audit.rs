//! The invariants of the lists, checked.

use super::{Graph, Side};
use crate::engine::arena::Arena;
use crate::engine::record::NONE;

impl Graph {
    /// Whether the lists of a work are as they should be, and how many cells they take. O(its edges).
    ///
    /// # Errors
    /// What is broken, in words.
    pub fn audit_work<C: ?Sized>(&self, arena: &Arena<C>, slot: u32) -> Result<usize, String> {
        let outs = self.audit_list(arena, slot, Side::Outs)?;
        Ok(outs + self.audit_list(arena, slot, Side::Ins)?)
    }

    fn audit_list<C: ?Sized>(
        &self,
        arena: &Arena<C>,
        slot: u32,
        side: Side,
    ) -> Result<usize, String> {
        let block = side.of(arena.at(slot));
        if block == NONE {
            return Ok(0);
        }
        let header = self.blocks.header(block);
        let entries = self.blocks.entries(block);
        let mut seen = 0;
        for (place, &entry) in (1..).zip(entries).filter(|(_, entry)| !entry.is_gap()) {
            seen += 1;
            let peer = arena
                .get(entry.peer())
                .ok_or("an edge with a work that is gone")?;
            let twins = self.blocks.entries(side.other().of(peer));
            let twin = twins.get(entry.place() as usize - 1);
            if twin.is_none_or(|twin| (twin.peer(), twin.place()) != (slot, place)) {
                return Err("the two ends of an edge do not point to each other".into());
            }
        }
        if seen == 0 || seen != header.live() {
            return Err(format!(
                "{} edges are counted, {seen} are there",
                header.live()
            ));
        }
        Ok(1 << header.size())
    }

    /// Whether all cells are either in `used` or spare. O(blocks).
    ///
    /// # Errors
    /// What is broken, in words.
    pub fn audit_memory(&self, used: usize) -> Result<(), String> {
        let (spare, all) = (self.blocks.spare(), self.blocks.len());
        if used + spare != all {
            return Err(format!(
                "lists have {used} cells and {spare} are spare of {all}"
            ));
        }
        Ok(())
    }
}
