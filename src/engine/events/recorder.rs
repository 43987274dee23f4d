//! Counts as states change, and keeps events or hands them on.

use super::{EventOverflow, EventSink, WorkEvent, WorkSchedulerMetrics};
use crate::engine::panics::{self, Contained};
use crate::work::WorkState;
use std::collections::VecDeque;

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
