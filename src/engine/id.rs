//! Attempt ids: names for one attempt of one work.

/// Names one attempt of one work. The work's next attempt makes an id stale, and so does a new work in the slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AttemptId {
    /// Where the work is.
    pub slot: u32,
    /// The serial number of the work: tells it from an earlier work in its slot.
    pub serial: u64,
    /// The number of the attempt, counted over restarts.
    pub attempt: u32,
}
