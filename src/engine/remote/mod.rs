//! What other threads send: wakes, cancels, the ends of jobs and pins, posted closures.
//!
//! Invariant: all atomics of the crate but the number of a scheduler are here, and their protocol is checked with loom. The
//! messages of one thread are taken in the order in which it sent them. A message names an attempt, so one that comes late
//! means nothing.
//!
//! Deliberately absent: threads, and what a message leads to.
//!
//! A turn that yields asks whether there is message: one relaxed load. Neither its slot nor `now` comes here.

pub(crate) mod inbox;
#[cfg(all(test, loom))]
pub(crate) mod inbox_loom;
pub(crate) mod job;
pub(crate) mod offload;
pub(crate) mod pin;
pub(crate) mod sync;
