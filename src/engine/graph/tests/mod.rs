//! The edge lists against a model that is a plain vector of edges; and memory, which can only be seen from inside.

use super::blocks::Header;
mod memory;

use super::*;
use crate::Name;
use crate::engine::graph::edge_list::EdgeList;
use crate::engine::rng::Stream;

/// An edge of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Edge {
    before: u32,
    after: u32,
    kind: EdgeKind,
    satisfied: bool,
}

/// A graph and its model.
struct Pair {
    arena: Arena,
    graph: Graph,
    /// The model: all edges in the order in which they were added.
    edges: Vec<Edge>,
    /// The works that are there.
    works: Vec<u32>,
}

impl Pair {
    fn new() -> Self {
        Pair {
            arena: Arena::new(),
            graph: Graph::new(),
            edges: Vec::new(),
            works: Vec::new(),
        }
    }

    fn add(&mut self) -> u32 {
        let slot = self.arena.insert(&mut Name::Static("w"), 0, 0);
        self.works.push(slot);
        slot
    }

    /// Returns where the model has the edge.
    fn place_of(&self, before: u32, after: u32) -> Option<usize> {
        let is_it = |edge: &Edge| (edge.before, edge.after) == (before, after);
        self.edges.iter().position(is_it)
    }

    /// Adds an edge. An edge that exists is marked anew.
    fn link(&mut self, before: u32, after: u32, kind: EdgeKind, satisfied: bool) {
        let edge = Edge {
            before,
            after,
            kind,
            satisfied,
        };
        let (known, found) = (
            self.place_of(before, after),
            self.graph.find(&self.arena, before, after),
        );
        assert_eq!(known.is_some(), found.is_some(), "{edge:?}");
        match known.zip(found) {
            Some((known, found)) => {
                self.edges[known] = edge;
                self.graph.mark(found, kind, satisfied);
            }
            None => {
                self.edges.push(edge);
                self.graph
                    .link(&mut self.arena, before, after, kind, satisfied);
            }
        }
    }

    /// Adds new works with edges between them; some also get an edge from an older work.
    fn link_many(&mut self, works: u32, edges: &[(usize, usize)], stream: &mut Stream) {
        let old = self.works.clone();
        let new: Vec<u32> = (0..works).map(|_| self.add()).collect();
        for &slot in new.iter().filter(|_| !old.is_empty()) {
            if stream.chance(1, 8) {
                let before = old[stream.below(old.len() as u64) as usize];
                self.link(before, slot, EdgeKind::After, false);
            }
        }
        let mut edge_list = EdgeList::new(works, edges).unwrap();
        self.edges
            .extend(edge_list.edges.iter().map(|&(before, after)| Edge {
                before: new[before],
                after: new[after],
                kind: EdgeKind::After,
                satisfied: false,
            }));
        let cells = self.graph.cells_for_many(&edge_list.degrees).unwrap();
        self.graph
            .link_many(&mut self.arena, &new, &mut edge_list, cells);
    }

    /// Adds all edges into a work that has none.
    fn link_new(&mut self, befores: &[u32], after: u32, satisfied: bool) {
        let mut looked_at = 0;
        let iter = befores.iter().copied();
        self.graph
            .link_new(&mut self.arena, after, befores.len(), iter, |_| {
                looked_at += 1;
                satisfied
            });
        let known = self.edges.len();
        for &before in befores {
            if self.place_of(before, after).is_none() {
                self.edges.push(Edge {
                    before,
                    after,
                    kind: EdgeKind::After,
                    satisfied,
                });
            }
        }
        assert_eq!(looked_at, self.edges.len() - known);
    }

    /// Removes a work and its edges from both.
    fn remove(&mut self, slot: u32) {
        let mut lost = Vec::new();
        self.graph
            .unlink_all(&mut self.arena, slot, |_, after| lost.push(after));
        let expected: Vec<u32> = self
            .edges
            .iter()
            .filter(|edge| edge.before == slot && !edge.satisfied)
            .map(|edge| edge.after)
            .collect();
        assert_eq!(lost, expected);
        self.edges
            .retain(|edge| edge.before != slot && edge.after != slot);
        self.works.retain(|&work| work != slot);
        self.arena.leave(slot);
        self.arena.remove(slot);
    }

    /// Returns the edges out of a work as the graph has them.
    fn outs(&self, slot: u32) -> Vec<Edge> {
        let outs = self.graph.outs(&self.arena, slot);
        outs.map(|entry| Edge {
            before: slot,
            after: entry.peer(),
            kind: entry.kind(),
            satisfied: entry.is_satisfied(),
        })
        .collect()
    }

    /// Returns the edges into a work as the graph has them.
    fn ins(&self, slot: u32) -> Vec<Edge> {
        let ins = self.graph.ins(&self.arena, slot);
        ins.map(|entry| {
            let out = self.graph.out_of(&self.arena, entry);
            Edge {
                before: entry.peer(),
                after: out.peer(),
                kind: out.kind(),
                satisfied: out.is_satisfied(),
            }
        })
        .collect()
    }

    /// Compares all edges with the model, and checks that no memory is lost.
    fn check(&self) {
        let of = |is_it: &dyn Fn(&Edge) -> bool| -> Vec<Edge> {
            self.edges.iter().copied().filter(is_it).collect()
        };
        for &slot in &self.works {
            assert_eq!(self.outs(slot), of(&|edge| edge.before == slot));
            assert_eq!(self.ins(slot), of(&|edge| edge.after == slot));
        }
        assert_eq!(self.graph.len(), self.edges.len());
        self.graph.audit(&self.arena).unwrap();
    }

    /// Returns how many cells have ever been made.
    fn cells_ever(&self) -> usize {
        self.graph.outs.made() + self.graph.ins_or_new(&self.arena).blocks.made()
    }

    /// Returns how many cells are in use or were.
    fn cells(&self) -> usize {
        self.graph.outs.len() + self.graph.ins_or_new(&self.arena).blocks.len()
    }
}

/// Draws a kind of edge.
fn kind(stream: &mut Stream) -> EdgeKind {
    match stream.chance(1, 4) {
        true => EdgeKind::AfterSettled,
        false => EdgeKind::After,
    }
}

/// Works come with their edges and go, in graphs from sparse to dense.
#[test]
fn works_and_edges_come_and_go_as_in_a_vector_of_edges() {
    for seed in 0..60 {
        let mut stream = Stream::new(seed);
        // From sparse to so dense that lists are long, with gaps.
        let (works, most) = ([3, 8, 20, 60][seed as usize % 4], [1, 3, 9, 40]);
        let mut pair = Pair::new();
        for step in 0..400 {
            if pair.works.len() as u64 >= works {
                let gone = pair.works[stream.below(works) as usize];
                pair.remove(gone);
            }
            let after = pair.add();
            let others = pair.works.len() as u64 - 1;
            let most = most[stream.below(4) as usize].min(others);
            let edges = stream.below(most + 1);
            let befores: Vec<u32> = (0..edges)
                .map(|_| pair.works[stream.below(others) as usize])
                .collect();
            if stream.chance(1, 2) && edges > 0 {
                pair.link_new(&befores, after, stream.chance(1, 3));
            } else {
                for before in befores {
                    let (kind, satisfied) = (kind(&mut stream), stream.chance(1, 3));
                    pair.link(before, after, kind, satisfied);
                }
            }
            // Also edges between works that have some already, in either direction.
            for _ in 0..stream.below(4).min(others) {
                let [a, b] = [(); 2].map(|()| pair.works[stream.below(others) as usize]);
                if a != b {
                    let (kind, satisfied) = (kind(&mut stream), stream.chance(1, 3));
                    pair.link(a, b, kind, satisfied);
                }
            }
            if works < 20 || step % 16 == 0 {
                pair.check();
            }
        }
        pair.check();
        while let Some(&slot) = pair.works.first() {
            pair.remove(slot);
        }
        assert_eq!(pair.cells(), 0, "no edge is left, and no memory in use");
    }
}

/// Whole graphs come first, the first of them to a graph without edges. Then edges come one by one, and works go.
#[test]
fn a_graph_that_comes_whole_is_as_if_its_edges_had_come_one_by_one() {
    let mut unmade = 0;
    for seed in 0..200 {
        let mut stream = Stream::new(seed);
        let mut pair = Pair::new();
        for _ in 0..1 + stream.below(3) {
            let works = 1 + stream.below(20);
            let edges: Vec<(usize, usize)> = (0..stream.below(60))
                .map(|_| [(); 2].map(|()| stream.below(works) as usize))
                .filter(|ends| ends[0] != ends[1])
                .map(|ends| (ends[0].min(ends[1]), ends[0].max(ends[1])))
                .collect();
            pair.link_many(works as u32, &edges, &mut stream);
            unmade += (pair.graph.ins.get().is_none() && !pair.edges.is_empty()) as u32;
            // Mostly nothing asks for the lists into works first, since a check makes them.
            if stream.chance(1, 4) {
                pair.check();
            }
        }
        for _ in 0..stream.below(30) {
            let [a, b] = [(); 2].map(|()| stream.below(pair.works.len() as u64) as usize);
            match (a == b, pair.works[a], pair.works[b]) {
                (true, gone, _) if pair.works.len() > 1 => pair.remove(gone),
                (true, ..) => {}
                (_, a, b) => pair.link(a, b, EdgeKind::After, false),
            }
            if stream.chance(1, 3) {
                pair.check();
            }
        }
        pair.check();
        while let Some(&slot) = pair.works.first() {
            pair.remove(slot);
        }
        assert_eq!(pair.cells(), 0);
    }
    assert!(unmade > 100, "{unmade}");
}

/// Two works with 0 to 69 works in between, which are then removed in two passes.
#[test]
fn lists_of_every_length_keep_their_order() {
    for len in 0..70 {
        let mut pair = Pair::new();
        let [first, last] = [pair.add(), pair.add()];
        for _ in 0..len {
            let middle = pair.add();
            pair.link(first, middle, EdgeKind::After, false);
            pair.link(middle, last, EdgeKind::AfterSettled, true);
        }
        pair.check();
        // Every other one goes, then all but one.
        for slot in 2..2 + len {
            if slot % 2 == 0 {
                pair.remove(slot);
                pair.check();
            }
        }
        while pair.works.len() > 3 {
            pair.remove(*pair.works.last().unwrap());
            pair.check();
        }
    }
}

/// Edges between a hub and a sink, whose lists are both longer than [`FIRST_LOOK`].
#[test]
fn a_long_list_is_not_searched_for_an_edge_between_it_and_a_short_one() {
    let mut pair = Pair::new();
    let [hub, sink] = [pair.add(), pair.add()];
    for _ in 0..2 * FIRST_LOOK {
        let [before, after] = [pair.add(), pair.add()];
        pair.link(hub, after, EdgeKind::After, false);
        pair.link(before, sink, EdgeKind::After, false);
    }
    assert_eq!(pair.graph.find(&pair.arena, hub, sink), None);
    pair.link(hub, sink, EdgeKind::AfterSettled, false);
    let (known, [few, many]) = (pair.graph.find(&pair.arena, hub, sink), [pair.add(), hub]);
    assert_eq!(
        known.map(|index| pair.graph.at(index).kind()),
        Some(EdgeKind::AfterSettled)
    );
    pair.link(few, sink, EdgeKind::After, true);
    let found = pair.graph.find(&pair.arena, few, sink).unwrap();
    assert!(pair.graph.at(found).is_satisfied());
    assert_eq!(pair.graph.find(&pair.arena, sink, many), None);
    pair.check();
}

#[test]
fn the_limit_counts_what_is_there_and_what_is_to_come() {
    let mut pair = Pair::new();
    let [a, b] = [pair.add(), pair.add()];
    assert!(!pair.graph.lacks_room(2, 2));
    pair.link(a, b, EdgeKind::After, false);
    assert!(!pair.graph.lacks_room(1, 2));
    assert!(pair.graph.lacks_room(2, 2));
}

#[test]
fn a_header_holds_the_numbers_of_the_largest_block() {
    let mut header = Header::new(30, (1 << 29) + 7);
    for gaps in 0..100 {
        let counted = (header.len(), header.gaps(), header.live(), header.size());
        assert_eq!(counted, ((1 << 29) + 7, gaps, (1 << 29) + 7 - gaps, 30));
        header = header.with_gap();
    }
    assert!(!header.is_full() && Header::new(2, 3).is_full() && !Header::new(2, 2).is_full());
    assert_eq!([1, 2, 3, 4, 7, 8].map(size_for), [1, 2, 2, 3, 3, 4]);
}
