//! Reclaiming works and their slots: children when their parent's attempt has ended, roots when the host reaps them
//! or by `Retain`. A work is never reclaimed while a work that is after it is unsettled.
//!
//! A removal has two steps. [`Engine::remove`](Engine) makes the id unknown at once, and the shell is asked to drop the
//! body. [`Engine::dropped`](Engine) then frees the slot. In between the slot belongs to no work, and no new work gets
//! it.
//!
//! | work | it goes |
//! | --- | --- |
//! | a child that its parent does not keep | when it settles |
//! | any other child | when its parent's attempt ends |
//! | a root that `Retain` does not keep | when it settles |
//! | any other root | when the host reaps it |
//! | one that an unsettled work is after | when the last of these has settled; until then it is pinned |

use crate::engine::panics::Payload;
use crate::engine::store::extension::Join;
use crate::engine::store::flags::{flag, mark};
use crate::engine::{Engine, ReapError, Retain};
use crate::work::{WorkId, WorkOutcome, WorkState};
use smallvec::SmallVec;

impl Engine {
    /// As [`WorkScheduler::reap`](crate::WorkScheduler::reap). O(its edges).
    pub(crate) fn reap(&mut self, id: WorkId) -> Result<WorkOutcome, ReapError> {
        let slot = self.lookup(id)?;
        let state = self.arena.at(slot).state;
        if !state.is_settled() {
            return Err(ReapError::NotSettled(id, state));
        }
        // The parent's attempt may still ask for the child's outcome or output.
        if self.arena.parent(slot).is_some() {
            return Err(ReapError::Child(id));
        }
        let dependents = self.unsettled_dependents(slot);
        if dependents > 0 {
            return Err(ReapError::Dependents(id, dependents));
        }
        let outcome = self.outcome_of(slot);
        self.fruitless.stir();
        self.remove(slot);
        Ok(outcome)
    }

    /// As [`WorkScheduler::reap_settled`](crate::WorkScheduler::reap_settled). Returns how many works it has removed.
    /// O(works log works + edges).
    pub(crate) fn reap_settled(&mut self) -> usize {
        let ids: Vec<WorkId> = self
            .arena
            .slots_by_age()
            .into_iter()
            .map(|slot| self.id(slot))
            .collect();
        ids.into_iter().filter(|&id| self.reap(id).is_ok()).count()
    }

    /// Returns how many works are after this one and have not settled. O(its edges).
    fn unsettled_dependents(&self, slot: u32) -> u32 {
        let dependents = self.graph.outs(&self.arena, slot);
        dependents
            .filter(|edge| !self.arena.at(edge.peer()).state.is_settled())
            .count() as u32
    }

    /// Removes a settled work that neither the host nor its parent keeps. Unsettled dependents pin it until they have
    /// settled. Only a pinned work counts its dependents. A work that has not settled stays as it is.
    pub(crate) fn reclaim_if_due(&mut self, slot: u32) {
        let record = self.arena.at(slot);
        let is_child = record.marks & mark::CHILD != 0;
        let orphan = record.flags.has(flag::ORPHAN);
        if !record.state.is_settled() || !orphan && (is_child || self.keeps(record.state)) {
            return;
        }
        self.reclaim(slot);
    }

    /// Removes or pins a settled work that neither the host nor its parent keeps.
    pub(crate) fn reclaim(&mut self, slot: u32) {
        match self.unsettled_dependents(slot) {
            0 => self.remove(slot),
            // The last of them to settle removes the work, so no walk over all works is ever needed (L30).
            dependents => self.arena.pin(slot, dependents),
        }
    }

    /// Removes the works that only this settled work has pinned. O(1) in a program that keeps its works, where none is
    /// pinned.
    #[inline]
    pub(crate) fn release_pinned(&mut self, slot: u32) {
        if self.arena.pinned.any() {
            self.unpin_dependencies(slot);
        }
    }

    /// Counts this work off its pinned dependencies, and removes those that nothing pins any more.
    #[inline(never)]
    fn unpin_dependencies(&mut self, slot: u32) {
        let mut gone: SmallVec<[u32; 8]> = SmallVec::new();
        for edge in self.graph.ins(&self.arena, slot).rev() {
            let before = edge.peer();
            if self.arena.pin_once_less(before) {
                gone.push(before);
            }
        }
        // Only now, since each removal takes its edge out of the list that the loop above walks.
        for before in gone {
            self.remove(before);
        }
    }

    /// Counts this unsettled work among the dependents of its pinned dependencies. Works that are not pinned are not
    /// counted.
    pub(crate) fn pin_dependencies(&mut self, slot: u32) {
        let edges = self.graph.ins(&self.arena, slot);
        let befores: SmallVec<[u32; 8]> = edges.map(|edge| edge.peer()).collect();
        for before in befores {
            self.arena.pin_once_more(before);
        }
    }

    /// Returns whether the host keeps root works that settle in this state.
    #[inline]
    pub(crate) fn keeps(&self, state: WorkState) -> bool {
        match self.settings.retain {
            Retain::All => true,
            Retain::Failures => state != WorkState::Success,
            Retain::Nothing => false,
        }
    }

    /// Makes orphans of the children of an attempt that is over. All have settled; those without unsettled dependents
    /// go. The parent has none afterwards. O(children).
    pub(crate) fn reclaim_children(&mut self, slot: u32) {
        let serial = self.arena.at(slot).serial;
        // The children are collected first, because each leaves the list that the iterator walks.
        let children: Vec<u32> = self.arena.children(slot).collect();
        for child in children {
            self.ordinals
                .leave(Some(serial), self.arena.cold(child).name);
            self.arena.count_below(slot, child);
            self.arena.detach(child);
            self.arena.set(child, flag::ORPHAN);
            self.reclaim_if_due(child);
        }
        // The rule for failed children and the retention were said for this attempt only.
        self.arena.extension_or_new(slot).join = Join::default();
        self.arena.clear(slot, flag::CHILDREN);
    }

    /// Removes a work and its edges. Its dependents keep a flag if an edge was never satisfied. The work has settled,
    /// and no unsettled work is after it. O(its edges).
    fn remove(&mut self, slot: u32) {
        if self.deciding.is_some() {
            self.leave_decider(slot);
        }
        if self.is_measured() {
            self.forget_measured(slot);
        }
        if self.outcomes.is_on() {
            let (id, name) = (self.id(slot), self.arena.cold(slot).name.clone());
            self.outcomes.keep(id, name, self.outcome_of(slot));
        }
        self.arena.unpin(slot);
        // An orphan left its group of siblings when its parent let it go.
        if !self.arena.is(slot, flag::ORPHAN) {
            self.ordinals.leave(None, self.arena.cold(slot).name);
        }
        self.graph
            .unlink_all(&mut self.arena, slot, |arena, after| {
                arena.set(after, flag::LOST_DEPENDENCY)
            });
        self.recorder.retries_left -= self.arena.cold(slot).retries_left as u64;
        let extension = self.arena.extension_mut(slot);
        if let Some(key) = extension.and_then(|extension| extension.extras.on_settled.take()) {
            self.deferred.drop_callback(key);
        }
        // The output goes before the work leaves, so that a panic in its drop is still noted as this work's (L24).
        self.drop_output(slot);
        // The body is the shell's to drop. Until it has done so, the slot must not go to another work.
        self.arena.leave(slot);
        self.deferred.drop_body(slot);
    }

    /// Frees the slot of a work that has left, after the drop of its body.
    pub(crate) fn dropped(&mut self, slot: u32, result: Result<(), Payload>) {
        if let Err(payload) = result {
            // The record is still there, so that the log can name the work.
            self.panicked(slot, payload);
        }
        self.arena.remove(slot);
    }
}
