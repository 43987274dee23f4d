//! A point where a policy picks: a decision of one node's engine, or of the simulation itself.

use super::seed::hash;
use crate::{Candidate, Decision, DecisionKind};

/// A point with two or more answers. Answer 0 is that of production.
pub(super) struct Point<'a> {
    pub kind: Kind,
    pub arity: usize,
    pub answers: Answers<'a>,
}

/// What is decided, as far as policies tell it apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Which work has its turn, or which node or message goes on.
    Turn,
    /// The order of something else.
    Order,
    /// A work's own choice.
    Choice,
}

/// The works or parts that the answers stand for, looked up on demand.
pub(super) enum Answers<'a> {
    /// Candidates of the node with this number.
    Works(u64, &'a Decision<'a>),
    /// Nodes and links, by number.
    Parts(&'a [u64]),
    /// Messages of the link with that name, by number.
    Messages(&'a str, &'a [u64]),
    /// Latencies of a message of the link with that name.
    Latency(&'a str, u32),
}

impl<'a> Point<'a> {
    /// Returns the point for a decision of the engine; `None` for a fault site, at which no policy picks.
    pub fn of(node: u64, decision: &'a Decision<'a>) -> Option<Point<'a>> {
        let kind = match decision.kind() {
            DecisionKind::Turn => Kind::Turn,
            DecisionKind::Choose => Kind::Choice,
            DecisionKind::Fault => return None,
            _ => Kind::Order,
        };
        Some(Point {
            kind,
            arity: decision.arity(),
            answers: Answers::Works(node, decision),
        })
    }

    /// Returns what the answer with this index stands for: equal in every run, different for each answer.
    pub fn key(&self, index: usize) -> u64 {
        match self.answers {
            Answers::Works(node, decision) => key_in(node, &decision.candidate(index)),
            Answers::Parts(parts) => parts[index],
            Answers::Messages(link, numbers) => hash(numbers[index], link.as_bytes()),
            Answers::Latency(..) => index as u64,
        }
    }

    /// Returns the index of the answer with this key.
    pub fn find(&self, key: u64) -> Option<usize> {
        (0..self.arity).find(|&index| self.key(index) == key)
    }
}

/// Returns the key of a work among the works of all nodes.
pub(super) fn key_in(node: u64, candidate: &Candidate) -> u64 {
    // The first node adds nothing, so that most keys are those of the engine.
    candidate.key ^ node.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
