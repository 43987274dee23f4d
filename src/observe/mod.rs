//! What a person sees of a scheduler: the status tree, the stall report in words, and exports to Graphviz, Perfetto and HTML.
//!
//! Invariant: everything here is made of public items, so a program can make a better one of its own. The engine's room
//! `report` collects; this room draws.
//!
//! Deliberately absent: metrics and events, which the engine keeps as things happen.

mod dot;
mod stall;
mod status;
mod timeline;

pub use timeline::Timeline;
