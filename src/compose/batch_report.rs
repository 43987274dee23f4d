//! How the members of a batch end, and the failure of a batch that keeps going.

use crate::{Failure, Name, Spec, WorkId, WorkOutcome};
use std::cell::RefCell;
use std::mem::take;
use std::rc::Rc;
use thiserror::Error;

/// The error of a batch that [keeps going](super::BatchWork::keep_going). The failure of the member that failed first
/// is the [`cause`](Failure::cause), and if that is final so is the batch's ([`Failure::from_child`]).
#[derive(Clone, Debug, Error)]
#[error("{failed} of {members} members failed, `{}` first", first(.failures))]
#[non_exhaustive]
pub struct BatchFailed {
    /// The number of members that failed.
    pub failed: u64,
    /// The number of members.
    pub members: u64,
    /// The first failures, in the order in which members failed: at most [`BatchFailed::MOST`].
    pub failures: Vec<MemberFailure>,
}

impl BatchFailed {
    /// The number of failures that a batch keeps. It counts the others.
    pub const MOST: usize = 100;
}

fn first(failures: &[MemberFailure]) -> &str {
    failures.first().map_or("", |failure| &failure.name)
}

/// How one member of a batch failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemberFailure {
    /// The member's number, counted from 0 in the order of starts.
    pub number: u64,
    /// The member's name.
    pub name: Name,
    /// Why it failed; [`Failure::cancelled`] if it was cancelled.
    pub failure: Failure,
}

/// The end of one member.
pub(super) struct End {
    pub number: u64,
    pub id: WorkId,
    pub outcome: WorkOutcome,
    name: Name,
}

/// The ends of members, which callbacks write down. A member may be gone before the batch has a turn.
#[derive(Default)]
pub(super) struct Ends {
    told: Rc<RefCell<Vec<End>>>,
    /// The number of members whose ends have not been taken.
    due: u64,
}

impl Ends {
    /// Returns the spec of a member whose end is to be written down.
    pub fn of<C: ?Sized + 'static, W>(&mut self, member: Spec<C, W>, number: u64) -> Spec<C, W> {
        let (told, name) = (self.told.clone(), member.name().clone());
        self.due += 1;
        member.also_on_settled(move |_, id, outcome| {
            let outcome = outcome.clone();
            told.borrow_mut().push(End {
                number,
                id,
                outcome,
                name,
            });
        })
    }

    /// Returns whether the end of a member has not been taken.
    pub fn are_due(&self) -> bool {
        self.due > 0
    }

    /// Takes the ends that have been written down.
    pub fn take(&mut self) -> Vec<End> {
        let ends = take(&mut *self.told.borrow_mut());
        self.due -= ends.len() as u64;
        ends
    }
}

/// The failures so far.
#[derive(Default)]
pub(super) struct Report {
    failed: u64,
    failures: Vec<MemberFailure>,
}

impl Report {
    /// Counts the end of a member.
    pub fn note(&mut self, end: End) {
        if matches!(end.outcome, WorkOutcome::Success) {
            return;
        }
        self.failed += 1;
        if self.failures.len() < BatchFailed::MOST {
            let failure = end.outcome.failure().cloned();
            self.failures.push(MemberFailure {
                number: end.number,
                name: end.name,
                failure: failure.unwrap_or_else(Failure::cancelled),
            });
        }
    }

    /// Returns how the batch ends after `members` members.
    pub fn result(&mut self, members: u64) -> Result<(), Failure> {
        let Some(first) = self.failures.first() else {
            return Ok(());
        };
        let cause = first.failure.clone();
        let error = BatchFailed {
            failed: self.failed,
            members,
            failures: take(&mut self.failures),
        };
        Err(Failure::from_child(error, cause))
    }
}
