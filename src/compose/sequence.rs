//! Runs members one after another.

use super::member::{AnySpec, Make, maker, none_has_failed};
use crate::{
    Failure, Name, OnChildFailure, Progress, Spec, Work, WorkContext, WorkId, WorkOutcome,
};
use std::fmt;
use std::task::Poll;
use thiserror::Error;

/// Runs its members one after another, in the order in which they were given. An empty sequence succeeds at once.
///
/// The sequence stops at the first member that fails, unless told otherwise. A retry or restart runs all members again,
/// also those that had succeeded. Settled members stay, with their states, until the attempt ends.
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
    /// The number of members that this attempt has started.
    started: usize,
    current: Option<(WorkId, Name)>,
    first_failed: Option<(Name, Failure)>,
}

/// The error of a sequence that went on past failed members. The first member's failure is the
/// [`cause`](Failure::cause), and if that is final so is the sequence's ([`Failure::from_child`]).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{failed} of {members} members failed, `{first}` first")]
#[non_exhaustive]
pub struct MembersFailed {
    /// The number of members that failed.
    pub failed: usize,
    /// The number of members.
    pub members: usize,
    /// The name of the first member that failed.
    pub first: Name,
}

impl<C: ?Sized + 'static> WorkSequence<C> {
    /// Makes an empty sequence that stops at the first failure.
    pub fn new() -> Self {
        WorkSequence {
            members: Vec::new(),
            goes_on: false,
            started: 0,
            current: None,
            first_failed: None,
        }
    }

    /// Sets whether the first failed member ends the attempt (the default). Otherwise all members run, and then the
    /// attempt fails with [`MembersFailed`] if one of them has failed.
    pub fn stop_at_first_failure(mut self, stop: bool) -> Self {
        self.goes_on = !stop;
        self
    }

    /// Adds a member at the end. The sequence calls `make` each time the member is to run.
    pub fn then<W, T>(mut self, make: impl FnMut() -> Spec<C, W> + 'static) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.push(make);
        self
    }

    /// Adds a closure as a member at the end. Each run of the member has a clone of the closure.
    pub fn then_fn<T: 'static>(
        self,
        name: impl Into<Name>,
        work: impl FnMut(&mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> + Clone + 'static,
    ) -> Self {
        let name = name.into();
        self.then(move || Spec::new(name.clone(), work.clone()))
    }

    /// Adds a member as [`WorkSequence::then`] does, for use in a loop.
    pub fn push<W, T>(&mut self, make: impl FnMut() -> Spec<C, W> + 'static)
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.members.push(maker(make));
    }

    /// Returns how many members there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Keeps the first failure, which a sequence that goes on reports at the end.
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
        // A failed member ends the attempt at the end of this round, so no other is started meanwhile.
        if children.any_running() || !self.goes_on && children.any_failed() {
            return Poll::Pending;
        }
        self.start_next(cx)
    }

    /// Returns `false`: the members need permits of their own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.started = 0;
        self.current = None;
        self.first_failed = None;
    }

    /// Writes a line such as `2 of 5: verify`.
    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.current {
            Some((_, name)) => write!(f, "{} of {}: {name}", self.started, self.members.len()),
            None => Ok(()),
        }
    }

    /// Returns how many members are done, without the current one.
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
