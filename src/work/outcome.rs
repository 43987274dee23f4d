//! The outcome of a work.

use super::{Failure, FailureKind, Name, WorkId, WorkState};
use std::fmt;

/// How a work settled. The enum stays exhaustive: a host must have an answer for each end.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum WorkOutcome {
    /// The work succeeded. If it has a typed output, `take` returns it.
    Success,
    /// The work failed for good.
    Failed(Failure),
    /// The work was cancelled.
    Cancelled,
    /// The work was never run, because a work that it is `after` did not succeed.
    Blocked(RootCause),
}

/// On whose behalf a work was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum CancelledBy {
    /// The host: `WorkScheduler::cancel` or `cancel_all`, or a [`Remote`](crate::Remote).
    Host,
    /// A [`CancelToken`](crate::CancelToken).
    Token,
    /// Its parent, which is aborting, has failed, or cancelled its children.
    Parent,
    /// The work itself: `cancel` with its own id, or [`Failure::cancelled`].
    Itself,
    /// Another work, in its turn.
    Work(WorkId),
    /// [`WorkScheduler::shutdown`](crate::WorkScheduler::shutdown).
    Shutdown,
}

impl fmt::Display for CancelledBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CancelledBy::Host => f.write_str("by the host"),
            CancelledBy::Token => f.write_str("by a token"),
            CancelledBy::Parent => f.write_str("by its parent"),
            CancelledBy::Itself => f.write_str("by itself"),
            CancelledBy::Work(id) => write!(f, "by work {id}"),
            CancelledBy::Shutdown => f.write_str("by shutdown"),
        }
    }
}

/// The work whose failure or cancellation finally blocked another.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RootCause {
    /// The work's id. The work may have been reclaimed since.
    pub id: WorkId,
    /// The work's name.
    pub name: Name,
    /// The work's failure; `None` if it was cancelled.
    pub failure: Option<Failure>,
}

impl WorkOutcome {
    /// Returns the settled state that belongs to this outcome.
    pub fn state(&self) -> WorkState {
        match self {
            WorkOutcome::Success => WorkState::Success,
            WorkOutcome::Failed(_) => WorkState::Failed,
            WorkOutcome::Cancelled => WorkState::Cancelled,
            WorkOutcome::Blocked(_) => WorkState::Blocked,
        }
    }

    /// Returns whether the work succeeded.
    pub fn is_success(&self) -> bool {
        matches!(self, WorkOutcome::Success)
    }

    /// Returns the failure of the work, or of the work that blocked it.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            WorkOutcome::Failed(failure) => Some(failure),
            WorkOutcome::Blocked(root) => root.failure.as_ref(),
            _ => None,
        }
    }
}

impl RootCause {
    /// Returns the root cause that a Blocked work's failure carries.
    pub(crate) fn of(failure: &Failure) -> Option<RootCause> {
        match failure.kind() {
            FailureKind::Blocked { root, name } => Some(RootCause {
                id: *root,
                name: name.clone(),
                failure: failure.cause().cloned(),
            }),
            _ => None,
        }
    }
}
