//! Runs members one after another.

use super::member::{AnySpec, none_has_failed};
use super::members::{Members, Started};
use crate::{
    Failure, Name, OnChildFailure, Progress, Spec, StatusContext, Work, WorkContext, WorkOutcome,
};
use std::fmt;
use std::task::Poll;
use thiserror::Error;

/// Runs its members one after another, in the order in which they were given. An empty sequence succeeds at once.
///
/// The sequence stops at the first member that fails, unless told otherwise. A retry or restart runs all members again,
/// also those that had succeeded. Settled members stay, with their states and outputs, until the attempt ends, and
/// [`then_with`](WorkSequence::then_with) hands them to a later member.
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
    members: Vec<MakeWith<C>>,
    goes_on: bool,
    /// The members that this attempt has started.
    started: Vec<Started>,
    /// Whether the last member has not been seen to end.
    is_running: bool,
    first_failed: Option<(Name, Failure)>,
}

/// Makes a member, which may look at the members before it.
type MakeWith<C> = Box<dyn FnMut(&Members<'_, C>) -> AnySpec<C>>;

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
            started: Vec::new(),
            is_running: false,
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

    /// Adds a member at the end that is made from what the members before it have returned.
    ///
    /// The sequence calls `make` each time the member is to run. Members are counted from 0. A panic in `make`, such as
    /// that of [`Members::output`], fails the sequence for good.
    ///
    /// ```
    /// use crankwork::compose::WorkSequence;
    /// use crankwork::{Spec, VirtualDriver, WorkScheduler};
    /// use std::task::Poll;
    ///
    /// let mut s = WorkScheduler::<Vec<String>>::new(Default::default());
    /// let sequence = WorkSequence::new()
    ///     .then_fn("choose an archive", |_| Poll::Ready(Ok("sdf-1".to_owned())))
    ///     .then_with(|done| {
    ///         let archive = done.output::<String>(0).clone();
    ///         Spec::<Vec<String>, _>::from_fn("download", move |cx| {
    ///             cx.app.push(format!("from {archive}"));
    ///             Poll::Ready(Ok(()))
    ///         })
    ///     });
    /// s.add(Spec::new("get", sequence))?;
    /// let mut log = Vec::new();
    /// s.run_until_done(&mut log, &mut VirtualDriver::new())?;
    /// assert_eq!(log, ["from sdf-1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn then_with<W, T>(
        mut self,
        mut make: impl FnMut(&Members<'_, C>) -> Spec<C, W> + 'static,
    ) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.members
            .push(Box::new(move |done| AnySpec::new(make(done))));
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
    pub fn push<W, T>(&mut self, mut make: impl FnMut() -> Spec<C, W> + 'static)
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.members.push(Box::new(move |_| AnySpec::new(make())));
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
        let is_first = self.first_failed.is_none();
        let Some(Started { id, name, .. }) = self.started.last().filter(|_| is_first) else {
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
        let Some(make) = self.members.get_mut(self.started.len()) else {
            self.is_running = false;
            return Poll::Ready(self.result(cx));
        };
        let member = make(&Members::new(cx, &self.started));
        self.started.push(Started::spawn(member, cx)?);
        self.is_running = true;
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
            if self.started.is_empty() {
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
        self.started.clear();
        self.is_running = false;
        self.first_failed = None;
    }

    /// Writes a line such as `2 of 5: verify 3/8`, with the current member's progress if there is any.
    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (started, members) = (self.started.len(), self.members.len());
        match cx.children().last().filter(|_| self.is_running) {
            Some(current) => write!(f, "{started} of {members}: {current}"),
            None => Ok(()),
        }
    }

    /// Returns how many members are done, without the current one.
    fn progress(&self) -> Option<Progress> {
        Some(Progress {
            done: (self.started.len() - self.is_running as usize) as u64,
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
            .field("started", &self.started.len())
            .finish_non_exhaustive()
    }
}
