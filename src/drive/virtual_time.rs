//! Time that moves only when nobody has anything to do: hours pass in milliseconds, the same way each time.

use super::Driver;
use crate::Notifier;
use crate::time::Time;
use std::sync::Arc;
use std::thread;

/// A clock that jumps to the next deadline. It stands still while offloaded jobs are on other threads; nothing else
/// outside counts, so a run that waits for that alone has stalled.
#[derive(Clone, Copy, Debug, Default)]
pub struct VirtualDriver {
    now: Time,
}

impl VirtualDriver {
    /// Time zero.
    pub fn new() -> Self {
        VirtualDriver::default()
    }

    /// That time.
    pub fn at(now: Time) -> Self {
        VirtualDriver { now }
    }

    /// The virtual time.
    pub fn now(&self) -> Time {
        self.now
    }
}

impl Driver for VirtualDriver {
    fn now(&mut self) -> Time {
        self.now
    }

    fn wait(&mut self, until: Option<Time>) -> bool {
        match until {
            Some(at) => {
                self.now = self.now.max(at);
                true
            }
            None => false,
        }
    }

    fn wait_for_jobs(&mut self, _: Option<Time>) -> bool {
        thread::park();
        true
    }

    fn notifier(&self) -> Option<Notifier> {
        let thread = thread::current();
        Some(Arc::new(move || thread.unpark()))
    }
}
