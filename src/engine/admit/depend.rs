//! Dependencies between works: `add_dependency`, the edges of a new work, and what a failed dependency means.
//!
//! No edge changes the past (L10, L15). A satisfied edge stays satisfied, and a work that has had a turn takes no new
//! edge. A grant without a turn is taken back instead.
//!
//! | the work before is | the edge | a work that has not started |
//! | --- | --- | --- |
//! | unsettled | open | goes back to Pending |
//! | settled, and the edge is satisfied | satisfied | stays as it is |
//! | settled otherwise | never satisfied | is Blocked |
//! | there already, by an equal or stricter edge | as it was | stays as it is |

use crate::engine::DependencyError;
use crate::engine::Engine;
use crate::engine::graph::cycle::{settle, start};
use crate::engine::lifecycle::settle::End;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::work::{
    Before, CancelledBy, EdgeKind, Failure, FailureKind, RootCause, Terms, WorkId, WorkState,
};

impl Engine {
    /// As [`WorkScheduler::add_dependency`](crate::WorkScheduler::add_dependency). O(1) if the levels are in order
    /// already; else it costs a search for a cycle.
    pub(crate) fn add_dependency(
        &mut self,
        before: WorkId,
        after: WorkId,
    ) -> Result<(), DependencyError> {
        let first = match self.lookup(before) {
            Err(_) if self.outcomes.get(before).is_some() => {
                return self.add_gone_dependency(before, after);
            }
            found => found.map_err(DependencyError::Before)?,
        };
        let then = self.lookup(after).map_err(DependencyError::After)?;
        self.check_fresh(then)?;
        self.check_edge(first, then)?;
        // An addition begins the count of fruitless turns anew (L33). A refusal changes nothing, so it has returned
        // before.
        self.fruitless.stir();
        // The count is compared below: an edge that existed, or that is satisfied, must not send the work back to
        // Pending.
        let open = self.arena.pending.of(then);
        self.link(first, then, EdgeKind::After);
        // The work before may have failed already, and then this one is Blocked at once.
        let edge_failed = self.arena.at(first).state.is_settled();
        if edge_failed && let Some(failure) = self.failed_dependency(then) {
            self.block(then, failure);
        } else if self.arena.pending.of(then) > open {
            self.withdraw(then);
        }
        Ok(())
    }

    /// Blocks a work that has had no turn.
    fn block(&mut self, slot: u32, failure: Failure) {
        // `settle` takes a Queued work out of its queue, but it knows nothing of a grant that has to be taken back.
        if self.arena.at(slot).state == WorkState::Running {
            self.revoke_attempt(slot);
        }
        self.settle(slot, End::Blocked(failure));
    }

    /// Checks that a work may be after another one. It counts as started once it has had a turn or has children (L15).
    fn check_fresh(&self, then: u32) -> Result<(), DependencyError> {
        let record = self.arena.at(then);
        // A grant without a turn or a child can still be taken back, so the work counts as not started.
        let fresh = match record.state {
            WorkState::Pending => true,
            WorkState::Queued => record.turns == 0 && self.arena.attempt(then) == 0,
            WorkState::Running => {
                record.turns == 0
                    && self.arena.attempt(then) == 1
                    && self.arena.live_children(then) == 0
            }
            _ => false,
        };
        // A doomed attempt may end before its first turn. While its hooks run, it cannot be taken back any more.
        if !fresh || record.flags.has(flag::IN_TURN) {
            return Err(DependencyError::Started(self.id(then), record.state));
        }
        Ok(())
    }

    /// Checks everything else that may refuse the edge; a refusal changes nothing.
    fn check_edge(&mut self, first: u32, then: u32) -> Result<(), DependencyError> {
        if self.graph.lacks_room(1, self.settings.limits.edges) {
            return Err(DependencyError::TooManyEdges(self.graph.len()));
        }
        // This check is the last one: it may cost much, and it moves levels for an edge that nothing refuses after it.
        if self.cycles.closes(&self.arena, &self.graph, first, then) {
            return Err(DependencyError::Cycle(
                self.cycle_path(start(then), settle(first)),
            ));
        }
        Ok(())
    }

    /// Sends a work that has had no turn back to Pending.
    ///
    /// Does nothing for a work that is Pending already.
    fn withdraw(&mut self, slot: u32) {
        let state = self.arena.at(slot).state;
        match state {
            WorkState::Queued => self.permits.leave(&mut self.arena, slot),
            WorkState::Running => self.revoke_attempt(slot),
            _ => return,
        }
        self.change(slot, Some(state), WorkState::Pending);
    }

    /// Takes back the grant of a work that has had no turn, as if the attempt had never been. The caller changes the
    /// state.
    fn revoke_attempt(&mut self, slot: u32) {
        self.ready.remove(&mut self.arena, slot);
        self.permits.give_back(&mut self.arena, slot);
        // The deadline stays armed, since it bounds the work and not the attempt.
        self.disarm_limit(slot, Limit::AttemptTimeout);
        let record = self.arena.at_mut(slot);
        record.marks &= !mark::ATTEMPT;
        // An extension that is made later would take the start of this attempt for the duration of an ended one.
        record.began_or_took = 0;
        // The next grant is the first attempt again, so that draws do not depend on the revoked one (L28).
        self.arena.forget_attempts(slot);
        self.recorder.attempts -= 1;
        self.note_revoked(slot);
        if let Some(extension) = self.arena.extension_mut(slot) {
            extension.tracing = None;
        }
    }

    /// Cancels works that have just been added, before any of their code is called. They have had no turn, so they end
    /// at once (L22).
    pub(crate) fn take_back(&mut self, added: &[u32]) {
        for &slot in added {
            self.withdraw(slot);
            // A parent outside of the graph must not count them as failed children (L13).
            self.arena.set(slot, flag::BY_PARENT);
        }
        let cancelled = |&slot: &u32| (slot, End::Cancelled(CancelledBy::Host));
        // All are entered before one of them blocks another, so that their parents do not fail from works that were
        // never to be.
        self.settling.extend(added.iter().map(cancelled));
        self.drain_settling();
    }

    // ---- works that are gone ----

    /// Lets a work be after one that is gone: nothing to wait for, or the work is Blocked.
    #[cold]
    fn add_gone_dependency(
        &mut self,
        before: WorkId,
        after: WorkId,
    ) -> Result<(), DependencyError> {
        let then = self.lookup(after).map_err(DependencyError::After)?;
        self.check_fresh(then)?;
        self.fruitless.stir();
        if let Some(failure) = self.outcomes.blocker([before]) {
            self.lose_dependency(then, failure.clone());
            self.block(then, failure);
        }
        Ok(())
    }

    /// Adds the edges to a new work from the works that are there, and takes the others out of the terms. Returns
    /// whether one of all these can never be satisfied any more.
    #[cold]
    pub(super) fn link_those_there(&mut self, slot: u32, terms: &mut Terms) -> bool {
        let lost = self.outcomes.blocker(terms.after.iter());
        let is_there = |id: &WorkId| self.lookup(*id).is_ok();
        terms.after = terms.after.iter().filter(is_there).collect();
        if let Some(extras) = &mut terms.extras {
            extras.after_settled.retain(|id| is_there(id));
        }
        let edges = terms.edges();
        let doomed = edges > 0 && self.link_new(slot, &terms.after, edges);
        let is_lost = lost.is_some();
        if let Some(failure) = lost {
            self.lose_dependency(slot, failure);
        }
        doomed || is_lost
    }

    /// Notes that a dependency which is gone will never be satisfied, so that a restart knows it, too.
    fn lose_dependency(&mut self, slot: u32, failure: Failure) {
        self.arena.set(slot, flag::LOST_DEPENDENCY);
        self.arena.cold_mut(slot).error = Some(failure);
    }

    // ---- edges ----

    /// Adds the edges to a new work, at most `edges`. Returns whether one of them can never be satisfied any more.
    ///
    /// The caller has checked that there is room and that no edge closes a cycle. A dependency that is named twice
    /// counts once.
    pub(crate) fn link_new(&mut self, slot: u32, after: &Before, edges: usize) -> bool {
        // Without stored levels, the serial number of the new work is above all others already.
        if self.cycles.levels.are_kept() {
            for id in after.iter() {
                self.cycles.levels.follow(&self.arena, id.slot, slot);
            }
        }
        let (mut open, mut doomed) = (0, false);
        let befores = after.iter().map(|id| id.slot);
        self.graph
            .link_new(&mut self.arena, slot, edges, befores, |before| {
                let (success, settled) = (
                    before.state == WorkState::Success,
                    before.state.is_settled(),
                );
                open += !settled as u32;
                // A dependency that fails later blocks this work then (L11); only one that has failed already dooms it
                // now.
                doomed |= settled && !success;
                success
            });
        self.arena.pending.add(slot, open);
        // A pinned work stays for its unsettled dependents, and this work is one more of them (L30).
        if self.arena.pinned.any() {
            self.pin_dependencies(slot);
        }
        doomed
    }

    /// Adds an edge to a work that has not started. An edge that exists counts once, and the stricter kind holds.
    /// Returns whether the edge can never be satisfied any more.
    pub(crate) fn link(&mut self, before: u32, after: u32, kind: EdgeKind) -> bool {
        let state = self.arena.at(before).state;
        if let Some(edge) = self.graph.find(&self.arena, before, after) {
            self.tighten(edge, before, kind);
        } else {
            // A settled work does not tell its dependents again, so its edge gets the final value now.
            let satisfied =
                state == WorkState::Success || kind == EdgeKind::AfterSettled && state.is_settled();
            self.graph
                .link(&mut self.arena, before, after, kind, satisfied);
            // Only a new edge counts here. A second count for one edge would pin the work for ever.
            self.arena.pin_once_more(before);
            self.arena.pending.add(after, !state.is_settled() as u32);
        }
        kind == EdgeKind::After && state.is_settled() && state != WorkState::Success
    }

    /// Makes an existing edge as strict as `kind`.
    fn tighten(&mut self, edge: u32, before: u32, kind: EdgeKind) {
        let entry = self.graph.at(edge);
        if kind == EdgeKind::After && entry.kind() == EdgeKind::AfterSettled {
            let state = self.arena.at(before).state;
            // A settled work may satisfy the weaker kind and not the stricter one. The dependent then waits anew.
            let begins_anew = entry.is_satisfied() && state != WorkState::Success;
            self.graph
                .mark(edge, kind, entry.is_satisfied() && !begins_anew);
            // If the dependency has failed, the caller blocks the work. If it has been restarted, the work waits for
            // its end.
            if begins_anew {
                self.arena
                    .pending
                    .add(entry.peer(), !state.is_settled() as u32);
            }
        }
    }

    /// Returns the failure of a dependency that has settled without satisfying its edge, as this work's own failure.
    /// `None` if each has succeeded or may still succeed. O(edges into the work).
    #[inline]
    pub(crate) fn failed_dependency(&self, slot: u32) -> Option<Failure> {
        let lost = self.arena.is(slot, flag::LOST_DEPENDENCY);
        if !lost && !self.graph.has_ins(&self.arena, slot) {
            return None;
        }
        self.find_failed_dependency(slot)
    }

    /// Searches the edges for [`Engine::failed_dependency`]. Kept apart so that the common answer stays inline.
    fn find_failed_dependency(&self, slot: u32) -> Option<Failure> {
        if self.arena.is(slot, flag::LOST_DEPENDENCY) {
            // The dependency has been reclaimed, so the work itself stands for the root unless its own error still
            // names it.
            let own = FailureKind::Blocked {
                root: self.id(slot),
                name: self.arena.cold(slot).name.clone(),
            };
            let known = self
                .arena
                .cold(slot)
                .error
                .cloned()
                .filter(|failure| RootCause::of(failure).is_some());
            return Some(known.unwrap_or_else(|| Failure::of_kind(own)));
        }
        // The first dependency in the order of addition counts.
        let mut edges = self.graph.ins(&self.arena, slot);
        let failed = edges.find(|&edge| {
            self.arena.at(edge.peer()).state.is_settled()
                && !self.graph.out_of(&self.arena, edge).is_satisfied()
        });
        failed.map(|edge| self.blocked_by(edge.peer()))
    }

    /// Returns the failure that a dependent of this settled work records as the cause of its being Blocked.
    pub(crate) fn blocked_by(&self, slot: u32) -> Failure {
        let cold = self.arena.cold(slot);
        match cold.error {
            // All works along a chain share one root cause.
            Some(failure) if self.arena.at(slot).state == WorkState::Blocked => failure.clone(),
            failure => {
                // A Cancelled work may still have the failure of an earlier attempt. That failure is not why it blocks
                // others.
                let cause = failure
                    .cloned()
                    .filter(|_| self.arena.at(slot).state == WorkState::Failed);
                let kind = FailureKind::Blocked {
                    root: self.id(slot),
                    name: cold.name.clone(),
                };
                Failure::caused(kind, cause)
            }
        }
    }
}
