//! Decisions: the points where more than one order (or a fault) is possible.
//!
//! Without a [`Decider`] the engine takes the first candidate everywhere, which is production. A decider sees every
//! point with two or more answers, in production order: answer 0 is what production does. Candidates carry keys that
//! stay the same from run to run and from program to program: the name path from the root with ordinals, the turn and
//! the attempt; never a slot.

use crate::engine::rng::Stream;
use crate::work::WorkId;

/// What is being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DecisionKind {
    /// Which ready work has its turn.
    Turn,
    /// Which of the works first in line gets its permits.
    Permit,
    /// Which of the timers of one instant fires first.
    TimerTie,
    /// Which inbox entry is taken first.
    Inbox,
    /// Whether a fault site fires: 0 no, 1 yes.
    Fault,
    /// A work's own `choose`.
    Choose,
}

/// One possible answer of a decision about works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The work; `None` for an inbox entry that concerns none.
    pub id: Option<WorkId>,
    /// A hash of the work's name path with ordinals: the same in every run.
    pub key: u64,
    /// Turns that the work has had since it was added or restarted.
    pub turn: u32,
    /// The work's attempt, from 1; 0 before the first.
    pub attempt: u32,
}

/// A point with two or more possible answers.
pub struct Decision<'a> {
    pub(crate) kind: DecisionKind,
    pub(crate) site: &'a str,
    pub(crate) arity: usize,
    pub(crate) candidates: &'a [Candidate],
    pub(crate) path: &'a dyn Fn(WorkId) -> String,
}

impl Decision<'_> {
    /// What is being decided.
    pub fn kind(&self) -> DecisionKind {
        self.kind
    }

    /// The name of the fault site, or of the work's choice; empty for the rest.
    pub fn site(&self) -> &str {
        self.site
    }

    /// How many answers there are: 2 or more.
    pub fn arity(&self) -> usize {
        self.arity
    }

    /// The candidates in production order; for `Fault` and `Choose`, the work that asks.
    pub fn candidates(&self) -> &[Candidate] {
        self.candidates
    }

    /// The name path of a candidate as text, `sync/fetch[3]`. O(depth), allocates.
    pub fn path(&self, candidate: &Candidate) -> String {
        candidate
            .id
            .map_or_else(|| String::from("(inbox)"), |id| (self.path)(id))
    }
}

/// Answers decisions.
pub trait Decider {
    /// The index of the answer, below [`Decision::arity`]; a larger one counts as the last. After a panic the answer is 0.
    fn decide(&mut self, decision: &Decision<'_>) -> usize;
}

impl<F: FnMut(&Decision<'_>) -> usize> Decider for F {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        self(decision)
    }
}

/// Always the first answer: production order, with decisions counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

impl Decider for Fifo {
    fn decide(&mut self, _: &Decision<'_>) -> usize {
        0
    }
}

/// The last candidate of every order; no faults, and the first answer of a work's own `choose`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifo;

impl Decider for Lifo {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        match decision.kind {
            DecisionKind::Fault | DecisionKind::Choose => 0,
            _ => decision.arity - 1,
        }
    }
}

/// Every order, and every answer of a work's own `choose`, equally likely, from a seed; no faults.
#[derive(Clone, Debug)]
pub struct RandomOrder(Stream);

impl RandomOrder {
    /// The orders of this seed.
    pub fn new(seed: u64) -> Self {
        RandomOrder(Stream::new(seed))
    }
}

impl Decider for RandomOrder {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        match decision.kind {
            DecisionKind::Fault => 0,
            _ => self.0.below(decision.arity as u64) as usize,
        }
    }
}
