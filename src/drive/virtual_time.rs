//! Time that moves only when nobody has anything to do: hours pass in milliseconds, the same way each time.

use super::Driver;
use crate::time::Time;

/// A clock that jumps to the next deadline. Nothing outside can wake it, so a run that only waits for the outside has
/// stalled.
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
}
