//! One work's status, in one line.

use super::WorkScheduler;
use crate::work::{Work, WorkId};
use std::fmt::{self, Write};

impl<C: ?Sized> WorkScheduler<C> {
    /// Returns a work's status in one line: its name and state, its retry time, how many of its children are done, how
    /// many of its jobs and sources are out, its [`progress`](Work::progress), its own [`status`](Work::status), and
    /// its last failure. `None` if the work has been reclaimed or belongs to another scheduler. O(1), besides the
    /// work's own calls.
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
        let engine = &self.lent.engine;
        let guard = &engine.inbox.sender.guard;
        engine.status_of(id.into(), &|slot| {
            let mut text = String::new();
            self.bodies.look(slot, &mut |body| {
                let status = guard.call("the status of a work", || own_status(body));
                text.push_str(status.as_deref().unwrap_or(" : (its status panicked)"));
            });
            text
        })
    }
}

/// Returns the progress and the status that a work gives of itself.
fn own_status<C: ?Sized>(body: &dyn Work<C>) -> String {
    let mut text = String::new();
    if let Some(progress) = body.progress() {
        let _ = write!(text, " : {}/{}", progress.done, progress.total);
    }
    // A formatter's error ends the line there.
    let before = text.len();
    let _ = write!(text, " : {}", Said(body));
    if text.len() == before + " : ".len() {
        text.truncate(before);
    }
    text
}

/// Prints a work's own status.
struct Said<'a, C: ?Sized>(&'a dyn Work<C>);

impl<C: ?Sized> fmt::Display for Said<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.status(f)
    }
}
