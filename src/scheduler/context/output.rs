//! Stores the output of a work, so that all bodies have one return type.

use super::WorkContext;
use crate::StatusContext;
use crate::work::{Failure, Progress, Work};
use std::fmt;
use std::marker::PhantomData;
use std::task::Poll;

/// Makes a `Work<C>` of a `Work<C, T>`. The output goes to the work's record.
pub(crate) struct OutputAdapter<W, T> {
    work: W,
    output: PhantomData<fn() -> T>,
}

impl<W, T> OutputAdapter<W, T> {
    pub fn new(work: W) -> Self {
        OutputAdapter {
            work,
            output: PhantomData,
        }
    }
}

impl<C: ?Sized, T: 'static, W: Work<C, T>> Work<C> for OutputAdapter<W, T> {
    #[inline]
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        match self.work.poll(cx) {
            Poll::Ready(Ok(output)) => {
                cx.store_output(output);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(failure)) => Poll::Ready(Err(failure)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn name(&self) -> &str {
        self.work.name()
    }

    fn needs_permit(&self) -> bool {
        self.work.needs_permit()
    }

    fn on_abort(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<()> {
        self.work.on_abort(cx)
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_reset(cx);
    }

    fn on_success(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_success(cx);
    }

    fn on_failure_retry(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_failure_retry(cx);
    }

    fn on_failure_raise(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_failure_raise(cx);
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.work.status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        self.work.progress()
    }
}
