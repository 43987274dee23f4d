//! Members one after another.

use super::member::{AnySpec, Make, maker, none_has_failed};
use crate::{
    Failure, Name, OnChildFailure, Progress, Spec, Work, WorkContext, WorkId, WorkOutcome,
};
use std::fmt;
use std::task::Poll;
use thiserror::Error;

/// Runs its members one after another, in the order in which they were given. An empty one succeeds at once.
///
/// It stops at the first member that fails, unless told otherwise. A retry or restart runs all members again, those too
/// that had succeeded. Settled members stay, with their states, until the attempt ends.
///
/// ```
/// use crankwork::compose::WorkSequence;
/// use crankwork::{Retry, Spec, VirtualDriver, WorkContext, WorkScheduler};
/// use std::task::Poll;
///
/// type Log = Vec<&'static str>;
/// let mut s = WorkScheduler::<Log>::new(Default::default());
/// let sequence = WorkSequence::new()
///     .then_fn("download", |cx: &mut WorkContext<'_, Log>| {
///         cx.app.push("download");
///         Poll::Ready(Ok(()))
///     })
///     .then(|| {
///         let verify = |cx: &mut WorkContext<'_, Log>| {
///             cx.app.push("verify");
///             Poll::Ready(Ok(()))
///         };
///         Spec::new("verify", verify).retry(Retry::ONCE)
///     });
/// s.add(Spec::new("catch up", sequence).retry(Retry::A_FEW))?;
///
/// let mut log = Log::new();
/// s.run_until_done(&mut log, &mut VirtualDriver::new())?;
/// assert_eq!(log, ["download", "verify"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WorkSequence<C: ?Sized> {
    members: Vec<Make<C>>,
    goes_on: bool,
    /// How many members of this attempt have been started.
    started: usize,
    current: Option<(WorkId, Name)>,
    first_failed: Option<(Name, Failure)>,
}

/// Members of a sequence that goes on past failures have failed; the first one's failure is the
/// [`cause`](Failure::cause), and if that is final so is the sequence's ([`Failure::from_child`]).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{failed} of {members} members failed, `{first}` first")]
#[non_exhaustive]
pub struct MembersFailed {
    /// How many failed.
    pub failed: usize,
    /// How many there are.
    pub members: usize,
    /// The name of the first that failed.
    pub first: Name,
}

impl<C: ?Sized + 'static> WorkSequence<C> {
    /// Without members; stops at the first failure.
    pub fn new() -> Self {
        WorkSequence {
            members: Vec::new(),
            goes_on: false,
            started: 0,
            current: None,
            first_failed: None,
        }
    }

    /// Whether the first failed member ends the attempt (the default). Otherwise all members are run, and then the attempt
    /// fails if one of them has: with [`MembersFailed`].
    pub fn stop_at_first_failure(mut self, stop: bool) -> Self {
        self.goes_on = !stop;
        self
    }

    /// Adds a member at the end; `make` is called each time it is to run.
    pub fn then<W, T>(mut self, make: impl FnMut() -> Spec<C, W> + 'static) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.push(make);
        self
    }

    /// Adds a closure as a member at the end; each time it is to run, a clone of it does.
    pub fn then_fn<T: 'static>(
        self,
        name: impl Into<Name>,
        work: impl FnMut(&mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> + Clone + 'static,
    ) -> Self {
        let name = name.into();
        self.then(move || Spec::new(name.clone(), work.clone()))
    }

    /// [`WorkSequence::then`], for a loop.
    pub fn push<W, T>(&mut self, make: impl FnMut() -> Spec<C, W> + 'static)
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.members.push(maker(make));
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Keeps the first failure: a sequence that goes on tells it at the end.
    fn note_failure(&mut self, cx: &WorkContext<'_, C>) {
        let Some((id, name)) = self
            .current
            .as_ref()
            .filter(|_| self.first_failed.is_none())
        else {
            return;
        };
        let failure = match cx.outcome(*id) {
            None | Some(WorkOutcome::Success) => return,
            Some(outcome) => outcome.failure().cloned(),
        };
        let failure = failure.unwrap_or_else(Failure::cancelled);
        self.first_failed = Some((name.clone(), failure));
    }

    fn start_next(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        let Some(make) = self.members.get_mut(self.started) else {
            self.current = None;
            return Poll::Ready(self.result(cx));
        };
        let member: AnySpec<C> = make();
        let name = member.name.clone();
        self.current = Some((member.spawn(cx)?, name));
        self.started += 1;
        Poll::Pending
    }

    fn result(&mut self, cx: &WorkContext<'_, C>) -> Result<(), Failure> {
        match self.first_failed.take() {
            None => Ok(()),
            Some((first, cause)) => {
                let error = MembersFailed {
                    failed: cx.children().failed(),
                    members: self.members.len(),
                    first,
                };
                Err(Failure::from_child(error, cause))
            }
        }
    }
}

impl<C: ?Sized + 'static> Work<C> for WorkSequence<C> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        if self.goes_on {
            cx.on_child_failure(OnChildFailure::Collect);
            self.note_failure(cx);
        } else {
            cx.on_child_failure(OnChildFailure::FailFast);
            if self.started == 0 {
                none_has_failed(cx)?;
            }
        }
        let children = cx.children();
        // With a failed member the attempt ends with this round; none is started meanwhile.
        if children.any_running() || !self.goes_on && children.any_failed() {
            return Poll::Pending;
        }
        self.start_next(cx)
    }

    /// It holds no permit: its members need their own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.started = 0;
        self.current = None;
        self.first_failed = None;
    }

    /// `2 of 5: verify`.
    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.current {
            Some((_, name)) => write!(f, "{} of {}: {name}", self.started, self.members.len()),
            None => Ok(()),
        }
    }

    /// Members done, the current one not counted.
    fn progress(&self) -> Option<Progress> {
        Some(Progress {
            done: (self.started - self.current.is_some() as usize) as u64,
            total: self.members.len() as u64,
        })
    }
}

impl<C: ?Sized + 'static> Default for WorkSequence<C> {
    fn default() -> Self {
        WorkSequence::new()
    }
}

impl<C: ?Sized> fmt::Debug for WorkSequence<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkSequence")
            .field("members", &self.members.len())
            .field("stop_at_first_failure", &!self.goes_on)
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}
