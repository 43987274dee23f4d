//! Measures what works' turns cost, so that what the engine itself costs can be told.

use super::{App, Cx};
use cpu_time::ThreadTime;
use crankwork::{Failure, Progress, StatusContext, Work};
use std::fmt;
use std::task::Poll;

/// A work whose turns are measured.
pub struct Metered<W>(pub W);

/// Calls, and adds the CPU time to the tally.
fn measured<R>(cx: &mut Cx<'_>, call: impl FnOnce(&mut Cx<'_>) -> R) -> R {
    if !cx.app.settings.measure {
        return call(cx);
    }
    let start = ThreadTime::now();
    let result = call(cx);
    cx.app.tally.in_works += start.elapsed();
    result
}

impl<T, W: Work<App, T>> Work<App, T> for Metered<W> {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<T, Failure>> {
        measured(cx, |cx| self.0.poll(cx))
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        measured(cx, |cx| self.0.on_abort(cx))
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        measured(cx, |cx| self.0.on_reset(cx));
    }

    fn on_success(&mut self, cx: &mut Cx<'_>) {
        measured(cx, |cx| self.0.on_success(cx));
    }

    fn on_failure_retry(&mut self, cx: &mut Cx<'_>) {
        measured(cx, |cx| self.0.on_failure_retry(cx));
    }

    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        measured(cx, |cx| self.0.on_failure_raise(cx));
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        self.0.progress()
    }
}
