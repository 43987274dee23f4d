//! Stall reports: which work waits for what, the answer to "why does nothing happen?".
//!
//! A report is made when nothing happens any more, so it may cost a walk over all works and edges.
//!
//! To add a reason, add it to [`WaitsFor`] and to one function: `dependencies` before an attempt, or `wake_sources`
//! within one.

use crate::engine::Engine;
use crate::engine::queue::permits::Permits;
use crate::engine::store::flags::{flag, mark};
use crate::time::Time;
use crate::work::{Name, WorkId, WorkState};

/// One thing that a work waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitsFor {
    /// A work that has to settle first.
    Dependency(WorkId, Name),
    /// The parent, whose attempt has not begun.
    ParentAttempt(WorkId, Name),
    /// Permits of a pool.
    Permit {
        /// The name of the pool.
        pool: Name,
        /// How many permits of the pool are out.
        used: u32,
        /// How many permits the pool has.
        capacity: u32,
    },
    /// Children that have not settled: this many.
    Children(usize),
    /// A work that this one watches.
    Watched(WorkId, Name),
    /// Offloaded jobs: this many.
    Jobs(usize),
    /// Sockets or other registered sources: this many.
    Sources(usize),
    /// A timer that fires at this instant.
    Timer(Time),
    /// A remote waker that another thread holds.
    RemoteWaker,
    /// A `wake` by another work or the host: the work said `expect_wake`.
    Wake,
    /// Nothing: the work has a turn coming.
    Turn,
}

/// A work that has not settled, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stalled {
    /// The work.
    pub id: WorkId,
    /// The name of the work.
    pub name: Name,
    /// The state of the work.
    pub state: WorkState,
    /// All that the work waits for.
    pub waits_for: Vec<WaitsFor>,
}

/// A sleeping work that holds permits which Queued works lack.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermitHolder {
    /// The work.
    pub id: WorkId,
    /// The name of the work.
    pub name: Name,
    /// The name of the pool.
    pub pool: Name,
}

/// All works that have not settled, and what each waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StallReport {
    /// The scheduler's time of the report.
    pub time: Time,
    /// The works, in the order in which they were added.
    pub works: Vec<Stalled>,
    /// Sleepers that hold permits which Queued works lack. They are sorted by pool, then in the order in which they
    /// were added.
    pub holders: Vec<PermitHolder>,
    /// How many turns in a row achieved nothing: see
    /// [`WorkScheduler::fruitless_turns`](crate::WorkScheduler::fruitless_turns).
    pub fruitless_turns: u64,
}

impl Engine {
    /// As [`WorkScheduler::stall_report`](crate::WorkScheduler::stall_report). O(works log works + edges).
    pub(crate) fn stall_report(&self) -> StallReport {
        let slots = self.arena.slots_by_age().into_iter();
        let unsettled = slots.filter(|&slot| !self.arena.at(slot).state.is_settled());
        let works = unsettled.map(|slot| Stalled {
            id: self.id(slot),
            name: self.arena.cold(slot).name.clone(),
            state: self.arena.at(slot).state,
            waits_for: self.waits_for(slot),
        });
        StallReport {
            time: self.now,
            works: works.collect(),
            holders: self.sleeping_holders(),
            fruitless_turns: self.fruitless_turns(),
        }
    }

    /// Returns the sleepers that hold what Queued works lack. O(works log works + pools × works).
    fn sleeping_holders(&self) -> Vec<PermitHolder> {
        // Without a waiting work no permit is lacked, which spares the walk over all works.
        if self.permits.waiting() == 0 {
            return Vec::new();
        }
        let slots = self.arena.slots_by_age();
        let queued = |&&slot: &&u32| self.arena.at(slot).state == WorkState::Queued;
        let mut is_lacked = vec![false; self.permits.pools().len()];
        for &slot in slots.iter().filter(queued) {
            for pool in self.permits.lacks(&self.arena, slot) {
                is_lacked[pool as usize] = true;
            }
        }
        // A holder that has a turn coming may still give its permit back, so only sleepers are named (L33).
        let sleeps = |&slot: &u32| {
            self.arena.is(slot, flag::PERMIT) && !self.arena.is(slot, flag::READY | flag::IN_TURN)
        };
        let asleep: Vec<u32> = slots.into_iter().filter(sleeps).collect();
        let of_pool = |pool| {
            let needs = move |&slot: &u32| Permits::needs_of(&self.arena, slot, pool);
            let holders = asleep.iter().copied().filter(needs);
            holders.map(move |slot| PermitHolder {
                id: self.id(slot),
                name: self.arena.cold(slot).name.clone(),
                pool: self.permits.name(pool).clone(),
            })
        };
        let pools = (0..).zip(is_lacked).filter(|&(_, is_lacked)| is_lacked);
        pools.flat_map(|(pool, _)| of_pool(pool)).collect()
    }

    /// Returns the id and name of a work. A report keeps both, since the work may be gone when it is read.
    fn named(&self, slot: u32) -> (WorkId, Name) {
        (self.id(slot), self.arena.cold(slot).name.clone())
    }

    /// Returns all that a work waits for.
    fn waits_for(&self, slot: u32) -> Vec<WaitsFor> {
        let mut waits = Vec::new();
        match self.arena.at(slot).state {
            WorkState::Pending => self.dependencies(slot, &mut waits),
            WorkState::Queued => waits.extend(self.permits.lacks(&self.arena, slot).map(|pool| {
                let (used, capacity) = (self.permits.used(pool), self.permits.capacity(pool));
                WaitsFor::Permit {
                    pool: self.permits.name(pool).clone(),
                    used,
                    capacity,
                }
            })),
            // Its turn comes first, whatever else could wake it.
            _ if self.arena.is(slot, flag::READY) => waits.push(WaitsFor::Turn),
            _ => self.wake_sources(slot, &mut waits),
        }
        // Limits are named, too: they wake nobody, but they end the wait.
        if let Some(at) = self.earliest_timer(slot) {
            waits.push(WaitsFor::Timer(at));
        }
        waits
    }

    /// Adds what keeps a work Pending. O(edges into the work).
    fn dependencies(&self, slot: u32, waits: &mut Vec<WaitsFor>) {
        if self.arena.is(slot, flag::AWAITS_PARENT)
            && let Some(parent) = self.arena.parent(slot)
        {
            let (id, name) = self.named(parent);
            waits.push(WaitsFor::ParentAttempt(id, name));
        }
        let open = self
            .graph
            .ins(&self.arena, slot)
            .filter(|&edge| !self.graph.out_of(&self.arena, edge).is_satisfied());
        waits.extend(open.map(|edge| {
            let (id, name) = self.named(edge.peer());
            WaitsFor::Dependency(id, name)
        }));
    }

    /// Adds whatever may wake a work that sleeps, joins or aborts.
    fn wake_sources(&self, slot: u32, waits: &mut Vec<WaitsFor>) {
        match self.arena.live_children(slot) {
            0 => {}
            live => waits.push(WaitsFor::Children(live as usize)),
        }
        if let Some(extension) = self.arena.extension(slot) {
            // A watched work that has left or settled is not waited for any more.
            let watched = extension
                .watching
                .iter()
                .filter_map(|&id| self.lookup(id).ok());
            waits.extend(
                watched
                    .filter(|&slot| !self.arena.at(slot).state.is_settled())
                    .map(|slot| {
                        let (id, name) = self.named(slot);
                        WaitsFor::Watched(id, name)
                    }),
            );
            match extension.pending_jobs.outstanding.len() {
                0 => {}
                jobs => waits.push(WaitsFor::Jobs(jobs)),
            }
            match extension.sources.live() {
                0 => {}
                sources => waits.push(WaitsFor::Sources(sources)),
            }
            if extension.has_remote() {
                waits.push(WaitsFor::RemoteWaker);
            }
        }
        if self.arena.at(slot).marks & mark::EXPECTS_WAKE != 0 {
            waits.push(WaitsFor::Wake);
        }
    }
}
