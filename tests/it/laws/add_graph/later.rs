//! L14 and L15: what is added to the works of a graph once it is there.

use super::{Edge, graph, plain};
use crate::drawn::{below, shuffle};
use crate::workbench::Step::{Expect, Nap};
use crate::workbench::*;
use crankwork::WorkState::{self, Queued, Running};
use crankwork::{AddError, DependencyError, Stream, WorkId};

/// A bench whose only permit is taken, so that nothing starts.
fn held_up() -> Bench {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Expect]);
    bench.crank();
    bench.ran();
    bench
}

fn path_of(refused: Result<(), DependencyError>) -> String {
    match refused {
        Err(DependencyError::Cycle(path)) => path.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn l14_an_edge_that_closes_a_cycle_with_those_of_a_graph_is_refused() {
    for edges in [[(0, 1), (1, 2)], [(2, 1), (1, 0)], [(1, 0), (0, 2)]] {
        let mut bench = held_up();
        let ids = graph(&mut bench, plain(3), &edges);
        let (first, last) = (ids[edges[0].0], ids[edges[1].1]);
        let refused = path_of(bench.s.add_dependency(last, first));
        assert_eq!(refused.matches("->").count(), 3, "{refused}");
        // This edge agrees with the order that they have.
        bench.s.add_dependency(first, last).unwrap();
        assert_eq!(bench.s.audit(), Ok(()));
    }
}

#[test]
fn l14_a_cycle_through_a_work_that_came_after_a_graph_is_refused() {
    let mut bench = held_up();
    let before = bench.script("before", []);
    let ids = graph(&mut bench, plain(3), &[(2, 1), (1, 0)]);
    // After the last one, and so after all, though it has been there the longest.
    bench.s.add_dependency(ids[0], before).unwrap();
    let later = bench.add_spec(script("later", []).after(before));
    let refused = path_of(bench.s.add_dependency(later, ids[2]));
    assert_eq!(refused, "`c` -> `b` -> `a` -> `before` -> `later` -> `c`");
    assert_eq!(bench.s.audit(), Ok(()));
}

/// Works that are added forward are in order with works that were added backward before.
#[test]
fn l14_a_cycle_through_a_graph_that_came_after_edges_that_ran_backward_is_refused() {
    let mut bench = held_up();
    let first = bench.script("first", []);
    let source = bench.script("source", []);
    let before = bench.add_spec(script("before", []).after(source));
    // Less is after this edge than before it, so it is what comes after that goes up.
    bench.s.add_dependency(before, first).unwrap();
    let works = vec![script("a", []).after(first), script("b", [])];
    let ids = graph(&mut bench, works, &[(0, 1)]);
    assert_eq!(bench.s.audit(), Ok(()));
    let refused = path_of(bench.s.add_dependency(ids[1], before));
    assert_eq!(refused, "`before` -> `first` -> `a` -> `b` -> `before`");
}

#[test]
fn l14_a_child_whose_parent_waits_for_a_graph_is_not_to_be_before_it() {
    let mut bench = held_up();
    let ids = graph(&mut bench, plain(2), &[(1, 0)]);
    let parent = bench.add_spec(script("parent", []).after(ids[0]));
    let child = bench.add_spec(script("child", []).parent(parent));
    let refused = path_of(bench.s.add_dependency(child, ids[1]));
    assert_eq!(refused, "`b` -> `a` -> `parent` -> `child` -> `b`");
    let error = bench.s.add(script("late", []).parent(ids[1]).after(ids[0]));
    assert!(matches!(error, Err(AddError::Cycle(_))), "{error:?}");
}

#[test]
fn l15_works_of_a_graph_take_further_edges_before_they_start() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", [Nap(5)]);
    let ids = graph(&mut bench, plain(3), &[(2, 0)]);
    assert_eq!(bench.state(ids[1]), Running);
    bench.s.add_dependency(gate, ids[1]).unwrap();
    bench.s.add_dependency(ids[1], ids[2]).unwrap();
    bench.s.add_dependency(ids[2], ids[0]).unwrap();
    let known = bench.s.snapshot();
    assert_eq!(known[1].deps, [ids[2]], "one that it has counts once");
    assert_eq!(bench.states(&ids), [WorkState::Pending; 3]);
    bench.add_spec(script("last", []).after(ids[0]).after(ids[1]));
    assert_eq!(bench.s.audit(), Ok(()));
    bench.run();
    assert_eq!(bench.ran(), "gate gate b c a last");
}

#[test]
fn l15_the_lists_of_a_graph_grow() {
    let mut bench = held_up();
    let ids = graph(&mut bench, plain(8), &[(7, 0), (6, 0), (7, 1)]);
    let mut deps = vec![ids[7], ids[6]];
    for &other in &ids[2..6] {
        bench.s.add_dependency(other, ids[0]).unwrap();
        deps.push(other);
    }
    let dependents = |bench: &Bench| bench.s.snapshot()[8].dependents.clone();
    assert_eq!(dependents(&bench), [ids[0], ids[1]]);
    let mut others = vec![ids[0], ids[1]];
    for _ in 0..20 {
        let other = bench.add_spec(script("other", []).after(ids[7]));
        bench.s.add_dependency(other, ids[0]).unwrap();
        others.push(other);
        deps.push(other);
        assert_eq!(bench.s.audit(), Ok(()));
    }
    assert_eq!(bench.s.snapshot()[1].deps, deps);
    assert_eq!(dependents(&bench), others);
}

#[test]
fn l15_a_graph_may_come_after_works_of_another() {
    let mut bench = Bench::with_permits(1);
    let first = graph(&mut bench, plain(3), &[(2, 1), (1, 0)]);
    let works = vec![
        script("d", []),
        script("e", []).after(first[0]),
        script("f", []).after(first[2]),
    ];
    let second = graph(&mut bench, works, &[(1, 0), (2, 0)]);
    assert_eq!(bench.states(&second), [WorkState::Pending; 3]);
    let refused = path_of(bench.s.add_dependency(second[0], first[0]));
    assert_eq!(refused, "`a` -> `e` -> `d` -> `a`");
    assert_eq!(bench.s.audit(), Ok(()));
    bench.run();
    assert_eq!(bench.ran(), "c b f a e d");
}

/// Slots and edges that are free again are used by the next graph.
#[test]
fn l30_graphs_come_and_go() {
    let mut bench = Bench::with_permits(2);
    let mut rng = Stream::new(3);
    for _ in 0..50 {
        let works = 2 + below(&mut rng, 7);
        let edge = |_| {
            let low = below(&mut rng, works - 1);
            (low + 1 + below(&mut rng, works - 1 - low), low)
        };
        let edges: Vec<Edge> = (0..6).map(edge).collect();
        graph(&mut bench, plain(works), &edges);
        assert_eq!(bench.s.audit(), Ok(()));
        // The next one comes in the middle.
        bench.turns(1 + below(&mut rng, 9) as u64);
        bench.s.reap_settled();
        assert_eq!(bench.s.audit(), Ok(()));
    }
    bench.run();
    assert_eq!(bench.s.metrics().success, bench.s.metrics().total);
    bench.s.reap_settled();
    assert_eq!(bench.s.metrics().in_scheduler, 0);
    super::assert_usable(&mut bench);
}

/// Whether the last of these edges leads back to where one began, looked for step by step.
fn leads_back(edges: &[Edge], (before, after): Edge) -> bool {
    let mut reached = vec![after];
    let mut at = 0;
    while let Some(&work) = reached.get(at) {
        at += 1;
        let next = edges.iter().filter(|edge| edge.0 == work);
        let new: Vec<usize> = next.map(|edge| edge.1).collect();
        reached.extend(
            new.into_iter()
                .filter(|work| !reached.contains(work))
                .collect::<Vec<_>>(),
        );
    }
    reached.contains(&before)
}

/// Two graphs, single works between, and then edges between any two: refused exactly if they close a cycle.
#[test]
fn l14_edges_that_come_after_a_graph_are_refused_exactly_if_they_close_a_cycle() {
    let mut rng = Stream::new(4);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..150 {
        let mut bench = held_up();
        let (mut ids, mut edges): (Vec<WorkId>, Vec<Edge>) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            add_some(&mut bench, &mut rng, &mut ids, &mut edges);
        }
        for _ in 0..12 {
            let edge = (below(&mut rng, ids.len()), below(&mut rng, ids.len()));
            let answer = bench.s.add_dependency(ids[edge.0], ids[edge.1]);
            if leads_back(&edges, edge) {
                refused += 1;
                path_of(answer);
            } else {
                taken += 1;
                assert_eq!(answer, Ok(()), "{edge:?} after {edges:?}");
                edges.push(edge);
            }
            assert_eq!(bench.s.audit(), Ok(()));
        }
        let waits = |at: usize| edges.iter().any(|edge| edge.1 == at);
        let expected = (0..ids.len()).map(|at| match waits(at) {
            true => WorkState::Pending,
            false => Queued,
        });
        assert_eq!(bench.states(&ids), expected.collect::<Vec<_>>());
    }
    assert!(taken > 300 && refused > 300, "{taken} and {refused}");
}

/// A graph in some order, of works that may be after earlier ones, and then a single work that is.
fn add_some(bench: &mut Bench, rng: &mut Stream, ids: &mut Vec<WorkId>, edges: &mut Vec<Edge>) {
    let (first, works) = (ids.len(), 2 + below(rng, 4));
    let mut order: Vec<usize> = (0..works).collect();
    shuffle(rng, &mut order);
    let edge = |_| {
        let high = 1 + below(rng, works - 1);
        (order[below(rng, high)], order[high])
    };
    let inside: Vec<Edge> = (0..works).map(edge).collect();
    let mut specs = plain(works);
    if first > 0 {
        let (before, after) = (below(rng, first), below(rng, works));
        specs[after] = script("with another", []).after(ids[before]);
        edges.push((before, first + after));
    }
    ids.extend(graph(bench, specs, &inside));
    edges.extend(inside.iter().map(|(a, b)| (first + a, first + b)));
    let before = below(rng, ids.len());
    edges.push((before, ids.len()));
    ids.push(bench.add_spec(script("single", []).after(ids[before])));
}
