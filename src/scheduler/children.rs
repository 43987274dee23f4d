//! What a work can ask about the children of its attempt.

use crate::engine::Engine;
use crate::engine::store::record::Family;
use crate::work::{WorkId, WorkState};
use std::marker::PhantomData;

/// The children of a work's present attempt. The counts are O(1).
pub struct Children<'a, C: ?Sized> {
    engine: &'a Engine,
    slot: u32,
    app: PhantomData<fn(&C)>,
}

impl<'a, C: ?Sized> Children<'a, C> {
    pub(super) fn new(engine: &'a Engine, slot: u32) -> Self {
        let app = PhantomData;
        Children { engine, slot, app }
    }

    fn count(&self, f: impl Fn(&Family) -> u32) -> usize {
        self.engine
            .arena
            .rare(self.slot)
            .map_or(0, |rare| f(&rare.family) as usize)
    }

    /// How many there are, settled or not.
    pub fn len(&self) -> usize {
        self.count(|family| family.count)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many have not settled.
    pub fn live(&self) -> usize {
        self.count(|family| family.live)
    }

    /// How many have succeeded.
    pub fn succeeded(&self) -> usize {
        self.count(|family| family.succeeded)
    }

    /// How many have failed, are Blocked, or were cancelled by somebody other than their parent.
    pub fn failed(&self) -> usize {
        self.count(|family| family.failed)
    }

    /// Whether all have succeeded (true if there is none).
    pub fn all_successful(&self) -> bool {
        self.succeeded() == self.len()
    }

    /// Whether all have settled (true if there is none).
    pub fn all_done(&self) -> bool {
        self.live() == 0
    }

    /// Whether one has failed.
    pub fn any_failed(&self) -> bool {
        self.failed() > 0
    }

    /// Whether one has not settled.
    pub fn any_running(&self) -> bool {
        self.live() > 0
    }

    /// The children and their states, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (WorkId, WorkState)> + use<'a, C> {
        let engine = self.engine;
        engine
            .arena
            .children(self.slot)
            .map(move |child| (engine.id(child), engine.arena.at(child).state))
    }
}
