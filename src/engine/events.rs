//! Events and counters: kept as states change, never scanned for.

use super::panics::{self, Contained};
use super::record::Record;
use crate::time::Time;
use crate::work::{CancelledBy, Failure, Name, RootCause, WorkId, WorkState};
use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::SyncSender;

/// A change of a work's state.
#[derive(Clone, Debug)]
#[non_exhaustive]
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
    /// The number of the event, from 0: a gap says that events had no room.
    pub seq: u64,
    /// Why, of the states that have a reason.
    pub cause: Option<EventCause>,
}

/// Why a work has come into a state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventCause {
    /// Of Failed and Retrying: the attempt's failure. Of Aborting: the failure or limit that ends the attempt.
    Failure(Failure),
    /// Of Blocked: the work from which it stems.
    Blocked(RootCause),
    /// Of Cancelled, and of Aborting that will end so: on whose behalf.
    Cancelled(CancelledBy),
}

impl fmt::Display for EventCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventCause::Failure(failure) => failure.fmt(f),
            EventCause::Blocked(root) => {
                write!(f, "blocked by `{}` {}", root.name, root.id)?;
                match &root.failure {
                    Some(failure) => write!(f, ": {failure}"),
                    None => f.write_str(": cancelled"),
                }
            }
            EventCause::Cancelled(by) => by.fmt(f),
        }
    }
}

/// Which events are dropped when more come than the buffer of `poll_event` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventOverflow {
    /// The ones that come: what led to the overflow stays.
    #[default]
    DropNewest,
    /// The ones that came first: what happened last stays.
    DropOldest,
}

impl fmt::Display for WorkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WorkEvent {
            id,
            name,
            state,
            attempt,
            time,
            cause,
            ..
        } = self;
        write!(f, "{time} {id} {name} {state} attempt {attempt}")?;
        match cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
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
#[non_exhaustive]
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
    /// Turns, hooks and drops that panicked. Drops are those of works, outputs, errors, panic payloads, and of callbacks and
    /// the like that were never called, on the scheduler's thread: one that a host drops counts for the next scheduler
    /// on that thread whose works settle or back off, or whose metrics are asked.
    pub panics: u64,
    /// Calls of other code of the program that panicked: `on_settled` callbacks, posted closures, event sinks, deciders,
    /// notifiers, `name`, `status` and `progress` of works, and the methods of an offload. Also drops of jobs and of their
    /// results on other threads. (The panic of a job itself is its ticket's failure.)
    pub callback_panics: u64,
    /// Events that had no room in the buffer of `poll_event`, or that the sink did not take.
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
pub(crate) const TARGET: &str = "crankwork";

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
    overflow: EventOverflow,
    next_seq: u64,
    sink: Option<Contained<Box<dyn EventSink>>>,
    listens: bool,
}

impl Recorder {
    pub fn new(capacity: usize, overflow: EventOverflow, sink: Option<Box<dyn EventSink>>) -> Self {
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
            overflow,
            next_seq: 0,
            listens: capacity > 0 || sink.is_some(),
            sink: sink.map(Contained::new),
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
    pub fn change(&mut self, record: &mut Record, from: Option<WorkState>, to: WorkState) {
        if let Some(from) = from {
            debug_assert_eq!(record.state, from, "a change into {to}");
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
            let call = panics::call(|| sink.accept(&event));
            self.callback_panics += call.is_err() as u64;
            self.events_dropped += !call.unwrap_or(false) as u64;
        }
        if self.capacity > 0 {
            self.keep(event);
        }
    }

    fn keep(&mut self, event: WorkEvent) {
        if self.queue.len() >= self.capacity {
            self.events_dropped += 1;
            match self.overflow {
                EventOverflow::DropNewest => return,
                EventOverflow::DropOldest => _ = self.queue.pop_front(),
            }
        }
        self.queue.push_back(event);
    }

    /// The number of the event that is being made.
    pub fn next_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
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
