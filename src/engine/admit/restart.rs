//! Restarts: a settled work is run anew, in its slot and with its id.
//!
//! A restart keeps what the program has said of the work: its id, spec and edges. It clears what the last run has left
//! (L31). Attempts count on, so a waker of that run names no attempt of the next.
//!
//! | stays | is cleared |
//! | --- | --- |
//! | id, slot, name, ordinal, body | state, turns, flags of a run |
//! | spec: extras, needs, retries in all | output, retries spent, last failure |
//! | edges, satisfied ones included | the count of open edges, which is counted anew |
//! | attempts before, random stream | attempts since the addition or last restart |

use crate::engine::graph::cycle::{settle, start};
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::engine::{Engine, RestartError};
use crate::work::{WorkId, WorkState};

impl Engine {
    /// As [`WorkScheduler::restart`](crate::WorkScheduler::restart). A refusal changes nothing.
    pub(crate) fn restart(&mut self, id: WorkId) -> Result<(), RestartError> {
        let slot = self.lookup(id)?;
        let state = self.arena.at(slot).state;
        if !state.is_settled() {
            return Err(RestartError::NotSettled(id, state));
        }
        if self.closed {
            return Err(RestartError::ShutDown);
        }
        // A parent that aborts has told its children to end, and would have to begin again with this one.
        let aborts = |parent: u32| self.arena.at(parent).state == WorkState::Aborting;
        let parent_aborts = self.arena.parent(slot).is_some_and(aborts);
        if self.arena.is(slot, flag::ORPHAN) || parent_aborts {
            return Err(RestartError::ParentDone(id));
        }
        // The body of a work that panicked has been dropped (L24), and only the program can make another.
        if !self.arena.has_body(slot) {
            return Err(RestartError::Gone(id));
        }
        // This check is the last one, since it may cost a search. Nothing is refused after it.
        self.check_restart(slot)?;
        self.fruitless.stir();
        self.make_new(slot, state);
        match self.failed_dependency(slot) {
            Some(failure) => self.enter_blocked(slot, Some(state), failure),
            None => {
                // The old error was needed until here: after a dependency was lost, it alone still names the root
                // cause.
                self.arena.cold_mut(slot).error = None;
                self.enter_line(slot, Some(state));
            }
        }
        Ok(())
    }

    /// Checks that the work's open edges close no cycle. They did not count while it was settled, so an edge added
    /// meanwhile may close one with them. It costs one search for each open edge into the work.
    fn check_restart(&mut self, slot: u32) -> Result<(), RestartError> {
        for edge in self.graph.ins(&self.arena, slot) {
            let before = edge.peer();
            if !self.graph.out_of(&self.arena, edge).is_satisfied()
                && self
                    .cycles
                    .precedes(&self.arena, &self.graph, start(slot), settle(before))
            {
                let path = self.cycle_path(start(slot), settle(before));
                return Err(RestartError::Cycle(path));
            }
        }
        Ok(())
    }

    /// Clears what an earlier run has left, and counts the work among the unsettled again.
    fn make_new(&mut self, slot: u32, state: WorkState) {
        // This must be known before the flags are cleared, because for a Cancelled work the answer is in BY_PARENT.
        let counted_as_failed = self.counts_as_failed(slot);
        self.arena.unpin(slot);
        // Levels do not know that the edges of this work count again.
        self.cycles.levels.distrust();
        let attempts = self.arena.forget_attempts(slot);
        self.arena.pending.reset(slot);
        let record = self.arena.at_mut(slot);
        // A restarted work has not started, so it takes new dependencies again (L15).
        record.turns = 0;
        // These two tell of the work and its edges, and not of a run.
        let kept = flag::NO_PERMIT | flag::LOST_DEPENDENCY;
        record.flags.clear(!kept);
        record.marks &= mark::LASTING;
        let cold = self.arena.cold_mut(slot);
        self.recorder.retries_left += cold.retries_spent as u64;
        cold.retries_left += std::mem::take(&mut cold.retries_spent);
        if attempts > 0 || cold.extension.is_some() {
            let extension = self.arena.extension_or_new(slot);
            // Attempts are counted over restarts, which tells the wakers of the earlier run from new ones.
            extension.attempts_before = extension.attempts_before.wrapping_add(attempts);
            extension.below = 0;
            self.drop_output(slot);
        }
        // Each open edge is counted anew, so the count has been reset before.
        self.reopen_edges(slot);
        // A parent in its attempt waits for this child again (L12).
        if let Some(parent) = self.arena.parent(slot) {
            self.child_restarted(parent, state, counted_as_failed);
            self.hold_for_parent(parent, slot);
            self.give_back_asleep(parent);
        }
        // A deadline is an instant. One that has passed fires in the next round (L5).
        if let Some(at) = self
            .arena
            .extension(slot)
            .and_then(|extension| extension.extras.deadline)
        {
            self.arm_limit(slot, Limit::Deadline, at);
        }
    }

    /// Counts the work's open edges again, and pins the settled works that it depends on.
    fn reopen_edges(&mut self, slot: u32) {
        self.pin_dependencies(slot);
        for edge in self.graph.ins(&self.arena, slot) {
            let before = edge.peer();
            let satisfied = self.graph.out_of(&self.arena, edge).is_satisfied();
            // A dependency that has failed is not waited for: it blocks the work (L31).
            if !satisfied && !self.arena.at(before).state.is_settled() {
                self.arena.pending.add(slot, 1);
            }
        }
    }
}
