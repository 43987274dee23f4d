//! Two uses of a callback: as a work, and after each attempt of a work.

use crate::{Failure, Progress, StatusContext, Work, WorkContext};
use std::fmt;
use std::task::Poll;
use thiserror::Error;

/// Calls a callback once per attempt. `false` fails the attempt; a panic fails the work for good.
///
/// ```
/// use crankwork::compose::{CallbackFailed, WorkWithCallback};
/// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
///
/// type Ledger = u32;
/// let mut s = WorkScheduler::<Ledger>::new(Default::default());
/// let check = WorkWithCallback::new(|cx: &mut WorkContext<'_, Ledger>| *cx.app >= 64);
/// let check = s.add(Spec::new("is the ledger new enough?", check))?;
///
/// s.run_until_done(&mut 63, &mut VirtualDriver::new())?;
/// let outcome = s.outcome(check).unwrap();
/// assert!(outcome.failure().unwrap().downcast_ref::<CallbackFailed>().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WorkWithCallback<F> {
    callback: F,
}

/// The failure of a [`WorkWithCallback`] whose callback has returned `false`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the callback returned false")]
pub struct CallbackFailed;

impl<F> WorkWithCallback<F> {
    /// Makes a work that calls `callback` in its only turn.
    pub fn new<C: ?Sized>(callback: F) -> Self
    where
        F: FnMut(&mut WorkContext<'_, C>) -> bool,
    {
        WorkWithCallback { callback }
    }
}

impl WorkWithCallback<()> {
    /// Wraps `work`, and calls `callback` with the outcome of each of its attempts.
    ///
    /// The call is in a hook of the work, before dependents and parent go on. The callback may wake or cancel works and
    /// `spawn_root` new ones, but it cannot spawn children. A panic in it fails the work.
    ///
    /// There is no call for a work that ends before its first permit, panics, or is dropped by a forced abort. Use
    /// [`Spec::on_settled`](crate::Spec::on_settled) for a call at every end, once.
    ///
    /// ```
    /// use crankwork::compose::{AttemptOutcome, WorkWithCallback};
    /// use crankwork::{Failure, Retry, Spec, VirtualDriver, WorkContext, WorkScheduler};
    /// use std::task::Poll;
    ///
    /// type Log = Vec<String>;
    /// let mut s = WorkScheduler::<Log>::new(Default::default());
    /// let fetch = |cx: &mut WorkContext<'_, Log>| match cx.attempt() {
    ///     1 => Poll::Ready(Err(Failure::msg("connection reset"))),
    ///     _ => Poll::Ready(Ok(63)),
    /// };
    /// let told = WorkWithCallback::after(fetch, |cx: &mut WorkContext<'_, Log>, outcome| {
    ///     cx.app.push(format!("attempt {}: {outcome:?}", cx.attempt()));
    /// });
    /// let fetch = s.add(Spec::new("fetch", told).retry(Retry::ONCE))?;
    ///
    /// let mut log = Log::new();
    /// s.run_until_done(&mut log, &mut VirtualDriver::new())?;
    /// assert_eq!(s.take(fetch), Some(63));
    /// assert_eq!(log, ["attempt 1: Retry(Failure(Error: connection reset))", "attempt 2: Success"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after<W, F, C: ?Sized>(work: W, callback: F) -> WorkThenCallback<W, F>
    where
        F: FnMut(&mut WorkContext<'_, C>, AttemptOutcome),
    {
        WorkThenCallback {
            work,
            callback,
            untold: false,
        }
    }
}

impl<C: ?Sized, F: FnMut(&mut WorkContext<'_, C>) -> bool> Work<C> for WorkWithCallback<F> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        Poll::Ready(match (self.callback)(cx) {
            true => Ok(()),
            false => Err(CallbackFailed.into()),
        })
    }
}

impl<F> fmt::Debug for WorkWithCallback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkWithCallback")
    }
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub enum AttemptOutcome {
    /// The work succeeds.
    Success,
    /// The attempt failed, and the work will be tried again.
    Retry(Failure),
    /// The attempt failed, and the work fails with it.
    Failed(Failure),
    /// The work is cancelled.
    Cancelled,
}

/// A work with a callback after each of its attempts; see [`WorkWithCallback::after`].
pub struct WorkThenCallback<W, F> {
    work: W,
    callback: F,
    /// Whether an attempt has begun, and the callback does not know its end.
    untold: bool,
}

impl<W, F> WorkThenCallback<W, F> {
    fn tell<C: ?Sized>(&mut self, cx: &mut WorkContext<'_, C>, outcome: AttemptOutcome)
    where
        F: FnMut(&mut WorkContext<'_, C>, AttemptOutcome),
    {
        self.untold = false;
        (self.callback)(cx, outcome);
    }
}

/// Returns why the attempt failed. In the hooks of a failure it is always known.
fn failure<C: ?Sized>(cx: &WorkContext<'_, C>) -> Failure {
    let failure = cx.last_failure().cloned();
    failure.unwrap_or_else(|| Failure::msg("no failure was recorded"))
}

impl<C, T, W, F> Work<C, T> for WorkThenCallback<W, F>
where
    C: ?Sized,
    W: Work<C, T>,
    F: FnMut(&mut WorkContext<'_, C>, AttemptOutcome),
{
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> {
        self.untold = true;
        self.work.poll(cx)
    }

    fn name(&self) -> &str {
        self.work.name()
    }

    /// Returns what the inner work returns.
    fn needs_permit(&self) -> bool {
        self.work.needs_permit()
    }

    fn on_abort(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<()> {
        self.untold = true;
        self.work.on_abort(cx)
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        // Other hooks have told of every end except a cancel.
        if self.untold {
            self.tell(cx, AttemptOutcome::Cancelled);
        }
        self.work.on_reset(cx);
    }

    fn on_success(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_success(cx);
        self.tell(cx, AttemptOutcome::Success);
    }

    fn on_failure_retry(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_failure_retry(cx);
        let failure = failure(cx);
        self.tell(cx, AttemptOutcome::Retry(failure));
    }

    fn on_failure_raise(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_failure_raise(cx);
        let failure = failure(cx);
        self.tell(cx, AttemptOutcome::Failed(failure));
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.work.status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        self.work.progress()
    }
}

impl<W: fmt::Debug, F> fmt::Debug for WorkThenCallback<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkThenCallback")
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}
