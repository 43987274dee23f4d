//! The ways to wait between cranks: a virtual clock, a parked thread, or a `mio::Poll`. A host that owns its main loop
//! needs none of them.

#[cfg(feature = "mio")]
mod mio;
mod park;
mod run;
mod virtual_time;

#[cfg(feature = "mio")]
pub use mio::MioDriver;
pub use park::{MonotonicClock, ParkDriver};
pub use run::{RunUntilError, Stall, Summary};
pub use virtual_time::VirtualDriver;

use crate::Notifier;
use crate::time::Time;

/// Keeps the time and waits, for [`WorkScheduler::run_until_done`](crate::WorkScheduler::run_until_done).
pub trait Driver {
    /// Returns the time for the next crank. It never goes back.
    fn now(&mut self) -> Time;

    /// Waits until `until` or a call of the notifier; without `until`, for a call of the notifier. Returns `false` if
    /// that can never happen.
    fn wait(&mut self, until: Option<Time>) -> bool;

    /// Waits as `wait` does, while jobs on other threads or a [`TimePin`](crate::TimePin) [pin the
    /// time](crate::WorkScheduler::is_time_pinned). They end by calling the notifier, and their results belong to the
    /// present time. A clock that is not the real one must stand still here, and really wait. Default: `wait`.
    fn wait_pinned(&mut self, until: Option<Time>) -> bool {
        self.wait(until)
    }

    /// Takes in what has come from outside, without waiting. A run calls it between cranks that follow each other at
    /// once. Default: nothing.
    fn look(&mut self) {}

    /// Returns after how many [fruitless turns](crate::WorkScheduler::fruitless_turns) a run ends as stalled, if works
    /// wait for permits meanwhile. Default: never, since in real time the outside may change.
    fn stop_after(&self) -> Option<u64> {
        None
    }

    /// Returns the function with which other threads end a wait, if this driver can be woken.
    fn notifier(&self) -> Option<Notifier> {
        None
    }
}

impl<D: Driver + ?Sized> Driver for &mut D {
    fn now(&mut self) -> Time {
        (**self).now()
    }

    fn wait(&mut self, until: Option<Time>) -> bool {
        (**self).wait(until)
    }

    fn wait_pinned(&mut self, until: Option<Time>) -> bool {
        (**self).wait_pinned(until)
    }

    fn look(&mut self) {
        (**self).look();
    }

    fn stop_after(&self) -> Option<u64> {
        (**self).stop_after()
    }

    fn notifier(&self) -> Option<Notifier> {
        (**self).notifier()
    }
}
