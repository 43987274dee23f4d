//! L10 to L12: dependencies, Blocked, parents.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Cancel, Done, Expect, Fail, Fatal, Nap};
use crate::workbench::*;
use crankwork::WorkState::{
    self, Aborting, Blocked, Cancelled, Failed, Joining, Retrying, Running, Success, Waiting,
};
use crankwork::{Next, Retry, Spec, WorkId, WorkOutcome};

// ---- L10 ----

#[test]
fn l10_a_work_starts_only_after_all_its_dependencies() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Nap(2)]);
    let b = bench.script("b", [Nap(5)]);
    let c = bench.add_spec(script("c", []).after(a).after(b));
    for time in [0, 2, 4] {
        bench.crank_at(at_ms(time));
        assert_eq!(bench.state(c), WorkState::Pending);
    }
    bench.runs_at(at_ms(5), "a b a b c");
}

#[test]
fn l10_a_retry_of_the_dependency_is_not_its_success() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let a = bench.add_spec(script("a", [Fail("x")]).retry(Retry::ONCE));
    let b = bench.add_spec(script("b", []).after(a));
    bench.crank();
    assert_eq!(bench.states([a, b]), [Retrying, WorkState::Pending]);
    bench.runs_at(at_ms(10), "a a b");
}

#[test]
fn l10_dependencies_may_cross_trees() {
    let mut bench = Bench::with_permits(9);
    let family = |name: &'static str, child: Step| {
        let _ = name;
        [child]
    };
    bench.script(
        "one",
        family(
            "one",
            then(|cx| {
                let child = cx.spawn(script("child of one", [Nap(5)])).unwrap();
                cx.app.ids.insert("child of one", child.id());
                Done
            }),
        ),
    );
    bench.script(
        "two",
        family(
            "two",
            then(|cx| {
                let other = cx.app.id("child of one");
                cx.spawn(script("child of two", []).after(other)).unwrap();
                Done
            }),
        ),
    );
    bench.runs("one two child of one");
    bench.runs_at(at_ms(5), "child of one child of two");
    assert_eq!(bench.s.next(), Next::Idle);
}

#[test]
fn l10_a_satisfied_edge_stays_satisfied_restart_or_not() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Done, Nap(50)]);
    let b = bench.script("b", [Nap(5)]);
    let c = bench.add_spec(script("c", []).after(a).after(b));
    bench.crank();
    bench.s.restart(a).unwrap();
    bench.crank_at(at_ms(5));
    assert_eq!(bench.states([a, b, c]), [Waiting, Success, Success]);
    // c itself can be run anew.
    bench.s.restart(c).unwrap();
    assert_eq!(bench.state(c), Running);
    bench.crank_at(at_ms(5));
    assert_eq!(bench.states([a, c]), [Waiting, Success]);
}

#[test]
fn l10_a_dependency_that_has_succeeded_already_is_satisfied() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", []);
    bench.crank();
    let b = bench.add_spec(script("b", []).after(a));
    assert_eq!(bench.state(b), Running);
}

// ---- L11 ----

#[test]
fn l11_failure_blocks_all_that_follows_at_once_with_the_root_cause() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script("a", [Fail("disk full")]);
    let mut chain = vec![a];
    for name in ["b", "c", "d"] {
        let before = *chain.last().unwrap();
        chain.push(bench.add_spec(script(name, []).after(before)));
    }
    let side = bench.add_spec(script("side", []).after(chain[1]));
    let crank = bench.turns(1);
    assert_eq!(crank.settled, 5, "in the same turn");
    for &id in chain[1..].iter().chain([&side]) {
        let WorkOutcome::Blocked(root) = bench.outcome(id) else {
            panic!("{:?}", bench.outcome(id));
        };
        assert_eq!((root.id, &*root.name), (a, "a"));
        assert_eq!(root.failure.unwrap().to_string(), "disk full");
    }
}

#[test]
fn l11_cancellation_blocks_too_and_its_root_cause_has_no_failure() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script("a", [Expect]);
    let b = bench.add_spec(script("b", []).after(a));
    let c = bench.add_spec(script("c", []).after(b));
    bench.s.cancel(b).unwrap(); // never granted: at once, between cranks
    assert_eq!(bench.states([b, c]), [Cancelled, Blocked]);
    let WorkOutcome::Blocked(root) = bench.outcome(c) else {
        panic!("{:?}", bench.outcome(c));
    };
    assert_eq!((root.id, root.failure.is_none()), (b, true));
    let cancels_itself = bench.script("d", [Cancel]);
    let e = bench.add_spec(script("e", []).after(cancels_itself));
    bench.s.cancel(a).unwrap();
    bench.crank();
    assert_eq!(bench.states([cancels_itself, e]), [Cancelled, Blocked]);
}

#[test]
fn l11_the_blocked_one_settles_once_when_two_dependencies_fail() {
    let mut bench = Bench::with_permits(2);
    let a = bench.script("a", [Fail("first")]);
    let b = bench.script("b", [Fail("second")]);
    let c = bench.add_spec(script("c", []).after(b).after(a));
    bench.crank();
    assert_eq!(bench.entered(Blocked), "c");
    let outcome = bench.outcome(c);
    let why = outcome.failure().expect("a reason").to_string();
    assert_eq!(why, "first", "whoever failed first");
}

#[test]
fn l11_a_work_added_after_a_failure_is_blocked_at_once() {
    let mut bench = Bench::with_permits(2);
    let a = bench.script("a", [Fatal("no")]);
    let b = bench.add_spec(script("b", []).after(a));
    bench.crank();
    let c = bench.add_spec(script("c", []).after(b));
    assert_eq!(bench.state(c), Blocked);
    let WorkOutcome::Blocked(root) = bench.outcome(c) else {
        panic!("{:?}", bench.outcome(c));
    };
    assert_eq!(root.id, a);
}

#[test]
fn l11_after_settled_takes_any_settled_state_blocked_included() {
    let mut bench = Bench::with_permits(9);
    let ok = bench.script("ok", []);
    let failed = bench.script("failed", [Fail("x")]);
    let cancelled = bench.script("cancelled", [Cancel]);
    let blocked = bench.add_spec(script("blocked", []).after(failed));
    let after: Vec<WorkId> = [ok, failed, cancelled, blocked]
        .into_iter()
        .map(|id| bench.add_spec(script("after", []).after_settled(id)))
        .collect();
    let all = script("all", [])
        .after_settled(ok)
        .after_settled(failed)
        .after_settled(cancelled)
        .after_settled(blocked);
    let all = bench.add_spec(all);
    bench.crank();
    assert_eq!(
        bench.states([ok, failed, cancelled, blocked]),
        [Success, Failed, Cancelled, Blocked]
    );
    assert_eq!(bench.states(&after), [Success; 4]);
    assert_eq!(bench.state(all), Success);
}

#[test]
fn l11_the_stricter_of_two_kinds_between_two_works_holds() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Fail("x")]);
    let b = bench.add_spec(script("b", []).after_settled(a).after(a));
    let c = bench.add_spec(script("c", []).after(a).after_settled(a));
    let d = bench.add_spec(script("d", []).after_settled(a));
    bench.s.add_dependency(a, d).unwrap();
    bench.crank();
    assert_eq!(bench.states([b, c, d]), [Blocked; 3]);
}

// ---- L12 ----

#[test]
fn l12_a_parent_settles_only_after_all_its_children() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.script(
        "parent",
        [then(|cx| {
            cx.spawn(script("short", [Nap(2)])).unwrap();
            cx.spawn(script(
                "long",
                [
                    Nap(3),
                    then(|cx| {
                        cx.spawn(script("grandchild", [Nap(4)])).unwrap();
                        Done
                    }),
                ],
            ))
            .unwrap();
            Done
        })],
    );
    let after = bench.add_spec(script("after", []).after(parent));
    for time in [0, 2, 3, 6] {
        bench.crank_at(at_ms(time));
        assert_eq!(
            bench.states([parent, after]),
            [Joining, WorkState::Pending],
            "at {time}"
        );
    }
    bench.crank_at(at_ms(7));
    assert_eq!(bench.states([parent, after]), [Success, Success]);
}

#[test]
fn l12_also_when_it_fails_or_is_cancelled() {
    for cancel in [true, false] {
        let mut bench = Bench::with_permits(9);
        let last = if cancel { Expect } else { Fail("own") };
        let parent = bench.script(
            "parent",
            [then(move |cx| {
                let slow = acting([Expect]).aborting([Nap(5)]);
                cx.spawn(Spec::new("slow", slow)).unwrap();
                last
            })],
        );
        bench.crank();
        if cancel {
            bench.s.cancel(parent).unwrap();
            bench.crank();
        }
        for time in [0, 4] {
            bench.crank_at(at_ms(time));
            assert_eq!(bench.state(parent), Aborting);
            assert_eq!(bench.s.metrics().in_state(Aborting), 2);
        }
        bench.crank_at(at_ms(5));
        assert_eq!(bench.state(parent), if cancel { Cancelled } else { Failed });
        assert_eq!(bench.s.metrics().unsettled(), 0);
    }
}
