//! Who is next: works that have a turn coming, works that wait for permits, and what is deferred between turns.
//!
//! Invariant: a work is in the ready ring or in one lane of the permit queue, or in neither; its record says in which. What
//! is deferred is counted in one number, so that a look between turns is one comparison.
//!
//! Deliberately absent: a clock, and what a turn or a permit leads to.
//!
//! In a turn that yields, the slot is taken out of the ready ring at its head and put in again at its tail. `now` is not
//! read.

pub(crate) mod deferred;
pub(crate) mod lanes;
pub(crate) mod list;
pub(crate) mod permits;
pub(crate) mod ready;
