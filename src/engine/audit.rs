//! The audit: checks of the engine's invariants, in debug builds now and then after a crank, and on request.
//!
//! The audit counts anew, from the other side, each number that the engine keeps. It changes nothing.
//!
//! To add an invariant, check it in [`Engine::audit`](Engine) for all works or in `audit_work` for one. It has to hold
//! between two cranks. Debug builds and fuzz targets then check it.
//!
//! | what is kept | is compared with |
//! | --- | --- |
//! | the number of Queued works | the lanes |
//! | the number of turns that are coming | Running and Aborting works |
//! | permits that are out | what the works with a permit need |
//! | timers in the wheel | the keys that works have |
//! | external sleepers, pinned works, retries left | the works, one by one |
//! | pending dependencies | open edges from the other side |
//! | both ends of each edge, and all cells | each other (`graph/audit.rs`) |
//! | levels | the direction of open edges |
//! | the list of a parent's children | their states and parents |
//! | what is kept of measured works | their states, flags and counters (`lifecycle/groups.rs`) |
//! | a state | the flags, timers and sources that it must have |

use crate::engine::Engine;
use crate::engine::store::flags::flag;
use crate::work::WorkState;

/// The most works of a scheduler that a debug build checks one by one.
const SMALL: usize = 1_000;

/// How many works a debug build checks per crank, on average: a crank of few turns must not pay for all works.
const SHARE: usize = 8;

/// Returns the formatted message as an error, unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}

impl Engine {
    /// Checks the invariants in debug builds, once in (works / [`SHARE`]) cranks. A scheduler above [`SMALL`] gets a
    /// glance only. O(1) amortised.
    ///
    /// # Panics
    ///
    /// If an invariant is broken.
    pub(crate) fn check_invariants(&mut self) {
        self.unchecked_cranks += 1;
        if self.unchecked_cranks * SHARE < self.arena.len() {
            return;
        }
        self.unchecked_cranks = 0;
        let result = if self.arena.len() <= SMALL {
            self.audit()
        } else {
            self.glance()
        };
        if let Err(broken) = result {
            panic!("an invariant of the engine is broken, please report this: {broken}");
        }
    }

    /// Checks the counters against each other. O(pools). It looks at no single work, so a debug build of a large
    /// scheduler can afford it.
    fn glance(&self) -> Result<(), String> {
        let n = |state: WorkState| self.recorder.by_state[state as usize];
        ensure!(
            n(WorkState::Queued) == self.permits.waiting() as u64,
            "queued works and the permit queue differ"
        );
        ensure!(
            self.ready.len() as u64 <= n(WorkState::Running) + n(WorkState::Aborting),
            "more turns are coming than works run"
        );
        ensure!(
            !self.can_grant(),
            "a permit is free for a work that waits for it"
        );
        let in_flight: u64 = WorkState::ALL
            .iter()
            .filter(|state| !state.is_settled())
            .map(|&state| n(state))
            .sum();
        ensure!(
            in_flight == self.recorder.unsettled(),
            "unsettled works are miscounted"
        );
        Ok(())
    }

    /// As [`WorkScheduler::audit`](crate::WorkScheduler::audit).
    #[doc(hidden)]
    pub(crate) fn audit(&self) -> Result<(), String> {
        self.glance()?;
        for pool in self.permits.pools() {
            let (used, held) = (
                self.permits.used(pool),
                self.permits.recount(&self.arena)[pool as usize],
            );
            ensure!(
                used == held,
                "pool {}: {used} permits are out, works hold {held}",
                self.permits.name(pool)
            );
        }
        let (mut timers, mut external, mut retries, mut pinned) = (0, 0, 0, 0);
        self.graph.audit(&self.arena)?;
        // Counts of pending dependencies are kept at one end of the edges, so they are counted from the other.
        let open = self.open_edges();
        for slot in self.arena.slots() {
            self.audit_work(slot, open[slot as usize])
                .map_err(|broken| {
                    format!(
                        "{} `{}`: {broken}",
                        self.id(slot),
                        self.arena.cold(slot).name
                    )
                })?;
            timers += self.timers_of(slot).count();
            external += self.arena.is(slot, flag::EXTERNAL) as u32;
            retries += self.arena.cold(slot).retries_left as u64;
            pinned += self.arena.is_pinned(slot) as u32;
        }
        ensure!(
            timers == self.wheel.len(),
            "works have {timers} timers, the wheel {}",
            self.wheel.len()
        );
        ensure!(
            external == self.external_sleepers,
            "external sleepers are miscounted"
        );
        ensure!(
            pinned == self.arena.pinned.works(),
            "pinned works are miscounted"
        );
        ensure!(
            retries == self.recorder.retries_left,
            "retries left are miscounted"
        );
        self.audit_measures()
    }

    /// Returns by slot how many edges into a work are open, counted anew from the other side.
    fn open_edges(&self) -> Vec<u32> {
        // Settled works are left out: their edges are satisfied, or block the works after them at once.
        let mut open = vec![0; self.arena.slots_end() as usize];
        let slots = self.arena.slots();
        for slot in slots.filter(|&slot| !self.arena.at(slot).state.is_settled()) {
            let edges = self.graph.outs(&self.arena, slot);
            for edge in edges.filter(|edge| !edge.is_satisfied()) {
                open[edge.peer() as usize] += 1;
            }
        }
        open
    }

    /// Checks one work, into which `open` edges are open. O(its edges and children).
    fn audit_work(&self, slot: u32, open: u32) -> Result<(), String> {
        let record = self.arena.at(slot);
        let (state, has) = (record.state, |flag: u16| record.flags.has(flag));
        ensure!(!has(flag::IN_TURN), "is in a turn between cranks");
        ensure!(!has(flag::CANCEL), "a cancel was forgotten");
        match state {
            WorkState::Pending => ensure!(self.arena.pending.of(slot) > 0, "Pending on nothing"),
            WorkState::Running => ensure!(
                has(flag::READY) && has(flag::PERMIT),
                "Running without turn or permit"
            ),
            WorkState::Waiting => {
                // A doomed sleeper needs no source: the end of the round fails it.
                let inner = self.arena.extension(slot).is_some_and(|extension| {
                    extension.has_inner_source() || extension.join.first_failure.is_some()
                });
                ensure!(
                    record.alarm.is_some() || has(flag::EXTERNAL) || inner,
                    "Waiting for nothing"
                );
            }
            // A late abort has used its grace up, and has one turn left or waits for its children.
            WorkState::Aborting => {
                ensure!(
                    self.timers_of(slot).count() > 0 || self.is_late(slot),
                    "Aborting without a grace"
                );
            }
            WorkState::Retrying => ensure!(record.alarm.is_some(), "Retrying for ever"),
            _ => {}
        }
        // No other state holds a permit (L17).
        let holds = matches!(
            state,
            WorkState::Running | WorkState::Waiting | WorkState::Aborting
        );
        ensure!(holds || !has(flag::PERMIT), "holds a permit in {state}");
        ensure!(
            !has(flag::READY) || matches!(state, WorkState::Running | WorkState::Aborting),
            "a turn in {state}"
        );
        self.audit_children(slot)?;
        self.audit_edges(slot, open)
    }

    /// Checks the list of the work's children against its counts.
    fn audit_children(&self, slot: u32) -> Result<(), String> {
        let children: Vec<u32> = self.arena.children(slot).collect();
        let live = children
            .iter()
            .filter(|&&child| !self.arena.at(child).state.is_settled())
            .count();
        ensure!(
            live == self.arena.live_children(slot) as usize,
            "live children are miscounted"
        );
        ensure!(
            children
                .iter()
                .all(|&child| self.arena.parent(child) == Some(slot)),
            "a child has another parent"
        );
        ensure!(
            live == 0 || !self.arena.at(slot).state.is_settled(),
            "settled before its children"
        );
        Ok(())
    }

    /// Checks the work's dependents, its level and its count of open dependencies.
    fn audit_edges(&self, slot: u32, open: u32) -> Result<(), String> {
        let record = self.arena.at(slot);
        let settled = |slot: u32| self.arena.at(slot).state.is_settled();
        let unsettled = self
            .graph
            .outs(&self.arena, slot)
            .filter(|edge| !settled(edge.peer()))
            .count();
        ensure!(
            !self.arena.is_pinned(slot)
                || unsettled == self.arena.pinned.dependents(slot) as usize && unsettled > 0,
            "the dependents of a pinned work are miscounted"
        );
        let levels = &self.cycles.levels;
        let level = |slot: u32| levels.of(&self.arena, slot);
        let mut outgoing = self.graph.outs(&self.arena, slot);
        ensure!(
            // Levels that are not trusted promise nothing.
            !levels.are_trusted()
                || settled(slot)
                || outgoing.all(|edge| edge.is_satisfied()
                    || settled(edge.peer())
                    || level(slot) < level(edge.peer())),
            "its level is not below that of a work after it"
        );
        let awaits_parent = record.flags.has(flag::AWAITS_PARENT);
        if record.state == WorkState::Pending {
            ensure!(
                self.arena.pending.of(slot) == open + awaits_parent as u32,
                "open dependencies are miscounted"
            );
        } else if !record.state.is_settled() {
            ensure!(
                open == 0 && self.arena.pending.of(slot) == 0 && !awaits_parent,
                "has begun before its dependencies"
            );
        }
        Ok(())
    }
}
