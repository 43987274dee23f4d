//! Events and counters: kept as states change, never scanned for.

use super::record::Record;
use crate::time::Time;
use crate::work::{Name, WorkId, WorkState};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;

/// A change of a work's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkEvent {
    /// The work.
    pub id: WorkId,
    /// Its name.
    pub name: Name,
    /// The state it has come into.
    pub state: WorkState,
    /// The attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// When.
    pub time: Time,
}

impl fmt::Display for WorkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WorkEvent {
            id,
            name,
            state,
            attempt,
            time,
        } = self;
        write!(f, "{time} {id} {name} {state} attempt {attempt}")
    }
}

/// Receives events without ever making the scheduler wait.
pub trait EventSink {
    /// Takes the event, or answers `false` if there is no room: it is then dropped and counted.
    fn accept(&mut self, event: &WorkEvent) -> bool;
}

impl<F: FnMut(&WorkEvent) -> bool> EventSink for F {
    fn accept(&mut self, event: &WorkEvent) -> bool {
        self(event)
    }
}

/// A bounded channel: events that do not fit are dropped and counted.
impl EventSink for SyncSender<WorkEvent> {
    fn accept(&mut self, event: &WorkEvent) -> bool {
        self.try_send(event.clone()).is_ok()
    }
}

/// Counters of a scheduler, kept as things happen. Reading them is O(1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkSchedulerMetrics {
    /// Works ever added.
    pub total: u64,
    /// Works that are Pending, Queued or Retrying.
    pub pending: u64,
    /// Works that are Running, Waiting, Joining or Aborting.
    pub running: u64,
    /// Works that have settled as Success, reclaimed ones included.
    pub success: u64,
    /// Works that have settled as Failed, reclaimed ones included.
    pub failed: u64,
    /// Works that have settled as Blocked, reclaimed ones included.
    pub blocked: u64,
    /// Works that have settled as Cancelled, reclaimed ones included.
    pub cancelled: u64,
    /// Attempts ever begun.
    pub attempts: u64,
    /// Retries that the works in the scheduler have left.
    pub retries_left: u64,
    /// Works by state, in the order of [`WorkState::ALL`]; settled ones include reclaimed ones.
    pub by_state: [u64; WorkState::COUNT],
    /// Works in the scheduler, settled ones that have not been reclaimed included.
    pub in_scheduler: u64,
    /// Turns ever given.
    pub turns: u64,
    /// Aborts that were ended by force, after their grace or because nothing could have woken the work.
    pub forced_aborts: u64,
    /// Jobs that still ran when the grace of their attempt was over: nothing waits for them any more.
    pub abandoned_jobs: u64,
    /// Turns, hooks and drops that panicked.
    pub panics: u64,
    /// `on_settled` callbacks, posted closures and event sinks that panicked.
    pub callback_panics: u64,
    /// Events that had no room.
    pub events_dropped: u64,
}

impl WorkSchedulerMetrics {
    /// How many works are in one state.
    pub fn in_state(&self, state: WorkState) -> u64 {
        self.by_state[state as usize]
    }

    /// Works that have not settled.
    pub fn unsettled(&self) -> u64 {
        self.pending + self.running
    }
}

/// The target of spans and events of attempts: one for all, so that who hears of one hears of the others.
pub(super) const TARGET: &str = "crankwork";

/// The counters and where the events go.
pub(crate) struct Recorder {
    pub by_state: [u64; WorkState::COUNT],
    pub attempts: u64,
    pub retries_left: u64,
    /// Not beside `settled_in_crank`: the two would be read as one, and that would wait for the last turn's count.
    pub turns: u64,
    pub forced_aborts: u64,
    pub abandoned_jobs: u64,
    pub panics: u64,
    /// Since the last crank began.
    pub settled_in_crank: u64,
    pub callback_panics: u64,
    events_dropped: u64,
    queue: VecDeque<WorkEvent>,
    capacity: usize,
    sink: Option<Box<dyn EventSink>>,
    listens: bool,
}

impl Recorder {
    pub fn new(capacity: usize, sink: Option<Box<dyn EventSink>>) -> Self {
        Recorder {
            by_state: [0; WorkState::COUNT],
            attempts: 0,
            retries_left: 0,
            turns: 0,
            settled_in_crank: 0,
            forced_aborts: 0,
            abandoned_jobs: 0,
            panics: 0,
            callback_panics: 0,
            events_dropped: 0,
            queue: VecDeque::new(),
            capacity,
            listens: capacity > 0 || sink.is_some(),
            sink,
        }
    }

    /// Whether anybody listens: if not, no event is made.
    #[inline]
    pub fn listens(&self) -> bool {
        self.listens
    }

    /// The one place where a record changes its state: the table is checked, and the counters follow. `from` is `None` for a work that
    /// is being added.
    ///
    /// Always inlined: where both states are known, a call would take longer than the change.
    #[inline(always)]
    pub fn change<C: ?Sized>(
        &mut self,
        record: &mut Record<C>,
        from: Option<WorkState>,
        to: WorkState,
    ) {
        if let Some(from) = from {
            debug_assert!(
                from.can_become(to),
                "{from} -> {to} is not in the transition table"
            );
            self.leave(from);
        }
        record.state = to;
        self.enter(to);
    }

    #[inline]
    pub fn enter(&mut self, state: WorkState) {
        self.by_state[state as usize] += 1;
        if state.is_settled() {
            self.settled_in_crank += 1;
        }
    }

    #[inline]
    pub fn leave(&mut self, state: WorkState) {
        self.by_state[state as usize] -= 1;
    }

    /// Works that have not settled: summed up when somebody asks, since every change would have to keep it.
    #[inline]
    pub fn unsettled(&self) -> u64 {
        let unsettled = WorkState::ALL.iter().filter(|state| !state.is_settled());
        unsettled.map(|&state| self.by_state[state as usize]).sum()
    }

    pub fn emit(&mut self, event: WorkEvent) {
        if let Some(sink) = &mut self.sink {
            // A sink that panics must not leave the engine half way through a change.
            let call = catch_unwind(AssertUnwindSafe(|| sink.accept(&event)));
            self.callback_panics += call.is_err() as u64;
            self.events_dropped += !call.unwrap_or(false) as u64;
        }
        if self.capacity > 0 {
            if self.queue.len() < self.capacity {
                self.queue.push_back(event);
            } else {
                self.events_dropped += 1;
            }
        }
    }

    pub fn poll(&mut self) -> Option<WorkEvent> {
        self.queue.pop_front()
    }

    pub fn metrics(&self, total: u64, in_scheduler: u64) -> WorkSchedulerMetrics {
        let n = |state: WorkState| self.by_state[state as usize];
        use WorkState::*;
        WorkSchedulerMetrics {
            total,
            pending: n(Pending) + n(Queued) + n(Retrying),
            running: n(Running) + n(Waiting) + n(Joining) + n(Aborting),
            success: n(Success),
            failed: n(Failed),
            blocked: n(Blocked),
            cancelled: n(Cancelled),
            attempts: self.attempts,
            retries_left: self.retries_left,
            by_state: self.by_state,
            in_scheduler,
            turns: self.turns,
            forced_aborts: self.forced_aborts,
            abandoned_jobs: self.abandoned_jobs,
            panics: self.panics,
            callback_panics: self.callback_panics,
            events_dropped: self.events_dropped,
        }
    }
}
