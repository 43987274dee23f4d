//! A work that starts once a condition holds.

use super::member::{AnySpec, Make, maker};
use crate::{Failure, OnChildFailure, Spec, StatusContext, Work, WorkContext, WorkId, WorkOutcome};
use std::fmt;
use std::task::Poll;
use std::time::Duration;

type Condition<C> = Box<dyn FnMut(&mut WorkContext<'_, C>) -> bool>;

/// Waits until a condition holds, then starts one work, and ends as that work ends: with its failure, or as Cancelled.
///
/// The condition must be monotonic: once true, it stays true. The conditional asks it in its first turn, whenever it is
/// woken, and every 100 ms unless told otherwise.
///
/// When the condition has been true, the conditional drops it with all that it captured. A retry or restart then starts
/// the work at once.
///
/// ```
/// use crankwork::compose::ConditionalWork;
/// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
/// use std::task::{Poll, ready};
/// use std::time::Duration;
///
/// #[derive(Default)]
/// struct Node {
///     synced: bool,
///     published: bool,
/// }
///
/// let mut s = WorkScheduler::<Node>::new(Default::default());
/// let publish = ConditionalWork::new(
///     |node: &mut Node| node.synced,
///     || {
///         Spec::new("publish", |cx: &mut WorkContext<'_, Node>| {
///             cx.app.published = true;
///             Poll::Ready(Ok(()))
///         })
///     },
/// );
/// s.add(Spec::new("publish when synced", publish))?;
/// s.add_fn("sync", |cx| {
///     ready!(cx.sleep(Duration::from_millis(250)));
///     cx.app.synced = true;
///     Poll::Ready(Ok(()))
/// })?;
///
/// let (mut node, mut driver) = (Node::default(), VirtualDriver::new());
/// s.run_until_done(&mut node, &mut driver)?;
/// assert!(node.published);
/// assert_eq!(driver.now().as_nanos(), 300_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ConditionalWork<C: ?Sized> {
    /// `None` once the condition has been true.
    condition: Option<Condition<C>>,
    poll_every: Option<Duration>,
    make: Make<C>,
    /// The work to start. It is made before the first wait, since the status shows its name.
    gated: Option<AnySpec<C>>,
    started: Option<WorkId>,
}

impl<C: ?Sized + 'static> ConditionalWork<C> {
    /// The period between two looks at the condition, unless [`ConditionalWork::poll_every`] sets another.
    pub const POLL_PERIOD: Duration = Duration::from_millis(100);

    /// Starts the work that `make` makes once `condition` holds for the application. It calls `make` once per attempt,
    /// before the first wait, since the status shows the work's name.
    pub fn new<W, T>(
        mut condition: impl FnMut(&mut C) -> bool + 'static,
        make: impl FnMut() -> Spec<C, W> + 'static,
    ) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        Self::with_context(move |cx| condition(cx.app), make)
    }

    /// Makes a conditional whose condition sees the engine: the states of other works, or the time. The condition can
    /// also [`watch`](WorkContext::watch) a work, to be asked again when that work settles.
    pub fn with_context<W, T>(
        condition: impl FnMut(&mut WorkContext<'_, C>) -> bool + 'static,
        make: impl FnMut() -> Spec<C, W> + 'static,
    ) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        ConditionalWork {
            condition: Some(Box::new(condition)),
            poll_every: Some(Self::POLL_PERIOD),
            make: maker(make),
            gated: None,
            started: None,
        }
    }

    /// Asks the condition every `period`; with a period of zero in every round.
    pub fn poll_every(mut self, period: Duration) -> Self {
        self.poll_every = Some(period);
        self
    }

    /// Asks the condition only when the conditional is woken: by [`WorkScheduler::wake`](crate::WorkScheduler::wake),
    /// by another work, or by the end of a work that the condition watches. For the engine it waits for an outside
    /// event.
    pub fn without_polling(mut self) -> Self {
        self.poll_every = None;
        self
    }

    /// Returns whether the condition holds, or has held before.
    fn is_open(&mut self, cx: &mut WorkContext<'_, C>) -> bool {
        let holds = self
            .condition
            .as_mut()
            .is_none_or(|condition| condition(cx));
        if holds {
            self.condition = None;
        }
        holds
    }
}

impl<C: ?Sized + 'static> Work<C> for ConditionalWork<C> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        if let Some(started) = self.started {
            return ended(cx, started);
        }
        if !self.is_open(cx) {
            self.gated.get_or_insert_with(&mut self.make);
            match self.poll_every {
                Some(period) => cx.wake_after(period),
                None => cx.expect_wake(),
            }
            return Poll::Pending;
        }
        cx.on_child_failure(OnChildFailure::Collect);
        let gated = self.gated.take().unwrap_or_else(&mut self.make);
        self.started = Some(gated.spawn(cx)?);
        Poll::Pending
    }

    /// Returns `false`: the work that it starts needs a permit of its own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.gated = None;
        self.started = None;
    }

    /// Writes a line such as `Waiting before starting publish`, and then what that work says of itself.
    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.gated {
            Some(gated) => write!(f, "Waiting before starting {}", gated.name),
            None => cx
                .children()
                .try_for_each(|child| f.write_str(&child.status())),
        }
    }
}

/// Ends as the started work has ended, if it has.
fn ended<C: ?Sized>(cx: &WorkContext<'_, C>, started: WorkId) -> Poll<Result<(), Failure>> {
    match cx.outcome(started) {
        None => Poll::Pending,
        Some(WorkOutcome::Success) => Poll::Ready(Ok(())),
        Some(outcome) => {
            let failure = outcome.failure().cloned();
            Poll::Ready(Err(failure.unwrap_or_else(Failure::cancelled)))
        }
    }
}

impl<C: ?Sized> fmt::Debug for ConditionalWork<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionalWork")
            .field("open", &self.condition.is_none())
            .field("poll_every", &self.poll_every)
            .finish_non_exhaustive()
    }
}
