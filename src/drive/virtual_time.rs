//! Time that moves only when nobody has anything to do: hours pass in milliseconds, the same way each time.

use super::Driver;
use crate::Notifier;
use crate::time::Time;
use std::sync::Arc;
use std::thread;

/// A clock that jumps to the next deadline. It stands still, and parks its thread, while offloaded jobs are on other
/// threads or a [`TimePin`](crate::TimePin) lives; nothing else outside counts, so a run that waits for that alone has
/// stalled.
///
/// A thread of the program's own, at work under a pin:
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
    /// Time zero.
    pub fn new() -> Self {
        VirtualDriver::at(Time::ZERO)
    }

    /// That time.
    pub fn at(now: Time) -> Self {
        VirtualDriver {
            now,
            stop_after: 1_000_000,
        }
    }

    /// Ends a run as [stalled](crate::Stall) after this many [fruitless turns](crate::WorkScheduler::fruitless_turns) in a row,
    /// if works wait for permits behind them: works that poll for ever, for what a Queued work would bring. Default 1,000,000.
    pub fn stop_after(mut self, fruitless: u64) -> Self {
        self.stop_after = fruitless;
        self
    }

    /// The virtual time.
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
