//! [`Spec`]: all that the scheduler is told about a work when it is added.

use super::before::Before;
use super::{Backoff, Failure, Name, Retry, WorkId, WorkOutcome};
use crate::WorkContext;
use crate::engine::panics::{Contained, contain};
use crate::time::Time;
use smallvec::SmallVec;
use std::fmt;
use std::panic::resume_unwind;
use std::task::Poll;
use std::time::Duration;

/// The rule of a parent for a failed child of its attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChildFailure {
    /// At the end of the round the other children are aborted, and the attempt fails with the failed child as its
    /// cause.
    #[default]
    FailFast,
    /// The parent is woken and decides.
    Collect,
}

/// The place in which an attempt after the first waits for its permit. Works that come back for the permit of a running
/// attempt go before both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryPosition {
    /// Behind all works that wait with its priority.
    #[default]
    Tail,
    /// Before works of its priority that have not started, in the order in which back-offs end. So a work that failed
    /// early in a long queue is not tried again last.
    Head,
}

/// How a work depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// The other work must succeed.
    After,
    /// The other work must settle, in any state.
    AfterSettled,
}

/// A callback that is called once, with the application, when a work has settled.
pub(crate) type Completion<C> = Contained<Box<dyn FnOnce(&mut C, WorkId, &WorkOutcome)>>;

/// A work with all that the scheduler has to know about it. [`Spec::new`] makes it, and `add` or `spawn` takes it.
///
/// A spec that is neither added nor spawned does nothing.
///
/// ```
/// use crankwork::{Retry, Spec, WorkContext, WorkScheduler};
/// use std::task::Poll;
/// use std::time::Duration;
///
/// let mut s = WorkScheduler::<()>::new(Default::default());
/// let fetch = s.add(Spec::new("fetch", |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(7u32))))?;
/// s.add(
///     Spec::new("apply", |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(())))
///         .after(fetch)
///         .retry(Retry::A_FEW)
///         .attempt_timeout(Duration::from_secs(30)),
/// )?;
/// # Ok::<(), crankwork::AddError>(())
/// ```
#[must_use = "a spec does nothing until it is added or spawned"]
pub struct Spec<C: ?Sized, W> {
    pub(crate) work: W,
    pub(crate) terms: Terms,
    pub(crate) on_settled: Option<Completion<C>>,
}

/// A spec without its work: the terms on which the work is to run.
pub(crate) struct Terms {
    pub name: Name,
    pub parent: Option<WorkId>,
    /// The works that must have succeeded.
    pub after: Before,
    pub retries: u32,
    pub permit: bool,
    pub extras: Option<Box<Extras>>,
}

impl Terms {
    /// Returns how many works it is after. A work that is given twice counts twice.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn edges(&self) -> usize {
        let settled = self.extras.as_ref().map_or(0, |e| e.after_settled.len());
        self.after.len() + settled
    }

    /// Returns whether it has no dependency, no parent and no extras.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.parent.is_none() && self.extras.is_none() && self.after.is_empty()
    }

    /// Returns the works that it is after, and how.
    pub fn dependencies(&self) -> impl Iterator<Item = (WorkId, EdgeKind)> + '_ {
        let extras = self.extras.as_deref();
        let settled = extras.map_or(&[][..], |extras| &extras.after_settled);
        let settled = settled.iter().map(|&id| (id, EdgeKind::AfterSettled));
        let succeeded = self.after.iter().map(|id| (id, EdgeKind::After));
        succeeded.chain(settled)
    }
}

impl Terms {
    #[inline]
    pub fn new(name: Name) -> Self {
        Terms {
            name,
            parent: None,
            after: Before::default(),
            retries: 0,
            permit: true,
            extras: None,
        }
    }
}

/// The terms that few works need. They become part of the work's record as they are.
pub(crate) struct Extras {
    /// The works that must have settled, in any state.
    pub after_settled: SmallVec<[WorkId; 1]>,
    pub priority: i8,
    pub backoff: Option<Backoff>,
    pub pools: SmallVec<[(Name, u32); 1]>,
    pub attempt_timeout: Option<Duration>,
    pub deadline: Option<Time>,
    pub abort_grace: Option<Duration>,
    pub on_child_failure: OnChildFailure,
    pub retry_fatal_children: bool,
    pub retry_position: RetryPosition,
    /// Makes the random streams of this work differ from those of an earlier run of its name path. 0 and 1 change
    /// nothing.
    pub run_number: u64,
    /// The key of the callback for the end of the work.
    pub on_settled: Option<u32>,
}

impl Default for Extras {
    fn default() -> Self {
        Extras {
            after_settled: SmallVec::new(),
            priority: 0,
            backoff: None,
            pools: SmallVec::new(),
            attempt_timeout: None,
            deadline: None,
            abort_grace: None,
            on_child_failure: OnChildFailure::FailFast,
            retry_fatal_children: false,
            retry_position: RetryPosition::Tail,
            run_number: 0,
            on_settled: None,
        }
    }
}

impl<C: ?Sized, W> Spec<C, W> {
    /// Makes a spec for a root work that depends on nothing, is never retried, needs one permit and has priority 0.
    ///
    /// `work` may be of any type, so the compiler infers nothing about a closure, which needs the type of its argument:
    /// `|cx: &mut WorkContext<'_, App>|`. With [`Spec::from_fn`] it does not.
    #[inline(always)]
    pub fn new(name: impl Into<Name>, work: W) -> Self {
        Spec {
            work,
            terms: Terms::new(name.into()),
            on_settled: None,
        }
    }

    /// Makes another work of the work, and leaves the rest as it is; see [`Wrapped`](crate::compose::Wrapped).
    pub fn wrap<V>(self, wrap: impl FnOnce(W) -> V) -> Spec<C, V> {
        Spec {
            work: wrap(self.work),
            terms: self.terms,
            on_settled: self.on_settled,
        }
    }

    /// Returns the name that the work will have.
    pub fn name(&self) -> &Name {
        &self.terms.name
    }

    fn extras(&mut self) -> &mut Extras {
        self.terms.extras.get_or_insert_default()
    }

    /// Makes the work a child of `parent`. It belongs to the parent's attempt, starts no earlier than that, and the
    /// parent settles only after it.
    pub fn parent(mut self, parent: impl Into<WorkId>) -> Self {
        self.terms.parent = Some(parent.into());
        self
    }

    /// Makes the work start only after `other` has succeeded. The call may be repeated; duplicates count once. A work
    /// that has been reclaimed is refused, unless [`Limits::outcomes`](crate::Limits::outcomes) keeps its outcome.
    #[inline]
    pub fn after(mut self, other: impl Into<WorkId>) -> Self {
        self.terms.after.push(other.into());
        self
    }

    /// Makes the work start only after `other` has settled, in any state.
    pub fn after_settled(mut self, other: impl Into<WorkId>) -> Self {
        self.extras().after_settled.push(other.into());
        self
    }

    /// Sets how often another attempt follows a failed one, and after which delays. Default: [`Retry::NEVER`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.terms.retries = retry.limit();
        if retry.backoff().is_some() || self.terms.extras.is_some() {
            self.extras().backoff = retry.backoff();
        }
        self
    }

    /// Sets where a retry waits for its permit. Default: [`RetryPosition::Tail`].
    pub fn retry_position(mut self, position: RetryPosition) -> Self {
        self.extras().retry_position = position;
        self
    }

    /// Spends retries also on final failures of children (`Fatal`, `Panicked`, `LostWake`). It suits a work whose next
    /// attempt makes other children. Without it, such a failure fails the work for good.
    pub fn retry_fatal_children(mut self) -> Self {
        self.extras().retry_fatal_children = true;
        self
    }

    /// Makes the random streams of this work, and of all below it, differ from those of other runs. It is for a parent
    /// that runs one name again and again, since a reclaimed child leaves its ordinal to the next. 0 and 1 change
    /// nothing.
    pub fn run_number(mut self, run: u64) -> Self {
        if run > 1 || self.terms.extras.is_some() {
            self.extras().run_number = run;
        }
        self
    }

    /// Makes the work need `weight` permits of a named pool besides the general one. `WorkSchedulerConfig::pool` and
    /// `WorkScheduler::set_pool_capacity` make pools. Weights for one pool add up.
    pub fn pool(mut self, pool: impl Into<Name>, weight: u32) -> Self {
        self.extras().pools.push((pool.into(), weight));
        self
    }

    /// Exempts the work from `max_concurrency`. Named pools still apply.
    pub fn no_permit(mut self) -> Self {
        self.terms.permit = false;
        self
    }

    /// Sets the priority: higher priorities get permits first. It does not order turns. Default 0.
    pub fn priority(mut self, priority: i8) -> Self {
        if priority != 0 || self.terms.extras.is_some() {
            self.extras().priority = priority;
        }
        self
    }

    /// Limits the time of an attempt from its grant on. A longer attempt is aborted and counts as failed.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.extras().attempt_timeout = Some(limit);
        self
    }

    /// Sets a deadline: the work fails for good if it has not settled at this instant.
    pub fn deadline(mut self, at: Time) -> Self {
        self.extras().deadline = Some(at);
        self
    }

    /// Sets how long an abort may take before the work is dropped. With zero there is no time for `on_abort`: the work
    /// is dropped in the next round. Default: the scheduler's `abort_grace`.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.extras().abort_grace = Some(grace);
        self
    }

    /// Sets the rule for failed children. Default: [`OnChildFailure::FailFast`].
    pub fn on_child_failure(mut self, rule: OnChildFailure) -> Self {
        self.extras().on_child_failure = rule;
        self
    }

    /// Sets a callback for the end of the work. The scheduler calls it once, with the application, the work's id and
    /// its outcome, after the turn in which the work settles. The call comes in that crank, or in the next if the work
    /// settles between cranks. A restart does not call it again.
    ///
    /// A panic of the callback is counted in the metrics as `callback_panics`; the outcome stands.
    /// A second call replaces the callback; [`Spec::also_on_settled`] adds one.
    pub fn on_settled(
        mut self,
        callback: impl FnOnce(&mut C, WorkId, &WorkOutcome) + 'static,
    ) -> Self {
        self.on_settled = Some(Contained::new(Box::new(callback)));
        self
    }

    /// Adds a callback for the end of the work, after the one that the spec has. A panic of one does not keep the other
    /// from its call.
    pub fn also_on_settled(
        mut self,
        callback: impl FnOnce(&mut C, WorkId, &WorkOutcome) + 'static,
    ) -> Self
    where
        C: 'static,
    {
        let Some(first) = self.on_settled.take() else {
            return self.on_settled(callback);
        };
        self.on_settled(move |app, id, outcome| {
            let first = contain(|| first.into_inner()(app, id, outcome));
            callback(app, id, outcome);
            if let Err(panic) = first {
                resume_unwind(panic);
            }
        })
    }
}

impl<C: ?Sized, F> Spec<C, F> {
    /// Makes a spec of a closure. The compiler infers the closure's argument from the application type, which goes in
    /// front unless it is known.
    ///
    /// ```
    /// use crankwork::{Retry, Spec, WorkScheduler};
    /// use std::task::Poll;
    ///
    /// type App = Vec<u32>;
    /// let mut s = WorkScheduler::<App>::new(Default::default());
    /// let push = Spec::<App, _>::from_fn("push", |cx| {
    ///     cx.app.push(63);
    ///     Poll::Ready(Ok(()))
    /// });
    /// s.add(push.retry(Retry::A_FEW))?;
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    #[inline(always)]
    pub fn from_fn<T>(name: impl Into<Name>, work: F) -> Self
    where
        F: FnMut(&mut WorkContext<'_, C>) -> Poll<Result<T, Failure>>,
    {
        Spec::new(name, work)
    }
}

impl<C: ?Sized, W> fmt::Debug for Spec<C, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spec")
            .field("name", &self.terms.name)
            .field("parent", &self.terms.parent)
            .field("after", &self.terms.after)
            .field("retries", &self.terms.retries)
            .finish_non_exhaustive()
    }
}
