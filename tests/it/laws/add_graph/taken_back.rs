//! L14: a graph that is refused in the middle, or whose works panic as they are made, is taken back.

use super::{Edge, NAMES, Works, assert_usable, graph, plain, telling, try_graph};
use crate::units::at_ms;
use crate::workbench::Step::{Done, Expect, Nap, Pending};
use crate::workbench::*;
use crankwork::WorkState::{self, Queued, Running, Success, Waiting};
use crankwork::{AddError, AddGraphError, Limits, Next, Retain, Spec, UnknownWork, WorkId};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

const BACKWARD: [Edge; 3] = [(3, 1), (1, 0), (3, 0)];

/// Four works that tell how they have settled, except that the third is `bad`.
fn works_with(bad: Spec<Log, Probe>) -> Works {
    let mut works: Works = plain(4).into_iter().map(telling).collect();
    works[2] = bad;
    works
}

/// The events since this was last asked, of settled states only: `a Cancelled`.
fn settled(bench: &mut Bench) -> Vec<String> {
    let events = std::iter::from_fn(|| bench.s.poll_event());
    let settled = events.filter(|event| event.state.is_settled());
    settled
        .map(|event| format!("{} {}", event.name, event.state))
        .collect()
}

/// The works that were added have been cancelled, and the next crank tells so.
fn assert_taken_back(bench: &mut Bench, names: &[&str]) {
    assert_eq!(bench.s.audit(), Ok(()));
    let cancelled: Vec<String> = names
        .iter()
        .map(|name| format!("{name} Cancelled"))
        .collect();
    assert_eq!(settled(bench), cancelled);
    bench.crank();
    assert_eq!(bench.ran(), cancelled.join(" "), "told so, and no turn");
    assert_eq!(bench.s.next(), Next::Idle);
    assert_eq!(bench.s.metrics().attempts, 0, "no attempt counts");
    assert_usable(bench);
}

#[test]
fn l14_works_before_one_that_is_refused_are_cancelled_without_a_turn() {
    for permits in [1, 9] {
        for edges in [&[][..], &BACKWARD, &[(0, 1), (1, 3), (2, 3)]] {
            let mut bench = Bench::with_permits(permits);
            let bad = script("bad", []).pool("tape", 1);
            let error = try_graph(&mut bench, works_with(bad), edges).unwrap_err();
            let expected = AddGraphError::Refused {
                work: 2,
                error: AddError::NoSuchPool("tape".into()),
            };
            assert_eq!(error, expected);
            assert_taken_back(&mut bench, &["a", "b"]);
        }
    }
}

#[test]
fn l14_what_is_said_about_a_refused_work_names_it_and_says_what_to_do() {
    let mut bench = Bench::with_permits(9);
    let bad = script("bad", []).pool("tape", 1);
    let error = try_graph(&mut bench, works_with(bad), &BACKWARD).unwrap_err();
    assert_eq!(
        error.to_string(),
        "work 2 of the graph: there is no pool `tape`: make it with `WorkSchedulerConfig::pool` or \
         `set_pool_capacity` first"
    );
}

#[test]
fn l14_a_graph_with_a_reclaimed_or_foreign_dependency_is_taken_back() {
    let mut other = Bench::with_permits(1);
    let foreign = other.script("foreign", []);
    let mut bench = Bench::with_permits(9);
    let gone = bench.script("gone", []);
    bench.crank();
    bench.s.reap(gone).unwrap();
    for (id, unknown) in [
        (gone, UnknownWork::Reclaimed(gone)),
        (foreign, UnknownWork::Foreign(foreign)),
    ] {
        let total = bench.s.metrics().total;
        let bad = script("bad", []).after(id);
        let error = try_graph(&mut bench, works_with(bad), &BACKWARD).unwrap_err();
        let expected = AddGraphError::Refused {
            work: 2,
            error: AddError::Dependency(unknown),
        };
        assert_eq!((error, bench.s.metrics().total), (expected, total + 2));
        assert_usable(&mut bench);
    }
}

/// Edges that works bring themselves are not known before the works are made.
#[test]
fn l14_a_graph_whose_works_bring_too_many_edges_is_taken_back() {
    let limits = |edges| Limits::default().edges(edges);
    let bringing = |other: WorkId| -> Works {
        let after = |spec: Spec<Log, Probe>| telling(spec.after(other));
        plain(3).into_iter().map(after).collect()
    };
    // Three edges of the works' own, and two in the graph.
    for (most, expected) in [
        (4, Some(AddGraphError::TooManyEdges(3))),
        (2, Some(refused(2, AddError::TooManyEdges(2)))),
        (5, None),
    ] {
        let mut bench = Bench::new(config(9).limits(limits(most)));
        let other = bench.script("other", []);
        let error = try_graph(&mut bench, bringing(other), &[(2, 1), (1, 0)]).err();
        assert_eq!(error, expected);
        assert_eq!(bench.s.audit(), Ok(()));
        bench.run();
        let ran = match most {
            4 => "a Cancelled b Cancelled c Cancelled other",
            2 => "a Cancelled b Cancelled other",
            _ => "other c c Success b b Success a a Success",
        };
        assert_eq!(bench.ran(), ran);
        bench.s.reap_settled();
        assert_usable(&mut bench);
    }
}

fn refused(work: usize, error: AddError) -> AddGraphError {
    AddGraphError::Refused { work, error }
}

/// Adds a graph that is refused in the middle.
fn add_in_vain(bench: &mut Bench) {
    let bad = script("bad", []).pool("tape", 1);
    let works = plain(3).into_iter().chain([bad]).collect();
    assert!(try_graph(bench, works, &[(2, 0), (3, 1)]).is_err());
}

/// Works of others: one that runs, one that sleeps, one that waits for a permit and one for another work.
fn others(bench: &mut Bench) -> [WorkId; 4] {
    let sleeps = bench.script("sleeps", [Nap(5)]);
    bench.crank();
    bench.ran();
    let runs = bench.script("runs", []);
    let queues = bench.script("queues", []);
    let waits = bench.add_spec(script("waits", []).after(sleeps));
    [sleeps, runs, queues, waits]
}

#[test]
fn l14_works_of_others_do_not_notice_a_graph_that_is_taken_back() {
    let mut ends = Vec::new();
    for in_vain in [false, true] {
        let mut bench = Bench::with_permits(2);
        let others = others(&mut bench);
        bench.events();
        if in_vain {
            add_in_vain(&mut bench);
            assert_eq!(
                settled(&mut bench),
                ["a Cancelled", "b Cancelled", "c Cancelled"]
            );
        }
        let states = [Waiting, Running, Queued, WorkState::Pending];
        assert_eq!(bench.states(others), states);
        assert_eq!(bench.s.audit(), Ok(()));
        let end = bench.run();
        let told: Vec<String> = settled(&mut bench);
        assert_eq!(bench.states(others), [Success; 4]);
        ends.push((end, bench.ran(), told, bench.s.metrics().attempts));
    }
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn l14_a_graph_that_is_taken_back_keeps_no_permit() {
    let mut bench = Bench::new(config(2).pool("disk", 1));
    let works = vec![
        script("a", []).pool("disk", 1),
        script("b", []),
        script("c", []),
        script("bad", []).pool("tape", 1),
    ];
    assert!(try_graph(&mut bench, works, &[]).is_err());
    let next = [
        bench.add_spec(script("one", []).pool("disk", 1)),
        bench.script("two", []),
    ];
    assert_eq!(bench.states(next), [Running; 2], "they need not queue");
    assert_usable(&mut bench);
    assert_eq!(bench.s.metrics().cancelled, 3);
}

#[test]
fn l30_a_graph_that_is_taken_back_leaves_nothing_if_nothing_is_retained() {
    let mut bench = Bench::new(config(9).retain(Retain::Nothing));
    for _ in 0..3 {
        add_in_vain(&mut bench);
        assert_eq!(bench.s.metrics().in_scheduler, 0);
        assert_eq!(bench.s.audit(), Ok(()));
    }
    assert_usable(&mut bench);
    assert_eq!(bench.s.metrics().in_scheduler, 0);
}

/// A host that tries again and again, and reaps, is where it began.
#[test]
fn l30_room_for_works_and_edges_comes_back_from_graphs_that_are_taken_back() {
    let limits = Limits::default().works(4).edges(3);
    let mut bench = Bench::new(config(9).limits(limits));
    for _ in 0..100 {
        let bad = script("bad", []).pool("tape", 1);
        assert!(try_graph(&mut bench, works_with(bad), &BACKWARD).is_err());
        assert_eq!(bench.s.reap_settled(), 2);
    }
    graph(&mut bench, plain(4), &BACKWARD);
    bench.run();
    assert!(bench.ran().ends_with("c d b a"));
    bench.s.reap_settled();
    assert_usable(&mut bench);
}

// ---- a panic ----

/// Adds four works, of which `make` panics at the third.
fn add_with_panic(bench: &mut Bench, edges: &[Edge]) {
    let make = |work| match work {
        2 => panic!("{ON_PURPOSE}"),
        _ => telling(script(NAMES[work], [])),
    };
    let add = || bench.s.add_graph(4, make, edges).map(drop);
    let caught = catch_unwind(AssertUnwindSafe(add)).expect_err("`make` panics");
    let message = caught.downcast_ref::<String>().expect("a text");
    assert_eq!(message, ON_PURPOSE, "it goes on to the host as it is");
}

#[test]
fn l24_works_before_one_whose_making_panics_are_cancelled_without_a_turn() {
    for permits in [1, 9] {
        for edges in [&[][..], &BACKWARD, &[(0, 1), (1, 3), (2, 3)]] {
            let mut bench = Bench::with_permits(permits);
            add_with_panic(&mut bench, edges);
            assert_eq!(bench.s.metrics().panics, 0, "no work has panicked");
            assert_taken_back(&mut bench, &["a", "b"]);
        }
    }
}

#[test]
fn l24_works_of_others_do_not_notice_that_a_making_panics() {
    let mut bench = Bench::with_permits(2);
    let others = others(&mut bench);
    add_with_panic(&mut bench, &BACKWARD);
    assert_eq!(bench.s.audit(), Ok(()));
    let states = [Waiting, Running, Queued, WorkState::Pending];
    assert_eq!(bench.states(others), states);
    bench.run();
    assert_eq!(bench.states(others), [Success; 4]);
    assert_usable(&mut bench);
}

// ---- children ----

/// A parent that has one child already, and ends after its children.
fn with_parent() -> (Bench, WorkId) {
    let mut bench = Bench::with_permits(9);
    let mut steps = vec![then(|cx| {
        cx.spawn(script("child", [Nap(5)])).unwrap();
        Pending
    })];
    let waits = || {
        then(|cx| {
            if cx.children().any_running() {
                Pending
            } else {
                Done
            }
        })
    };
    steps.extend((0..9).map(|_| waits()));
    let parent = bench.script("parent", steps);
    bench.crank();
    (bench, parent)
}

/// L13: cancelled children count as failed, unless their parent cancelled them. These it has never had.
#[test]
fn l13_a_parent_does_not_fail_from_children_in_a_graph_that_is_taken_back() {
    for panics in [false, true] {
        let (mut bench, parent) = with_parent();
        let make = |work| match work {
            2 if panics => panic!("{ON_PURPOSE}"),
            2 => script("bad", []).pool("tape", 1),
            _ => script(NAMES[work], []).parent(parent),
        };
        let add = || bench.s.add_graph(3, make, &[(1, 0)]).is_ok();
        assert!(!catch_unwind(AssertUnwindSafe(add)).unwrap_or(false));
        bench.run();
        assert_eq!(bench.state(parent), Success, "panics: {panics}");
        assert_usable(&mut bench);
    }
}

#[test]
fn l13_a_parent_that_has_not_begun_does_not_fail_from_them_either() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", [Nap(5)]);
    let parent = bench.add_spec(script("parent", []).after(gate));
    let works = vec![
        script("a", []).parent(parent),
        script("bad", []).pool("tape", 1),
    ];
    assert!(try_graph(&mut bench, works, &[(1, 0)]).is_err());
    bench.run();
    assert_eq!(bench.state(parent), Success);
    assert_usable(&mut bench);
}

/// `b` needs `a`, which needs the parent's end, which needs its child `b`.
#[test]
fn l14_a_cycle_through_a_parent_is_refused_with_its_path_and_the_parent_goes_on() {
    // The works that have an edge into them which is on the cycle.
    let cases: [(&[Edge], &[usize]); 3] = [
        (&[(0, 1)], &[1]),
        (&[(0, 2), (2, 1)], &[1, 2]),
        (&[(3, 0), (0, 1), (3, 2)], &[1]),
    ];
    for (edges, on_cycle) in cases {
        let (mut bench, parent) = with_parent();
        let mut works = plain(4);
        works[0] = script("a", []).after(parent);
        works[1] = script("b", []).parent(parent);
        let error = try_graph(&mut bench, works, edges).unwrap_err();
        let AddGraphError::Refused {
            work,
            error: AddError::Cycle(path),
        } = error
        else {
            panic!("{error}");
        };
        let path = path.to_string();
        for name in ["`a`", "`b`", "`parent`"] {
            assert!(path.contains(name), "{path}");
        }
        assert!(on_cycle.contains(&work), "{work} in {edges:?}");
        let all = ["a", "b", "c", "d"].map(|name| format!("{name} Cancelled"));
        assert_eq!(settled(&mut bench), all, "none blocks another");
        bench.run();
        let ran = bench.ran();
        let turns: BTreeSet<&str> = ran.split(' ').collect();
        assert_eq!(turns, BTreeSet::from(["child", "parent"]), "{ran}");
        assert_eq!(bench.state(parent), Success, "{edges:?}");
        assert_usable(&mut bench);
    }
}

#[test]
fn l14_what_is_no_cycle_through_a_parent_is_added() {
    let (mut bench, parent) = with_parent();
    let works = vec![
        script("a", []).after(parent),
        script("b", []).parent(parent),
        script("c", [Expect]),
    ];
    // The child first, then what is after its parent.
    let ids = graph(&mut bench, works, &[(1, 0)]);
    bench.crank_at(at_ms(5));
    assert_eq!(
        bench.states([parent, ids[0], ids[2]]),
        [Success, Success, Waiting]
    );
    assert_eq!(bench.ran(), "parent child b c child parent a");
}
