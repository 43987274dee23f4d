//! Giving slots back: children when their parent's attempt has ended, roots when the host reaps them or by `Retain`;
//! never while a work that is after them is unsettled.

use super::record::{Family, NONE, flag, mark};
use super::{ReapError, Retain, WorkScheduler};
use crate::work::{WorkId, WorkOutcome, WorkState};

impl<C: ?Sized> WorkScheduler<C> {
    /// Takes a settled root work out of the scheduler and says how it ended. Take its output first. O(its edges).
    ///
    /// # Errors
    /// [`ReapError`]: not there, not settled, a child, or works that are after it have not settled.
    pub fn reap(&mut self, id: impl Into<WorkId>) -> Result<WorkOutcome, ReapError> {
        let id = id.into();
        let slot = self.lookup(id)?;
        let state = self.arena.at(slot).state;
        if !state.is_settled() {
            return Err(ReapError::NotSettled(id, state));
        }
        let meta = self.arena.meta(slot);
        if meta.parent != NONE {
            return Err(ReapError::Child(id));
        }
        let dependents = self.arena.at(slot).unsettled_dependents;
        if dependents > 0 {
            return Err(ReapError::Dependents(id, dependents));
        }
        let outcome = self.outcome_of(slot);
        self.remove(slot);
        Ok(outcome)
    }

    /// Reaps every root work that can be, and says how many they were. O(n log n).
    pub fn reap_settled(&mut self) -> usize {
        let ids: Vec<WorkId> = self
            .arena
            .slots_by_age()
            .into_iter()
            .map(|slot| self.id(slot))
            .collect();
        ids.into_iter().filter(|&id| self.reap(id).is_ok()).count()
    }

    /// A settled work goes, if nobody needs it any more.
    pub(super) fn reclaim_if_due(&mut self, slot: u32) {
        let record = self.arena.at(slot);
        if !record.state.is_settled() || record.unsettled_dependents > 0 {
            return;
        }
        let is_child = record.marks & mark::CHILD != 0;
        if self.arena.is(slot, flag::ORPHAN) || !is_child && !self.keeps(record.state) {
            self.remove(slot);
        }
    }

    fn keeps(&self, state: WorkState) -> bool {
        match self.settings.retain {
            Retain::All => true,
            Retain::Failures => state != WorkState::Success,
            Retain::Nothing => false,
        }
    }

    /// The attempt is over, and with it the time of its children; all have settled.
    pub(super) fn reclaim_children(&mut self, slot: u32) {
        let serial = self.arena.at(slot).serial;
        let children: Vec<u32> = self.arena.children(slot).collect();
        for child in children {
            self.ordinals
                .leave(Some(serial), &self.arena.meta(child).name);
            self.arena.disown(child);
            self.arena.set(child, flag::ORPHAN);
            self.reclaim_if_due(child);
        }
        self.arena.rare_or_new(slot).family = Family::default();
        self.arena.clear(slot, flag::FAMILY);
    }

    fn remove(&mut self, slot: u32) {
        if !self.arena.is(slot, flag::ORPHAN) {
            self.ordinals.leave(None, &self.arena.meta(slot).name);
        }
        self.graph
            .unlink_all(&mut self.arena, slot, |arena, after| {
                arena.set(after, flag::LOST_DEPENDENCY)
            });
        self.recorder.retries_left -= self.arena.meta(slot).retries_left as u64;
        let body = self.arena.at_mut(slot).body.take();
        self.drop_body(slot, body);
        self.drop_output(slot);
        self.arena.remove(slot);
    }
}
