//! The [`Work`] trait, and the plain types that surround it.
//!
//! Nothing here runs anything. Of other rooms it names only [`WorkContext`], through which a work acts on the engine,
//! and [`StatusContext`], through which its status sees the work's children.

mod before;
mod failure;
mod handles;
mod id;
mod outcome;
mod retry;
mod spec;
mod state;
#[cfg(feature = "serde")]
mod written;

pub(crate) use before::Before;
pub use failure::{BoxError, Failure, FailureKind};
pub use handles::{Handles, HandlesIter};
pub use id::{Handle, Name, WorkId};
pub use outcome::{CancelledBy, RootCause, WorkOutcome};
pub use retry::{Backoff, Growing, Jitter, Retry};
pub(crate) use spec::{Completion, EdgeKind, Extras, Terms};
pub use spec::{OnChildFailure, RetryPosition, Spec};
pub use state::{Phase, TRANSITIONS, Transition, WorkState, diagram};

use crate::{StatusContext, WorkContext};
use std::fmt;
use std::task::Poll;

/// A state machine that the scheduler advances one turn at a time.
///
/// `C` is the application that every crank lends to the works (`&mut C`), `T` the output of success. Closures
/// `FnMut(&mut WorkContext<'_, C>) -> Poll<Result<T, Failure>>` are works.
///
/// ```
/// use crankwork::{Failure, Work, WorkContext};
/// use std::task::{Poll, ready};
/// use std::time::Duration;
///
/// /// Counts down, one number a second.
/// struct Countdown(u32);
///
/// impl<C: ?Sized> Work<C> for Countdown {
///     fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
///         while self.0 > 0 {
///             ready!(cx.sleep(Duration::from_secs(1)));
///             self.0 -= 1;
///         }
///         Poll::Ready(Ok(()))
///     }
/// }
/// # let mut s = crankwork::WorkScheduler::<()>::new(Default::default());
/// # let id = s.add(crankwork::Spec::new("countdown", Countdown(3)))?;
/// # let mut clock = crankwork::VirtualDriver::new();
/// # s.run_until_done(&mut (), &mut clock).unwrap();
/// # assert_eq!(clock.now().as_nanos(), 3_000_000_000);
/// # Ok::<(), crankwork::AddError>(())
/// ```
pub trait Work<C: ?Sized, T = ()> {
    /// Takes one turn.
    ///
    /// `Ready(Ok(t))` is success. `Ready(Err(f))` is a failed attempt, which is tried again if retries are left.
    /// `Pending` waits until something wakes the work; `return cx.yield_now()` asks for a turn in the next round.
    ///
    /// It should return soon, since everything else on this thread waits for it.
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>>;

    /// Returns the name for calls that give none, as [`WorkScheduler::add_work`](crate::WorkScheduler::add_work).
    /// Default: the type's name.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// Returns whether an attempt needs a permit of `max_concurrency`. The scheduler asks once, when the work is added.
    /// `false` suits a work that only starts and awaits others, as a gate or a sequence does. [`Spec::no_permit`] says
    /// so for one spec.
    fn needs_permit(&self) -> bool {
        true
    }

    /// Takes one turn of the abort of a granted attempt, after its children have ended. `Pending` asks for more time
    /// within the grace, and needs a source of wakes just as `poll` does.
    fn on_abort(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }

    /// Makes the work ready for its first turn. The scheduler calls it once per `add` or `restart`, before the first
    /// turn (or the first `on_abort`), and once after each failed or aborted attempt.
    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        let _ = cx;
    }

    /// Called when the work is about to settle as Success.
    fn on_success(&mut self, cx: &mut WorkContext<'_, C>) {
        let _ = cx;
    }

    /// Called when the attempt has failed and another will follow.
    fn on_failure_retry(&mut self, cx: &mut WorkContext<'_, C>) {
        let _ = cx;
    }

    /// Called when the attempt has failed and the work is about to settle as Failed.
    fn on_failure_raise(&mut self, cx: &mut WorkContext<'_, C>) {
        let _ = cx;
    }

    /// Writes one line for people about what the work is doing. It sees the work's children and the time in `cx`; see
    /// [`StatusContext`] for an example. The scheduler calls it only when the host asks for a
    /// [status](crate::WorkScheduler::status_of) or a snapshot, never in a turn. A settled work is not asked, since it
    /// does nothing any more. Default: nothing.
    ///
    /// # Errors
    /// Those of the formatter. The line then ends there.
    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = (cx, f);
        Ok(())
    }

    /// Returns how far the work is, for progress bars. Default: `None`, and then the work is as far as its children
    /// are: see [`WorkScheduler::progress_of`](crate::WorkScheduler::progress_of).
    fn progress(&self) -> Option<Progress> {
        None
    }
}

/// How far a work is, in units of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all.
    pub total: u64,
}

/// Prints `3/8`.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.done, self.total)
    }
}

impl<C: ?Sized, T, F> Work<C, T> for F
where
    F: FnMut(&mut WorkContext<'_, C>) -> Poll<Result<T, Failure>>,
{
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> {
        self(cx)
    }
}

impl<C: ?Sized, T> Work<C, T> for Box<dyn Work<C, T>> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> {
        (**self).poll(cx)
    }

    fn name(&self) -> &str {
        (**self).name()
    }

    fn needs_permit(&self) -> bool {
        (**self).needs_permit()
    }

    fn on_abort(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<()> {
        (**self).on_abort(cx)
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        (**self).on_reset(cx);
    }

    fn on_success(&mut self, cx: &mut WorkContext<'_, C>) {
        (**self).on_success(cx);
    }

    fn on_failure_retry(&mut self, cx: &mut WorkContext<'_, C>) {
        (**self).on_failure_retry(cx);
    }

    fn on_failure_raise(&mut self, cx: &mut WorkContext<'_, C>) {
        (**self).on_failure_raise(cx);
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        (**self).progress()
    }
}
