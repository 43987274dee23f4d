//! What holds virtual time still besides jobs: a host's own work on other threads.
//!
//! A pin is counted on the scheduler's side, and given back by a message, as a job's end is. So no order of memory
//! accesses is of concern: a thread's messages arrive in the order in which it sent them, and by the time the
//! scheduler sees no pin, it has taken whatever the pin's holder sent before it let go. A driver that looks after its
//! crank can therefore not miss a closure that was posted under the pin.

use crate::engine::remote::inbox::{InboxSender, Message};
use std::fmt;
use std::sync::Arc;

/// Holds virtual time still as long as it lives, for a program that works for its scheduler on threads of its own: what
/// they come to then belongs to the present time. Made by [`WorkScheduler::pin_time`](crate::WorkScheduler::pin_time).
///
/// Meanwhile [`VirtualDriver`](crate::VirtualDriver) parks its thread instead of moving the time, and a run that has
/// nothing else to wait for is no stall. The end of a pin calls the notifier. Real time goes on. A run in which all works
/// have settled ends whether or not there is a pin. The driver's page has
/// an example.
#[must_use = "virtual time is pinned only as long as this lives"]
pub struct TimePin {
    sender: Arc<InboxSender>,
}

impl TimePin {
    pub(crate) fn new(sender: Arc<InboxSender>) -> Self {
        TimePin { sender }
    }
}

impl Drop for TimePin {
    fn drop(&mut self) {
        // Nobody needs to be told if the scheduler is gone.
        let _ = self.sender.send(Message::Unpinned);
    }
}

impl fmt::Debug for TimePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimePin")
    }
}
