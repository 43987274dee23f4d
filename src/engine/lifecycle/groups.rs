//! Groups of works: what the measures are told of each work.
//!
//! Measured works take the long paths, as works with a listener do. So each change of a state comes through
//! [`Engine::note_change`](Engine), and the short paths ask nothing.

use crate::engine::Engine;
use crate::engine::events::{Measure, Metrics, PoolMetrics, WorkMeasures};
use crate::engine::queue::permits::Permits;
use crate::time::Time;
use crate::work::WorkState;

impl Engine {
    /// Measures works from now on. There is no work yet.
    #[cold]
    pub(crate) fn measure_works(&mut self, measure: Measure) {
        self.measuring.get_or_insert_default().works = Some(WorkMeasures::new(measure));
        self.recorder.hear_all();
    }

    fn works(&mut self) -> Option<&mut WorkMeasures> {
        self.measuring.as_mut()?.works.as_mut()
    }

    /// Notes that the work in `slot` enters the state `to`. The first change of a work comes when it is added.
    pub(crate) fn note_change(&mut self, slot: u32, to: WorkState) {
        let now = self.now;
        let Some(works) = self.works() else {
            return;
        };
        if works.has(slot) {
            works.change(slot, to);
        } else {
            self.enter_measured(slot, to);
        }
        match to {
            WorkState::Queued => self.note_queued(slot, Some(now)),
            // The grant still needs the time since which the work has waited.
            WorkState::Running => {}
            _ => self.note_queued(slot, None),
        }
    }

    fn enter_measured(&mut self, slot: u32, state: WorkState) {
        let pools = Permits::pools_of(&self.arena, slot);
        let name = self.arena.cold(slot).name;
        if let Some(measuring) = &mut self.measuring
            && let Some(works) = &mut measuring.works
        {
            works.enter(slot, name, pools, state);
        }
    }

    fn note_queued(&mut self, slot: u32, since: Option<Time>) {
        if let Some(works) = self.works() {
            works.queue(slot, since);
        }
    }

    /// Notes that an attempt has begun, with the permits that it needs.
    #[cold]
    pub(crate) fn note_attempt(&mut self, slot: u32) {
        if let Some(works) = self.works() {
            works.begin_attempt(slot);
            self.note_grant(slot);
        }
    }

    /// Notes that a work has its permits.
    #[cold]
    pub(crate) fn note_grant(&mut self, slot: u32) {
        let now = self.now;
        if let Some(works) = self.works() {
            works.grant(slot, now);
        }
    }

    /// Notes that an attempt without a turn has been taken back. Its wait for permits stays counted.
    pub(crate) fn note_revoked(&mut self, slot: u32) {
        if let Some(works) = self.works() {
            works.revoke_attempt(slot);
        }
    }

    /// Notes that a crank begins at `now`: works that are ready have waited since the last one.
    pub(crate) fn begin_measured_crank(&mut self, now: Time) {
        if let Some(measuring) = &mut self.measuring
            && let Some(works) = &mut measuring.works
            && now > self.now
        {
            works.stamp_ready(self.ready.newest_first(), self.now);
        }
    }

    /// Notes that the turn of the work in `slot` begins.
    pub(crate) fn note_turn(&mut self, slot: u32) {
        let now = self.now;
        if let Some(works) = self.works() {
            works.begin_turn(slot, now);
        }
    }

    /// Forgets a work that is reclaimed.
    #[cold]
    pub(crate) fn forget_measured(&mut self, slot: u32) {
        if let Some(works) = self.works() {
            works.forget(slot);
        }
    }

    /// As [`WorkScheduler::measured`](crate::WorkScheduler::measured). O(groups).
    pub(crate) fn measured(&self) -> Option<Metrics> {
        let works = self.measuring.as_ref()?.works.as_ref()?;
        let (by_name, other) = works.by_name();
        let pools = self.permits.pools();
        let by_pool = pools.map(|pool| PoolMetrics {
            name: self.permits.name(pool).clone(),
            capacity: self.permits.capacity(pool),
            used: self.permits.used(pool),
            works: works.of_pool(pool),
        });
        Some(Metrics {
            counters: self.metrics(),
            all: works.all().clone(),
            by_pool: by_pool.collect(),
            by_name,
            other,
        })
    }

    /// Checks what is kept of measured works against the works. O(works).
    pub(crate) fn audit_measures(&self) -> Result<(), String> {
        let Some(works) = self.measuring.as_ref().and_then(|it| it.works.as_ref()) else {
            return Ok(());
        };
        if works.len() != self.arena.len() {
            return Err(format!("{} works are measured", works.len()));
        }
        for slot in self.arena.slots() {
            let state = self.arena.at(slot).state;
            let ready = self
                .arena
                .is(slot, crate::engine::store::flags::flag::READY);
            match works.facts(slot) {
                Some((seen, queued, stamped))
                    if seen == state
                        && queued == (state == WorkState::Queued)
                        && (ready || !stamped) => {}
                facts => return Err(format!("{} is measured as {facts:?}", self.id(slot))),
            }
        }
        let (all, recorder) = (works.all(), &self.recorder);
        let counted = (all.by_state, all.attempts, all.turns);
        if counted != (recorder.by_state, recorder.attempts, recorder.turns) {
            return Err(format!("measured works are miscounted: {counted:?}"));
        }
        Ok(())
    }
}
