//! Why an attempt failed.
//!
//! A [`Failure`] is one pointer wide, so the result of `poll` fits two registers. A child's outcome, its parent's
//! failure and a root cause can share one failure. A failure cannot implement [`Error`] itself, because it converts
//! from every error; [`Failure::source`] returns the error inside.

use super::{Name, WorkId};
use crate::engine::panics::Contained;
use crate::time::Time;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The error inside a [`Failure`].
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why an attempt failed, and what follows from it: see [`FailureKind`].
///
/// `?` converts any error into an ordinary failure:
///
/// ```
/// use crankwork::Failure;
/// fn parse(text: &str) -> Result<u32, Failure> {
///     Ok(text.parse::<u32>()?)
/// }
/// assert_eq!(parse("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Clone)]
pub struct Failure(Arc<Inner>);

struct Inner {
    kind: FailureKind,
    /// Contained, since failures are shared and any owner may drop the error (L24).
    error: Option<Contained<BoxError>>,
    cause: Option<Failure>,
    /// Whether no retry can help this failure, or the child's failure that it stems from.
    is_final: bool,
}

/// The kind of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum FailureKind {
    /// The attempt failed; the work is tried again if it has retries left.
    Error,
    /// The work failed for good, whatever retries it has left.
    Fatal,
    /// The attempt failed as with `Error`, but the retry comes after exactly this delay.
    RetryAfter(
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::time::nanos::serialize")
        )]
        Duration,
    ),
    /// The work settles as Cancelled.
    Cancelled,
    /// The work returned `Pending` although nothing could ever wake it. No retry follows.
    LostWake,
    /// A turn, hook, drop or offloaded job panicked. No retry follows.
    Panicked,
    /// The attempt took longer than its `attempt_timeout`.
    AttemptTimeout(
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::time::nanos::serialize")
        )]
        Duration,
    ),
    /// The work had not succeeded by its `deadline`. No retry follows.
    Deadline(Time),
    /// A child failed, and its failure is the [`Failure::cause`]. A retry may follow unless that failure is final.
    Child {
        /// The child.
        id: WorkId,
        /// The child's name.
        name: Name,
    },
    /// A work that this one is `after` did not succeed, so this one was never run.
    Blocked {
        /// The work whose failure or cancellation blocked this one.
        root: WorkId,
        /// The name of that work.
        name: Name,
    },
}

impl Failure {
    /// Makes a failure from an error, a `String` or a `&str`. It is tried again if retries are left.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self::build(FailureKind::Error, Some(error.into()), None)
    }

    /// Makes a failure from anything that prints. It is tried again if retries are left.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self::new(message.to_string())
    }

    /// Makes a final failure: retries that are left are not used.
    pub fn fatal(error: impl Into<BoxError>) -> Self {
        Self::build(FailureKind::Fatal, Some(error.into()), None)
    }

    /// Makes a failure that sets the delay before the next attempt. It spends a retry like any other.
    pub fn retry_after(error: impl Into<BoxError>, delay: Duration) -> Self {
        Self::build(FailureKind::RetryAfter(delay), Some(error.into()), None)
    }

    /// Makes a failure that stems from `cause` ([`Failure::cause`]). It is tried again if retries are left, whatever
    /// `cause` is.
    pub fn caused_by(error: impl Into<BoxError>, cause: Failure) -> Self {
        Self::build(FailureKind::Error, Some(error.into()), Some(cause))
    }

    /// Makes a parent's failure that stems from the failure of a child. It [is final](Failure::is_final) if `child` is:
    /// then the parent is tried again only if its spec says
    /// [`retry_fatal_children`](crate::Spec::retry_fatal_children).
    pub fn from_child(error: impl Into<BoxError>, child: Failure) -> Self {
        let is_final = child.is_final();
        Failure(Arc::new(Inner {
            kind: FailureKind::Error,
            error: Some(Contained::new(error.into())),
            cause: Some(child),
            is_final,
        }))
    }

    /// Makes a failure that settles the work as Cancelled.
    pub fn cancelled() -> Self {
        Self::build(FailureKind::Cancelled, None, None)
    }

    pub(crate) fn of_kind(kind: FailureKind) -> Self {
        Self::build(kind, None, None)
    }

    pub(crate) fn lost_wake(name: &str) -> Self {
        let message = format!(
            "`{name}` returned Pending but nothing can wake it: arm an alarm, yield, watch a work, offload a job, register a source, keep a RemoteWaker, \
             or say expect_wake if another work will wake it"
        );
        Self::build(FailureKind::LostWake, Some(message.into()), None)
    }

    pub(crate) fn panicked(message: String) -> Self {
        Self::build(FailureKind::Panicked, Some(message.into()), None)
    }

    pub(crate) fn caused(kind: FailureKind, cause: Option<Failure>) -> Self {
        Self::build(kind, None, cause)
    }

    fn build(kind: FailureKind, error: Option<BoxError>, cause: Option<Failure>) -> Self {
        let of_child = || cause.as_ref().is_some_and(Failure::is_final);
        let is_final = match kind {
            FailureKind::Fatal | FailureKind::Panicked | FailureKind::LostWake => true,
            FailureKind::Child { .. } => of_child(),
            _ => false,
        };
        Failure(Arc::new(Inner {
            kind,
            error: error.map(Contained::new),
            cause,
            is_final,
        }))
    }

    /// Returns the kind of the failure.
    pub fn kind(&self) -> &FailureKind {
        &self.0.kind
    }

    /// Returns the error that the work returned, if there is one.
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.0.error.as_deref().map(|error| &**error)
    }

    /// Returns the error that the work returned, if it is an `E`.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.source()?.downcast_ref()
    }

    /// Returns the failure behind this one: that of a child, or of the work which blocked this one.
    pub fn cause(&self) -> Option<&Failure> {
        self.0.cause.as_ref()
    }

    /// Returns the innermost cause, or the failure itself if it has none. O(causes).
    pub fn root(&self) -> &Failure {
        let mut failure = self;
        while let Some(cause) = failure.cause() {
            failure = cause;
        }
        failure
    }

    /// Returns whether no retry can help: the failure is `Fatal`, `Panicked` or `LostWake`, or stems from a child's
    /// final failure. O(1).
    pub fn is_final(&self) -> bool {
        self.0.is_final
    }

    /// Returns whether a retry may follow. It may not if the failure is final, a cancel, the work's deadline or a
    /// dependency's failure. O(1).
    pub fn may_retry(&self) -> bool {
        self.is_retryable(false)
    }

    /// Returns whether a retry may follow. With `fatal_children`, final failures of children count like any other.
    pub(crate) fn is_retryable(&self, fatal_children: bool) -> bool {
        match self.0.kind {
            FailureKind::Error
            | FailureKind::RetryAfter(_)
            | FailureKind::AttemptTimeout(_)
            | FailureKind::Child { .. } => fatal_children || !self.0.is_final,
            FailureKind::Fatal
            | FailureKind::Cancelled
            | FailureKind::LostWake
            | FailureKind::Panicked
            | FailureKind::Deadline(_)
            | FailureKind::Blocked { .. } => false,
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.kind == FailureKind::Cancelled
    }

    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        match self.0.kind {
            FailureKind::RetryAfter(delay) => Some(delay),
            _ => None,
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::new(error)
    }
}

impl Failure {
    fn fmt_without_cause(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.kind, &self.0.error) {
            (FailureKind::Panicked, Some(message)) => write!(f, "panicked: {}", **message),
            (_, Some(error)) => write!(f, "{}", **error),
            (FailureKind::Cancelled, None) => f.write_str("cancelled"),
            (FailureKind::AttemptTimeout(limit), None) => {
                write!(f, "the attempt took longer than {limit:?}")
            }
            (FailureKind::Deadline(at), None) => write!(f, "not done by its deadline {at}"),
            (FailureKind::Child { id, name }, None) => write!(f, "child `{name}` {id} failed"),
            (FailureKind::Blocked { root, name }, None) => write!(f, "blocked by `{name}` {root}"),
            (kind, None) => write!(f, "{kind:?}"),
        }
    }
}

/// The number of causes that are printed, since a tree may be deeper than anybody wants to read.
const CAUSES_SHOWN: usize = 8;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_without_cause(f)?;
        let mut shown = 0;
        let mut next = self.cause();
        while let Some(cause) = next {
            if shown == CAUSES_SHOWN {
                f.write_str(": ...: ")?;
                return self.root().fmt_without_cause(f);
            }
            f.write_str(": ")?;
            cause.fmt_without_cause(f)?;
            shown += 1;
            next = cause.cause();
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({:?}: {self})", self.0.kind)
    }
}

impl Drop for Inner {
    /// Frees the chain of causes without recursion, since it can be as long as a tree is deep.
    fn drop(&mut self) {
        let mut next = self.cause.take();
        while let Some(failure) = next {
            next = Arc::into_inner(failure.0).and_then(|mut inner| inner.cause.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    #[test]
    fn what_a_turn_returns_fits_two_registers() {
        assert_eq!(size_of::<Failure>(), size_of::<usize>());
        assert!(size_of::<Poll<Result<(), Failure>>>() <= 2 * size_of::<usize>());
    }

    #[test]
    fn a_million_causes_are_shown_by_their_root_and_freed_without_recursion() {
        let mut failure = Failure::msg("disk full");
        for _ in 0..1_000_000 {
            failure = Failure::caused(FailureKind::Error, Some(failure));
        }
        assert_eq!(failure.root().to_string(), "disk full");
        assert!(failure.to_string().ends_with(": ...: disk full"));
        drop(failure);
    }
}
