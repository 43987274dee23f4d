//! What a member of a sequence can ask about the members before it.

use super::member::AnySpec;
use crate::{Failure, Name, WorkContext, WorkId};
use std::any::{TypeId, type_name};
use std::fmt;
use thiserror::Error;

/// The type of a work's output.
#[derive(Clone, Copy)]
pub(super) struct OutputType {
    id: TypeId,
    name: &'static str,
}

impl OutputType {
    pub fn of<T: 'static>() -> Self {
        OutputType {
            id: TypeId::of::<T>(),
            name: type_name::<T>(),
        }
    }
}

/// A member that this attempt has started.
pub(super) struct Started {
    pub id: WorkId,
    pub name: Name,
    output: OutputType,
}

impl Started {
    /// Spawns a member.
    pub fn spawn<C: ?Sized + 'static>(
        spec: AnySpec<C>,
        cx: &mut WorkContext<'_, C>,
    ) -> Result<Self, Failure> {
        let (name, output) = (spec.name.clone(), spec.output);
        let id = spec.spawn(cx)?;
        Ok(Started { id, name, output })
    }
}

/// The members that a [`WorkSequence`](super::WorkSequence) has run before one of
/// [`then_with`](super::WorkSequence::then_with), counted from 0. All calls are O(1).
pub struct Members<'a, C: ?Sized> {
    cx: &'a WorkContext<'a, C>,
    started: &'a [Started],
}

/// Why [`Members::try_output`] has no output to return.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoOutput {
    /// The member comes later, or there is none of this number.
    #[error("member {index} has not run: {started} members have, counted from 0")]
    NotRun {
        /// The number that was asked for.
        index: usize,
        /// The number of members that have run.
        started: usize,
    },
    /// The member has failed, and the sequence goes on past failed members.
    #[error("member `{name}` has not succeeded, so it has no output")]
    NotSucceeded {
        /// The member.
        name: Name,
    },
    /// The member returns another type.
    #[error("member `{name}` returns `{returned}`, not `{asked}`: ask for what it returns")]
    OtherType {
        /// The member.
        name: Name,
        /// The type that the member returns.
        returned: &'static str,
        /// The type that was asked for.
        asked: &'static str,
    },
}

impl<'a, C: ?Sized> Members<'a, C> {
    pub(super) fn new(cx: &'a WorkContext<'a, C>, started: &'a [Started]) -> Self {
        Members { cx, started }
    }

    /// Returns how many members have run.
    pub fn len(&self) -> usize {
        self.started.len()
    }

    /// Returns whether no member has run.
    pub fn is_empty(&self) -> bool {
        self.started.is_empty()
    }

    /// Returns the application.
    pub fn app(&self) -> &'a C {
        self.cx.app
    }

    /// Returns what the member `index` has returned.
    ///
    /// # Panics
    /// With the text of [`NoOutput`]. The panic fails the sequence for good; [`Members::try_output`] returns the error.
    pub fn output<T: 'static>(&self, index: usize) -> &'a T {
        match self.try_output(index) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns what the member `index` has returned. It suits a sequence that goes on past failed members.
    ///
    /// # Errors
    /// [`NoOutput`].
    pub fn try_output<T: 'static>(&self, index: usize) -> Result<&'a T, NoOutput> {
        let member = self.member(index)?;
        if member.output.id != TypeId::of::<T>() {
            return Err(NoOutput::OtherType {
                name: member.name.clone(),
                returned: member.output.name,
                asked: type_name::<T>(),
            });
        }
        let output = self.cx.output_of(member.id);
        output.ok_or_else(|| NoOutput::NotSucceeded {
            name: member.name.clone(),
        })
    }

    /// Returns the id of the member `index`.
    ///
    /// # Panics
    /// If the member has not run.
    pub fn id(&self, index: usize) -> WorkId {
        match self.member(index) {
            Ok(member) => member.id,
            Err(error) => panic!("{error}"),
        }
    }

    fn member(&self, index: usize) -> Result<&'a Started, NoOutput> {
        let started = self.started.len();
        let member = self.started.get(index);
        member.ok_or(NoOutput::NotRun { index, started })
    }
}

impl<C: ?Sized> fmt::Debug for Members<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.started.iter().map(|member| &member.name);
        f.debug_list().entries(names).finish()
    }
}
