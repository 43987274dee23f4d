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

/// A work whose status a closure writes; see [`with_status`].
#[derive(Clone)]
pub struct WithStatus<W, F> {
    work: W,
    status: F,
}

/// Gives a work another status, such as a closure or a composite that has none of its own to say.
///
/// ```
/// use crankwork::compose::{BatchWork, with_status};
/// use crankwork::{Budget, Spec, Time, WorkScheduler};
/// use std::time::Duration;
///
/// let buckets = BatchWork::each(4, || {
///     (1..=8).map(|n| {
///         let seconds = Duration::from_secs(n);
///         Spec::<(), _>::from_fn(format!("bucket {n}"), move |cx| cx.sleep(seconds).map(Ok))
///     })
/// });
/// let spec = Spec::new("buckets", buckets).wrap(|batch| {
///     with_status(batch, |cx, f| match cx.progress() {
///         Some(buckets) => write!(f, "downloading and verifying: {buckets}"),
///         None => Ok(()),
///     })
/// });
/// let mut s = WorkScheduler::<()>::new(Default::default());
/// let buckets = s.add(spec)?;
/// for second in 0..=3 {
///     let _ = s.crank_work(Time::from_secs(second), &mut (), Budget::unlimited());
/// }
/// let line = s.status_of(buckets).unwrap();
/// assert!(line.ends_with(" : downloading and verifying: 3/8"), "{line}");
/// # Ok::<(), crankwork::AddError>(())
/// ```
pub fn with_status<W, F>(work: W, status: F) -> Wrapped<WithStatus<W, F>>
where
    F: Fn(&StatusContext<'_>, &mut fmt::Formatter<'_>) -> fmt::Result,
{
    Wrapped(WithStatus { work, status })
}

impl<C, T, W, F> Wrap<C, T> for WithStatus<W, F>
where
    C: ?Sized,
    W: Work<C, T> + 'static,
    T: 'static,
    F: Fn(&StatusContext<'_>, &mut fmt::Formatter<'_>) -> fmt::Result,
{
    type Output = T;
    type Inner = W;

    fn inner(&self) -> &W {
        &self.work
    }

    fn inner_mut(&mut self) -> &mut W {
        &mut self.work
    }

    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> {
        self.work.poll(cx)
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.status)(cx, f)
    }
}

impl<W: fmt::Debug, F> fmt::Debug for WithStatus<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WithStatus").field(&self.work).finish()
    }
}
