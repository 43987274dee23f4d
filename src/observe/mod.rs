//! What a person sees of a scheduler: the stall report in words, and exports to Graphviz, Perfetto and HTML.
//!
//! Invariant: everything here uses only public items, so a program can make its own version. The engine's room `report`
//! collects; this room draws.
//!
//! Deliberately absent: metrics and events, which the engine records as things happen, and the status tree, for which
//! works are asked (`scheduler/status.rs`).

mod dot;
mod stall;
mod timeline;

pub use timeline::Timeline;
