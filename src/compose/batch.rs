//! Runs many members, up to a number of them at a time.

use super::batch_outputs::{Collected, ForEach};
use super::batch_report::{Ends, Report};
use super::each::Each;
use super::member::{MemberRefused, none_has_failed};
use crate::{
    AddError, Failure, OnChildFailure, Progress, Retain, Spec, StatusContext, Work, WorkContext,
    WorkId, WorkOutcome,
};
use std::fmt;
use std::task::Poll;

/// The source of a [`BatchWork`]'s members.
///
/// A batch calls `reset` before each attempt. Whenever it has room it calls `has_next`, and after each `true` it calls
/// `next` once. So a source may make each member from the application as it is by then. Any iterator factory is a
/// source: see [`BatchWork::each`].
pub trait BatchSource<C: ?Sized> {
    /// What each member returns.
    type Output: 'static;
    /// The type of the members; `Box<dyn Work<C, Output>>` if they differ.
    type Work: Work<C, Self::Output> + 'static;

    /// Returns whether there is another member. After `false` the batch asks again only while members are unsettled.
    fn has_next(&mut self, cx: &mut WorkContext<'_, C>) -> bool;

    /// Returns the next member.
    fn next(&mut self, cx: &mut WorkContext<'_, C>) -> Spec<C, Self::Work>;

    /// Told the id of the member `number`, counted from 0 in an attempt, when the batch has started it.
    fn started(&mut self, number: u64, id: WorkId) {
        let _ = (number, id);
    }

    /// Returns whether the batch is to call [`BatchSource::settled`]. A batch asks for each member; each call of
    /// `settled` costs a callback. Default: `false`.
    fn wants_ends(&self) -> bool {
        false
    }

    /// Told how a member has ended, at the beginning of the batch's next turn. The members that an abort of the batch
    /// ends are not told of.
    fn settled(&mut self, number: u64, id: WorkId, outcome: &WorkOutcome) {
        let _ = (number, id, outcome);
    }

    /// Begins again with the first member.
    fn reset(&mut self);

    /// Returns how many members an attempt has in all, if the source knows it. It is for progress bars.
    fn total(&self) -> Option<u64> {
        None
    }
}

/// Runs the members of a source in the source's order, at most `width` of them unsettled at a time.
///
/// The batch succeeds when the source is exhausted and all members have succeeded. When a member fails, the batch
/// starts no other, the unsettled ones are aborted, and the attempt fails. A batch that [keeps
/// going](BatchWork::keep_going) runs all members first.
///
/// The batch drops what members return, unless it [collects](BatchWork::collect) that or hands it
/// [to a closure](BatchWork::for_each).
///
/// Members that have succeeded are reclaimed at once, so memory does not grow with their number. Works that are `after`
/// a member still start after it. A retry or restart begins with the first member again.
///
/// ```
/// use crankwork::compose::BatchWork;
/// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
/// use std::task::Poll;
///
/// type Sum = u64;
/// let mut s = WorkScheduler::<Sum>::new(Default::default());
/// // A thousand members, 16 at a time.
/// let batch = BatchWork::each(16, || {
///     (0..1_000u64).map(|n| {
///         Spec::new("add", move |cx: &mut WorkContext<'_, Sum>| {
///             *cx.app += n;
///             Poll::Ready(Ok(()))
///         })
///     })
/// });
/// s.add(Spec::new("sum", batch))?;
///
/// let mut sum = 0;
/// s.run_until_done(&mut sum, &mut VirtualDriver::new())?;
/// assert_eq!(sum, 499_500);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The cost is O(1) per member. A turn of the batch starts at most `width` members.
pub struct BatchWork<S> {
    source: S,
    width: usize,
    /// The number of members that this attempt has started.
    started: u64,
    /// The number of members that had not settled after the last turn. Each member that settles gives the batch a turn.
    in_flight: usize,
    keeps_going: bool,
    ends: Ends,
    report: Report,
}

impl<S> BatchWork<S> {
    /// Makes a batch of at most `width` members at a time; 0 counts as 1.
    pub fn new(width: usize, source: S) -> Self {
        BatchWork {
            source,
            width: width.max(1),
            started: 0,
            in_flight: 0,
            keeps_going: false,
            ends: Ends::default(),
            report: Report::default(),
        }
    }

    /// Runs all members, also after some have failed. The attempt then fails with
    /// [`BatchFailed`](super::BatchFailed), which has the failures. A cancelled or Blocked member counts as failed.
    ///
    /// ```
    /// use crankwork::compose::{BatchFailed, BatchWork};
    /// use crankwork::{Failure, Spec, VirtualDriver, WorkScheduler};
    /// use std::task::Poll;
    ///
    /// type Reached = Vec<u32>;
    /// let mut s = WorkScheduler::<Reached>::new(Default::default());
    /// let peers = BatchWork::each(2, || {
    ///     (0..4).map(|peer| {
    ///         Spec::<Reached, _>::from_fn(format!("peer {peer}"), move |cx| {
    ///             if peer == 1 {
    ///                 return Poll::Ready(Err(Failure::msg("no route")));
    ///             }
    ///             cx.app.push(peer);
    ///             Poll::Ready(Ok(()))
    ///         })
    ///     })
    /// });
    /// let peers = s.add(Spec::new("greet", peers.keep_going()))?;
    /// let mut reached = Reached::new();
    /// s.run_until_done(&mut reached, &mut VirtualDriver::new())?;
    /// assert_eq!(reached, [0, 2, 3]);
    ///
    /// let outcome = s.outcome(peers).unwrap();
    /// let failed: &BatchFailed = outcome.failure().unwrap().downcast_ref().unwrap();
    /// assert_eq!(failed.to_string(), "1 of 4 members failed, `peer 1` first");
    /// assert_eq!(failed.failures[0].failure.to_string(), "no route");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep_going(mut self) -> Self {
        self.keeps_going = true;
        self
    }

    /// Returns what the members return, in the members' order, as the batch's own output. Memory grows with their
    /// number.
    ///
    /// ```
    /// use crankwork::compose::BatchWork;
    /// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
    /// use std::task::{Poll, ready};
    /// use std::time::Duration;
    ///
    /// let squares = BatchWork::each(3, || {
    ///     (0..5u64).map(|n| {
    ///         Spec::<(), _>::from_fn(format!("square {n}"), move |cx| {
    ///             ready!(cx.sleep(Duration::from_secs(9 - n)));
    ///             Poll::Ready(Ok(n * n))
    ///         })
    ///     })
    /// });
    /// let mut s = WorkScheduler::<()>::new(Default::default());
    /// let squares = s.add(Spec::new("squares", squares.collect()))?;
    /// s.run_until_done(&mut (), &mut VirtualDriver::new())?;
    /// assert_eq!(s.take(squares), Some(vec![0, 1, 4, 9, 16]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn collect<T>(self) -> Collected<S, T> {
        Collected::new(self)
    }

    /// Hands what the members return to `each`, with the member's number from 0. The calls come in turns of the batch,
    /// in the order in which members succeed. An error of `each` fails the attempt. An attempt that is aborted hands on
    /// no more.
    ///
    /// ```
    /// use crankwork::compose::BatchWork;
    /// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
    /// use std::task::Poll;
    ///
    /// type Sum = u64;
    /// let numbers = BatchWork::each(3, || {
    ///     (0..5u64).map(|n| Spec::<Sum, _>::from_fn("number", move |_| Poll::Ready(Ok(n))))
    /// });
    /// let sum = numbers.for_each(|cx: &mut WorkContext<'_, Sum>, _, n: u64| {
    ///     *cx.app += n;
    ///     Ok(())
    /// });
    /// let mut s = WorkScheduler::<Sum>::new(Default::default());
    /// s.add(Spec::new("sum", sum))?;
    /// let mut sum = 0;
    /// s.run_until_done(&mut sum, &mut VirtualDriver::new())?;
    /// assert_eq!(sum, 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn for_each<C, T, F>(self, each: F) -> ForEach<S, F, T>
    where
        C: ?Sized,
        F: FnMut(&mut WorkContext<'_, C>, u64, T) -> Result<(), Failure>,
    {
        ForEach::new(self, each)
    }
}

impl<F, I: IntoIterator, T> BatchWork<Each<F, I, T>> {
    /// Makes a batch of the members that an iterator yields. It calls `make` once per attempt.
    pub fn each(width: usize, make: F) -> Self
    where
        F: FnMut() -> I,
    {
        BatchWork::new(width, Each::new(make))
    }
}

impl<S> BatchWork<S> {
    /// Takes a turn; `spawn` starts the member of a number.
    pub(super) fn turn<C: ?Sized + 'static>(
        &mut self,
        cx: &mut WorkContext<'_, C>,
        mut spawn: impl FnMut(
            &mut WorkContext<'_, C>,
            Spec<C, S::Work>,
            u64,
        ) -> Result<WorkId, AddError>,
    ) -> Poll<Result<(), Failure>>
    where
        S: BatchSource<C>,
    {
        if self.started == 0 {
            self.begin(cx)?;
        }
        self.hear::<C>();
        while !self.is_doomed(cx) && cx.children().live() < self.width {
            if !self.source.has_next(cx) {
                break;
            }
            let mut member = self.source.next(cx);
            let (name, number) = (member.name().clone(), self.started);
            if self.keeps_going || self.source.wants_ends() {
                member = self.ends.of(member, number);
            }
            let id = spawn(cx, member, number).map_err(|error| MemberRefused { name, error })?;
            self.started += 1;
            self.source.started(number, id);
        }
        self.in_flight = cx.children().live();
        // A member that was Blocked at once has failed the attempt by now.
        if self.in_flight > 0 || self.is_doomed(cx) {
            return Poll::Pending;
        }
        // The callback of a member that has just been Blocked comes after this turn.
        if self.ends.are_due() {
            return cx.yield_now();
        }
        Poll::Ready(self.report.result(self.started))
    }

    fn begin<C: ?Sized>(&self, cx: &mut WorkContext<'_, C>) -> Result<(), Failure> {
        if self.keeps_going {
            cx.on_child_failure(OnChildFailure::Collect);
            cx.retain_children(Retain::Nothing);
            return Ok(());
        }
        cx.on_child_failure(OnChildFailure::FailFast);
        cx.retain_children(Retain::Failures);
        none_has_failed(cx)
    }

    /// Returns whether a failed member ends the attempt at the end of this round, so that no other is started.
    fn is_doomed<C: ?Sized>(&self, cx: &WorkContext<'_, C>) -> bool {
        !self.keeps_going && cx.children().any_failed()
    }

    /// Tells the source, and the report, of the members that have ended.
    fn hear<C: ?Sized>(&mut self)
    where
        S: BatchSource<C>,
    {
        for end in self.ends.take() {
            self.source.settled(end.number, end.id, &end.outcome);
            if self.keeps_going {
                self.report.note(end);
            }
        }
    }
}

impl<C: ?Sized + 'static, S: BatchSource<C>> Work<C> for BatchWork<S> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        self.turn(cx, |cx, member, _| cx.spawn(member).map(Into::into))
    }

    /// Returns `false`: the members need permits of their own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.source.reset();
        self.started = 0;
        self.in_flight = 0;
        self.ends = Ends::default();
        self.report = Report::default();
    }

    /// Writes a line such as `120 started, 16 in flight`.
    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} started, {} in flight", self.started, self.in_flight)
    }

    fn progress(&self) -> Option<Progress> {
        let done = self.started - self.in_flight as u64;
        let total = self.source.total()?;
        Some(Progress { done, total })
    }
}

impl<S: fmt::Debug> fmt::Debug for BatchWork<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchWork")
            .field("source", &self.source)
            .field("width", &self.width)
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}
