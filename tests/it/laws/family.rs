//! L13: failed children.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Cancel, Done, Expect, Fail, Nap, Pending, Yield};
use crate::workbench::*;
use crankwork::WorkState::{Aborting, Joining, Retrying, Success};
use crankwork::{FailureKind, Next, OnChildFailure, Retry, Spec};
use std::cell::RefCell;
use std::rc::Rc;

/// A parent that spawns `children` in its first turn. Its turns end as `more` says.
fn family(
    rule: OnChildFailure,
    children: impl IntoIterator<Item = Spec<Log, Probe>> + 'static,
    mut more: Vec<Step>,
) -> Spec<Log, Probe> {
    let first = more.remove(0);
    let mut steps = vec![then(move |cx| {
        for child in children {
            let name = child_name(&child);
            let id = cx.spawn(child).unwrap().id();
            cx.app.ids.insert(name, id);
        }
        first
    })];
    steps.append(&mut more);
    script("parent", steps).on_child_failure(rule)
}

fn child_name(spec: &Spec<Log, Probe>) -> &'static str {
    let text = format!("{spec:?}");
    ["bad", "worse", "good", "idle", "blocked", "cancelled"]
        .into_iter()
        .find(|name| text.contains(&format!("name: {name:?}")))
        .expect("a known name")
}

type Counts = Rc<RefCell<Vec<(usize, usize, usize, usize)>>>;

/// A step that notes (live, succeeded, failed, all) of the children.
fn count(into: &Counts, then_do: Step) -> Step {
    let into = into.clone();
    then(move |cx| {
        let children = cx.children();
        assert_eq!(children.any_failed(), children.failed() > 0);
        assert_eq!(children.any_running(), children.live() > 0);
        assert_eq!(children.all_done(), children.live() == 0);
        assert_eq!(
            children.all_successful(),
            children.succeeded() == children.len()
        );
        assert_eq!(children.iter().count(), children.len());
        into.borrow_mut().push((
            children.live(),
            children.succeeded(),
            children.failed(),
            children.len(),
        ));
        then_do
    })
}

#[test]
fn l13_failed_blocked_and_cancelled_children_count_as_failed() {
    let mut bench = Bench::with_permits(9);
    let counts = Counts::default();
    let done = count(&counts, Done);
    let parent = bench.add_spec(family(
        OnChildFailure::Collect,
        [
            script("good", []),
            script("bad", [Fail("x")]),
            script("cancelled", [Cancel]),
        ],
        vec![
            then(|cx| {
                let bad = cx.app.id("bad");
                cx.spawn(script("blocked", []).after(bad)).unwrap();
                Pending
            }),
            done,
        ],
    ));
    bench.crank();
    assert_eq!(
        bench.state(parent),
        Success,
        "with Collect the parent decides"
    );
    assert_eq!(*counts.borrow(), [(0, 1, 3, 4)]);
}

#[test]
fn l13_a_child_that_its_parent_cancelled_does_not_count_as_failed() {
    let mut bench = Bench::with_permits(9);
    let counts = Counts::default();
    let parent = bench.add_spec(family(
        OnChildFailure::FailFast,
        [script("idle", [Expect]), script("good", [])],
        vec![
            Yield,
            then(|cx| {
                cx.cancel_children();
                Pending
            }),
            count(&counts, Done),
        ],
    ));
    bench.crank();
    assert_eq!(bench.state(parent), Success);
    assert_eq!(*counts.borrow(), [(0, 1, 0, 2)]);
}

#[test]
fn l13_a_child_that_the_host_cancelled_does() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.add_spec(family(
        OnChildFailure::FailFast,
        [script("idle", [Expect])],
        vec![Pending],
    ));
    bench.crank();
    let idle = bench.log.id("idle");
    bench.s.cancel(idle).unwrap();
    bench.crank();
    let failure = bench.failed(parent);
    assert_eq!(
        *failure.kind(),
        FailureKind::Child {
            id: idle,
            name: "idle".into()
        }
    );
    assert_eq!(*failure.cause().unwrap().kind(), FailureKind::Cancelled);
}

#[test]
fn l13_fail_fast_aborts_the_siblings_at_the_end_of_the_round_and_fails_with_the_first() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.add_spec(family(
        OnChildFailure::FailFast,
        [
            script("idle", [Nap(5)]),
            script("bad", [Nap(5), Fail("first")]),
            script("good", [Nap(5), Yield]),
            script("worse", [Nap(5), Fail("second")]),
        ],
        vec![Done],
    ));
    bench.crank();
    bench.ran();
    // In this round all four have their turn: nobody is aborted before its end.
    bench.turns_at(at_ms(5), 3);
    assert_eq!(bench.state(parent), Joining);
    bench.turns_at(at_ms(5), 1);
    assert_eq!(bench.state(parent), Aborting);
    bench.runs_at(at_ms(5), "idle bad good worse good!");
    let failure = bench.failed(parent);
    let bad = bench.log.id("bad");
    assert_eq!(
        *failure.kind(),
        FailureKind::Child {
            id: bad,
            name: "bad".into()
        }
    );
    assert_eq!(failure.cause().unwrap().to_string(), "first");
}

#[test]
fn l13_a_parent_that_failed_by_itself_in_that_round_keeps_its_own_failure() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.add_spec(family(
        OnChildFailure::FailFast,
        [script("bad", [Fail("child")])],
        vec![Yield, Fail("own")],
    ));
    // bad and the parent have their turns in one round, the child first or last.
    bench.runs("parent bad parent");
    assert_eq!(bench.failure(parent), "own");
}

#[test]
fn l13_a_parent_that_returns_ok_in_that_round_fails_with_the_child() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.add_spec(family(
        OnChildFailure::FailFast,
        [script("bad", [Fail("child")])],
        vec![Yield, Done],
    ));
    bench.crank();
    assert_eq!(bench.failed(parent).cause().unwrap().to_string(), "child");
}

#[test]
fn l13_the_failed_attempt_is_retried_like_any_other() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let parent = bench.add_spec(
        family(
            OnChildFailure::FailFast,
            [script("bad", [Fail("once")])],
            vec![Done, Done],
        )
        .retry(Retry::ONCE),
    );
    bench.crank();
    assert_eq!(bench.state(parent), Retrying);
    bench.crank_at(at_ms(10));
    assert_eq!(
        (bench.state(parent), bench.ran().as_str()),
        (Success, "parent bad parent")
    );
}

/// Children that settle one millisecond after the other; the second one fails.
fn good_bad_and_idle() -> [Spec<Log, Probe>; 3] {
    [
        script("good", [Nap(1)]),
        script("bad", [Nap(2), Fail("x")]),
        script("idle", [Nap(3)]),
    ]
}

#[test]
fn l13_each_child_that_settles_wakes_a_sleeping_parent() {
    let mut bench = Bench::with_permits(9);
    let counts = Counts::default();
    bench.add_spec(family(
        OnChildFailure::Collect,
        good_bad_and_idle(),
        vec![
            Pending,
            count(&counts, Pending),
            count(&counts, Pending),
            count(&counts, Done),
        ],
    ));
    for time in 0..4 {
        bench.crank_at(at_ms(time));
    }
    assert_eq!(*counts.borrow(), [(2, 1, 0, 3), (1, 1, 1, 3), (0, 2, 1, 3)]);
    assert_eq!(bench.s.next(), Next::Idle);
}

#[test]
fn l13_collect_wakes_a_joining_parent_for_a_failed_child_only() {
    let mut bench = Bench::with_permits(9);
    let counts = Counts::default();
    let parent = bench.add_spec(family(
        OnChildFailure::Collect,
        good_bad_and_idle(),
        vec![Done, count(&counts, Done)],
    ));
    bench.crank();
    bench.ran();
    bench.runs_at(at_ms(1), "good");
    bench.crank_at(at_ms(2));
    assert_eq!(
        (bench.ran().as_str(), bench.state(parent)),
        ("bad parent", Joining)
    );
    bench.crank_at(at_ms(3));
    assert_eq!(
        (bench.ran().as_str(), bench.state(parent)),
        ("idle", Success)
    );
    assert_eq!(*counts.borrow(), [(1, 1, 1, 3)]);
}
