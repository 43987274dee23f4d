//! Wall time: what a turn and an attempt took by the host's clock.
//!
//! A clock keeps works from the short paths on which attempts of plain works begin and end, as a listener does. So
//! these paths never ask for a clock.

use crate::engine::Engine;
use crate::engine::events::{EventCause, MeasuredTurn, TARGET, WallClock, WallTime, WorkEvent};
use crate::engine::store::flags::mark;
use crate::time::Time;
use crate::work::WorkState;
use std::time::Duration;

impl Engine {
    /// As [`WorkScheduler::set_clock`](crate::WorkScheduler::set_clock). O(works log works).
    pub(crate) fn set_clock(&mut self, clock: Box<dyn FnMut() -> Time>) {
        self.measuring.get_or_insert_default().wall = Some(WallClock::new(clock));
        self.recorder.hear_all();
        let now = self.stamp();
        // Attempts under way have a start in the scheduler's time, which must not be taken from a wall time.
        for slot in self.arena.slots_by_age() {
            let record = self.arena.at_mut(slot);
            if record.marks & mark::ATTEMPT != 0 {
                record.began_or_took = now;
            }
        }
    }

    /// Returns whether turns are measured: the host has set a clock, or works are counted in groups.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn is_measured(&self) -> bool {
        self.measuring.is_some()
    }

    /// Returns the host's clock, if there is one.
    fn wall(&self) -> Option<&WallClock> {
        self.measuring.as_ref()?.wall.as_ref()
    }

    /// Reads the host's clock, if there is one.
    fn read_clock(&mut self) -> Option<Time> {
        let wall = self.measuring.as_mut()?.wall.as_mut()?;
        Some(wall.read(&self.inbox.sender.guard))
    }

    /// Returns the nanoseconds by which attempts are measured: of the host's clock, or of the scheduler's time.
    pub(crate) fn stamp(&mut self) -> u64 {
        self.read_clock().unwrap_or(self.now).as_nanos()
    }

    /// Returns the last [`stamp`](Engine::stamp) without a look at the clock.
    pub(crate) fn last_stamp(&self) -> u64 {
        self.wall().map_or(self.now, |wall| wall.last).as_nanos()
    }

    /// As [`WorkScheduler::wall_time`](crate::WorkScheduler::wall_time).
    pub(crate) fn wall_time(&self) -> Option<WallTime> {
        self.wall().map(WallClock::measured)
    }

    /// Notes that the turn of the work in `slot` begins. O(depth of the work).
    pub(crate) fn begin_measured_turn(&mut self, slot: u32) {
        self.note_turn(slot);
        let Some(began) = self.read_clock() else {
            return;
        };
        let (id, attempt) = (self.id(slot), self.arena.attempt(slot));
        let mut root = slot;
        while let Some(parent) = self.arena.parent(root) {
            root = parent;
        }
        let turn = MeasuredTurn {
            id,
            name: self.arena.cold(slot).name.clone(),
            root: self.arena.cold(root).name.clone(),
            attempt,
            began,
        };
        if let Some(wall) = self.measuring.as_mut().and_then(|it| it.wall.as_mut()) {
            wall.turn = Some(turn);
        }
    }

    /// Notes that the turn is over, with the hooks and callbacks that followed it, and reports it if it was slow.
    pub(crate) fn end_measured_turn(&mut self) {
        let limit = self.settings.slow_turn;
        let Some(measuring) = &mut self.measuring else {
            return;
        };
        let Some(wall) = &mut measuring.wall else {
            return;
        };
        let Some(turn) = wall.turn.take() else {
            return;
        };
        let end = wall.read(&self.inbox.sender.guard);
        let took = end.saturating_since(turn.began);
        let slow = took >= limit;
        wall.count(turn.root.clone(), took, slow);
        if let Some(works) = &mut measuring.works {
            works.end_turn(took);
        }
        if slow {
            self.report_slow_turn(turn, took);
        }
    }

    /// Tells a subscriber and the listeners of events of a slow turn.
    #[cold]
    fn report_slow_turn(&mut self, turn: MeasuredTurn, took: Duration) {
        let MeasuredTurn {
            id, name, attempt, ..
        } = turn;
        tracing::warn!(target: TARGET, id = id.serial(), name = &*name, ?took, "slow turn");
        let event = WorkEvent {
            id,
            name,
            // A work that is gone was Running when its turn began.
            state: self.state(id).unwrap_or(WorkState::Running),
            attempt,
            time: self.now,
            seq: self.recorder.next_seq(),
            cause: Some(EventCause::SlowTurn(took)),
        };
        self.recorder.emit(event);
    }
}
