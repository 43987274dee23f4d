//! The edge list of a graph that is to be added: its edges by position. The list is checked, counted and ordered
//! before the engine has anything of the graph.
//!
//! Invariant: after [`EdgeList::new`] each edge is there once, and both its ends are in the graph. No edges form a
//! cycle, and the degrees count these edges.
//!
//! Most edges lead from earlier to later works. So the first look tells whether a topological order has to be made at
//! all.

use crate::engine::AddGraphError;
use crate::engine::store::record::NONE;
use std::borrow::Cow;

/// How many edges lead out of a work and into it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Degrees {
    /// Edges out of the work.
    pub outs: u32,
    /// Edges into the work.
    pub ins: u32,
}

/// The edges of a graph without a cycle, each once.
#[derive(Debug)]
pub(crate) struct EdgeList<'a> {
    /// (before, after), in the order in which the caller gave them. It is borrowed unless repeated edges had to be
    /// dropped.
    pub edges: Cow<'a, [(usize, usize)]>,
    /// The degrees by work; empty if there are no edges. `Graph::link_many` uses them up.
    pub degrees: Vec<Degrees>,
    /// The works in topological order; `None` if their own order is one.
    pub order: Option<Vec<u32>>,
}

impl<'a> EdgeList<'a> {
    /// Checks, counts and orders `edges` between `works` works. O(works + edges) for edges that are grouped by either
    /// end and given once. O(edges log edges) for others, and for a long group of edges into one work that does not
    /// rise.
    ///
    /// # Errors
    ///
    /// An edge names no work, or the edges have a cycle.
    pub fn new(works: u32, edges: &'a [(usize, usize)]) -> Result<Self, AddGraphError> {
        let mut edge_list = EdgeList {
            edges: Cow::Borrowed(edges),
            degrees: Vec::new(),
            order: None,
        };
        if edges.is_empty() {
            return Ok(edge_list);
        }
        edge_list.degrees = vec![Degrees::default(); works as usize];
        let found = edge_list.count()?;
        // The sort below costs more than both looks, and lists that are grouped by either end do not need it.
        if found.doubtful && !edge_list.stand_together_by_before() {
            edge_list.drop_repeated();
        }
        // Edges that all lead to later positions are in order as they stand.
        if found.backward {
            edge_list.order = Some(edge_list.sort()?);
        }
        Ok(edge_list)
    }

    /// Counts the edges out of each work and into it, and returns what a first look shows. O(edges), besides a sorted
    /// copy of a long group that does not rise.
    fn count(&mut self) -> Result<Scan, AddGraphError> {
        let mut found = Scan::default();
        let works = self.degrees.len();
        // `first` is where the present group of edges into one work begins; `rising` says whether their befores rise.
        let (mut first, mut rising) = (0, true);
        let mut last = (usize::MAX, usize::MAX);
        for (edge, &(before, after)) in self.edges.iter().enumerate() {
            let work = before.max(after);
            if work >= works {
                return Err(AddGraphError::NoSuchWork { edge, work, works });
            }
            if before == after {
                return Err(AddGraphError::Cycle(vec![before]));
            }
            found.backward |= before > after;
            self.degrees[before].outs += 1;
            let ins = &mut self.degrees[after].ins;
            if after == last.1 {
                rising &= before > last.0;
            } else {
                // A rising group has no edge twice. A work that already had edges begins a second group, which may
                // repeat some.
                found.doubtful |= *ins > 0 || !rising && is_one_repeated(&self.edges[first..edge]);
                (first, rising) = (edge, true);
            }
            *ins += 1;
            last = (before, after);
        }
        found.doubtful |= !rising && is_one_repeated(&self.edges[first..]);
        Ok(found)
    }

    /// Returns whether the edges out of each work stand together, and none is there twice. O(works + edges).
    fn stand_together_by_before(&self) -> bool {
        // By work, the `before` of the last edge into it.
        let mut last = vec![usize::MAX; self.degrees.len()];
        let mut is_done = vec![false; self.degrees.len()];
        let mut present = usize::MAX;
        self.edges.iter().all(|&(before, after)| {
            if before != present && std::mem::replace(&mut is_done[before], true) {
                return false;
            }
            present = before;
            std::mem::replace(&mut last[after], before) != before
        })
    }

    /// Drops each edge that repeats an earlier one. O(edges log edges).
    fn drop_repeated(&mut self) {
        let edges = self.edges.to_mut();
        let mut by_ends: Vec<usize> = (0..edges.len()).collect();
        // The place is part of the key, so that the first of equal edges stays and the order is kept (L3).
        by_ends.sort_unstable_by_key(|&place| (edges[place], place));
        let mut repeated = vec![false; edges.len()];
        for pair in by_ends.windows(2) {
            repeated[pair[1]] = edges[pair[0]] == edges[pair[1]];
        }
        let mut places = repeated.into_iter();
        edges.retain(|&(before, after)| {
            let stays = places.next() == Some(false);
            self.degrees[before].outs -= !stays as u32;
            self.degrees[after].ins -= !stays as u32;
            stays
        });
    }

    /// Returns a topological order, by the algorithm of Kahn, "Topological sorting of large networks", 1962. Works
    /// without dependencies come first, in their order. O(works + edges).
    fn sort(&self) -> Result<Vec<u32>, AddGraphError> {
        let (first, dependents) = self.rows();
        let mut open: Vec<u32> = self.degrees.iter().map(|work| work.ins).collect();
        let sources = (0..open.len() as u32).filter(|&work| open[work as usize] == 0);
        let mut order: Vec<u32> = Vec::with_capacity(open.len());
        order.extend(sources);
        let mut next = 0;
        while let Some(&work) = order.get(next) {
            next += 1;
            let row = first[work as usize] as usize..first[work as usize + 1] as usize;
            for &after in &dependents[row] {
                let open = &mut open[after as usize];
                *open -= 1;
                if *open == 0 {
                    order.push(after);
                }
            }
        }
        // Works on a cycle, and works behind one, never lose their last open edge.
        if order.len() < open.len() {
            return Err(AddGraphError::Cycle(self.cycle(&open)));
        }
        Ok(order)
    }

    /// Returns where the row of each work begins, and the dependents of all works, one row after the other. One vector
    /// for all rows spares a vector for each work.
    fn rows(&self) -> (Vec<u32>, Vec<u32>) {
        let mut first = Vec::with_capacity(self.degrees.len() + 1);
        let mut end = 0;
        for work in &self.degrees {
            first.push(end);
            end += work.outs;
        }
        first.push(end);
        let mut fill = first.clone();
        let mut dependents = vec![0; self.edges.len()];
        for &(before, after) in self.edges.iter() {
            let place = &mut fill[before];
            dependents[*place as usize] = after as u32;
            *place += 1;
        }
        (first, dependents)
    }

    /// Returns a cycle among the works whose count in `open` is above 0. Each of them waits for another one of them,
    /// so a walk against the edges comes back.
    fn cycle(&self, open: &[u32]) -> Vec<usize> {
        let is_left = |work: usize| open[work] > 0;
        let mut before_of = vec![0; open.len()];
        for &(before, after) in self.edges.iter().filter(|edge| is_left(edge.0)) {
            before_of[after] = before;
        }
        let mut work = (0..open.len()).find(|&work| is_left(work));
        let mut path = Vec::new();
        let mut place = vec![NONE; open.len()];
        while let Some(at) = work {
            if place[at] != NONE {
                // The works before the first visit lead to the cycle, and are not on it.
                path.drain(..place[at] as usize);
                break;
            }
            place[at] = path.len() as u32;
            path.push(at);
            work = Some(before_of[at]);
        }
        // The walk went against the edges, and the error names the works along them.
        path.reverse();
        path
    }
}

/// Returns whether an edge is twice in `into`, which leads into one work.
#[inline]
fn is_one_repeated(into: &[(usize, usize)]) -> bool {
    const FEW: usize = 8;
    // Comparing all pairs of a short list is quicker than a sorted copy.
    if into.len() <= FEW {
        return (1..into.len()).any(|place| into[..place].contains(&into[place]));
    }
    let mut sorted = into.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

/// What a first look at the edges shows.
#[derive(Default)]
struct Scan {
    /// Whether an edge leads from a later work to an earlier one.
    backward: bool,
    /// Whether the edges into a work do not stand together, or an edge is there twice.
    doubtful: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::Stream;

    fn edge_list(works: u32, edges: &[(usize, usize)]) -> Result<EdgeList<'_>, AddGraphError> {
        EdgeList::new(works, edges)
    }

    #[test]
    fn edges_are_counted_once_and_stay_in_their_order() {
        let grouped_by_after = [(0, 2), (1, 2), (0, 3)];
        let grouped_by_before = [(0, 2), (0, 3), (1, 2)];
        let in_no_order = [(0, 2), (1, 3), (0, 3), (1, 2)];
        for edges in [&grouped_by_after[..], &grouped_by_before, &in_no_order] {
            let known = edge_list(4, edges).unwrap();
            assert_eq!(*known.edges, edges[..]);
            assert_eq!(known.order, None);
        }
        let repeated = edge_list(4, &[(0, 2), (1, 2), (0, 2), (1, 3), (1, 2)]).unwrap();
        assert_eq!(*repeated.edges, [(0, 2), (1, 2), (1, 3)]);
        let degrees: Vec<_> = repeated.degrees.iter().map(|d| (d.outs, d.ins)).collect();
        assert_eq!(degrees, [(1, 0), (2, 0), (0, 2), (0, 1)]);
    }

    /// The last edge repeats one of the others, or none of them.
    #[test]
    fn an_edge_that_is_repeated_is_found_wherever_it_is_among_those_into_its_work() {
        for len in 1..30 {
            for repeats in 0..=len {
                let falling = (0..len).rev().map(|before| (before, 50));
                let again = (repeats < len).then_some((repeats, 50));
                let then = [(0, 51), (1, 51)];
                let edges: Vec<_> = falling.chain(again).chain(then).collect();
                let known = edge_list(52, &edges).unwrap();
                assert_eq!(known.edges.len(), len + then.len(), "{edges:?}");
                assert_eq!(known.degrees[50].ins as usize, len);
            }
        }
    }

    #[test]
    fn a_graph_that_runs_backwards_is_put_in_order() {
        let known = edge_list(4, &[(3, 2), (2, 0), (1, 0)]).unwrap();
        assert_eq!(known.order.as_deref(), Some(&[1, 3, 2, 0][..]));
    }

    #[test]
    fn a_cycle_is_named_and_nothing_but_it() {
        let edges = [(0, 1), (1, 2), (2, 3), (3, 1), (3, 4), (4, 5)];
        let Err(AddGraphError::Cycle(mut cycle)) = edge_list(6, &edges) else {
            panic!("no cycle");
        };
        let first = cycle.iter().position(|&work| work == 1).unwrap();
        cycle.rotate_left(first);
        assert_eq!(cycle, [1, 2, 3]);
        assert_eq!(
            edge_list(2, &[(0, 1), (1, 1)]).unwrap_err(),
            AddGraphError::Cycle(vec![1])
        );
    }

    #[test]
    fn an_edge_to_nowhere_is_named() {
        let refused = edge_list(2, &[(0, 1), (0, 2)]).unwrap_err();
        let expected = AddGraphError::NoSuchWork {
            edge: 1,
            work: 2,
            works: 2,
        };
        assert_eq!(refused, expected);
        assert!(edge_list(0, &[(0, 1)]).is_err());
        assert!(edge_list(0, &[]).is_ok());
    }

    #[test]
    fn random_graphs_are_in_order_or_have_the_cycle_that_is_named() {
        let mut stream = Stream::new(3);
        let (mut sorted, mut cyclic) = (0, 0);
        for _ in 0..2_000 {
            let works = 2 + stream.below(8);
            let edges: Vec<(usize, usize)> = (0..stream.below(12))
                .map(|_| (stream.below(works) as usize, stream.below(works) as usize))
                .filter(|edge| edge.0 != edge.1)
                .collect();
            match edge_list(works as u32, &edges) {
                Ok(known) => {
                    sorted += 1;
                    let order = known.order.unwrap_or_else(|| (0..works as u32).collect());
                    let mut place = vec![usize::MAX; works as usize];
                    for (at, &work) in order.iter().enumerate() {
                        place[work as usize] = at;
                    }
                    assert!(edges.iter().all(|&(a, b)| place[a] < place[b]), "{edges:?}");
                }
                Err(AddGraphError::Cycle(cycle)) => {
                    cyclic += 1;
                    let next = cycle.iter().cycle().skip(1);
                    assert!(
                        cycle
                            .iter()
                            .zip(next)
                            .all(|(&a, &b)| edges.contains(&(a, b))),
                        "{cycle:?} in {edges:?}"
                    );
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(sorted > 200 && cyclic > 200, "{sorted} and {cyclic}");
    }
}
