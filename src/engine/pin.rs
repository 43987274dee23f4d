//! What holds virtual time still besides jobs: a host's own work on other threads.
//!
//! A pin is counted on the scheduler's side, and given back by a message, as a job's end is. So no order of memory
//! accesses is of concern: a thread's messages arrive in the order in which it sent them, and by the time the
//! scheduler sees no pin, it has taken whatever the pin's holder sent before it let go. A driver that looks after its
//! crank can therefore not miss a closure that was posted under the pin.

use super::WorkScheduler;
use super::inbox::{Line, Mail};
use std::fmt;
use std::sync::Arc;

/// Holds virtual time still as long as it lives, for a program that works for its scheduler on threads of its own: what
/// they come to then belongs to the present time. Made by [`WorkScheduler::pin_time`].
///
/// Meanwhile [`VirtualDriver`](crate::VirtualDriver) parks its thread instead of moving the time, and a run that has
/// nothing else to wait for is no stall. The end of a pin calls the notifier. Real time goes on. A run in which all works
/// have settled ends whether or not there is a pin. The driver's page has
/// an example.
#[must_use = "virtual time is pinned only as long as this lives"]
pub struct TimePin {
    line: Arc<Line>,
}

impl TimePin {
    pub(super) fn new(line: Arc<Line>) -> Self {
        TimePin { line }
    }
}

impl Drop for TimePin {
    fn drop(&mut self) {
        // Nobody needs to be told if the scheduler is gone.
        let _ = self.line.send(Mail::Unpinned);
    }
}

impl fmt::Debug for TimePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimePin")
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Holds virtual time still until the pin is dropped, on whatever thread: see [`TimePin`].
    pub fn pin_time(&self) -> TimePin {
        self.time_pins.set(self.time_pins.get() + 1);
        TimePin::new(self.inbox.line.clone())
    }

    /// Whether virtual time must stand still, since jobs are on other threads or a [`TimePin`] lives: what they come to
    /// belongs to the present time. [`VirtualDriver`](crate::VirtualDriver) sees to it by itself; a host that moves a
    /// clock of its own asks after each crank, and waits for its notifier instead of moving the clock.
    ///
    /// A job counts until the scheduler has taken the message of its end, and a pin likewise.
    pub fn is_time_pinned(&self) -> bool {
        self.jobs.outside() > 0 || self.time_pins.get() > 0
    }

    pub(super) fn unpinned(&mut self) {
        *self.time_pins.get_mut() -= 1;
    }
}
