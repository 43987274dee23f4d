//! Dependencies: a slab of edges, each in two doubly linked lists (its source's and its target's).
//!
//! An edge stays as long as both its works do: a satisfied one stays satisfied, and a restarted work takes its open
//! ones as they are. Adding, removing and walking an edge is O(1); whether an edge exists already is found by walking
//! both lists at once, so it costs no more than the shorter one.

use super::arena::Arena;
use super::record::NONE;
use crate::work::EdgeKind;
use slab::Slab;

pub(crate) struct Edge {
    /// The work that comes first.
    pub before: u32,
    /// The work that waits.
    pub after: u32,
    prev_out: u32,
    next_out: u32,
    prev_in: u32,
    next_in: u32,
    pub kind: EdgeKind,
    pub satisfied: bool,
}

/// Edges into a work that are looked at before those out of the other.
const FIRST_LOOK: usize = 16;

pub(crate) struct Graph {
    edges: Slab<Edge>,
}

impl Graph {
    pub fn new() -> Self {
        Graph { edges: Slab::new() }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    #[inline]
    pub fn edge(&self, edge: u32) -> &Edge {
        &self.edges[edge as usize]
    }

    #[inline]
    pub fn edge_mut(&mut self, edge: u32) -> &mut Edge {
        &mut self.edges[edge as usize]
    }

    #[inline]
    pub fn next_out(&self, edge: u32) -> u32 {
        self.edges[edge as usize].next_out
    }

    #[inline]
    pub fn next_in(&self, edge: u32) -> u32 {
        self.edges[edge as usize].next_in
    }

    /// Edges out of `slot`, in the order in which they were added.
    pub fn outgoing<'a, C: ?Sized>(
        &'a self,
        arena: &Arena<C>,
        slot: u32,
    ) -> impl Iterator<Item = &'a Edge> + use<'a, C> {
        self.walk(arena.at(slot).first_out, |edge| edge.next_out)
    }

    /// Edges into `slot`, the latest first.
    pub fn incoming<'a, C: ?Sized>(
        &'a self,
        arena: &Arena<C>,
        slot: u32,
    ) -> impl Iterator<Item = &'a Edge> + use<'a, C> {
        self.walk(arena.at(slot).first_in, |edge| edge.next_in)
    }

    fn walk<'a>(
        &'a self,
        first: u32,
        next: impl Fn(&Edge) -> u32 + 'a,
    ) -> impl Iterator<Item = &'a Edge> + 'a {
        let step = |index: u32| self.edges.get(index as usize);
        std::iter::successors(step(first), move |edge| step(next(edge)))
    }

    /// The edge from `before` to `after`, if there is one. Costs twice the shorter of the two lists, but for the first few
    /// edges into `after`: those lie side by side if they were added one after the other, and mostly they are all.
    pub fn find<C: ?Sized>(&self, arena: &Arena<C>, before: u32, after: u32) -> Option<u32> {
        let (mut out, mut into) = (arena.at(before).first_out, arena.at(after).first_in);
        if out == NONE {
            return None;
        }
        for _ in 0..FIRST_LOOK {
            if into == NONE {
                return None;
            }
            let edge = self.edge(into);
            if edge.before == before {
                return Some(into);
            }
            into = edge.next_in;
        }
        while out != NONE && into != NONE {
            if self.edge(out).after == after {
                return Some(out);
            }
            if self.edge(into).before == before {
                return Some(into);
            }
            (out, into) = (self.next_out(out), self.next_in(into));
        }
        None
    }

    /// Adds an edge. O(1).
    pub fn link<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        before: u32,
        after: u32,
        kind: EdgeKind,
        satisfied: bool,
    ) {
        let (last_out, first_in) = (arena.at(before).last_out, arena.at(after).first_in);
        let edge = Edge {
            before,
            after,
            prev_out: last_out,
            next_out: NONE,
            prev_in: NONE,
            next_in: first_in,
            kind,
            satisfied,
        };
        let index = self.edges.insert(edge) as u32;
        match last_out {
            NONE => arena.at_mut(before).first_out = index,
            last => self.edge_mut(last).next_out = index,
        }
        arena.at_mut(before).last_out = index;
        if first_in != NONE {
            self.edge_mut(first_in).prev_in = index;
        }
        arena.at_mut(after).first_in = index;
    }

    /// Removes an edge. O(1).
    fn unlink<C: ?Sized>(&mut self, arena: &mut Arena<C>, index: u32) {
        let edge = self.edges.remove(index as usize);
        match edge.prev_out {
            NONE => arena.at_mut(edge.before).first_out = edge.next_out,
            prev => self.edge_mut(prev).next_out = edge.next_out,
        }
        match edge.next_out {
            NONE => arena.at_mut(edge.before).last_out = edge.prev_out,
            next => self.edge_mut(next).prev_out = edge.prev_out,
        }
        match edge.prev_in {
            NONE => arena.at_mut(edge.after).first_in = edge.next_in,
            prev => self.edge_mut(prev).next_in = edge.next_in,
        }
        if edge.next_in != NONE {
            self.edge_mut(edge.next_in).prev_in = edge.prev_in;
        }
    }

    /// Removes all edges of a work; `lost` is called with each dependent whose dependency on it was never satisfied.
    pub fn unlink_all<C: ?Sized>(
        &mut self,
        arena: &mut Arena<C>,
        slot: u32,
        mut lost: impl FnMut(&mut Arena<C>, u32),
    ) {
        while arena.at(slot).first_out != NONE {
            let index = arena.at(slot).first_out;
            let Edge {
                after, satisfied, ..
            } = *self.edge(index);
            self.unlink(arena, index);
            if !satisfied {
                lost(arena, after);
            }
        }
        while arena.at(slot).first_in != NONE {
            self.unlink(arena, arena.at(slot).first_in);
        }
    }
}
