//! A spec whose work's type has been forgotten: what lists of different works are made of.

use crate::{AddError, Failure, Name, Spec, Work, WorkContext, WorkId, WorkOutcome, WorkScheduler};
use thiserror::Error;

/// A member was not added, so the attempt of the composite fails. The error inside the failure.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("member `{name}` was refused: {error}")]
#[non_exhaustive]
pub struct MemberRefused {
    /// The member.
    pub name: Name,
    /// Why.
    pub error: AddError,
}

/// Where a spec goes.
pub(super) enum Target<'t, 'turn, C: ?Sized> {
    Scheduler(&'t mut WorkScheduler<C>),
    Turn(&'t mut WorkContext<'turn, C>),
}

impl<C: ?Sized> Target<'_, '_, C> {
    /// Cancels what has been added here.
    pub fn cancel(&mut self, id: WorkId) {
        // It is there: it has just been added.
        let _ = match self {
            Target::Scheduler(scheduler) => scheduler.cancel(id),
            Target::Turn(cx) => cx.cancel(id),
        };
    }
}

type Add<C> = Box<dyn FnOnce(&mut Target<'_, '_, C>, &[WorkId]) -> Result<WorkId, AddError>>;

/// A spec of any work.
pub(super) struct AnySpec<C: ?Sized> {
    pub name: Name,
    add: Add<C>,
}

impl<C: ?Sized + 'static> AnySpec<C> {
    pub fn new<W, T>(spec: Spec<C, W>) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        let name = spec.name().clone();
        let add: Add<C> = Box::new(|target, after| {
            let spec = after.iter().fold(spec, |spec, &id| spec.after(id));
            let handle = match target {
                Target::Scheduler(scheduler) => scheduler.add(spec),
                Target::Turn(cx) => cx.spawn(spec),
            };
            handle.map(Into::into)
        });
        AnySpec { name, add }
    }

    /// Adds it, after these works besides those that it names itself.
    pub fn add(self, target: &mut Target<'_, '_, C>, after: &[WorkId]) -> Result<WorkId, AddError> {
        (self.add)(target, after)
    }

    /// Adds it as a child.
    pub fn spawn(self, cx: &mut WorkContext<'_, C>) -> Result<WorkId, Failure> {
        let name = self.name.clone();
        self.add(&mut Target::Turn(cx), &[])
            .map_err(|error| MemberRefused { name, error }.into())
    }
}

/// For the first turn of an attempt that a failed child is to end: somebody else may have added one that has failed by
/// then, while the spec's own rule held, which may have been to let it be.
///
/// # Errors
/// That child's failure.
pub(super) fn none_has_failed<C: ?Sized>(cx: &WorkContext<'_, C>) -> Result<(), Failure> {
    if !cx.children().any_failed() {
        return Ok(());
    }
    let mut ends = cx.children().iter().filter_map(|(id, _)| cx.outcome(id));
    let failed = ends.find(|end| !matches!(end, WorkOutcome::Success));
    let failure = failed.and_then(|end| end.failure().cloned());
    Err(failure.unwrap_or_else(Failure::cancelled))
}

/// Makes a member, each time it is to run.
pub(super) type Make<C> = Box<dyn FnMut() -> AnySpec<C>>;

pub(super) fn maker<C, W, T>(mut make: impl FnMut() -> Spec<C, W> + 'static) -> Make<C>
where
    C: ?Sized + 'static,
    W: Work<C, T> + 'static,
    T: 'static,
{
    Box::new(move || AnySpec::new(make()))
}
