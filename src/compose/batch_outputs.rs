//! Batches that pass on what their members return.

use super::batch::{BatchSource, BatchWork};
use super::keep::{Kept, keeping};
use crate::{Failure, Progress, StatusContext, Work, WorkContext};
use std::fmt;
use std::mem::take;
use std::task::{Poll, ready};

/// A batch that returns what its members return; see [`BatchWork::collect`].
pub struct Collected<S, T> {
    batch: BatchWork<S>,
    kept: Kept<T>,
}

/// A batch that hands what its members return to a closure; see [`BatchWork::for_each`].
pub struct ForEach<S, F, T> {
    batch: BatchWork<S>,
    each: F,
    kept: Kept<T>,
}

impl<S, T> Collected<S, T> {
    pub(super) fn new(batch: BatchWork<S>) -> Self {
        let kept = Kept::default();
        Collected { batch, kept }
    }
}

impl<S, F, T> ForEach<S, F, T> {
    pub(super) fn new(batch: BatchWork<S>, each: F) -> Self {
        let kept = Kept::default();
        ForEach { batch, each, kept }
    }

    /// Hands on what has come.
    fn hand_on<C: ?Sized>(&mut self, cx: &mut WorkContext<'_, C>) -> Result<(), Failure>
    where
        F: FnMut(&mut WorkContext<'_, C>, u64, T) -> Result<(), Failure>,
    {
        let come = take(&mut *self.kept.borrow_mut());
        for (number, output) in come {
            (self.each)(cx, number, output)?;
        }
        Ok(())
    }
}

/// Takes a turn of a batch whose members' outputs go to `kept`.
fn turn<C, S>(
    batch: &mut BatchWork<S>,
    cx: &mut WorkContext<'_, C>,
    kept: &Kept<S::Output>,
) -> Poll<Result<(), Failure>>
where
    C: ?Sized + 'static,
    S: BatchSource<C>,
{
    batch.turn(cx, |cx, member, number| {
        cx.spawn(keeping(member, number, kept)).map(Into::into)
    })
}

impl<C, S, T> Work<C, Vec<T>> for Collected<S, T>
where
    C: ?Sized + 'static,
    S: BatchSource<C, Output = T>,
    T: 'static,
{
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<Vec<T>, Failure>> {
        ready!(turn(&mut self.batch, cx, &self.kept))?;
        let mut outputs = take(&mut *self.kept.borrow_mut());
        outputs.sort_unstable_by_key(|&(number, _)| number);
        Poll::Ready(Ok(outputs.into_iter().map(|(_, output)| output).collect()))
    }

    /// Returns `false`: the members need permits of their own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        self.kept.borrow_mut().clear();
        self.batch.on_reset(cx);
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.batch.status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        self.batch.progress()
    }
}

impl<C, S, F, T> Work<C> for ForEach<S, F, T>
where
    C: ?Sized + 'static,
    S: BatchSource<C, Output = T>,
    F: FnMut(&mut WorkContext<'_, C>, u64, T) -> Result<(), Failure>,
    T: 'static,
{
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        self.hand_on(cx)?;
        turn(&mut self.batch, cx, &self.kept)
    }

    /// Returns `false`: the members need permits of their own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        self.kept.borrow_mut().clear();
        self.batch.on_reset(cx);
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.batch.status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        self.batch.progress()
    }
}

impl<S: fmt::Debug, T> fmt::Debug for Collected<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Collected").field(&self.batch).finish()
    }
}

impl<S: fmt::Debug, F, T> fmt::Debug for ForEach<S, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ForEach").field(&self.batch).finish()
    }
}
