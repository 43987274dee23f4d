//! *Loop + ordered map*: the bare loop for works that sleep, with the ordered map for their alarms. A work that is
//! woken, by its alarm or by the host, has its alarm taken away, one virtual call, and a new alarm.

use super::{Count, Key, OrderedMap, Step};
use std::collections::VecDeque;

/// How long a work sleeps, in nanoseconds: from a minute up, a microsecond apart, so that no two alarms are at the same
/// time.
pub fn period(work: u64) -> u64 {
    60_000_000_000 + work * 1_001
}

/// From one work that the host wakes to the next: prime to the powers of ten, it visits all of them, out of order.
pub const STRIDE: usize = 7_919;

pub struct SleepingLoop {
    steps: Vec<Box<dyn Step>>,
    ready: VecDeque<u32>,
    timers: OrderedMap,
    alarms: Vec<Key>,
    now: u64,
    next: usize,
}

impl SleepingLoop {
    pub fn new(works: u32) -> Self {
        let mut timers = OrderedMap::default();
        SleepingLoop {
            steps: (0..works)
                .map(|_| Box::new(Count::default()) as Box<dyn Step>)
                .collect(),
            ready: VecDeque::new(),
            alarms: (0..works)
                .map(|work| timers.arm(period(work as u64), work))
                .collect(),
            timers,
            now: 0,
            next: 0,
        }
    }

    /// The host wakes one after the other.
    pub fn wake(&mut self, times: u64) {
        for _ in 0..times {
            self.next = (self.next + STRIDE) % self.steps.len();
            self.now += 1;
            self.timers.cancel(self.alarms[self.next]);
            self.ready.push_back(self.next as u32);
            self.run();
        }
    }

    /// Alarms fire one after the other.
    pub fn let_fire(&mut self, times: u64) {
        for _ in 0..times {
            self.now = self.timers.next_deadline().unwrap_or(self.now);
            while let Some(work) = self.timers.pop_due(self.now) {
                self.ready.push_back(work);
            }
            self.run();
        }
    }

    fn run(&mut self) {
        while let Some(work) = self.ready.pop_front() {
            self.steps[work as usize].step();
            self.alarms[work as usize] = self.timers.arm(self.now + period(work as u64), work);
        }
    }
}
