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
//! | `groups`, `histogram` | metrics of groups of works as a program reads them |
//! | `metrics` | the counters as a program reads them |
//! | `recorder` | the counters as the engine keeps them; the buffer and the sink |
//! | `wall` | the wall time of turns, if the host lends a clock |
//! | `work_measures` | what is kept of each work to measure it, if the configuration asks for that |

mod event;
mod groups;
mod histogram;
mod metrics;
mod recorder;
mod wall;
mod work_measures;

pub use event::{EventCause, EventOverflow, EventSink, WorkEvent};
pub use groups::{GroupMetrics, Measure, Metrics, NameMetrics, PoolMetrics};
pub use histogram::Histogram;
pub use metrics::WorkSchedulerMetrics;
pub(crate) use recorder::Recorder;
pub(crate) use wall::{MeasuredTurn, WallClock};
pub use wall::{RootTime, WallTime};
pub(crate) use work_measures::WorkMeasures;

/// What a scheduler measures besides its counters.
#[derive(Default)]
pub(crate) struct Measuring {
    /// The host's clock, and the wall time of turns; `None` if the host has set none.
    pub wall: Option<WallClock>,
    /// The groups of works; `None` if the configuration does not ask for them.
    pub works: Option<WorkMeasures>,
}

/// The target of all spans and events of attempts, so that one filter of a subscriber covers them.
pub(crate) const TARGET: &str = "crankwork";

impl Measuring {
    /// Forgets what has been measured. The clock and the wish to measure stay.
    pub fn clear(&mut self) {
        if let Some(wall) = &mut self.wall {
            wall.clear();
        }
        if let Some(works) = &mut self.works {
            works.clear();
        }
    }
}
