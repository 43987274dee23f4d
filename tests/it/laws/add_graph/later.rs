//! L14 and L15: what is added to the works of a graph once it is there.

use super::super::Step::{Expect, Nap};
use super::super::{Lab, lab, script};
use super::{Edge, graph, plain};
use crate::drawn::{below, shuffle};
use crankwork::WorkState::{self, Queued, Running};
use crankwork::{AddError, DependencyError, Stream, WorkId};

/// A lab whose only permit is taken, so that nothing starts.
fn held_up() -> Lab {
    let mut lab = lab(1);
    lab.work("holder", [Expect]);
    lab.crank(0);
    lab.ran();
    lab
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
        let mut lab = held_up();
        let ids = graph(&mut lab, plain(3), &edges);
        let (first, last) = (ids[edges[0].0], ids[edges[1].1]);
        let refused = path_of(lab.s.add_dependency(last, first));
        assert_eq!(refused.matches("->").count(), 3, "{refused}");
        // This edge agrees with the order that they have.
        lab.s.add_dependency(first, last).unwrap();
        assert_eq!(lab.s.audit(), Ok(()));
    }
}

#[test]
fn l14_a_cycle_through_a_work_that_came_after_a_graph_is_refused() {
    let mut lab = held_up();
    let before = lab.work("before", []);
    let ids = graph(&mut lab, plain(3), &[(2, 1), (1, 0)]);
    // After the last one, and so after all, though it has been there the longest.
    lab.s.add_dependency(ids[0], before).unwrap();
    let later = lab.add(script("later", []).after(before));
    let refused = path_of(lab.s.add_dependency(later, ids[2]));
    assert_eq!(refused, "`c` -> `b` -> `a` -> `before` -> `later` -> `c`");
    assert_eq!(lab.s.audit(), Ok(()));
}

/// Works that are added forward are in order with works that were added backward before.
#[test]
fn l14_a_cycle_through_a_graph_that_came_after_edges_that_ran_backward_is_refused() {
    let mut lab = held_up();
    let first = lab.work("first", []);
    let source = lab.work("source", []);
    let before = lab.add(script("before", []).after(source));
    // Less is after this edge than before it, so it is what comes after that goes up.
    lab.s.add_dependency(before, first).unwrap();
    let works = vec![script("a", []).after(first), script("b", [])];
    let ids = graph(&mut lab, works, &[(0, 1)]);
    assert_eq!(lab.s.audit(), Ok(()));
    let refused = path_of(lab.s.add_dependency(ids[1], before));
    assert_eq!(refused, "`before` -> `first` -> `a` -> `b` -> `before`");
}

#[test]
fn l14_a_child_whose_parent_waits_for_a_graph_is_not_to_be_before_it() {
    let mut lab = held_up();
    let ids = graph(&mut lab, plain(2), &[(1, 0)]);
    let parent = lab.add(script("parent", []).after(ids[0]));
    let child = lab.add(script("child", []).parent(parent));
    let refused = path_of(lab.s.add_dependency(child, ids[1]));
    assert_eq!(refused, "`b` -> `a` -> `parent` -> `child` -> `b`");
    let error = lab.s.add(script("late", []).parent(ids[1]).after(ids[0]));
    assert!(matches!(error, Err(AddError::Cycle(_))), "{error:?}");
}

#[test]
fn l15_works_of_a_graph_take_further_edges_before_they_start() {
    let mut lab = lab(9);
    let gate = lab.work("gate", [Nap(5)]);
    let ids = graph(&mut lab, plain(3), &[(2, 0)]);
    assert_eq!(lab.state(ids[1]), Running);
    lab.s.add_dependency(gate, ids[1]).unwrap();
    lab.s.add_dependency(ids[1], ids[2]).unwrap();
    lab.s.add_dependency(ids[2], ids[0]).unwrap();
    let known = lab.s.snapshot();
    assert_eq!(known[1].deps, [ids[2]], "one that it has counts once");
    assert_eq!(lab.states(&ids), [WorkState::Pending; 3]);
    lab.add(script("last", []).after(ids[0]).after(ids[1]));
    assert_eq!(lab.s.audit(), Ok(()));
    lab.run();
    assert_eq!(lab.ran(), "gate gate b c a last");
}

#[test]
fn l15_the_lists_of_a_graph_grow() {
    let mut lab = held_up();
    let ids = graph(&mut lab, plain(8), &[(7, 0), (6, 0), (7, 1)]);
    let mut deps = vec![ids[7], ids[6]];
    for &other in &ids[2..6] {
        lab.s.add_dependency(other, ids[0]).unwrap();
        deps.push(other);
    }
    let dependents = |lab: &Lab| lab.s.snapshot()[8].dependents.clone();
    assert_eq!(dependents(&lab), [ids[0], ids[1]]);
    let mut others = vec![ids[0], ids[1]];
    for _ in 0..20 {
        let other = lab.add(script("other", []).after(ids[7]));
        lab.s.add_dependency(other, ids[0]).unwrap();
        others.push(other);
        deps.push(other);
        assert_eq!(lab.s.audit(), Ok(()));
    }
    assert_eq!(lab.s.snapshot()[1].deps, deps);
    assert_eq!(dependents(&lab), others);
}

#[test]
fn l15_a_graph_may_come_after_works_of_another() {
    let mut lab = lab(1);
    let first = graph(&mut lab, plain(3), &[(2, 1), (1, 0)]);
    let works = vec![
        script("d", []),
        script("e", []).after(first[0]),
        script("f", []).after(first[2]),
    ];
    let second = graph(&mut lab, works, &[(1, 0), (2, 0)]);
    assert_eq!(lab.states(&second), [WorkState::Pending; 3]);
    let refused = path_of(lab.s.add_dependency(second[0], first[0]));
    assert_eq!(refused, "`a` -> `e` -> `d` -> `a`");
    assert_eq!(lab.s.audit(), Ok(()));
    lab.run();
    assert_eq!(lab.ran(), "c b f a e d");
}

/// Slots and edges that are free again are used by the next graph.
#[test]
fn l30_graphs_come_and_go() {
    let mut lab = lab(2);
    let mut rng = Stream::new(3);
    for _ in 0..50 {
        let works = 2 + below(&mut rng, 7);
        let edge = |_| {
            let low = below(&mut rng, works - 1);
            (low + 1 + below(&mut rng, works - 1 - low), low)
        };
        let edges: Vec<Edge> = (0..6).map(edge).collect();
        graph(&mut lab, plain(works), &edges);
        assert_eq!(lab.s.audit(), Ok(()));
        // The next one comes in the middle.
        lab.turns(0, 1 + below(&mut rng, 9) as u64);
        lab.s.reap_settled();
        assert_eq!(lab.s.audit(), Ok(()));
    }
    lab.run();
    assert_eq!(lab.s.metrics().success, lab.s.metrics().total);
    lab.s.reap_settled();
    assert_eq!(lab.s.metrics().in_scheduler, 0);
    super::assert_usable(&mut lab);
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
        let mut lab = held_up();
        let (mut ids, mut edges): (Vec<WorkId>, Vec<Edge>) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            add_some(&mut lab, &mut rng, &mut ids, &mut edges);
        }
        for _ in 0..12 {
            let edge = (below(&mut rng, ids.len()), below(&mut rng, ids.len()));
            let answer = lab.s.add_dependency(ids[edge.0], ids[edge.1]);
            if leads_back(&edges, edge) {
                refused += 1;
                path_of(answer);
            } else {
                taken += 1;
                assert_eq!(answer, Ok(()), "{edge:?} after {edges:?}");
                edges.push(edge);
            }
            assert_eq!(lab.s.audit(), Ok(()));
        }
        let waits = |at: usize| edges.iter().any(|edge| edge.1 == at);
        let expected = (0..ids.len()).map(|at| match waits(at) {
            true => WorkState::Pending,
            false => Queued,
        });
        assert_eq!(lab.states(&ids), expected.collect::<Vec<_>>());
    }
    assert!(taken > 300 && refused > 300, "{taken} and {refused}");
}

/// A graph in some order, of works that may be after earlier ones, and then a single work that is.
fn add_some(lab: &mut Lab, rng: &mut Stream, ids: &mut Vec<WorkId>, edges: &mut Vec<Edge>) {
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
    ids.extend(graph(lab, specs, &inside));
    edges.extend(inside.iter().map(|(a, b)| (first + a, first + b)));
    let before = below(rng, ids.len());
    edges.push((before, ids.len()));
    ids.push(lab.add(script("single", []).after(ids[before])));
}
