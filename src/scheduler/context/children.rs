//! The children of an attempt: what a work can ask about them, and what it may decide.

use super::WorkContext;
use crate::engine::store::extension::Join;
use crate::engine::store::flags::flag;
use crate::engine::{Engine, Retain};
use crate::work::{OnChildFailure, WorkId, WorkState};
use std::fmt;
use std::marker::PhantomData;

/// The children of a work's present attempt, as [`WorkContext::children`] returns them. The counts are O(1).
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

    /// Returns how many children there are, settled or not.
    pub fn len(&self) -> usize {
        self.count(|join| join.count)
    }

    /// Returns whether there is no child.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many children have not settled.
    pub fn live(&self) -> usize {
        self.count(|join| join.live)
    }

    /// Returns how many children have succeeded.
    pub fn succeeded(&self) -> usize {
        self.count(|join| join.succeeded)
    }

    /// Returns how many children have failed, are Blocked, or were cancelled by anybody but their parent.
    pub fn failed(&self) -> usize {
        self.count(|join| join.failed)
    }

    /// Returns whether all children have succeeded (true if there is none).
    pub fn all_successful(&self) -> bool {
        self.succeeded() == self.len()
    }

    /// Returns whether all children have settled (true if there is none).
    pub fn all_done(&self) -> bool {
        self.live() == 0
    }

    /// Returns whether a child has failed.
    pub fn any_failed(&self) -> bool {
        self.failed() > 0
    }

    /// Returns whether a child has not settled.
    pub fn any_running(&self) -> bool {
        self.live() > 0
    }

    /// Returns the children and their states, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (WorkId, WorkState)> + use<'a, C> {
        let engine = self.engine;
        engine
            .arena
            .children(self.slot)
            .map(move |child| (engine.id(child), engine.arena.at(child).state))
    }
}

/// Prints the counts.
impl<C: ?Sized> fmt::Debug for Children<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children")
            .field("len", &self.len())
            .field("live", &self.live())
            .field("succeeded", &self.succeeded())
            .field("failed", &self.failed())
            .finish()
    }
}

impl<C: ?Sized> WorkContext<'_, C> {
    /// Sets what a failed child means to this attempt, in place of the rule of the work's [`Spec`](crate::Spec). It
    /// holds for children that fail from now on. O(1).
    pub fn on_child_failure(&mut self, rule: OnChildFailure) {
        self.join().rule = Some(rule);
    }

    /// Sets which settled children stay until this attempt ends. Without this call all of them stay.
    ///
    /// A child that does not stay is reclaimed: its output is lost, its id becomes unknown, and
    /// [`children`](WorkContext::children) no longer counts it. Works that are after it still get what they wait for.
    /// The rule holds for children that settle from now on. With it a parent that spawns for ever keeps its memory
    /// flat. O(1).
    pub fn retain_children(&mut self, retain: Retain) {
        self.join().retain = retain;
    }

    /// Returns the record of this attempt's children, which the end of the attempt clears.
    fn join(&mut self) -> &mut Join {
        let arena = &mut self.lent.engine.arena;
        arena.set(self.slot, flag::CHILDREN);
        &mut arena.extension_or_new(self.slot).join
    }
}
