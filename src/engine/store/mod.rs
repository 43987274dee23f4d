//! Who there is: a record for each work, and beside it what few works need.
//!
//! Invariant: what lies under a slot is of one work, from its addition until its body has been dropped. An id whose serial
//! is another's finds nothing.
//!
//! Deliberately absent: a clock, a queue, and the engine. Nothing here knows what follows from a state.
//!
//! In a turn that yields, the slot is the index of the one record that is touched: its state, flags and count of turns.
//! `now` is not read.

pub(crate) mod arena;
pub(crate) mod cold;
pub(crate) mod extension;
pub(crate) mod flags;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod ordinals;
pub(crate) mod pending;
pub(crate) mod pinned;
pub(crate) mod record;
pub(crate) mod tree;
