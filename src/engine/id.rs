//! Attempt ids: names for one attempt of one work.
//!
//! Invariant: no two attempts of one scheduler have equal ids, since serial numbers are never used again. Only after
//! 2^32 attempts of one work its numbers repeat. A message that carries an id may therefore come as late as it likes:
//! it finds its attempt or nothing.

/// Names one attempt of one work. The work's next attempt makes an id stale, and so does a new work in the slot. It is
/// compared as a whole: see `Arena::is_present`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AttemptId {
    /// Where the work is.
    pub slot: u32,
    /// The serial number of the work: tells it from an earlier work in its slot.
    pub serial: u64,
    /// The number of the attempt, counted over restarts.
    pub attempt: u32,
}
