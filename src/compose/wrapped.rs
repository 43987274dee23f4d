//! Works that wrap another work and forward all that they do not change.

use crate::{Failure, Progress, StatusContext, Work, WorkContext};
use std::fmt;
use std::task::Poll;

/// A work around another one. Only [`Wrap::poll`] must be written: all other methods call those of the inner work.
///
/// [`Wrapped`] makes a [`Work`] of it.
///
/// ```
/// use crankwork::compose::{Wrap, Wrapped};
/// use crankwork::{Failure, Spec, VirtualDriver, Work, WorkContext, WorkScheduler};
/// use std::task::Poll;
///
/// /// Counts the turns of a work.
/// struct Counted<W>(W);
///
/// impl<W: Work<u32> + 'static> Wrap<u32> for Counted<W> {
///     type Output = ();
///     type Inner = W;
///
///     fn inner(&self) -> &W {
///         &self.0
///     }
///
///     fn inner_mut(&mut self) -> &mut W {
///         &mut self.0
///     }
///
///     fn poll(&mut self, cx: &mut WorkContext<'_, u32>) -> Poll<Result<(), Failure>> {
///         *cx.app += 1;
///         self.0.poll(cx)
///     }
/// }
///
/// let mut left = 3;
/// let yields = move |cx: &mut WorkContext<'_, u32>| match left {
///     0 => Poll::Ready(Ok(())),
///     _ => {
///         left -= 1;
///         cx.yield_now()
///     }
/// };
/// let mut s = WorkScheduler::<u32>::new(Default::default());
/// s.add(Spec::new("yields", yields).wrap(|work| Wrapped(Counted(work))))?;
/// let mut turns = 0;
/// s.run_until_done(&mut turns, &mut VirtualDriver::new())?;
/// assert_eq!(turns, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Wrap<C: ?Sized, T = ()> {
    /// The output of the inner work.
    type Output;
    /// The type of the inner work.
    type Inner: Work<C, Self::Output> + 'static;

    /// Returns the inner work.
    fn inner(&self) -> &Self::Inner;

    /// Returns the inner work.
    fn inner_mut(&mut self) -> &mut Self::Inner;

    /// Takes one turn; see [`Work::poll`].
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>>;

    /// Returns the name; see [`Work::name`].
    fn name(&self) -> &str {
        self.inner().name()
    }

    /// Returns whether an attempt needs a permit; see [`Work::needs_permit`].
    fn needs_permit(&self) -> bool {
        self.inner().needs_permit()
    }

    /// Takes one turn of an abort; see [`Work::on_abort`].
    fn on_abort(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<()> {
        self.inner_mut().on_abort(cx)
    }

    /// Makes the work ready for its first turn; see [`Work::on_reset`].
    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        self.inner_mut().on_reset(cx);
    }

    /// Called before the work settles as Success; see [`Work::on_success`].
    fn on_success(&mut self, cx: &mut WorkContext<'_, C>) {
        self.inner_mut().on_success(cx);
    }

    /// Called when another attempt will follow; see [`Work::on_failure_retry`].
    fn on_failure_retry(&mut self, cx: &mut WorkContext<'_, C>) {
        self.inner_mut().on_failure_retry(cx);
    }

    /// Called before the work settles as Failed; see [`Work::on_failure_raise`].
    fn on_failure_raise(&mut self, cx: &mut WorkContext<'_, C>) {
        self.inner_mut().on_failure_raise(cx);
    }

    /// Writes the status line; see [`Work::status`].
    ///
    /// # Errors
    /// Those of the formatter.
    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner().status(cx, f)
    }

    /// Returns how far the work is; see [`Work::progress`].
    fn progress(&self) -> Option<Progress> {
        self.inner().progress()
    }
}

/// Makes a [`Work`] of a [`Wrap`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Wrapped<X>(pub X);

impl<C: ?Sized, T, X: Wrap<C, T>> Work<C, T> for Wrapped<X> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> {
        self.0.poll(cx)
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn needs_permit(&self) -> bool {
        self.0.needs_permit()
    }

    fn on_abort(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<()> {
        self.0.on_abort(cx)
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        self.0.on_reset(cx);
    }

    fn on_success(&mut self, cx: &mut WorkContext<'_, C>) {
        self.0.on_success(cx);
    }

    fn on_failure_retry(&mut self, cx: &mut WorkContext<'_, C>) {
        self.0.on_failure_retry(cx);
    }

    fn on_failure_raise(&mut self, cx: &mut WorkContext<'_, C>) {
        self.0.on_failure_raise(cx);
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        self.0.progress()
    }
}
