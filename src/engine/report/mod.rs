//! Reports: what the engine says of all its works at one moment.
//!
//! Invariant: a report changes nothing and is made when it is asked for. It contains copies, so it outlives the works that it
//! tells of.
//!
//! Deliberately absent: words and drawings, which the room `observe` makes of reports, and whatever has to be counted as it
//! happens (`events`). A turn that yields does not come here.
//!
//! A new field of [`WorkSnapshot`] is added to the struct; the compiler then asks for its value in the one place where a
//! snapshot is made.

mod snapshot;
mod stall;
mod status;

pub use snapshot::WorkSnapshot;
pub use stall::{PermitHolder, StallReport, Stalled, WaitsFor};

use super::Engine;
use crate::time::Time;

impl Engine {
    /// When the earliest of a work's timers fires.
    fn earliest_timer(&self, slot: u32) -> Option<Time> {
        let keys = self.timers_of(slot);
        keys.map(|key| self.wheel.deadline(key)).min()
    }
}
