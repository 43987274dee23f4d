//! The name of an attempt.

/// Names one attempt of one work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AttemptId {
    pub slot: u32,
    pub serial: u64,
    /// Counted over restarts.
    pub attempt: u32,
}
