//! L14: graphs of which nothing is added, and what is said about them.

use super::{Edge, Works, assert_usable, graph, plain, try_graph};
use crate::workbench::Step::Expect;
use crate::workbench::*;
use crankwork::{AddError, AddGraphError, Handles, Limits, Next};

/// Tries to add works and edges that are refused before any work has even been made.
fn refuse(bench: &mut Bench, works: usize, edges: &[Edge]) -> AddGraphError {
    let before = (bench.s.metrics(), bench.s.next());
    bench.events();
    let mut made = 0;
    let make = |_| {
        made += 1;
        script("never", [])
    };
    let added: Result<Handles<()>, _> = bench.s.add_graph(works, make, edges);
    assert_eq!(made, 0);
    assert_eq!((bench.s.metrics(), bench.s.next()), before);
    assert_eq!(bench.events(), [""; 0]);
    assert_eq!(bench.s.audit(), Ok(()));
    added.expect_err("the graph is a bad one")
}

fn cycle_of(works: usize, edges: &[Edge]) -> Vec<usize> {
    let mut bench = Bench::with_permits(9);
    let error = refuse(&mut bench, works, edges);
    assert_eq!(bench.s.metrics().total, 0);
    assert_usable(&mut bench);
    match error {
        AddGraphError::Cycle(cycle) => cycle,
        other => panic!("{other}"),
    }
}

/// A cycle, told from its smallest work on.
fn turned(mut cycle: Vec<usize>) -> Vec<usize> {
    let smallest = (0..cycle.len()).min_by_key(|&at| cycle[at]);
    cycle.rotate_left(smallest.expect("a cycle has a work"));
    cycle
}

#[test]
fn l14_a_graph_with_a_cycle_is_refused_with_its_path() {
    assert_eq!(turned(cycle_of(2, &[(0, 1), (1, 0)])), [0, 1]);
    assert_eq!(turned(cycle_of(2, &[(1, 0), (1, 0), (0, 1)])), [0, 1]);
    let three = [(0, 1), (1, 2), (2, 0)];
    assert_eq!(turned(cycle_of(3, &three)), [0, 1, 2]);
    let backward = [(2, 1), (1, 0), (0, 2)];
    assert_eq!(turned(cycle_of(3, &backward)), [0, 2, 1]);
}

#[test]
fn l14_only_the_cycle_is_named_and_not_what_leads_to_it_or_from_it() {
    let edges = [(0, 1), (1, 3), (3, 5), (5, 1), (3, 4), (4, 2), (2, 6)];
    assert_eq!(turned(cycle_of(8, &edges)), [1, 3, 5]);
}

#[test]
fn l14_one_of_two_cycles_is_named_whole() {
    let edges = [(0, 1), (1, 0), (1, 2), (2, 3), (3, 2)];
    let cycle = turned(cycle_of(4, &edges));
    assert!(cycle == [0, 1] || cycle == [2, 3], "{cycle:?}");
}

#[test]
fn l14_a_work_of_a_graph_that_would_wait_for_itself_is_refused() {
    assert_eq!(cycle_of(2, &[(0, 1), (1, 1)]), [1]);
    assert_eq!(cycle_of(1, &[(0, 0)]), [0]);
}

#[test]
fn l14_what_is_said_about_a_cycle_says_what_to_do() {
    let mut bench = Bench::with_permits(9);
    assert_eq!(
        refuse(&mut bench, 2, &[(1, 1)]).to_string(),
        "these works would wait for themselves: `1` -> `1`; leave out an edge"
    );
    let cycle = AddGraphError::Cycle(vec![2, 0, 7]);
    assert_eq!(
        cycle.to_string(),
        "these works would wait for themselves: `2` -> `0` -> `7` -> `2`; leave out an edge"
    );
    let ring: Vec<Edge> = (0..100).map(|work| (work, (work + 1) % 100)).collect();
    let long = refuse(&mut bench, 100, &ring).to_string();
    assert!(long.contains("` -> (88 more) -> `"), "{long}");
}

#[test]
fn l14_an_edge_that_names_no_work_is_refused() {
    let mut bench = Bench::with_permits(9);
    let no_such_work = |edge, work, works| AddGraphError::NoSuchWork { edge, work, works };
    let cases: [(&[Edge], usize, AddGraphError); 6] = [
        (&[(0, 1), (0, 2)], 2, no_such_work(1, 2, 2)),
        (&[(3, 0)], 3, no_such_work(0, 3, 3)),
        (&[(7, 7)], 3, no_such_work(0, 7, 3)),
        (&[(5, 9)], 3, no_such_work(0, 9, 3)),
        (&[(0, 1), (0, 1), (0, 0), (0, 9)], 0, no_such_work(0, 1, 0)),
        (&[(0, 1 << 32)], 2, no_such_work(0, 1 << 32, 2)),
    ];
    for (edges, works, expected) in cases {
        assert_eq!(refuse(&mut bench, works, edges), expected);
    }
    assert_eq!(
        no_such_work(1, 2, 2).to_string(),
        "edge 1 names work 2, but the graph has 2, counted from 0: mend the edge or add more works"
    );
    assert_usable(&mut bench);
}

fn limited(works: usize, edges: usize) -> Bench {
    let limits = Limits::default().works(works).edges(edges);
    Bench::new(config(9).limits(limits))
}

#[test]
fn l14_a_graph_with_too_many_works_is_refused_whole_and_the_first_without_room_named() {
    let mut bench = limited(4, 99);
    bench.script("other", []);
    let error = refuse(&mut bench, 4, &[(0, 1)]);
    let expected = AddGraphError::Refused {
        work: 3,
        error: AddError::TooManyWorks(4),
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "work 3 of the graph: there are 4 works, the limit: reap settled ones, or raise \
         `Limits::works` (at most 1073741824)"
    );
    graph(&mut bench, plain(3), &[(0, 1)]);
    bench.run();
    bench.s.reap_settled();
    assert_usable(&mut bench);
}

#[test]
fn l14_a_graph_with_too_many_edges_is_refused_whole() {
    let mut bench = limited(99, 3);
    let other = bench.script("other", []);
    bench.add_spec(script("later", []).after(other));
    let error = refuse(&mut bench, 3, &[(0, 1), (0, 2), (0, 2), (1, 2), (0, 1)]);
    assert_eq!(
        error.to_string(),
        "with the 1 dependencies that there are it would be too many: reap settled works, or raise \
         `Limits::edges`"
    );
    assert_eq!(error, AddGraphError::TooManyEdges(1));
}

#[test]
fn l14_what_is_exactly_at_the_limits_is_added() {
    let mut bench = limited(4, 4);
    let other = bench.script("other", []);
    let works: Works = vec![
        script("a", []),
        script("b", []).after(other),
        script("c", []),
    ];
    // Two of these are there twice.
    let edges = [(2, 1), (1, 0), (2, 0), (2, 1), (1, 0)];
    graph(&mut bench, works, &edges);
    bench.run();
    assert_eq!(bench.ran(), "other c b a");
    assert_eq!(bench.s.reap_settled(), 4);
    assert_usable(&mut bench);
}

#[test]
fn l15_a_graph_after_shutdown_is_refused() {
    let mut bench = Bench::with_permits(9);
    bench.script("other", [Expect]);
    bench.s.shutdown();
    let error = try_graph(&mut bench, plain(2), &[(0, 1)]).unwrap_err();
    let expected = AddGraphError::Refused {
        work: 0,
        error: AddError::ShutDown,
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "work 0 of the graph: the scheduler is shutting down: add works before `shutdown`"
    );
    assert_eq!(bench.s.metrics().total, 1);
    bench.run();
    assert_eq!((bench.s.next(), bench.s.audit()), (Next::Idle, Ok(())));
}
