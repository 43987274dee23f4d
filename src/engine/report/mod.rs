//! Reports: what the engine says of all its works at one moment.
//!
//! Invariant: a report changes nothing, and the engine makes it on request. It contains copies, so it outlives its
//! works. What works say of themselves comes from the shell, through [`AskWork`].
//!
//! Deliberately absent: drawings, which the room `observe` makes of reports, and counters, which have to be kept as
//! things happen (`events`). A turn that yields does not come here.
//!
//! To add a field to [`WorkSnapshot`], add it to the struct. The compiler then asks for its value in the one place
//! where a snapshot is made.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `snapshot` | every work at one moment |
//! | `stall` | what each unsettled work waits for |
//! | `status` | one work as a line of text, all works as a tree of lines |
//! | `progress` | the sum over the works below one |
//! | `context` | what a work's own status can see |

mod context;
mod progress;
mod snapshot;
mod stall;
mod status;

pub use context::StatusContext;
pub use snapshot::WorkSnapshot;
pub use stall::{PermitHolder, StallReport, Stalled, WaitsFor};

use super::Engine;
use crate::time::Time;
use crate::work::Progress;
use std::fmt;

/// What reports ask of works. The shell has their bodies.
pub(crate) trait AskWork {
    /// Returns the progress that a work gives of itself. It may panic.
    fn progress(&self, slot: u32) -> Option<Progress>;

    /// Writes what a work says of itself. It may panic.
    fn status(&self, slot: u32, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Prints what a closure writes. `std::fmt::from_fn` needs Rust 1.93, and nothing else here needs more than 1.88.
struct Written<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result>(F);

impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Written<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

impl Engine {
    /// Returns when the earliest of a work's timers fires. O(1), since a work has at most four timers.
    fn earliest_timer(&self, slot: u32) -> Option<Time> {
        let keys = self.timers_of(slot);
        keys.map(|key| self.wheel.deadline(key)).min()
    }
}
