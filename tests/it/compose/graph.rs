//! `Chain` and `Graph`.

use super::started;
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::compose::{Chain, Graph, GraphError};
use crankwork::{AddError, Limits, Spec, WorkSchedulerConfig, WorkState};

fn step(name: &str) -> Spec<Log, Probe> {
    let work = if name.starts_with("bad") {
        failing()
    } else {
        napping(secs(1))
    };
    Spec::new(name.to_owned(), work)
}

#[test]
fn a_chain_is_in_order_and_blocked_behind_a_failure() {
    let mut b = Bench::with_permits(4);
    let mut chain = Chain::new();
    for name in ["a", "b", "bad", "c", "d"] {
        chain.push(&mut b.s, step(name)).unwrap();
    }
    b.run();
    assert_eq!(started(&mut b), ["a", "b", "bad"]);
    use WorkState::*;
    let states: Vec<_> = chain.ids().iter().map(|&id| b.state(id)).collect();
    assert_eq!(states, [Success, Success, Failed, Blocked, Blocked]);
}

/// Runs a parent that spawns something in its turn, and then joins it.
fn spawns_three_seconds_of_work(b: &mut Bench, mut spawn: impl FnMut(&mut Cx<'_>) + 'static) {
    let parent = Probe::new(move |cx| {
        spawn(cx);
        OK
    });
    let parent = b.add("parent", parent);
    b.run();
    assert_eq!(b.state(parent), WorkState::Success);
    assert_eq!(b.s.now(), at_secs(3));
}

#[test]
fn a_chain_can_go_on_after_a_work_and_be_of_children() {
    let mut b = Bench::with_permits(4);
    let first = b.add("first", napping(secs(1)));
    spawns_three_seconds_of_work(&mut b, move |cx| {
        let mut chain = Chain::from(first);
        for name in ["a", "b"] {
            chain.spawn(cx, step(name)).unwrap();
        }
        assert_eq!((chain.ids().len(), chain.ids()[0]), (3, first));
    });
}

#[test]
fn a_refused_push_leaves_the_chain_as_it_was() {
    let mut b = Bench::with_permits(4);
    let mut chain = Chain::new();
    chain.push(&mut b.s, step("a")).unwrap();
    let refused = chain.push(&mut b.s, step("x").pool("nowhere", 1));
    assert!(matches!(refused, Err(AddError::NoSuchPool(_))));
    chain.push(&mut b.s, step("b")).unwrap();
    b.run();
    assert_eq!((chain.ids().len(), b.s.now()), (2, at_secs(2)));
}

#[test]
fn fan_out_and_fan_in() {
    let mut b = Bench::with_permits(10);
    let middle = ["m0", "m1", "m2"];
    let ids = Graph::new()
        .works(["end", "m2", "m1", "m0", "start"].map(step))
        .fan_out("start", middle)
        .fan_in(middle, "end")
        .add_to(&mut b.s)
        .unwrap();
    b.run();
    assert_eq!(started(&mut b), ["start", "m2", "m1", "m0", "end"]);
    assert_eq!((b.s.now(), ids.len()), (at_secs(3), 5));
    assert!(ids.values().all(|&id| b.state(id) == WorkState::Success));
}

#[test]
fn works_without_edges_keep_the_order_in_which_they_were_given() {
    let mut b = Bench::with_permits(1);
    let names = ["c", "a", "d", "b"];
    Graph::new()
        .works(names.map(step))
        .edge("d", "a")
        .add_to(&mut b.s)
        .unwrap();
    b.run();
    assert_eq!(started(&mut b), ["c", "d", "b", "a"]);
}

#[test]
fn a_graph_of_children() {
    let mut b = Bench::with_permits(4);
    spawns_three_seconds_of_work(&mut b, |cx| {
        let graph = Graph::from_edges([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], step);
        assert_eq!(graph.spawn_in(cx).unwrap().len(), 4);
    });
}

#[test]
fn duplicates_of_an_edge_count_once() {
    let mut b = Bench::with_permits(4);
    let graph = Graph::from_edges([("a", "b"), ("a", "b"), ("a", "b")], step);
    let ids = graph.add_to(&mut b.s).unwrap();
    let snapshot = b.s.snapshot();
    let after = snapshot.iter().find(|work| work.id == ids["b"]).unwrap();
    assert_eq!(after.deps, [ids["a"]]);
}

/// Why a graph is refused; nothing of it may be left to run.
fn refusal(b: &mut Bench, graph: Graph<Log>) -> GraphError {
    let error = graph.add_to(&mut b.s).unwrap_err();
    b.run();
    assert_eq!(
        b.lines()
            .iter()
            .filter(|line| line.contains("poll"))
            .count(),
        0
    );
    error
}

#[test]
fn what_is_wrong_is_told_before_anything_is_added() {
    let mut b = Bench::with_permits(4);
    let graph = Graph::new().works(["a", "a"].map(step));
    assert_eq!(refusal(&mut b, graph), GraphError::Twice("a".into()));
    let graph = Graph::new()
        .works(["a", "b"].map(step))
        .chain(["a", "x", "b"]);
    assert_eq!(refusal(&mut b, graph), GraphError::Unknown("x".into()));
    let edges = [
        ("start", "a"),
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
        ("c", "end"),
    ];
    let error = refusal(&mut b, Graph::from_edges(edges, step));
    let message = error.to_string();
    let GraphError::Cycle(path) = error else {
        panic!("{message}");
    };
    assert_eq!((path.len(), &path[0]), (4, &path[3]));
    for pair in path.windows(2) {
        assert!(edges.contains(&(&pair[0], &pair[1])), "{message}");
    }
    let selfish = Graph::from_edges([("a", "a")], step);
    assert_eq!(
        refusal(&mut b, selfish),
        GraphError::Cycle(vec!["a".into(), "a".into()])
    );
    assert_eq!(b.s.metrics().total, 0);
}

#[test]
fn what_the_scheduler_refuses_takes_the_rest_with_it() {
    let config = WorkSchedulerConfig::default().limits(Limits::default().works(3));
    let mut b = Bench::new(config);
    let graph = Graph::new()
        .works(["a", "b", "c", "d"].map(step))
        .chain(["a", "b"]);
    let error = refusal(&mut b, graph);
    assert!(
        matches!(&error, GraphError::Refused { name, error: AddError::TooManyWorks(3) } if *name == "d")
    );
    assert_eq!(b.s.metrics().cancelled, 3);

    b.s.reap_settled();
    let parent =
        Probe::new(
            |cx| match Graph::from_edges([("a", "b"), ("b", "c")], step).spawn_in(cx) {
                Err(GraphError::Refused { .. }) => OK,
                other => panic!("{other:?}"),
            },
        );
    let parent = b.add("parent", parent);
    b.run();
    assert_eq!(b.state(parent), WorkState::Success);
}

#[test]
fn a_long_chain_and_a_long_cycle() {
    const N: usize = 20_000;
    let mut b = Bench::with_permits(4);
    let name = |i: usize| format!("n{i}");
    let edges = (1..N).map(|i| (name(i - 1), name(i)));
    let quick = |name: &str| Spec::new(name.to_owned(), done());
    let ids = Graph::from_edges(edges.clone(), quick)
        .add_to(&mut b.s)
        .unwrap();
    b.run();
    assert_eq!(b.s.metrics().success, ids.len() as u64);
    let closed = edges.chain([(name(N - 1), name(0))]);
    let error = Graph::from_edges(closed, quick)
        .add_to(&mut b.s)
        .unwrap_err();
    assert!(matches!(error, GraphError::Cycle(path) if path.len() == N + 1));
}
