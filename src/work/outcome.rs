//! What became of a work.

use super::{Failure, FailureKind, Name, WorkId, WorkState};
use std::fmt;

/// How a work settled. The enum stays exhaustive: a host must have an answer for each end.
#[derive(Clone, Debug)]
pub enum WorkOutcome {
    /// It succeeded; a typed output, if it has one, is to be had with `take`.
    Success,
    /// It failed for good.
    Failed(Failure),
    /// It was cancelled.
    Cancelled,
    /// It was never run, because something it is `after` did not succeed.
    Blocked(RootCause),
}

/// On whose behalf a work was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The work whose failure or cancellation a Blocked work finally stems from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RootCause {
    /// Its id; it may have been reclaimed since.
    pub id: WorkId,
    /// Its name.
    pub name: Name,
    /// Its failure; `None` if it was cancelled.
    pub failure: Option<Failure>,
}

impl WorkOutcome {
    /// The settled state that belongs to this outcome.
    pub fn state(&self) -> WorkState {
        match self {
            WorkOutcome::Success => WorkState::Success,
            WorkOutcome::Failed(_) => WorkState::Failed,
            WorkOutcome::Cancelled => WorkState::Cancelled,
            WorkOutcome::Blocked(_) => WorkState::Blocked,
        }
    }

    /// Whether it succeeded.
    pub fn is_success(&self) -> bool {
        matches!(self, WorkOutcome::Success)
    }

    /// The failure: of the work itself, or of the one that blocked it.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            WorkOutcome::Failed(failure) => Some(failure),
            WorkOutcome::Blocked(root) => root.failure.as_ref(),
            _ => None,
        }
    }
}

impl RootCause {
    /// The root cause that a Blocked work's failure carries.
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
