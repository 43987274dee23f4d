//! Giving slots back: children when their parent's attempt has ended, roots when the host reaps them or by `Retain`;
//! never while a work that is after them is unsettled.

use crate::engine::panics::Payload;
use crate::engine::store::record::{Join, flag, mark};
use crate::engine::{Engine, ReapError, Retain};
use crate::work::{WorkId, WorkOutcome, WorkState};
use smallvec::SmallVec;

impl Engine {
    /// As [`WorkScheduler::reap`](crate::WorkScheduler::reap).
    pub(crate) fn reap(&mut self, id: WorkId) -> Result<WorkOutcome, ReapError> {
        let slot = self.lookup(id)?;
        let state = self.arena.at(slot).state;
        if !state.is_settled() {
            return Err(ReapError::NotSettled(id, state));
        }
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

    /// As [`WorkScheduler::reap_settled`](crate::WorkScheduler::reap_settled).
    pub(crate) fn reap_settled(&mut self) -> usize {
        let ids: Vec<WorkId> = self
            .arena
            .slots_by_age()
            .into_iter()
            .map(|slot| self.id(slot))
            .collect();
        ids.into_iter().filter(|&id| self.reap(id).is_ok()).count()
    }

    /// Works that are after it and have not settled. O(its edges).
    fn unsettled_dependents(&self, slot: u32) -> u32 {
        let dependents = self.graph.outs(&self.arena, slot);
        dependents
            .filter(|edge| !self.arena.at(edge.peer()).state.is_settled())
            .count() as u32
    }

    /// A settled work goes, if neither the host nor its parent keeps it; one that works are after lingers until they have
    /// settled. Only who lingers counts its dependents: what is kept anyway need not.
    pub(crate) fn reclaim_if_due(&mut self, slot: u32) {
        let record = self.arena.at(slot);
        let is_child = record.marks & mark::CHILD != 0;
        let orphan = record.flags.has(flag::ORPHAN);
        if !record.state.is_settled() || !orphan && (is_child || self.keeps(record.state)) {
            return;
        }
        self.reclaim(slot);
    }

    /// The same for one that neither keeps.
    pub(crate) fn reclaim(&mut self, slot: u32) {
        match self.unsettled_dependents(slot) {
            0 => self.remove(slot),
            dependents => {
                self.arena.at_mut(slot).marks |= mark::LINGERS;
                self.arena.opens.settle(slot, dependents);
                self.lingering += 1;
            }
        }
    }

    /// A work has settled: of the works that it is after, those that lingered only for it go.
    #[inline]
    pub(crate) fn release_lingerers(&mut self, slot: u32) {
        if self.lingering > 0 {
            self.release_lingerers_before(slot);
        }
    }

    fn release_lingerers_before(&mut self, slot: u32) {
        let mut gone: SmallVec<[u32; 8]> = SmallVec::new();
        for edge in self.graph.ins(&self.arena, slot).rev() {
            let before = edge.peer();
            let lingers = self.arena.at(before).marks & mark::LINGERS != 0;
            if lingers && self.arena.opens.linger_for_one_less(before) {
                gone.push(before);
            }
        }
        // Each takes its edge out of the list that has been walked.
        for before in gone {
            self.remove(before);
        }
    }

    /// If it lingers: it has one more unsettled dependent.
    pub(crate) fn linger_for_another(&mut self, slot: u32) {
        if self.arena.at(slot).marks & mark::LINGERS != 0 {
            self.arena.opens.linger_for_another(slot);
        }
    }

    /// The same for all that this work is after.
    pub(crate) fn linger_for(&mut self, slot: u32) {
        let edges = self.graph.ins(&self.arena, slot);
        let befores: SmallVec<[u32; 8]> = edges.map(|edge| edge.peer()).collect();
        for before in befores {
            self.linger_for_another(before);
        }
    }

    /// The work is to be run anew, or goes.
    pub(crate) fn end_lingering(&mut self, slot: u32) {
        let record = self.arena.at_mut(slot);
        if record.marks & mark::LINGERS != 0 {
            record.marks &= !mark::LINGERS;
            self.lingering -= 1;
        }
    }

    #[inline]
    pub(crate) fn keeps(&self, state: WorkState) -> bool {
        match self.settings.retain {
            Retain::All => true,
            Retain::Failures => state != WorkState::Success,
            Retain::Nothing => false,
        }
    }

    /// The attempt is over, and with it the time of its children; all have settled.
    pub(crate) fn reclaim_children(&mut self, slot: u32) {
        let serial = self.arena.at(slot).serial;
        let children: Vec<u32> = self.arena.children(slot).collect();
        for child in children {
            self.ordinals
                .leave(Some(serial), self.arena.cold(child).name);
            self.arena.detach(child);
            self.arena.set(child, flag::ORPHAN);
            self.reclaim_if_due(child);
        }
        self.arena.extension_or_new(slot).join = Join::default();
        self.arena.clear(slot, flag::CHILDREN);
    }

    fn remove(&mut self, slot: u32) {
        self.end_lingering(slot);
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
        self.drop_output(slot);
        self.arena.leave(slot);
        self.deferred.drop_body(slot);
    }

    /// The body of a work that has left has been dropped: its slot is free.
    pub(crate) fn dropped(&mut self, slot: u32, result: Result<(), Payload>) {
        if let Err(payload) = result {
            self.panicked(slot, payload);
        }
        self.arena.remove(slot);
    }
}
