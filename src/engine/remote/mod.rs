//! The remote side: what other threads send. Wakes, cancels, ends of jobs and pins, posted closures.
//!
//! Invariant: the atomics by which threads synchronise are here, and loom checks their protocol. Elsewhere are only
//! the counts of schedulers and of panics, and a fence in `lifecycle/wake.rs`. The scheduler takes the messages of
//! one thread in the order in which that thread sent them. A message names an attempt or a work, so a late one finds
//! nothing.
//!
//! Deliberately absent: threads, and what a message leads to.
//!
//! A turn that yields asks whether there is a message: one atomic load. Neither its slot nor `now` comes here.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `inbox` | messages |
//! | `senders` | wakers and tokens |
//! | `job`, `offload` | one closure and its result; the counts of all jobs |
//! | `pin` | what holds virtual time still |
//! | `sync` | std's primitives, or loom's |
//!
//! Trap: a sender may live longer than its scheduler, and its messages then go nowhere. A drop that sends one ignores
//! that.

pub(crate) mod inbox;
#[cfg(all(test, loom))]
pub(crate) mod inbox_loom;
pub(crate) mod job;
pub(crate) mod offload;
pub(crate) mod pin;
pub(crate) mod senders;
pub(crate) mod sync;
