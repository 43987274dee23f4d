//! Runs many members, up to a number of them at a time.

use super::member::{MemberRefused, none_has_failed};
use crate::{Failure, OnChildFailure, Progress, Retain, Spec, Work, WorkContext};
use std::fmt;
use std::iter::Peekable;
use std::task::Poll;

/// The source of a [`BatchWork`]'s members.
///
/// A batch calls `reset` before each attempt. Whenever it has room it calls `has_next`, and after each `true` it calls
/// `next` once. So a source may make each member from the application as it is by then. Any iterator factory is a
/// source: see [`BatchWork::each`].
pub trait BatchSource<C: ?Sized> {
    /// The type of the members; `Box<dyn Work<C>>` if they differ.
    type Work: Work<C> + 'static;

    /// Returns whether there is another member. After `false` the batch asks again only while members are unsettled.
    fn has_next(&mut self, cx: &mut WorkContext<'_, C>) -> bool;

    /// Returns the next member.
    fn next(&mut self, cx: &mut WorkContext<'_, C>) -> Spec<C, Self::Work>;

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
/// starts no other, the unsettled ones are aborted, and the attempt fails.
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
}

impl<S> BatchWork<S> {
    /// Makes a batch of at most `width` members at a time; 0 counts as 1.
    pub fn new(width: usize, source: S) -> Self {
        BatchWork {
            source,
            width: width.max(1),
            started: 0,
            in_flight: 0,
        }
    }
}

impl<F, I: IntoIterator> BatchWork<Each<F, I>> {
    /// Makes a batch of the members that an iterator yields. It calls `make` once per attempt.
    pub fn each(width: usize, make: F) -> Self
    where
        F: FnMut() -> I,
    {
        let members = None;
        BatchWork::new(width, Each { make, members })
    }
}

impl<C: ?Sized, S: BatchSource<C>> Work<C> for BatchWork<S> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        if self.started == 0 {
            cx.on_child_failure(OnChildFailure::FailFast);
            cx.retain_children(Retain::Failures);
            none_has_failed(cx)?;
        }
        // A failed member ends the attempt at the end of this round, so no other is started meanwhile.
        while !cx.children().any_failed() && cx.children().live() < self.width {
            if !self.source.has_next(cx) {
                break;
            }
            let member = self.source.next(cx);
            let name = member.name().clone();
            cx.spawn(member)
                .map_err(|error| MemberRefused { name, error })?;
            self.started += 1;
        }
        self.in_flight = cx.children().live();
        // A member that was Blocked at once has failed the attempt by now.
        match self.in_flight == 0 && !cx.children().any_failed() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }

    /// Returns `false`: the members need permits of their own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.source.reset();
        self.started = 0;
        self.in_flight = 0;
    }

    /// Writes a line such as `120 started, 16 in flight`.
    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// The source that [`BatchWork::each`] makes from an iterator factory.
pub struct Each<F, I: IntoIterator> {
    make: F,
    members: Option<(Peekable<I::IntoIter>, Option<u64>)>,
}

impl<F: FnMut() -> I, I: IntoIterator> Each<F, I> {
    fn members(&mut self) -> &mut Peekable<I::IntoIter> {
        let make = &mut self.make;
        let (members, _) = self.members.get_or_insert_with(|| {
            let members = make().into_iter();
            let total = match members.size_hint() {
                (least, Some(most)) if least == most => Some(most as u64),
                _ => None,
            };
            (members.peekable(), total)
        });
        members
    }
}

impl<C, F, I, W> BatchSource<C> for Each<F, I>
where
    C: ?Sized,
    F: FnMut() -> I,
    I: IntoIterator<Item = Spec<C, W>>,
    W: Work<C> + 'static,
{
    type Work = W;

    fn has_next(&mut self, _: &mut WorkContext<'_, C>) -> bool {
        self.members().peek().is_some()
    }

    fn next(&mut self, _: &mut WorkContext<'_, C>) -> Spec<C, W> {
        match self.members().next() {
            Some(member) => member,
            None => panic!("`next` is called only after `has_next` has said that there is one"),
        }
    }

    fn reset(&mut self) {
        self.members = None;
    }

    fn total(&self) -> Option<u64> {
        self.members.as_ref().and_then(|&(_, total)| total)
    }
}

impl<F, I: IntoIterator> fmt::Debug for Each<F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Each")
    }
}
