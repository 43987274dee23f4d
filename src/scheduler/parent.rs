//! What a work may decide about the children of its attempt, and learn of how attempts and works ended.

use super::WorkContext;
use crate::engine::Retain;
use crate::engine::store::record::{Family, flag};
use crate::work::{Failure, OnChildFailure, WorkId, WorkOutcome};

impl<C: ?Sized> WorkContext<'_, C> {
    /// Says what a failed child means to this attempt, in place of what the work's [`Spec`](crate::Spec) says. It holds
    /// for children that fail from now on. O(1).
    pub fn on_child_failure(&mut self, rule: OnChildFailure) {
        self.family().rule = Some(rule);
    }

    /// Says which settled children stay until this attempt ends: all of them, unless this is called. Of one that does not
    /// stay, the output is lost and the id is unknown afterwards, and it counts no longer in
    /// [`children`](WorkContext::children); works that are after it still get what they wait for. It holds for children
    /// that settle from now on, and keeps a parent flat that spawns for ever. O(1).
    pub fn retain_children(&mut self, retain: Retain) {
        self.family().retain = retain;
    }

    /// The children's record of this attempt; the end of the attempt clears it.
    fn family(&mut self) -> &mut Family {
        let arena = &mut self.lent.engine.arena;
        arena.set(self.slot, flag::FAMILY);
        &mut arena.rare_or_new(self.slot).family
    }

    /// How another work settled; `None` if it has not, has been reclaimed, or is another scheduler's.
    pub fn outcome(&self, id: impl Into<WorkId>) -> Option<WorkOutcome> {
        self.lent.engine.outcome(id.into())
    }

    /// Why this work's last attempt failed. In `on_failure_retry` and `on_failure_raise` that is the one which has just
    /// ended, whether by an error of its own, a child or a limit.
    pub fn last_failure(&self) -> Option<&Failure> {
        self.lent.engine.arena.meta(self.slot).error
    }
}
