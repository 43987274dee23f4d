//! The queues: works that have a turn coming, works that wait for permits, and deferred entries.
//!
//! Invariant: a work is in the ready ring, or in one lane of the permit queue, or in neither; its record says where.
//! One number counts the deferred entries, so that a look between turns is one comparison.
//!
//! Deliberately absent: a clock, and what a turn or a permit leads to.
//!
//! In a turn that yields, the slot leaves the ready ring at its head and enters it again at its tail. The turn does
//! not read `now`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `ready` | the ring of works that have a turn coming |
//! | `permits`, `grant` | pools and what works hold of them; which work is next |
//! | `lanes`, `list` | the queue of works that wait for permits |
//! | `deferred` | what is done between turns |

pub(crate) mod deferred;
mod grant;
pub(crate) mod lanes;
pub(crate) mod list;
pub(crate) mod permits;
pub(crate) mod ready;
