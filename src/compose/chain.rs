//! Adds works to a scheduler, each after the one before.

use crate::{AddError, Handle, Spec, Work, WorkContext, WorkId, WorkScheduler};

/// Adds works, each `after` the work added before it. henyey-work calls this a `WorkSequence`.
///
/// A chain is no composite: each work stands alone, and when one fails the rest is Blocked. Use
/// [`WorkSequence`](super::WorkSequence) if all are to be retried or cancelled as a whole.
///
/// ```
/// use crankwork::compose::Chain;
/// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
/// use std::task::Poll;
///
/// let mut s = WorkScheduler::<Vec<u32>>::new(Default::default());
/// let mut chain = Chain::new();
/// for step in 0..3 {
///     let work = move |cx: &mut WorkContext<'_, Vec<u32>>| {
///         cx.app.push(step);
///         Poll::Ready(Ok(()))
///     };
///     chain.push(&mut s, Spec::new(format!("step {step}"), work))?;
/// }
/// let mut log = Vec::new();
/// s.run_until_done(&mut log, &mut VirtualDriver::new())?;
/// assert_eq!(log, [0, 1, 2]);
/// assert_eq!(chain.ids().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Chain {
    ids: Vec<WorkId>,
}

impl Chain {
    /// Makes an empty chain.
    pub fn new() -> Self {
        Chain::default()
    }

    /// Makes a chain that continues after the existing work `first`.
    pub fn from(first: impl Into<WorkId>) -> Self {
        Chain {
            ids: vec![first.into()],
        }
    }

    /// Adds a work after the last one of the chain, and after the works that its spec names.
    ///
    /// # Errors
    /// [`AddError`]; the chain stays as it was.
    pub fn push<C, W, T>(
        &mut self,
        scheduler: &mut WorkScheduler<C>,
        spec: Spec<C, W>,
    ) -> Result<Handle<T>, AddError>
    where
        C: ?Sized,
        W: Work<C, T> + 'static,
        T: 'static,
    {
        let handle = scheduler.add(self.link(spec))?;
        self.ids.push(handle.id());
        Ok(handle)
    }

    /// Adds a work as [`push`](Self::push) does, as a child of the work that has the turn.
    ///
    /// # Errors
    /// [`AddError`]; the chain stays as it was.
    pub fn spawn<C, W, T>(
        &mut self,
        cx: &mut WorkContext<'_, C>,
        spec: Spec<C, W>,
    ) -> Result<Handle<T>, AddError>
    where
        C: ?Sized,
        W: Work<C, T> + 'static,
        T: 'static,
    {
        let handle = cx.spawn(self.link(spec))?;
        self.ids.push(handle.id());
        Ok(handle)
    }

    fn link<C: ?Sized, W>(&self, spec: Spec<C, W>) -> Spec<C, W> {
        self.ids
            .last()
            .into_iter()
            .fold(spec, |spec, &id| spec.after(id))
    }

    /// Returns the works, in order.
    pub fn ids(&self) -> &[WorkId] {
        &self.ids
    }
}
