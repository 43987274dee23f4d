//! Time that moves only when no work has anything to do. Hours pass in milliseconds, in the same way each time.

use super::Driver;
use crate::Notifier;
use crate::time::Time;
use std::sync::Arc;
use std::thread;

/// A clock that jumps to the next deadline.
///
/// It stands still, and parks its thread, while offloaded jobs are on other threads or a [`TimePin`](crate::TimePin)
/// lives. No other event from outside counts, so a run that waits only for such an event has stalled.
///
/// A pin lets a thread of the program work within the present time:
///
/// ```
/// use crankwork::{VirtualDriver, WorkScheduler};
/// use std::task::Poll;
/// use std::thread;
/// use std::time::Duration;
///
/// let mut work = WorkScheduler::<Vec<u64>>::new(Default::default());
/// work.add_fn("tick", |cx| cx.sleep(Duration::from_secs(60)).map(Ok))?;
/// let (pin, remote) = (work.pin_time(), work.remote());
/// let thread = thread::spawn(move || {
///     // This takes a while. The minute does not pass before it is done.
///     thread::sleep(Duration::from_millis(20));
///     let _ = remote.post(|app: &mut Vec<u64>, work| app.push(work.now().as_nanos()));
///     drop(pin);
/// });
/// let (mut app, mut driver) = (Vec::new(), VirtualDriver::new());
/// work.run_until_done(&mut app, &mut driver)?;
/// assert_eq!(app, [0]);
/// assert_eq!(driver.now().as_nanos(), 60_000_000_000);
/// # thread.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct VirtualDriver {
    now: Time,
    stop_after: u64,
}

impl VirtualDriver {
    /// Makes a driver at time zero.
    pub fn new() -> Self {
        VirtualDriver::at(Time::ZERO)
    }

    /// Makes a driver at the time `now`.
    pub fn at(now: Time) -> Self {
        VirtualDriver {
            now,
            stop_after: 1_000_000,
        }
    }

    /// Ends a run as [stalled](crate::Stall) after `fruitless` [fruitless turns](crate::WorkScheduler::fruitless_turns)
    /// in a row, if works wait for permits meanwhile. That is the case of works that poll for ever for the result of a
    /// Queued work. Default 1,000,000.
    pub fn stop_after(mut self, fruitless: u64) -> Self {
        self.stop_after = fruitless;
        self
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Time {
        self.now
    }
}

impl Default for VirtualDriver {
    fn default() -> Self {
        VirtualDriver::new()
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

    fn wait_pinned(&mut self, _: Option<Time>) -> bool {
        thread::park();
        true
    }

    fn stop_after(&self) -> Option<u64> {
        Some(self.stop_after)
    }

    fn notifier(&self) -> Option<Notifier> {
        let thread = thread::current();
        Some(Arc::new(move || thread.unpark()))
    }
}
