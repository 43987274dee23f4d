//! The recorder: counts as states change, and keeps events or hands them on.
//!
//! Invariant: the sum of `by_state` is the number of works ever added, because each change of a state leaves one count
//! and enters another.

use super::{EventOverflow, EventSink, WorkEvent, WorkSchedulerMetrics};
use crate::engine::panics::{self, Contained};
use crate::work::WorkState;
use std::collections::VecDeque;

/// The counters, and where the events go.
pub(crate) struct Recorder {
    /// Works by state, reclaimed works included.
    pub by_state: [u64; WorkState::COUNT],
    /// Attempts ever begun. A grant that is taken back does not count.
    pub attempts: u64,
    /// Retries that the works in the scheduler have left. The audit adds them up anew.
    pub retries_left: u64,
    /// Turns ever given. Kept apart from `settled_in_crank`: next to each other they would slow a turn down.
    pub turns: u64,
    /// Aborts that were ended by force.
    pub forced_aborts: u64,
    /// Jobs that still ran when the grace of their attempt was over.
    pub abandoned_jobs: u64,
    /// Turns, hooks and drops of works that panicked. [`Tally`](crate::engine::panics::Tally) has the other drops.
    pub panics: u64,
    /// Works that have settled since the last crank began. A work that settles twice, after a restart, counts twice.
    pub settled_in_crank: u64,
    /// Callbacks, posted closures, deciders and event sinks that panicked.
    pub callback_panics: u64,
    /// Events that had no room in `queue` or in the sink.
    events_dropped: u64,
    /// Events that `poll_event` has not returned yet. It makes memory as events come, up to its capacity.
    queue: VecDeque<WorkEvent>,
    /// The most events in `queue`.
    capacity: usize,
    /// Which events are dropped when `queue` is full.
    overflow: EventOverflow,
    /// The number of the next event. Dropped events use up numbers, so that a reader sees the gap.
    next_seq: u64,
    /// The sink, if the host has set one.
    sink: Option<Contained<Box<dyn EventSink>>>,
    /// Whether any buffer or sink takes events, or a clock has to see each attempt. Each change of a state asks it.
    listens: bool,
}

impl Recorder {
    /// Sets all counters to zero and forgets the events. They go on going where they went.
    #[inline]
    pub fn clear(&mut self) {
        // All fields are named, so that no new one is forgotten. A search resets too often to make them anew.
        let Recorder {
            by_state,
            attempts,
            retries_left,
            turns,
            forced_aborts,
            abandoned_jobs,
            panics,
            settled_in_crank,
            callback_panics,
            events_dropped,
            queue,
            next_seq,
            // Where events go.
            capacity: _,
            overflow: _,
            sink: _,
            listens: _,
        } = self;
        *by_state = [0; WorkState::COUNT];
        (*attempts, *retries_left, *turns) = (0, 0, 0);
        (*settled_in_crank, *forced_aborts, *abandoned_jobs) = (0, 0, 0);
        (*panics, *callback_panics) = (0, 0);
        (*events_dropped, *next_seq) = (0, 0);
        if !queue.is_empty() {
            queue.clear();
        }
    }

    /// Returns counters at zero, and where the events go.
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

    /// Makes every change of a state an event from now on, as a clock needs it: see `lifecycle/measure.rs`.
    pub fn hear_all(&mut self) {
        self.listens = true;
    }

    /// Returns whether any buffer, sink or clock takes events: if not, no event is made.
    #[inline]
    pub fn listens(&self) -> bool {
        self.listens
    }

    /// Counts a work that enters `state`.
    #[inline]
    pub fn enter(&mut self, state: WorkState) {
        self.by_state[state as usize] += 1;
        if state.is_settled() {
            self.settled_in_crank += 1;
        }
    }

    /// Counts a work that leaves `state`.
    #[inline]
    pub fn leave(&mut self, state: WorkState) {
        self.by_state[state as usize] -= 1;
    }

    /// Returns how many works have not settled.
    #[inline]
    pub fn unsettled(&self) -> u64 {
        // Summed up on request, since otherwise every change of a state would have to keep the sum.
        let unsettled = WorkState::ALL.iter().filter(|state| !state.is_settled());
        unsettled.map(|&state| self.by_state[state as usize]).sum()
    }

    /// Hands an event to the sink, and keeps it for `poll_event`.
    ///
    /// The caller has taken a number for it with [`Recorder::next_seq`].
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

    /// Keeps an event, and drops one if there is no room. O(1).
    fn keep(&mut self, event: WorkEvent) {
        if self.queue.len() >= self.capacity {
            // Either way one event is lost: this one, or the oldest.
            self.events_dropped += 1;
            match self.overflow {
                EventOverflow::DropNewest => return,
                EventOverflow::DropOldest => _ = self.queue.pop_front(),
            }
        }
        self.queue.push_back(event);
    }

    /// Returns the number of the event that is being made. A refusal by the sink does not give it back.
    pub fn next_seq(&mut self) -> u64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    /// Takes the oldest event.
    pub fn poll(&mut self) -> Option<WorkEvent> {
        self.queue.pop_front()
    }

    /// Returns the counters as a program reads them. The caller adds the panics that others have counted.
    pub fn metrics(&self, total: u64, in_scheduler: u64) -> WorkSchedulerMetrics {
        let n = |state: WorkState| self.by_state[state as usize];
        use WorkState::*;
        // Without `..` the compiler asks here for the value of a new counter.
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
