//! The children of an attempt: what a work can ask about them, and what it may decide.

use super::WorkContext;
use crate::engine::store::extension::Join;
use crate::engine::store::flags::flag;
use crate::engine::{Engine, Retain};
use crate::work::{OnChildFailure, WorkId, WorkState};
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

    fn count(&self, f: impl Fn(&Join) -> u32) -> usize {
        self.engine
            .arena
            .extension(self.slot)
            .map_or(0, |extension| f(&extension.join) as usize)
    }

    /// How many there are, settled or not.
    pub fn len(&self) -> usize {
        self.count(|join| join.count)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many have not settled.
    pub fn live(&self) -> usize {
        self.count(|join| join.live)
    }

    /// How many have succeeded.
    pub fn succeeded(&self) -> usize {
        self.count(|join| join.succeeded)
    }

    /// How many have failed, are Blocked, or were cancelled by somebody other than their parent.
    pub fn failed(&self) -> usize {
        self.count(|join| join.failed)
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

impl<C: ?Sized> WorkContext<'_, C> {
    /// Says what a failed child means to this attempt, in place of what the work's [`Spec`](crate::Spec) says. It holds
    /// for children that fail from now on. O(1).
    pub fn on_child_failure(&mut self, rule: OnChildFailure) {
        self.join().rule = Some(rule);
    }

    /// Says which settled children stay until this attempt ends: all of them, unless this is called. Of one that does not
    /// stay, the output is lost and the id is unknown afterwards, and it counts no longer in
    /// [`children`](WorkContext::children); works that are after it still get what they wait for. It holds for children
    /// that settle from now on, and keeps a parent flat that spawns for ever. O(1).
    pub fn retain_children(&mut self, retain: Retain) {
        self.join().retain = retain;
    }

    /// The children's record of this attempt; the end of the attempt clears it.
    fn join(&mut self) -> &mut Join {
        let arena = &mut self.lent.engine.arena;
        arena.set(self.slot, flag::CHILDREN);
        &mut arena.extension_or_new(self.slot).join
    }
}
