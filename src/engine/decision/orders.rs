//! Deciders for orders that need no memory of what has happened.

use super::{Decider, Decision, DecisionKind, Draws};
use crate::engine::rng::Stream;
use std::rc::Rc;

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
        match decision.kind() {
            DecisionKind::Fault | DecisionKind::Choose => 0,
            _ => decision.arity() - 1,
        }
    }
}

/// Draws every order and every answer of a work's own `choose` from a seed, all equally likely. No fault fires.
#[derive(Debug)]
pub struct RandomOrder(Rc<Draws>);

impl RandomOrder {
    /// Returns the decider that draws from `seed`.
    pub fn new(seed: u64) -> Self {
        RandomOrder(Rc::new(Draws::new(Stream::new(seed))))
    }
}

impl Decider for RandomOrder {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        match decision.kind() {
            DecisionKind::Fault => 0,
            _ => self.0.draw(decision.arity()),
        }
    }

    fn draws(&self) -> Option<Rc<Draws>> {
        Some(Rc::clone(&self.0))
    }
}
