//! [`Spec`]: everything the scheduler is told about a work when it is added.

use super::before::Before;
use super::{Backoff, Name, Retry, WorkId, WorkOutcome};
use crate::engine::panics::Contained;
use crate::time::Time;
use smallvec::SmallVec;
use std::fmt;
use std::time::Duration;

/// What a parent does when a child of its attempt has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChildFailure {
    /// At the end of the round the other children are aborted, and the attempt fails with that child as its cause.
    #[default]
    FailFast,
    /// The parent is woken and decides.
    Collect,
}

/// Where an attempt after the first waits for its permit. Works that come back for the permit of an attempt go before both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryPosition {
    /// Behind all that wait with its priority.
    #[default]
    Tail,
    /// Before works of its priority that have not started, in the order in which back-offs end. So a work that failed early
    /// in a long queue is not tried again last.
    Head,
}

/// How a work depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EdgeKind {
    /// The other must succeed.
    After,
    /// The other must settle, however.
    AfterSettled,
}

/// Called once, with the application, when a work has settled.
pub(crate) type Completion<C> = Contained<Box<dyn FnOnce(&mut C, WorkId, &WorkOutcome)>>;

/// A work and everything the scheduler is to know about it; made with [`Spec::new`], handed to `add` or `spawn`.
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

/// A spec without its work: on what terms the work is to run.
pub(crate) struct Terms {
    pub name: Name,
    pub parent: Option<WorkId>,
    /// Works that must have succeeded.
    pub after: Before,
    pub retries: u32,
    pub permit: bool,
    pub extras: Option<Box<Extras>>,
}

impl Terms {
    /// How many works it is after, those that are given twice counted twice.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn edges(&self) -> usize {
        let settled = self.extras.as_ref().map_or(0, |e| e.after_settled.len());
        self.after.len() + settled
    }

    /// Whether it depends on nothing, is nobody's child, and asks for nothing that few works ask for.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.parent.is_none() && self.extras.is_none() && self.after.is_empty()
    }

    /// The works that it is after, and how.
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

/// What few works ask for; it becomes part of the work's record as it is.
pub(crate) struct Extras {
    /// Works that must have settled, in whatever state.
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
    /// Tells the random streams of this work from those of an earlier one of its name path; 0 and 1 add nothing.
    pub run_number: u64,
    /// The key of the callback for its end.
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
    /// A root work that depends on nothing, is never retried, needs one permit and has priority 0.
    #[inline(always)]
    pub fn new(name: impl Into<Name>, work: W) -> Self {
        Spec {
            work,
            terms: Terms::new(name.into()),
            on_settled: None,
        }
    }

    /// The name that the work will have.
    pub fn name(&self) -> &Name {
        &self.terms.name
    }

    fn extras(&mut self) -> &mut Extras {
        self.terms.extras.get_or_insert_default()
    }

    /// Makes it a child of `parent`: it is part of the parent's attempt, starts no earlier than that, and the parent
    /// settles only after it.
    pub fn parent(mut self, parent: impl Into<WorkId>) -> Self {
        self.terms.parent = Some(parent.into());
        self
    }

    /// Starts only after `other` has succeeded. May be given several times; duplicates count once.
    #[inline]
    pub fn after(mut self, other: impl Into<WorkId>) -> Self {
        self.terms.after.push(other.into());
        self
    }

    /// Starts only after `other` has settled, in whatever state.
    pub fn after_settled(mut self, other: impl Into<WorkId>) -> Self {
        self.extras().after_settled.push(other.into());
        self
    }

    /// How often and after what delays a failed attempt is followed by another. Default: [`Retry::NEVER`].
    pub fn retry(mut self, retry: Retry) -> Self {
        self.terms.retries = retry.limit();
        if retry.backoff().is_some() || self.terms.extras.is_some() {
            self.extras().backoff = retry.backoff();
        }
        self
    }

    /// Where a retry waits for its permit. Default: [`RetryPosition::Tail`].
    pub fn retry_position(mut self, position: RetryPosition) -> Self {
        self.extras().retry_position = position;
        self
    }

    /// Spends retries also on final failures of children (`Fatal`, `Panicked`, `LostWake`): where another attempt makes other
    /// children, say. Without it, such a failure fails the work for good.
    pub fn retry_fatal_children(mut self) -> Self {
        self.extras().retry_fatal_children = true;
        self
    }

    /// Makes the random streams of this work, and of all below it, differ from those of other runs. It is for a parent that
    /// runs one name again and again: a reclaimed child leaves its ordinal to the next. 0 and 1 change nothing.
    pub fn run_number(mut self, run: u64) -> Self {
        if run > 1 || self.terms.extras.is_some() {
            self.extras().run_number = run;
        }
        self
    }

    /// Needs `weight` permits of a named pool besides the general one. Pools are made with
    /// `WorkSchedulerConfig::pool` or `WorkScheduler::set_pool_capacity`. Weights for one pool add up.
    pub fn pool(mut self, pool: impl Into<Name>, weight: u32) -> Self {
        self.extras().pools.push((pool.into(), weight));
        self
    }

    /// Does not count against `max_concurrency`. Named pools still apply.
    pub fn no_permit(mut self) -> Self {
        self.terms.permit = false;
        self
    }

    /// Higher priorities get permits first. It does not order turns. Default 0.
    pub fn priority(mut self, priority: i8) -> Self {
        if priority != 0 || self.terms.extras.is_some() {
            self.extras().priority = priority;
        }
        self
    }

    /// An attempt that has not ended this long after its grant is aborted and counts as failed.
    pub fn attempt_timeout(mut self, limit: Duration) -> Self {
        self.extras().attempt_timeout = Some(limit);
        self
    }

    /// The work fails for good if it has not settled at this instant.
    pub fn deadline(mut self, at: Time) -> Self {
        self.extras().deadline = Some(at);
        self
    }

    /// How long an abort may take before the work is dropped. Default: the scheduler's `abort_grace`. With zero there is
    /// no time for `on_abort`: the work is dropped in the next round.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.extras().abort_grace = Some(grace);
        self
    }

    /// What the work does when one of its children fails. Default: [`OnChildFailure::FailFast`].
    pub fn on_child_failure(mut self, rule: OnChildFailure) -> Self {
        self.extras().on_child_failure = rule;
        self
    }

    /// Called once with the application, the work's id and its outcome, within the crank in which the work settles
    /// (or the next, if it settles between cranks), after the turn in which it does. A restart does not call it again.
    ///
    /// A panic in it is counted in the metrics as `callback_panics`; the outcome stands.
    pub fn on_settled(
        mut self,
        callback: impl FnOnce(&mut C, WorkId, &WorkOutcome) + 'static,
    ) -> Self {
        self.on_settled = Some(Contained::new(Box::new(callback)));
        self
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
