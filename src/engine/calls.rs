//! Calls: what the engine asks the shell to call, and the chain of hooks at the end of an attempt.
//!
//! The engine names a call by slot and key, and never has the code itself.
//!
//! Protocol: the shell asks for a call, makes it, tells the engine the result, and asks again until the engine has
//! none. It asks after each turn that leaves something, at the beginning of a round that has news, and at a round's
//! end.

use super::notes::Hook;
use crate::work::{CancelledBy, Failure, WorkId, WorkOutcome};

/// What the shell is to call next.
///
/// Within a call of the host only the three disposals come up, because no work may be called then.
pub(crate) enum Call {
    /// A hook of the work in this slot.
    Hook(u32, Hook),
    /// The drop of a body whose abort is forced. How the drop ends decides how the work ends. The shell answers with
    /// `Engine::forced`.
    Force(u32),
    /// The entry of bodies that were added during a turn. It comes before any drop, since a work may come and go in one
    /// turn.
    Incoming,
    /// The drop of a body whose work has left; after it the slot is free. The shell answers with `Engine::dropped`.
    Drop(u32),
    /// The drop of a callback that the engine will not call.
    DropCallback(u32),
    /// The callback under this key, with the work that has settled and its outcome. The callback leaves the shell's
    /// slab before the call, so that it is called once.
    Settled(u32, WorkId, WorkOutcome),
    /// The posted closure under this key.
    Post(u32),
}

/// The end of an attempt, between its hooks.
///
/// It is a value and not a stack of calls, so nothing in the engine waits for the program's code.
pub(crate) struct Chain {
    /// The work whose attempt ends.
    pub slot: u32,
    /// The hook to be called next, if one is left.
    pub next: Option<Hook>,
    /// What happens once no hook is left.
    pub end: Ending,
}

/// How an attempt ends once its hooks have been called. The engine decides it before the first hook.
pub(crate) enum Ending {
    /// The work succeeds.
    Success,
    /// The work is cancelled on behalf of this party.
    Cancelled(CancelledBy),
    /// The attempt failed.
    Failure {
        /// The reason of the failure.
        failure: Failure,
        /// Whether a retry follows. It decides which hook is called.
        again: bool,
        /// The party on whose behalf a cancel ended the attempt, if one did. Neither of the failure's hooks is called
        /// then (L26).
        itself: Option<CancelledBy>,
    },
}
