//! The invariants of the lists, checked.

use super::blocks::Blocks;
use super::ins::Ins;
use super::{Graph, Side};
use crate::engine::store::arena::Arena;
use crate::engine::store::record::NONE;

/// Both sides, also if edges into works have not been made yet: to check them is no reason to make them for good.
struct Sides<'a> {
    arena: &'a Arena,
    outs: &'a Blocks,
    ins: &'a Ins,
}

impl Graph {
    /// Whether all lists are as they should be, and every cell is in one of them or spare. O(works + edges).
    ///
    /// # Errors
    /// What is broken, in words.
    pub fn audit(&self, arena: &Arena) -> Result<(), String> {
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
    fn blocks(&self, side: Side) -> &Blocks {
        match side {
            Side::Outs => self.outs,
            Side::Ins => &self.ins.blocks,
        }
    }

    fn list(&self, slot: u32, side: Side) -> u32 {
        match side {
            Side::Outs => self.arena.at(slot).outs,
            Side::Ins => self.ins.head(slot),
        }
    }

    fn audit(&self, side: Side) -> Result<(), String> {
        let mut used = 0;
        for slot in self.arena.slots() {
            used += self.audit_list(slot, side)?;
        }
        let (spare, all) = (self.blocks(side).spare(), self.blocks(side).len());
        if used + spare != all {
            return Err(format!(
                "lists have {used} cells and {spare} are spare of {all}"
            ));
        }
        Ok(())
    }

    /// How many cells the list takes.
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
            let twin = twin.get(entry.place() as usize - 1);
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
}
