//! What one sees of a scheduler: snapshot, status tree, stall report. Metrics and events are kept by the engine as
//! things happen; everything here is made when it is asked for.

mod snapshot;
mod stall;
mod status;

pub use snapshot::WorkSnapshot;
pub use stall::{StallReport, Stalled, WaitsFor};
