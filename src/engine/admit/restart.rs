//! Restarts: a settled work is run anew, in its slot and with its id.

use crate::engine::graph::cycle::{settle, start};
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::engine::{Engine, RestartError};
use crate::work::{WorkId, WorkState};

impl Engine {
    /// As [`WorkScheduler::restart`](crate::WorkScheduler::restart).
    pub(crate) fn restart(&mut self, id: WorkId) -> Result<(), RestartError> {
        let slot = self.lookup(id)?;
        let state = self.arena.at(slot).state;
        if !state.is_settled() {
            return Err(RestartError::NotSettled(id, state));
        }
        if self.closed {
            return Err(RestartError::ShutDown);
        }
        let aborts = |parent: u32| self.arena.at(parent).state == WorkState::Aborting;
        let parent_aborts = self.arena.parent(slot).is_some_and(aborts);
        if self.arena.is(slot, flag::ORPHAN) || parent_aborts {
            return Err(RestartError::ParentDone(id));
        }
        if !self.arena.has_body(slot) {
            return Err(RestartError::Gone(id));
        }
        self.check_restart(slot)?;
        self.fruitless.stir();
        self.make_new(slot, state);
        match self.failed_dependency(slot) {
            Some(failure) => self.enter_blocked(slot, Some(state), failure),
            None => {
                self.arena.cold_mut(slot).error = None;
                self.enter_line(slot, Some(state));
            }
        }
        Ok(())
    }

    /// Checks that the work's open edges close no cycle. They did not count while it was settled, so an edge added
    /// meanwhile may close one with them.
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
        let counted_as_failed = self.counts_as_failed(slot);
        self.arena.unpin(slot);
        // Levels do not know that the edges of this work count again.
        self.cycles.levels.distrust();
        let attempts = self.arena.forget_attempts(slot);
        self.arena.pending.reset(slot);
        let record = self.arena.at_mut(slot);
        record.turns = 0;
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
            self.drop_output(slot);
        }
        self.reopen_edges(slot);
        if let Some(parent) = self.arena.parent(slot) {
            self.child_restarted(parent, state, counted_as_failed);
            self.hold_for_parent(parent, slot);
            self.give_back_asleep(parent);
        }
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
            if !satisfied && !self.arena.at(before).state.is_settled() {
                self.arena.pending.add(slot, 1);
            }
        }
    }
}
