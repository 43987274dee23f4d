//! What conditions see.

use crate::explore::node::{AnyNode, Node, Parts};
use crate::{Time, WorkScheduler};
use std::fmt;

/// What conditions see: the applications of all nodes, between turns.
pub struct World<'a> {
    pub(super) nodes: &'a [Box<dyn AnyNode>],
    pub(super) now: Time,
}

/// Prints the time, and how many nodes there are.
impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("nodes", &self.nodes.len())
            .field("now", &self.now)
            .finish()
    }
}

impl World<'_> {
    /// Returns the application of a node; as it was at the crash, if the node is down.
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn app<C: 'static>(&self, node: Node<C>) -> &C {
        let parts: &Parts<C> = parts(self.nodes, node);
        parts.app.as_ref().expect(THERE)
    }

    /// Returns the scheduler of a node.
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn work<C: 'static>(&self, node: Node<C>) -> &WorkScheduler<C> {
        &parts(self.nodes, node).work
    }

    /// Returns whether a node is up: it has not crashed, or has started again.
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn is_up<C: 'static>(&self, node: Node<C>) -> bool {
        !parts(self.nodes, node).is_down
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Time {
        self.now
    }
}

/// Why a node is there, or the caller is wrong.
pub(super) const THERE: &str = "a node belongs to the simulation that made it, in the same run";

fn parts<C: 'static>(nodes: &[Box<dyn AnyNode>], node: Node<C>) -> &Parts<C> {
    let any = nodes.get(node.number).map(|node| (**node).as_any());
    any.and_then(|any| any.downcast_ref()).expect(THERE)
}
