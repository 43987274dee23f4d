//! Holds, which a test writes by hand.

use super::Sim;
use crate::explore::item::{Item, Step, Until};

/// A hold whose end has to be said.
#[derive(Debug)]
#[must_use = "a hold begins with `until`"]
pub struct Hold<'a> {
    pub(super) sim: &'a mut Sim,
    pub(super) work: String,
    pub(super) turn: u32,
}

impl Hold<'_> {
    /// Ends the hold once the work with the name path `other` has come so far: a turn by number, its end, or a failure.
    /// A hold for which everything else waits is waived.
    pub fn until(self, other: &str, until: impl Into<Until>) {
        let item = Item::Hold {
            at: Step::new(self.work, self.turn),
            other: other.to_owned(),
            until: until.into(),
        };
        self.sim.add(item);
    }
}
