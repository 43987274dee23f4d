//! Admission of works: from the terms of a spec to a work in its first state.
//!
//! Invariant: everything is checked before anything changes, so a refusal changes nothing. A work that can never get
//! its permits is refused here.
//!
//! Deliberately absent: bodies. Admission returns a slot, and the shell enters the body there.
//!
//! A turn that yields does not come here. Admission reads `now` for a deadline, for the beginning of an attempt, and
//! for the event of an addition.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod.rs` | the checks and the addition of one work |
//! | `depend` | edges of new works and of old ones; what a failed dependency means |
//! | `graph` | many works and the edges between them at once |
//! | `restart` | a settled work is run anew |
//!
//! Trap: a [`Plan`] holds slots and pools as they were at the check. The caller admits at once, before anything else
//! changes.

pub(crate) mod depend;
pub(crate) mod graph;
pub(crate) mod restart;

use crate::engine::graph::cycle::settle;
use crate::engine::queue::permits::GENERAL;
use crate::engine::store::extension::Extension;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::engine::store::record::{Needs, Pool};
use crate::engine::{AddError, CyclePath, Engine};
use crate::work::{EdgeKind, Extras, Failure, RetryPosition, Terms, WorkId, WorkState};
use smallvec::SmallVec;

/// The checked terms of a child or of a work with extras.
pub(crate) struct Plan {
    /// The slot of the parent.
    parent: Option<u32>,
    /// The permits of named pools. Boxed, because few works need any, and a small plan is cheap to return.
    needs: Option<Box<Needs>>,
}

impl Plan {
    /// The plan of a work without a parent and without named pools.
    const PLAIN: Plan = Plan {
        parent: None,
        needs: None,
    };
}

impl Engine {
    // ---- checks ----

    /// Checks all that may refuse a work, in the order in which refusals are reported. A work without a parent and
    /// without extras gets the plain plan.
    ///
    /// A refusal changes nothing that a program can see.
    ///
    /// The order is: shutdown, works, general permits, parent, room for edges, each dependency and its cycle, pools.
    #[inline]
    pub(crate) fn check(&mut self, terms: &Terms) -> Result<Plan, AddError> {
        let edges = terms.edges();
        self.check_any(terms.permit)?;
        if terms.parent.is_none() && terms.extras.is_none() {
            self.check_dependencies(terms, edges, None)?;
            return Ok(Plan::PLAIN);
        }
        self.check_more(terms, edges)
    }

    /// Checks what holds for every work.
    #[inline(always)]
    pub(crate) fn check_any(&self, permit: bool) -> Result<(), AddError> {
        if self.closed {
            return Err(AddError::ShutDown);
        }
        if self.arena.len() >= self.settings.limits.works {
            return Err(AddError::TooManyWorks(self.arena.len()));
        }
        // Without any general permit a work that needs one could never run (L14).
        if permit && self.permits.capacity(GENERAL) == 0 {
            return Err(self.above_capacity(GENERAL, 1));
        }
        Ok(())
    }

    /// Checks a child or a work with extras. Marked cold so that the common path stays inline.
    #[cold]
    fn check_more(&mut self, terms: &Terms, edges: usize) -> Result<Plan, AddError> {
        let parent = terms.parent.map(|id| self.check_parent(id)).transpose()?;
        // The parent comes first, because ownership may close a cycle with a dependency.
        self.check_dependencies(terms, edges, parent)?;
        let needs = match &terms.extras {
            Some(extras) => self.check_pools(&extras.pools, terms.permit)?,
            None => Needs::default(),
        };
        let needs = (!needs.is_empty()).then(|| Box::new(needs));
        Ok(Plan { parent, needs })
    }

    /// Returns the slot of a parent that can take children.
    fn check_parent(&self, id: WorkId) -> Result<u32, AddError> {
        let slot = self.lookup(id).map_err(AddError::Parent)?;
        let state = self.arena.at(slot).state;
        // A parent that is ending has aborted its children already, and would not wait for one that comes now (L12).
        // With a cancel under way it begins to end as soon as its turn is over.
        if state.is_settled() || state == WorkState::Aborting || self.arena.is(slot, flag::CANCEL) {
            return Err(AddError::ParentDone(id, state));
        }
        Ok(slot)
    }

    /// Checks the dependencies of a new work. Always inlined, because a call costs more than the check of a few
    /// dependencies.
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
            let slot = match self.lookup(id) {
                Ok(slot) => slot,
                Err(_) if self.outcomes.get(id).is_some() => continue,
                Err(unknown) => return Err(AddError::Dependency(unknown)),
            };
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

    /// Returns the works on a cycle for an error message. It costs a search, so only a refusal asks for it.
    pub(crate) fn cycle_path(&mut self, from: u32, to: u32) -> CyclePath {
        let works = self.cycles.path(&self.arena, &self.graph, from, to);
        CyclePath(
            works
                .into_iter()
                .map(|slot| (Some(self.id(slot)), self.arena.cold(slot).name.clone()))
                .collect(),
        )
    }

    /// Returns the permits of named pools that a work needs, sorted by pool. Weights of one pool add up, and a weight
    /// of 0 needs nothing.
    fn check_pools(
        &mut self,
        pools: &[(crate::Name, u32)],
        general: bool,
    ) -> Result<Needs, AddError> {
        // The sums are u64: two weights may exceed a u32 together, and are refused instead of wrapping.
        let mut weights: SmallVec<[(Pool, u64); 2]> = SmallVec::new();
        for (name, weight) in pools.iter().filter(|(_, weight)| *weight > 0) {
            let pool = self
                .permits
                .find(name)
                .ok_or_else(|| AddError::NoSuchPool(name.clone()))?;
            // The list is sorted, because works with equal needs share a lane, and lanes compare needs place by place.
            match weights.binary_search_by_key(&pool, |&(known, _)| known) {
                Ok(place) => weights[place].1 += *weight as u64,
                Err(place) => weights.insert(place, (pool, *weight as u64)),
            }
        }
        for (pool, weight) in &mut weights {
            // A weight of the general pool is in addition to the general permit. From here on one number has both.
            *weight += (general && *pool == GENERAL) as u64;
            if *weight > self.permits.capacity(*pool) as u64 {
                return Err(self.above_capacity(*pool, *weight));
            }
        }
        if !weights.is_empty() {
            // From now on one rank can have several lanes, so arrivals have to be noted.
            self.permits.let_needs_differ(&self.arena);
        }
        // The cast loses nothing, because no weight is above a capacity, which is a u32.
        let needs = weights.iter();
        Ok(needs.map(|&(pool, weight)| (pool, weight as u32)).collect())
    }

    /// Returns the error of a work that needs more than a pool has.
    #[cold]
    fn above_capacity(&self, pool: Pool, weight: u64) -> AddError {
        AddError::AboveCapacity {
            pool: self.permits.name(pool).clone(),
            weight,
            capacity: self.permits.capacity(pool),
        }
    }

    // ---- adding ----

    /// Adds a work and gives it its first state. Takes out of `terms` what the engine keeps, or nothing if it refuses
    /// the work. The caller enters the body afterwards.
    pub(crate) fn add(&mut self, terms: &mut Terms) -> Result<WorkId, AddError> {
        if terms.is_plain() {
            return self.add_plain(terms);
        }
        let plan = self.check(terms)?;
        let (slot, doomed) = self.take_in(terms, plan, terms.edges());
        // Asked before the work gets its state, since a work that can never run may be gone at once.
        let id = self.id(slot);
        match doomed.then(|| self.failed_dependency(slot)).flatten() {
            Some(failure) => self.enter_blocked(slot, None, failure),
            None => self.enter_line(slot, None),
        }
        Ok(id)
    }

    /// Adds a work without parent, extras and dependencies, as most are.
    fn add_plain(&mut self, terms: &mut Terms) -> Result<WorkId, AddError> {
        self.check_any(terms.permit)?;
        let slot = self.take_in_any(None, &mut terms.name, terms.retries, terms.permit);
        self.enter_key(slot);
        self.enter_free(slot, None);
        Ok(self.id(slot))
    }

    /// Adds a checked work without a first state. Returns its slot, and whether it may be unable ever to run.
    #[inline]
    pub(crate) fn take_in(&mut self, terms: &mut Terms, plan: Plan, edges: usize) -> (u32, bool) {
        let (parent, name) = (plan.parent, &mut terms.name);
        let slot = self.take_in_any(parent, name, terms.retries, terms.permit);
        // Plain edges come before the extras. An `after_settled` edge to one of these works then finds the plain one,
        // and the stricter kind stays.
        let doomed = match edges {
            0 => false,
            _ if self.outcomes.is_on() => self.link_those_there(slot, terms),
            _ => self.link_new(slot, &terms.after, edges),
        };
        if parent.is_some() || terms.extras.is_some() {
            self.admit_with(slot, terms, plan);
        }
        self.enter_key(slot);
        (slot, doomed)
    }

    /// Adds the part that every work has, and returns its slot. Takes `name` if the engine keeps it.
    #[inline(always)]
    pub(crate) fn take_in_any(
        &mut self,
        parent: Option<u32>,
        name: &mut crate::Name,
        retries: u32,
        permit: bool,
    ) -> u32 {
        let parent_serial = parent.map(|parent| self.arena.at(parent).serial);
        // The ordinal is fixed here, so a name path does not change while siblings come and go (L28).
        let ordinal = self.ordinals.enter(parent_serial, name);
        self.recorder.retries_left += retries as u64;
        let slot = self.arena.insert(name, retries, ordinal);
        // The only work in the engine has no edge yet, so old distrust of the levels ends with it.
        self.cycles.levels.enter(slot, self.arena.len() == 1);
        if !permit {
            self.arena.set(slot, flag::NO_PERMIT);
            // A work that needs no permit may begin while others wait.
            self.permits.by_arrival = false;
        }
        slot
    }

    /// Adds the part that comes with a parent or with extras. Marked cold so that the common path stays inline.
    #[cold]
    fn admit_with(&mut self, slot: u32, terms: &mut Terms, plan: Plan) {
        if let Some(extras) = terms.extras.take() {
            let needs = plan.needs.map_or_else(Needs::default, |needs| *needs);
            self.admit_extras(slot, *extras, needs);
        }
        if let Some(parent) = plan.parent {
            // Levels do not know of parents.
            self.cycles.levels.distrust();
            self.arena.attach(parent, slot);
            // This comes before the child's first state, which depends on what the child waits for.
            self.hold_for_parent(parent, slot);
            // A sleeper with live children holds no permit (L17).
            self.give_back_asleep(parent);
        }
    }

    /// Adds the extension of a work, its weaker edges and its deadline.
    fn admit_extras(&mut self, slot: u32, extras: Extras, needs: Needs) {
        for id in &extras.after_settled {
            // Levels rank edges of either kind, since both can be part of a cycle.
            self.cycles.levels.follow(&self.arena, id.slot, slot);
            self.link(id.slot, slot, EdgeKind::AfterSettled);
        }
        let deadline = extras.deadline;
        let tail = extras.retry_position == RetryPosition::Tail;
        // A priority or a retry at the head lets works overtake each other.
        self.permits.by_arrival &= tail && extras.priority == 0;
        let pools = if needs.is_empty() { 0 } else { mark::POOLS };
        self.arena.at_mut(slot).marks |= mark::EXTENDED | pools;
        // The work is new and has no extension yet that this one could replace.
        self.arena.cold_mut(slot).extension = Some(Box::new(Extension::new(extras, needs)));
        // A deadline bounds the whole life of a work, so it is armed before the first attempt.
        if let Some(at) = deadline {
            self.arm_limit(slot, Limit::Deadline, at);
        }
    }

    /// Makes a child wait for its parent's attempt, if the attempt has not begun.
    pub(crate) fn hold_for_parent(&mut self, parent: u32, slot: u32) {
        let begun = match self.arena.at(parent).state {
            WorkState::Pending | WorkState::Retrying => false,
            // A returner waits in the middle of its attempt; any other Queued work has not begun one.
            WorkState::Queued => self.arena.is(parent, flag::RETURNER),
            _ => true,
        };
        if !begun {
            self.arena.set(slot, flag::AWAITS_PARENT);
            // The parent counts as one dependency, so that one count says whether the child may begin.
            self.arena.pending.add(slot, 1);
        }
    }

    /// Counts a new work as Pending and reports the event. The record says Pending already.
    #[inline(always)]
    pub(crate) fn stay_pending(&mut self, slot: u32) {
        debug_assert_eq!(self.arena.at(slot).state, WorkState::Pending);
        self.recorder.enter(WorkState::Pending);
        if self.is_heard() {
            self.tell(slot, WorkState::Pending, None);
        }
    }

    /// Gives a work that is added or restarted its first state, if nothing blocks it. `from` is the state of a
    /// restarted work.
    #[inline]
    pub(crate) fn enter_line(&mut self, slot: u32, from: Option<WorkState>) {
        match self.arena.pending.of(slot) {
            0 => self.enter_free(slot, from),
            _ => self.change(slot, from, WorkState::Pending),
        }
    }

    /// Gives a work that waits for no other its first state.
    #[inline]
    fn enter_free(&mut self, slot: u32, from: Option<WorkState>) {
        if self.permits.waiting() == 0 && self.permits.fits(&self.arena, slot)
            || self.permits.needs_none(&self.arena, slot)
        {
            self.begin_attempt(slot, from);
        } else {
            self.change(slot, from, WorkState::Queued);
            self.permits.join(&mut self.arena, slot);
        }
    }

    /// Gives a work that can never run, because a dependency has failed already, its first state: Blocked.
    ///
    /// The caller has linked the work's edges, and no attempt of the work is under way.
    #[cold]
    pub(crate) fn enter_blocked(&mut self, slot: u32, from: Option<WorkState>, failure: Failure) {
        // The extras may have armed its deadline, and a settled work has no timer.
        self.disarm_all(slot);
        // The work has settled, so the beginning of its parent's attempt must not release it.
        self.arena.clear(slot, flag::AWAITS_PARENT);
        self.arena.cold_mut(slot).error = Some(failure);
        // From here on a dependency that settles counts nothing down in this work.
        self.arena.pending.settle(slot);
        self.change(slot, from, WorkState::Blocked);
        self.after_settling(slot);
        self.drain_settling();
    }
}
