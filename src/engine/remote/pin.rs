//! Time pins: they hold virtual time still besides jobs, for a host's own work on other threads.
//!
//! The scheduler counts a pin and takes it back by a message, as it does with the end of a job. So no order of memory
//! accesses matters: a thread's messages arrive in the order in which it sent them. By the time the scheduler sees no
//! pin, it has taken all that the pin's holder sent before. A driver that looks after its crank can therefore not
//! miss a closure that was posted under the pin.
//!
//! Invariant: the scheduler's count is the number of pins that live, and of those whose message has not been taken.

use crate::engine::remote::inbox::{InboxSender, Message};
use std::fmt;
use std::sync::Arc;

/// Holds virtual time still as long as it lives, for a program that works for its scheduler on threads of its own.
/// What those threads send then belongs to the present time. Made by
/// [`WorkScheduler::pin_time`](crate::WorkScheduler::pin_time).
///
/// Meanwhile [`VirtualDriver`](crate::VirtualDriver) parks its thread instead of moving the time, and a run that has
/// nothing else to wait for is no stall. The end of a pin calls the notifier. Real time goes on. A run in which all
/// works have settled ends whether or not there is a pin. The driver's page has an example.
#[must_use = "virtual time is pinned only as long as this lives"]
pub struct TimePin {
    /// The inbox that is told of the pin's end.
    sender: Arc<InboxSender>,
}

impl TimePin {
    /// Returns a pin that the scheduler has counted.
    pub(crate) fn new(sender: Arc<InboxSender>) -> Self {
        TimePin { sender }
    }
}

impl Drop for TimePin {
    fn drop(&mut self) {
        // The send fails only if the scheduler is gone, and then its time does not matter.
        let _ = self.sender.send(Message::Unpinned);
    }
}

impl fmt::Debug for TimePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimePin")
    }
}
