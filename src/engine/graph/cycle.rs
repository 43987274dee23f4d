//! The search for cycles: whether a new edge would close one, across dependencies and ownership.
//!
//! Each work has two events: it starts, and it settles. Its settling needs its start and the settling of all its
//! children. Its start needs the settling of the works that it is `after`. The start of a child that awaits its
//! parent needs the start of the parent. An event that has happened needs nothing any more, so it ends a search. An
//! edge that makes event B need event A closes a cycle exactly if A needs B already.
//!
//! The search goes from both ends, one edge at a time in turn, and stops when either end is exhausted. So it costs at
//! most twice the smaller side. It is bounded by the number of unsettled works and edges. The idea of two-way search
//! is that of Haeupler, Kavitha, Mathew, Sen and Tarjan, "Incremental Cycle Detection, Topological Ordering, and
//! Strong Component Maintenance", 2012.
//!
//! Invariant: between two calls the levels are a topological order of the open edges, or they are not trusted.
//!
//! Trap: a grant without a turn is no start, because `add_dependency` may take it back. So only a turn counts as the
//! start of a work here.

use crate::engine::graph::topo::TopologicalOrder;
use crate::engine::graph::{Entries, Entry, Graph};
use crate::engine::store::arena::Arena;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::record::NONE;

/// An event of a work: slot times two, plus one for its settling. Slots are below 2^30, so no event overflows.
type Event = u32;

/// Returns the start of a work.
pub(crate) const fn start(slot: u32) -> Event {
    slot << 1
}

/// Returns the settling of a work.
pub(crate) const fn settle(slot: u32) -> Event {
    slot << 1 | 1
}

/// The direction in which one end of a search walks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From an event to the events that need it.
    Needed,
    /// From an event to the events that it needs.
    Needs,
}

/// The topological order, and the scratch space of searches, kept from one search to the next.
pub(crate) struct CycleSearch {
    /// The topological order, which makes most searches needless.
    pub levels: TopologicalOrder,
    /// By event, the last search that has seen it, and from which end. It is twice as long as the columns by slot.
    seen: Vec<u32>,
    /// The number of the present search from the first end; one more stands for the other end. It goes up by two with
    /// each search.
    round: u32,
    /// The events that each end has seen, in the order of the walk. They keep their memory.
    ends: [Vec<Event>; 2],
}

impl CycleSearch {
    /// Returns a search without any history.
    pub fn new() -> Self {
        CycleSearch {
            levels: TopologicalOrder::new(),
            seen: Vec::new(),
            round: 0,
            ends: [Vec::new(), Vec::new()],
        }
    }

    /// Returns whether a dependency of `after` on `before` would close a cycle. If not, it makes the levels fit the
    /// edge.
    ///
    /// Levels may move before the edge is there, so the caller adds it next. O(1) if the levels are in order; else the
    /// cost of a search.
    pub fn closes(&mut self, arena: &Arena, graph: &Graph, before: u32, after: u32) -> bool {
        let Some(lack) = self.levels.lack(arena, before, after) else {
            return self.precedes(arena, graph, start(after), settle(before));
        };
        // Levels in order rule a cycle out, and so does a settled work, before which nothing has to happen any more.
        if lack <= 0 || arena.at(before).state.is_settled() {
            return false;
        }
        let (end, by) = match self.search(arena, graph, start(after), settle(before)) {
            None => return true,
            Some(Way::Needed) => (0, lack),
            Some(Way::Needs) => (1, -lack),
        };
        // The search has seen one side whole. Moving that side by what the levels lack puts the edge in order.
        let slots = self.ends[end].iter().map(|event| event >> 1);
        self.levels.shift(arena, slots, by);
        false
    }

    /// Returns whether `from` has to happen before `to`. It costs a search.
    pub fn precedes(&mut self, arena: &Arena, graph: &Graph, from: Event, to: Event) -> bool {
        self.search(arena, graph, from, to).is_none()
    }

    /// Returns `None` if `from` has to happen before `to`. Else it returns the way of the end that is exhausted;
    /// `ends` then has all events of that end.
    fn search(&mut self, arena: &Arena, graph: &Graph, from: Event, to: Event) -> Option<Way> {
        let (from, to) = (canonical(arena, from), canonical(arena, to));
        // An event that would need itself is a cycle without an edge.
        if from == to {
            return None;
        }
        for (end, event) in [from, to].into_iter().enumerate() {
            self.ends[end].clear();
            self.ends[end].push(event);
        }
        // Most edges are added to or from a work with nothing else around it. Its end of the search is exhausted at
        // once.
        let (last, first) = (from >> 1, to >> 1);
        if last != first && is_first(arena, graph, first) {
            return Some(Way::Needs);
        }
        if last != first && is_last(arena, last) {
            return Some(Way::Needed);
        }
        self.begin(from, to, arena);
        // They are taken out, because the walk also borrows `seen`, and come back with their memory.
        let [mut forward, mut backward] = std::mem::take(&mut self.ends);
        let whole = self.meet(arena, graph, &mut forward, &mut backward);
        self.ends = [forward, backward];
        whole
    }

    /// Returns a shortest chain of works from `from` to `to`, for an error message. O(works and edges in between). The
    /// caller has found that there is one.
    pub fn path(&mut self, arena: &Arena, graph: &Graph, from: Event, to: Event) -> Vec<u32> {
        let (from, to) = (canonical(arena, from), canonical(arena, to));
        self.begin(from, to, arena);
        // The events in the order of the walk, each with the place of the event before it.
        let mut walk = vec![(from, 0)];
        let mut place = 0;
        // This walk has one direction: the caller knows that there is a way, and the first one found forward is a
        // shortest.
        while let Some(&(event, _)) = walk.get(place).filter(|&&(event, _)| event != to) {
            for next in Neighbours::of(arena, graph, event, Way::Needed) {
                if std::mem::replace(&mut self.seen[next as usize], self.round) != self.round {
                    walk.push((next, place));
                }
            }
            place += 1;
        }
        // Walks back from `to`. A work whose two events follow each other is named once.
        let mut works = vec![to >> 1];
        while place > 0 && place < walk.len() {
            place = walk[place].1;
            let work = walk[place].0 >> 1;
            if works.last() != Some(&work) {
                works.push(work);
            }
        }
        works.reverse();
        works
    }

    /// Prepares `seen` for a new search. Numbers tell searches apart, so nothing has to be cleared between them.
    fn begin(&mut self, from: Event, to: Event, arena: &Arena) {
        // When the numbers begin again, an old mark would pass for a new one.
        if self.round >= u32::MAX - 2 {
            self.seen.clear();
            self.round = 0;
        }
        self.round += 2;
        let highest = arena.slots_end() as usize * 2;
        if self.seen.len() < highest {
            self.seen.resize(highest, 0);
        }
        self.seen[from as usize] = self.round;
        self.seen[to as usize] = self.round + 1;
    }

    /// Walks from both ends in turn until they meet (`None`) or one is exhausted.
    fn meet(
        &mut self,
        arena: &Arena,
        graph: &Graph,
        forward: &mut Vec<Event>,
        backward: &mut Vec<Event>,
    ) -> Option<Way> {
        let mut sides = [(forward, Way::Needed), (backward, Way::Needs)];
        let mut next = [0; 2];
        let mut open = [None, None];
        loop {
            // One edge on each side in turn: so the larger side costs no more than the smaller one.
            for (end, (queue, way)) in sides.iter_mut().enumerate() {
                let neighbour = loop {
                    // The cursor walks the neighbours of one event, and takes the next event of its queue when it is
                    // through.
                    let cursor: &mut Option<Neighbours<'_>> = &mut open[end];
                    match cursor.as_mut().and_then(Iterator::next) {
                        Some(event) => break event,
                        None if next[end] == queue.len() => return Some(*way),
                        None => {
                            *cursor = Some(Neighbours::of(arena, graph, queue[next[end]], *way));
                            next[end] += 1;
                        }
                    }
                };
                let mark = &mut self.seen[neighbour as usize];
                // The other end has seen this event, so the two walks together are a way.
                if *mark == self.round + 1 - end as u32 {
                    return None;
                }
                if *mark != self.round + end as u32 {
                    *mark = self.round + end as u32;
                    queue.push(neighbour);
                }
            }
        }
    }
}

/// Returns whether a work has no children. Its start then leads to its settling only, so one event stands for both, and
/// a search has half as far to go. It may be a child itself.
fn is_plain(arena: &Arena, slot: u32) -> bool {
    !arena.is(slot, flag::CHILDREN)
}

/// Returns the event that stands for `event`: a plain work has one only.
fn canonical(arena: &Arena, event: Event) -> Event {
    if is_plain(arena, event >> 1) {
        event | 1
    } else {
        event
    }
}

/// Returns whether a work needs no other event.
fn is_first(arena: &Arena, graph: &Graph, slot: u32) -> bool {
    !arena.is(slot, flag::CHILDREN | flag::AWAITS_PARENT) && !graph.has_ins(arena, slot)
}

/// Returns whether no other event needs a work.
fn is_last(arena: &Arena, slot: u32) -> bool {
    let record = arena.at(slot);
    let is_child = record.marks & mark::CHILD != 0;
    record.outs == NONE && !is_child && !record.flags.has(flag::CHILDREN)
}

/// The events next to an event, lazily: first `single`, then the children, then the edges. A walk stops in the middle
/// of them when the other end has its turn.
struct Neighbours<'a> {
    /// The works.
    arena: &'a Arena,
    /// The edges between them.
    graph: &'a Graph,
    /// Which neighbours are asked for.
    way: Way,
    /// A neighbour that is in no list: the parent, or the other event of the work.
    single: Option<Event>,
    /// The next child to look at. `way` says whether its start or its settling is meant.
    child: u32,
    /// The edges to look at.
    edges: Entries<'a>,
}

impl<'a> Neighbours<'a> {
    /// Returns the neighbours of `event` in direction `way`.
    fn of(arena: &'a Arena, graph: &'a Graph, event: Event, way: Way) -> Self {
        let slot = event >> 1;
        let record = arena.at(slot);
        // A grant without a turn can still be revoked, so it is not a start yet.
        let started = record.turns > 0;
        let first_child = || arena.children(slot).next().unwrap_or(NONE);
        let mut of = Neighbours {
            arena,
            graph,
            way,
            single: None,
            child: NONE,
            edges: Entries::default(),
        };
        if is_plain(arena, slot) {
            match way {
                Way::Needed => {
                    (of.single, of.edges) =
                        (arena.parent(slot).map(settle), graph.outs(arena, slot));
                }
                Way::Needs if !started && !record.state.is_settled() => {
                    let awaits_parent = arena.is(slot, flag::AWAITS_PARENT);
                    of.single = arena.parent(slot).filter(|_| awaits_parent).map(start);
                    of.edges = graph.ins(arena, slot);
                }
                // An event that has happened needs nothing, so the walk ends there.
                Way::Needs => {}
            }
            return of;
        }
        // A work with children has two events: it may have started long before they settle.
        match (way, event & 1 == 1) {
            (Way::Needed, false) => (of.single, of.child) = (Some(settle(slot)), first_child()),
            (Way::Needed, true) => {
                (of.single, of.edges) = (arena.parent(slot).map(settle), graph.outs(arena, slot));
            }
            (Way::Needs, false) if !started => {
                let awaits_parent = arena.is(slot, flag::AWAITS_PARENT);
                of.single = arena.parent(slot).filter(|_| awaits_parent).map(start);
                of.edges = graph.ins(arena, slot);
            }
            (Way::Needs, true) if !record.state.is_settled() => {
                (of.single, of.child) = ((!started).then(|| start(slot)), first_child());
            }
            _ => {}
        }
        of
    }

    /// Returns the event of the next child that matters in this direction.
    fn next_child(&mut self) -> Option<Event> {
        while self.child != NONE {
            let child = self.child;
            self.child = self.arena.next_sibling(child).unwrap_or(NONE);
            match self.way {
                // No other child needs the start of its parent.
                Way::Needed if self.arena.is(child, flag::AWAITS_PARENT) => {
                    return Some(start(child));
                }
                Way::Needs if !self.arena.at(child).state.is_settled() => {
                    return Some(settle(child));
                }
                _ => {}
            }
        }
        None
    }

    /// Returns whether the work at the other end has settled.
    fn is_settled(&self, edge: Entry) -> bool {
        self.arena.at(edge.peer()).state.is_settled()
    }

    /// Returns the event at the other end of the next open edge.
    fn next_edge(&mut self) -> Option<Event> {
        while let Some(edge) = self.edges.next() {
            match self.way {
                // A satisfied edge stays satisfied even if its work is restarted, so it closes no cycle (L10).
                Way::Needed if !edge.is_satisfied() && !self.is_settled(edge) => {
                    return Some(start(edge.peer()));
                }
                Way::Needs if !self.graph.out_of(self.arena, edge).is_satisfied() => {
                    return Some(settle(edge.peer()));
                }
                _ => {}
            }
        }
        None
    }
}

impl Iterator for Neighbours<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let next = self
            .single
            .take()
            .or_else(|| self.next_child())
            .or_else(|| self.next_edge())?;
        Some(canonical(self.arena, next))
    }
}
