//! L10 and L15: what runs when, and what the edges come to.

use super::{Edge, NAMES, graph, plain};
use crate::units::at_ms;
use crate::workbench::Step::{Done, Fail, Nap, Yield};
use crate::workbench::*;
use crankwork::WorkState::{self, Blocked, Failed, Queued, Running};
use crankwork::{Next, WorkId};
use std::collections::BTreeSet;

const WORKS: usize = 6;

/// A few edges again and again, in different order or direction.
fn shapes() -> Vec<(&'static str, Vec<Edge>)> {
    let by_after = vec![(0, 2), (1, 2), (0, 3), (2, 3), (1, 4), (2, 5), (3, 5)];
    let mut by_before = by_after.clone();
    by_before.sort();
    let backward: Vec<Edge> = by_after.iter().map(|&(a, b)| (5 - a, 5 - b)).collect();
    let no_order = [5, 0, 3, 6, 1, 4, 2].map(|at| by_after[at]).to_vec();
    let this_and_that: Vec<Edge> = no_order.iter().map(|&(a, b)| (a ^ 1, b ^ 1)).collect();
    let twice: Vec<Edge> = by_after.iter().flat_map(|&edge| [edge, edge]).collect();
    let mut one_again = by_before.clone();
    one_again.insert(2, by_before[0]);
    let again = [&no_order[..], &by_after[..]].concat();
    let backward_again = [&backward[..], &backward[..2]].concat();
    vec![
        ("grouped by after", by_after),
        ("grouped by before", by_before),
        ("backward", backward),
        ("in no order", no_order),
        ("in both directions", this_and_that),
        ("each twice", twice),
        ("grouped by before, one once more", one_again),
        ("all once more", again),
        ("backward, two once more", backward_again),
    ]
}

/// Each edge once, as it was given first.
fn once(edges: &[Edge]) -> Vec<Edge> {
    let mut seen = BTreeSet::new();
    let new = |edge: &&Edge| seen.insert(**edge);
    edges.iter().filter(new).copied().collect()
}

/// When each work had its only turn.
fn places(bench: &mut Bench) -> Vec<usize> {
    let ran = bench.ran();
    let ran: Vec<&str> = ran.split(' ').collect();
    assert_eq!(ran.len(), WORKS, "{ran:?}");
    let place = |name: &&str| ran.iter().position(|ran| ran == name);
    let places = NAMES[..WORKS].iter().map(place);
    places.map(|place| place.expect("it has run")).collect()
}

#[test]
fn l10_works_of_a_graph_run_after_those_that_they_are_after() {
    for (shape, edges) in shapes() {
        for permits in [1, 2, 9] {
            let mut bench = Bench::with_permits(permits);
            graph(&mut bench, plain(WORKS), &edges);
            assert_eq!(bench.s.audit(), Ok(()));
            bench.run();
            let place = places(&mut bench);
            let early = edges.iter().find(|&&(a, b)| place[a] > place[b]);
            assert_eq!(early, None, "{shape}, {permits} at once");
        }
    }
}

#[test]
fn l10_a_work_of_a_graph_waits_for_the_end_of_what_it_is_after() {
    let mut bench = Bench::with_permits(9);
    let works = vec![
        script("last", []),
        script("slow", [Nap(5)]),
        script("quick", [Yield]),
    ];
    let ids = graph(&mut bench, works, &[(1, 0), (2, 0)]);
    for time in [0, 4] {
        bench.crank_at(at_ms(time));
        assert_eq!(bench.state(ids[0]), WorkState::Pending, "at {time}");
    }
    bench.runs_at(at_ms(5), "slow quick quick slow last");
}

#[test]
fn l15_edges_of_a_graph_count_once_and_stay_as_they_were_given() {
    for (shape, edges) in shapes() {
        let mut bench = Bench::with_permits(1);
        let ids = graph(&mut bench, plain(WORKS), &edges);
        let known = bench.s.snapshot();
        for (work, known) in known.iter().enumerate() {
            let others = |end: fn(Edge) -> (usize, usize)| -> Vec<WorkId> {
                let edges = once(&edges).into_iter().map(end);
                let of_this = edges.filter(|edge| edge.0 == work);
                of_this.map(|edge| ids[edge.1]).collect()
            };
            assert_eq!(known.deps, others(|(a, b)| (b, a)), "{shape}: {work}");
            assert_eq!(known.dependents, others(|edge| edge), "{shape}: {work}");
        }
    }
}

#[test]
fn l15_a_graph_gets_permits_in_the_order_of_its_works() {
    let mut bench = Bench::with_permits(2);
    let ids = graph(&mut bench, plain(5), &[(4, 0)]);
    let pending = WorkState::Pending;
    let states = [pending, Running, Running, Queued, Queued];
    assert_eq!(bench.states(&ids), states);
    assert_eq!(bench.s.next(), Next::Now);
    bench.run();
    assert_eq!(bench.ran(), "b c d e a");
}

#[test]
fn l15_a_graph_queues_behind_those_that_wait_already() {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Nap(5)]);
    bench.script("waits", []);
    let ids = graph(&mut bench, plain(2), &[]);
    assert_eq!(bench.states(&ids), [Queued; 2]);
    bench.run();
    assert_eq!(bench.ran(), "holder holder waits a b");
}

#[test]
fn l03_dependents_are_released_in_the_order_of_the_edges() {
    let mut bench = Bench::with_permits(9);
    graph(&mut bench, plain(5), &[(4, 2), (4, 0), (4, 3), (4, 1)]);
    bench.run();
    assert_eq!(bench.ran(), "e c a d b");
}

#[test]
fn l11_what_fails_in_a_graph_blocks_what_follows_with_the_root_cause() {
    let mut bench = Bench::with_permits(9);
    let works = vec![
        script("last", []),
        script("middle", []),
        script("bad", [Fail("disk full")]),
        script("good", []),
    ];
    let ids = graph(&mut bench, works, &[(2, 1), (1, 0), (3, 0)]);
    let crank = bench.crank();
    assert_eq!((bench.ran(), crank.settled), ("bad good".into(), 4));
    let states = [Blocked, Blocked, Failed, WorkState::Success];
    assert_eq!(bench.states(&ids), states);
    for &blocked in &ids[..2] {
        assert_eq!(super::root_of(&bench, blocked), ids[2]);
        let outcome = bench.outcome(blocked);
        let why = outcome.failure().expect("a reason").root();
        assert_eq!(why.to_string(), "disk full");
    }
}

#[test]
fn l15_the_works_of_a_graph_are_made_in_order() {
    let mut bench = Bench::with_permits(9);
    let mut made = Vec::new();
    let make = |work| {
        made.push(work);
        script(NAMES[work], [Done])
    };
    let added = bench.s.add_graph(4, make, &[(3, 0), (2, 1)]).unwrap();
    assert_eq!(made, [0, 1, 2, 3]);
    let serials: Vec<u64> = added.iter().map(|work| work.id().serial()).collect();
    assert_eq!(serials, [0, 1, 2, 3]);
    let name = |at: usize| bench.s.name(added.get(at).unwrap()).unwrap().to_string();
    assert_eq!((0..4).map(name).collect::<String>(), "abcd");
}

#[test]
fn l15_a_graph_may_be_empty_or_have_no_edges() {
    let mut bench = Bench::with_permits(9);
    assert_eq!(graph(&mut bench, plain(0), &[]), []);
    assert_eq!((bench.s.metrics().total, bench.events()), (0, vec![]));
    assert_eq!(bench.s.next(), Next::Idle);
    let ids = graph(&mut bench, plain(3), &[]);
    assert_eq!(bench.states(&ids), [Running; 3]);
    bench.run();
    assert_eq!(bench.ran(), "a b c");
    super::assert_usable(&mut bench);
}
