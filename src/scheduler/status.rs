//! What works say of themselves: status lines, the status tree, progress.

use super::WorkScheduler;
use super::bodies::Bodies;
use crate::engine::StatusContext;
use crate::engine::report::AskWork;
use crate::work::{Progress, WorkId};
use std::fmt;

impl<C: ?Sized> WorkScheduler<C> {
    /// Returns each work as a line of an indented tree: its name, state and own status, its retry time, how many of its
    /// children are done and of its jobs are out, and its last error. [`status_of`](WorkScheduler::status_of) makes the
    /// lines. O(works log works), besides the works' own calls.
    ///
    /// ```text
    /// sync: Waiting : 2/5 children completed
    ///   get 0000003f: Retrying in 3s : connection refused
    /// ```
    pub fn status(&self) -> String {
        self.lent.engine.status(&self.bodies)
    }

    /// Returns a work's status in one line: its name and state, its retry time, how many of its children are done, how
    /// many of its jobs and sources are out, its own [`progress`](crate::Work::progress) and
    /// [`status`](crate::Work::status), and its last failure. `None` if the work has been reclaimed or belongs to
    /// another scheduler. O(1), besides the work's own calls and what they ask of its children.
    ///
    /// ```
    /// use crankwork::{Backoff, Budget, Failure, Retry, Spec, Time, WorkContext, WorkScheduler, WorkSchedulerConfig};
    /// use std::task::Poll;
    /// use std::time::Duration;
    ///
    /// let mut work = WorkScheduler::<()>::new(WorkSchedulerConfig::default());
    /// let refused = |_: &mut WorkContext<'_, ()>| Poll::<Result<(), _>>::Ready(Err(Failure::msg("connection refused")));
    /// let retry = Retry::A_FEW.with_backoff(Backoff::fixed(Duration::from_secs(3)));
    /// let get = work.add(Spec::new("get 0000003f", refused).retry(retry))?;
    /// let _ = work.crank_work(Time::ZERO, &mut (), Budget::turns(1));
    /// let line = work.status_of(get);
    /// assert_eq!(line.as_deref(), Some("get 0000003f: Retrying in 3s : connection refused"));
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    pub fn status_of(&self, id: impl Into<WorkId>) -> Option<String> {
        self.lent.engine.status_of(id.into(), &self.bodies)
    }

    /// Returns how far a work is: its own [`progress`](crate::Work::progress), or the sum over its children if it gives
    /// none. The sum goes down the tree until works give a progress of their own.
    ///
    /// In a sum, a work that gives no progress and has no children counts as one unit. A work that has settled counts
    /// as done, whether it succeeded or not. Works that are not there any more count as one done unit each: children of
    /// a settled work, and those that [`retain_children`](crate::WorkContext::retain_children) let go. So a bar gets to
    /// its end, and goes back only when an attempt fails or a work adds others. A sum makes sense if all that it adds
    /// up is counted in one unit: a download that counts bytes should say so in its status, or its parent should give a
    /// progress of its own.
    ///
    /// `None` if the work gives no progress and has had no child in this attempt. It is also `None` if the work has
    /// been reclaimed or belongs to another scheduler. O(works below it), besides the works' own calls.
    ///
    /// ```
    /// use crankwork::{Budget, Progress, Spec, Time, WorkScheduler};
    /// use std::task::{Poll, ready};
    /// use std::time::Duration;
    ///
    /// let mut work = WorkScheduler::<()>::new(Default::default());
    /// let sync = work.add_fn("sync", |cx| {
    ///     for file in 1..=3 {
    ///         cx.spawn_fn(format!("file {file}"), move |cx| {
    ///             ready!(cx.sleep(Duration::from_secs(file)));
    ///             Poll::Ready(Ok(()))
    ///         })?;
    ///     }
    ///     Poll::Ready(Ok(()))
    /// })?;
    /// for second in 0..=2 {
    ///     let _ = work.crank_work(Time::from_secs(second), &mut (), Budget::unlimited());
    /// }
    /// assert_eq!(work.progress_of(sync), Some(Progress { done: 2, total: 3 }));
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    pub fn progress_of(&self, id: impl Into<WorkId>) -> Option<Progress> {
        self.lent.engine.progress_of(id.into(), &self.bodies)
    }
}

/// The engine's reports ask works through this. It is all that the compiler builds for each application type.
impl<C: ?Sized> AskWork for Bodies<C> {
    fn progress(&self, slot: u32) -> Option<Progress> {
        let mut progress = None;
        self.look(slot, &mut |body| progress = body.progress());
        progress
    }

    fn status(&self, slot: u32, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut result = Ok(());
        self.look(slot, &mut |body| result = body.status(cx, f));
        result
    }
}
