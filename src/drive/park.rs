//! Real time, on a thread that parks between cranks.

use super::Driver;
use crate::Notifier;
use crate::time::Time;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Real time since the clock was made. It is monotonic, and the host reads it once per crank.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    start: Instant,
}

impl MonotonicClock {
    /// Makes a clock whose time zero is now.
    pub fn new() -> Self {
        MonotonicClock {
            start: Instant::now(),
        }
    }

    /// Returns the time since the clock was made, in nanoseconds.
    pub fn now(&self) -> Time {
        Time::ZERO.saturating_add(self.start.elapsed())
    }
}

impl Default for MonotonicClock {
    fn default() -> Self {
        MonotonicClock::new()
    }
}

/// Parks its thread between cranks. Remote wakers, posted closures and cancel tokens unpark it.
///
/// Use it on the thread that made it.
#[derive(Debug)]
pub struct ParkDriver {
    clock: MonotonicClock,
    thread: Thread,
}

impl ParkDriver {
    /// Makes a driver for this thread. Time zero is now.
    pub fn new() -> Self {
        ParkDriver {
            clock: MonotonicClock::new(),
            thread: thread::current(),
        }
    }
}

impl Default for ParkDriver {
    fn default() -> Self {
        ParkDriver::new()
    }
}

impl Driver for ParkDriver {
    fn now(&mut self) -> Time {
        self.clock.now()
    }

    fn wait(&mut self, until: Option<Time>) -> bool {
        match until {
            None => thread::park(),
            // A timeout may end a little early or late; the next crank says how much is left.
            Some(at) => match at.saturating_since(self.clock.now()) {
                Duration::ZERO => {}
                left => thread::park_timeout(left),
            },
        }
        true
    }

    fn notifier(&self) -> Option<Notifier> {
        let thread = self.thread.clone();
        Some(Arc::new(move || thread.unpark()))
    }
}
