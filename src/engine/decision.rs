//! Decisions: the points where more than one order (or a fault) is possible.
//!
//! Without a [`Decider`] the engine takes the first candidate everywhere: production order. A decider sees every
//! point with two or more answers, in production order, so answer 0 is the answer of production.
//!
//! Candidates carry keys that are stable from run to run and from program to program. A key is a hash of the name
//! path from the root, with ordinals. Slots never enter a key.

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
    /// Which of several timers of one instant fires first.
    TimerTie,
    /// Which inbox entry is taken first.
    Inbox,
    /// Whether a fault site fires: 0 no, 1 yes.
    Fault,
    /// An answer for a work's own `choose`.
    Choose,
}

/// One possible answer of a decision about works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The work; `None` for an inbox entry that concerns no work.
    pub id: Option<WorkId>,
    /// A hash of the work's name path with ordinals, equal in every run.
    pub key: u64,
    /// The number of turns that the work has had since it was added or restarted.
    pub turn: u32,
    /// The work's attempt, from 1; 0 before the first.
    pub attempt: u32,
}

/// A point with two or more possible answers.
pub struct Decision<'a> {
    /// What is being decided.
    pub(crate) kind: DecisionKind,
    /// The name of the fault site or of the choice.
    pub(crate) site: &'a str,
    /// The number of possible answers.
    pub(crate) arity: usize,
    /// The works concerned, in production order.
    pub(crate) candidates: &'a [Candidate],
    /// Prints name paths. The engine has them, and a decision must not name its type.
    pub(crate) path: &'a dyn Fn(WorkId) -> String,
}

impl Decision<'_> {
    /// Returns what is being decided.
    pub fn kind(&self) -> DecisionKind {
        self.kind
    }

    /// Returns the name of the fault site or of the work's choice; empty for the other kinds.
    pub fn site(&self) -> &str {
        self.site
    }

    /// Returns the number of possible answers: 2 or more.
    pub fn arity(&self) -> usize {
        self.arity
    }

    /// Returns the candidates in production order. For `Fault` and `Choose` it returns the work that asks.
    pub fn candidates(&self) -> &[Candidate] {
        self.candidates
    }

    /// Returns the name path of `candidate` as text, as in `sync/fetch[3]`. O(depth), allocates.
    pub fn path(&self, candidate: &Candidate) -> String {
        candidate
            .id
            .map_or_else(|| String::from("(inbox)"), |id| (self.path)(id))
    }
}

/// Answers decisions. Every closure of the right signature is a decider.
pub trait Decider {
    /// Returns the index of the answer, below [`Decision::arity`]. A larger index counts as the last answer. After a
    /// panic the engine takes answer 0.
    fn decide(&mut self, decision: &Decision<'_>) -> usize;
}

impl<F: FnMut(&Decision<'_>) -> usize> Decider for F {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        self(decision)
    }
}

/// Gives the first answer always: production order, with decisions counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

impl Decider for Fifo {
    fn decide(&mut self, _: &Decision<'_>) -> usize {
        0
    }
}

/// Gives the last candidate of every order. No fault fires, and a work's own `choose` gets its first answer.
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

/// Draws every order and every answer of a work's own `choose` from a seed, all equally likely. No fault fires.
#[derive(Clone, Debug)]
pub struct RandomOrder(Stream);

impl RandomOrder {
    /// Returns the decider that draws from `seed`.
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
