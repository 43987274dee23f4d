//! Holds, which a test writes by hand.

use super::Sim;
use crate::explore::item::Until;

/// A hold whose end has to be said.
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
        let mut core = self.sim.core.borrow_mut();
        core.rules.hold(&self.work, self.turn, other, until.into());
        drop(core);
        self.sim.want(|wants| wants.holds().turns());
    }
}
