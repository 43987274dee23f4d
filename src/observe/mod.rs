//! What one sees of a scheduler: snapshot, status tree, stall report, and exports to Graphviz, Perfetto and HTML.
//! Metrics and events are kept by the engine as things happen; everything here is made when it is asked for.

mod dot;
mod snapshot;
mod stall;
mod status;
mod timeline;

pub use snapshot::WorkSnapshot;
pub use stall::{PermitHolder, StallReport, Stalled, WaitsFor};
pub use timeline::Timeline;
