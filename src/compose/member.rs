//! A spec whose type of work is erased, for lists of different works.

use super::members::OutputType;
use crate::{AddError, Failure, Name, Spec, Work, WorkContext, WorkId, WorkOutcome, WorkScheduler};
use thiserror::Error;

/// The failure of a composite's attempt when the scheduler refuses a member.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("member `{name}` was refused: {error}")]
#[non_exhaustive]
pub struct MemberRefused {
    /// The member.
    pub name: Name,
    /// Why.
    pub error: AddError,
}

/// The place to which a spec is added.
pub(super) enum Target<'t, 'turn, C: ?Sized> {
    Scheduler(&'t mut WorkScheduler<C>),
    Turn(&'t mut WorkContext<'turn, C>),
}

impl<C: ?Sized> Target<'_, '_, C> {
    /// Cancels a work that has just been added here.
    pub fn cancel(&mut self, id: WorkId) {
        // The work is known, since it has just been added.
        let _ = match self {
            Target::Scheduler(scheduler) => scheduler.cancel(id),
            Target::Turn(cx) => cx.cancel(id),
        };
    }
}

type Add<C> = Box<dyn FnOnce(&mut Target<'_, '_, C>, &[WorkId]) -> Result<WorkId, AddError>>;

/// A spec of any type of work.
pub(super) struct AnySpec<C: ?Sized> {
    pub name: Name,
    pub output: OutputType,
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
        let output = OutputType::of::<T>();
        AnySpec { name, output, add }
    }

    /// Adds the work, after the works `after` and the works that its spec names.
    pub fn add(self, target: &mut Target<'_, '_, C>, after: &[WorkId]) -> Result<WorkId, AddError> {
        (self.add)(target, after)
    }

    /// Adds the work as a child.
    pub fn spawn(self, cx: &mut WorkContext<'_, C>) -> Result<WorkId, Failure> {
        let name = self.name.clone();
        self.add(&mut Target::Turn(cx), &[])
            .map_err(|error| MemberRefused { name, error }.into())
    }
}

/// Fails if a child has already failed. A composite that lets a failed child end its attempt calls it in its first
/// turn: another work may have added a child, which failed while the rule of the spec held.
///
/// # Errors
/// The failure of the child that failed.
pub(super) fn none_has_failed<C: ?Sized>(cx: &WorkContext<'_, C>) -> Result<(), Failure> {
    if !cx.children().any_failed() {
        return Ok(());
    }
    let mut ends = cx.children().iter().filter_map(|(id, _)| cx.outcome(id));
    let failed = ends.find(|end| !matches!(end, WorkOutcome::Success));
    let failure = failed.and_then(|end| end.failure().cloned());
    Err(failure.unwrap_or_else(Failure::cancelled))
}

/// Makes a member each time it is to run.
pub(super) type Make<C> = Box<dyn FnMut() -> AnySpec<C>>;

pub(super) fn maker<C, W, T>(mut make: impl FnMut() -> Spec<C, W> + 'static) -> Make<C>
where
    C: ?Sized + 'static,
    W: Work<C, T> + 'static,
    T: 'static,
{
    Box::new(move || AnySpec::new(make()))
}
