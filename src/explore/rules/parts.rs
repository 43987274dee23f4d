//! The parts of rules: guards, items with what has come of them, and what concerns a work.

use crate::explore::item::{Item, Until};
use crate::explore::names::Name;

/// The condition of a guard, as it was before the present turn.
pub(super) struct Guard {
    pub node: u64,
    pub work: String,
    pub is_open: bool,
}

/// An item, and what has come of it.
pub(super) struct Entry {
    pub item: Item,
    /// The named turn has come, or the named answer was given.
    pub is_met: bool,
    /// A hold is over.
    pub is_over: bool,
    /// A hold ended because nothing else could go on.
    pub is_waived: bool,
}

/// What concerns one work: the numbers of guards and items.
#[derive(Default)]
pub(super) struct Concern {
    pub guards: Vec<usize>,
    pub holds: Vec<usize>,
    pub ends: Vec<usize>,
}

/// What a turn has led to, as far as holds end by it.
pub(in crate::explore) struct Led {
    pub turn: u32,
    pub attempt: u32,
    pub has_ended: bool,
    pub has_failed: bool,
    pub step: Option<&'static str>,
}

impl Led {
    pub fn reaches(&self, until: &Until) -> bool {
        match until {
            Until::Turn(turn) => self.turn >= *turn,
            Until::End => self.has_ended,
            Until::Step(label) => self.step == Some(label),
            Until::Failed(which) => {
                self.attempt > *which || self.has_failed && self.attempt == *which
            }
        }
    }
}

impl Entry {
    pub fn new(item: Item) -> Entry {
        Entry {
            item,
            is_met: false,
            is_over: false,
            is_waived: false,
        }
    }
}

impl Concern {
    pub fn new(guards: &[Guard], entries: &[Entry], node: u64, name: &Name) -> Concern {
        let mut concern = Concern::default();
        for (number, guard) in guards.iter().enumerate() {
            if guard.node == node && *guard.work == *name.path {
                concern.guards.push(number);
            }
        }
        for (number, entry) in entries.iter().enumerate() {
            match &entry.item {
                Item::Hold { at, other, .. } => {
                    if name.is(&at.work) {
                        concern.holds.push(number);
                    }
                    if name.is(other) {
                        concern.ends.push(number);
                    }
                }
                Item::Fault(_) | Item::First(..) | Item::Choice(..) => {}
            }
        }
        concern
    }
}
