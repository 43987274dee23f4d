//! What the engine asks to be called, as plain words: a call, and the chain of hooks at the end of an attempt.

use super::notes::Hook;
use crate::work::{CancelledBy, Failure, WorkId, WorkOutcome};

/// What the shell is to call next.
pub(crate) enum Call {
    /// A hook of the work in this slot.
    Hook(u32, Hook),
    /// The drop of a body whose abort is forced: the result says how the work ends.
    Force(u32),
    /// Bodies that came in a turn are to be entered.
    Incoming,
    /// The drop of a body whose work has left; then its slot is free.
    Drop(u32),
    /// The drop of a callback that will not be called.
    DropCallback(u32),
    /// The callback under this key.
    Settled(u32, WorkId, WorkOutcome),
    /// The posted closure under this key.
    Post(u32),
}

/// The end of an attempt, between its hooks.
pub(crate) struct Chain {
    pub slot: u32,
    pub next: Option<Hook>,
    pub end: Ending,
}

/// What follows from the hooks. It is decided before they are called.
pub(crate) enum Ending {
    Success,
    Cancelled(CancelledBy),
    Failure {
        failure: Failure,
        again: bool,
        itself: Option<CancelledBy>,
    },
}
