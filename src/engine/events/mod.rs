//! Events and counters: kept as states change, never scanned for.
//!
//! Invariant: the counters by state are those of the records, plus those of reclaimed works. No event is made unless
//! a program listens.
//!
//! Deliberately absent: the state machine. `lifecycle` changes states and tells this room.
//!
//! A turn that yields adds one to the count of turns. Its slot and `now` do not come here.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `event` | what an event says, and the trait of sinks |
//! | `metrics` | the counters as a program reads them |
//! | `recorder` | the counters as the engine keeps them; the buffer and the sink |
//! | `wall` | the wall time of turns, if the host lends a clock |

mod event;
mod metrics;
mod recorder;
mod wall;

pub use event::{EventCause, EventOverflow, EventSink, WorkEvent};
pub use metrics::WorkSchedulerMetrics;
pub(crate) use recorder::Recorder;
pub(crate) use wall::{MeasuredTurn, WallClock};
pub use wall::{RootTime, WallTime};

/// The target of all spans and events of attempts, so that one filter of a subscriber covers them.
pub(crate) const TARGET: &str = "crankwork";
