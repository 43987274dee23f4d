//! Works come in: what a spec's terms come to.
//!
//! Invariant: everything is checked before anything changes, so that a refusal changes nothing. What can never run is refused
//! here.
//!
//! Deliberately absent: bodies. Admission answers a slot, and the shell enters the body there.
//!
//! A turn that yields does not come here. `now` is read for a deadline and for the event of an addition.

pub(crate) mod depend;
pub(crate) mod graph;
pub(crate) mod restart;

use crate::engine::graph::cycle::{self, settle};
use crate::engine::queue::permits::GENERAL;
use crate::engine::store::extension::Extension;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::engine::store::record::{Needs, Pool};
use crate::engine::{AddError, CyclePath, Engine};
use crate::work::{EdgeKind, Extras, Failure, RetryPosition, Terms, WorkId, WorkState};
use smallvec::SmallVec;

/// What the terms of a child, or of a work with extras, come to once they have been checked.
pub(crate) struct Plan {
    parent: Option<u32>,
    /// In a box, since few need anything of a named pool, and a plan is returned.
    needs: Option<Box<Needs>>,
}

impl Plan {
    /// Nobody's child, and nothing of a named pool.
    const PLAIN: Plan = Plan {
        parent: None,
        needs: None,
    };
}

impl Engine {
    // ---- checks ----

    /// What a refusal depends on, in the order in which it is told; a work that is nobody's child and asks for nothing
    /// special has the plain plan.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn check(&mut self, terms: &Terms) -> Result<Plan, AddError> {
        let edges = terms.edges();
        self.check_any(terms.permit)?;
        if terms.parent.is_none() && terms.extras.is_none() {
            self.check_dependencies(terms, edges, None)?;
            return Ok(Plan::PLAIN);
        }
        self.check_more(terms, edges)
    }

    /// What holds for every work.
    #[inline(always)]
    pub(crate) fn check_any(&self, permit: bool) -> Result<(), AddError> {
        if self.closed {
            return Err(AddError::ShutDown);
        }
        if self.arena.len() >= self.settings.limits.works {
            return Err(AddError::TooManyWorks(self.arena.len()));
        }
        if permit && self.permits.capacity(GENERAL) == 0 {
            return Err(self.above_capacity(GENERAL, 1));
        }
        Ok(())
    }

    /// The same for the others. Cold only in that the way of plain works, the many, is laid out straight.
    #[cold]
    fn check_more(&mut self, terms: &Terms, edges: usize) -> Result<Plan, AddError> {
        let parent = terms.parent.map(|id| self.check_parent(id)).transpose()?;
        self.check_dependencies(terms, edges, parent)?;
        let needs = match &terms.extras {
            Some(extras) => self.check_pools(&extras.pools, terms.permit)?,
            None => Needs::default(),
        };
        let needs = (!needs.is_empty()).then(|| Box::new(needs));
        Ok(Plan { parent, needs })
    }

    fn check_parent(&self, id: WorkId) -> Result<u32, AddError> {
        let slot = self.lookup(id).map_err(AddError::Parent)?;
        let state = self.arena.at(slot).state;
        if state.is_settled() || state == WorkState::Aborting || self.arena.is(slot, flag::CANCEL) {
            return Err(AddError::ParentDone(id, state));
        }
        Ok(slot)
    }

    /// Always inlined: to call it would take longer than the check of a work that is after few.
    #[inline(always)]
    fn check_dependencies(
        &mut self,
        terms: &Terms,
        edges: usize,
        parent: Option<u32>,
    ) -> Result<(), AddError> {
        if edges == 0 {
            return Ok(());
        }
        if self.graph.lacks_room(edges, self.settings.limits.edges) {
            return Err(AddError::TooManyEdges(self.graph.len()));
        }
        for (id, _) in terms.dependencies() {
            let slot = self.lookup(id).map_err(AddError::Dependency)?;
            // A new work closes a cycle only through its parent, which would have to settle before the dependency.
            if let Some(parent) = parent
                && self
                    .cycles
                    .precedes(&self.arena, &self.graph, settle(parent), settle(slot))
            {
                let mut works = self.cycle_path(settle(parent), settle(slot));
                works.0.push((None, terms.name.clone()));
                return Err(AddError::Cycle(works));
            }
        }
        Ok(())
    }

    pub(crate) fn cycle_path(&self, from: u32, to: u32) -> CyclePath {
        let works = cycle::path(&self.arena, &self.graph, from, to);
        CyclePath(
            works
                .into_iter()
                .map(|slot| (Some(self.id(slot)), self.arena.cold(slot).name.clone()))
                .collect(),
        )
    }

    fn check_pools(
        &mut self,
        pools: &[(crate::Name, u32)],
        general: bool,
    ) -> Result<Needs, AddError> {
        let mut weights: SmallVec<[(Pool, u64); 2]> = SmallVec::new();
        for (name, weight) in pools.iter().filter(|(_, weight)| *weight > 0) {
            let pool = self
                .permits
                .find(name)
                .ok_or_else(|| AddError::NoSuchPool(name.clone()))?;
            match weights.iter_mut().find(|(known, _)| *known == pool) {
                Some((_, sum)) => *sum += *weight as u64,
                None => weights.push((pool, *weight as u64)),
            }
        }
        for (pool, weight) in &mut weights {
            // A weight of the general pool comes on top of the general permit; from here on they are one.
            *weight += (general && *pool == GENERAL) as u64;
            if *weight > self.permits.capacity(*pool) as u64 {
                return Err(self.above_capacity(*pool, *weight));
            }
        }
        weights.sort_unstable();
        if !weights.is_empty() {
            self.permits.let_needs_differ(&self.arena);
        }
        let needs = weights.iter();
        Ok(needs.map(|&(pool, weight)| (pool, weight as u32)).collect())
    }

    #[cold]
    fn above_capacity(&self, pool: Pool, weight: u64) -> AddError {
        AddError::AboveCapacity {
            pool: self.permits.name(pool).clone(),
            weight,
            capacity: self.permits.capacity(pool),
        }
    }

    // ---- adding ----

    /// Takes out of `terms` what it keeps.
    pub(crate) fn admit(&mut self, terms: &mut Terms, plan: Plan) -> WorkId {
        let edges = terms.edges();
        let (slot, doomed) = self.take_in(terms, plan, edges);
        // A work that can never run may be gone at once.
        let id = self.id(slot);
        match doomed.then(|| self.failed_dependency(slot)).flatten() {
            Some(failure) => self.enter_blocked(slot, None, failure),
            None => self.enter_line(slot, None),
        }
        id
    }

    /// The same, except that it does not get its first state yet. Its slot, and whether it may be that it can never run.
    #[inline]
    pub(crate) fn take_in(&mut self, terms: &mut Terms, plan: Plan, edges: usize) -> (u32, bool) {
        let (parent, name) = (plan.parent, &mut terms.name);
        let slot = self.take_in_any(parent, name, terms.retries, terms.permit);
        let doomed = edges > 0 && self.link_new(slot, &terms.after, edges);
        if parent.is_some() || terms.extras.is_some() {
            self.admit_with(slot, terms, plan);
        }
        (slot, doomed)
    }

    /// What holds for every work. Takes the name, if it is to be kept.
    #[inline(always)]
    pub(crate) fn take_in_any(
        &mut self,
        parent: Option<u32>,
        name: &mut crate::Name,
        retries: u32,
        permit: bool,
    ) -> u32 {
        let parent_serial = parent.map(|parent| self.arena.at(parent).serial);
        let ordinal = self.ordinals.enter(parent_serial, name);
        self.recorder.retries_left += retries as u64;
        let slot = self.arena.insert(name, retries, ordinal);
        self.cycles.levels.enter(slot, self.arena.len() == 1);
        if !permit {
            self.arena.set(slot, flag::NO_PERMIT);
            self.permits.by_arrival = false;
        }
        slot
    }

    /// What comes with a parent or with extras.
    #[cold]
    fn admit_with(&mut self, slot: u32, terms: &mut Terms, plan: Plan) {
        if let Some(extras) = terms.extras.take() {
            let needs = plan.needs.map_or_else(Needs::default, |needs| *needs);
            self.admit_extras(slot, *extras, needs);
        }
        if let Some(parent) = plan.parent {
            self.cycles.levels.distrust();
            self.arena.attach(parent, slot);
            self.hold_for_parent(parent, slot);
            self.give_back_asleep(parent);
        }
    }

    fn admit_extras(&mut self, slot: u32, extras: Extras, needs: Needs) {
        for id in &extras.after_settled {
            self.cycles.levels.follow(&self.arena, id.slot, slot);
            self.link(id.slot, slot, EdgeKind::AfterSettled);
        }
        let deadline = extras.deadline;
        let tail = extras.retry_position == RetryPosition::Tail;
        self.permits.by_arrival &= tail && extras.priority == 0;
        let pools = if needs.is_empty() { 0 } else { mark::POOLS };
        self.arena.at_mut(slot).marks |= mark::EXTENDED | pools;
        self.arena.cold_mut(slot).extension = Some(Box::new(Extension::new(extras, needs)));
        if let Some(at) = deadline {
            self.arm_limit(slot, Limit::Deadline, at);
        }
    }

    /// A child waits for its parent's attempt, if that has not begun.
    pub(crate) fn hold_for_parent(&mut self, parent: u32, slot: u32) {
        let begun = match self.arena.at(parent).state {
            WorkState::Pending | WorkState::Retrying => false,
            WorkState::Queued => self.arena.is(parent, flag::RETURNER),
            _ => true,
        };
        if !begun {
            self.arena.set(slot, flag::AWAITS_PARENT);
            self.arena.pending.add(slot, 1);
        }
    }

    /// A new work is Pending from the beginning: that is counted, and told.
    #[inline(always)]
    pub(crate) fn stay_pending(&mut self, slot: u32) {
        debug_assert_eq!(self.arena.at(slot).state, WorkState::Pending);
        self.recorder.enter(WorkState::Pending);
        if self.is_heard() {
            self.tell(slot, WorkState::Pending, None);
        }
    }

    /// The first state of a work that is added or restarted (`from` is its old state), if nothing blocks it.
    #[inline]
    pub(crate) fn enter_line(&mut self, slot: u32, from: Option<WorkState>) {
        if self.arena.pending.of(slot) > 0 {
            self.change(slot, from, WorkState::Pending);
        } else if self.permits.waiting() == 0 && self.permits.fits(&self.arena, slot)
            || self.permits.needs_none(&self.arena, slot)
        {
            self.begin_attempt(slot, from);
        } else {
            self.change(slot, from, WorkState::Queued);
            self.permits.join(&mut self.arena, slot);
        }
    }

    /// The same for a work that can never run, because a dependency has failed already.
    #[cold]
    pub(crate) fn enter_blocked(&mut self, slot: u32, from: Option<WorkState>, failure: Failure) {
        self.disarm_all(slot);
        // It has settled: the beginning of its parent's attempt must not let it go.
        self.arena.clear(slot, flag::AWAITS_PARENT);
        self.arena.cold_mut(slot).error = Some(failure);
        self.arena.pending.settle(slot);
        self.change(slot, from, WorkState::Blocked);
        self.after_settling(slot);
        self.drain_settling();
    }
}
