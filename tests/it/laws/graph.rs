//! L10 to L12: dependencies, Blocked, parents.

use super::Step::{Cancel, Done, Expect, Fail, Fatal, Nap};
use super::{Script, Step, lab, script, then};
use crankwork::WorkState::{
    self, Aborting, Blocked, Cancelled, Failed, Joining, Retrying, Running, Success, Waiting,
};
use crankwork::{Next, Retry, Spec, WorkId, WorkOutcome};

// ---- L10 ----

#[test]
fn l10_a_work_starts_only_after_all_its_dependencies() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(2)]);
    let b = lab.work("b", [Nap(5)]);
    let c = lab.add(script("c", []).after(a).after(b));
    for time in [0, 2, 4] {
        lab.crank(time);
        assert_eq!(lab.state(c), WorkState::Pending);
    }
    lab.runs(5, "a b a b c");
}

#[test]
fn l10_a_retry_of_the_dependency_is_not_its_success() {
    let mut lab = lab(9);
    let a = lab.add(script("a", [Fail("x")]).retry(Retry::ONCE));
    let b = lab.add(script("b", []).after(a));
    lab.crank(0);
    assert_eq!(lab.states(&[a, b]), [Retrying, WorkState::Pending]);
    lab.runs(10, "a a b");
}

#[test]
fn l10_dependencies_may_cross_trees() {
    let mut lab = lab(9);
    let family = |name: &'static str, child: Step| {
        let _ = name;
        [child]
    };
    lab.work(
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
    lab.work(
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
    lab.runs(0, "one two child of one");
    lab.runs(5, "child of one child of two");
    assert_eq!(lab.s.next(), Next::Idle);
}

#[test]
fn l10_a_satisfied_edge_stays_satisfied_restart_or_not() {
    let mut lab = lab(9);
    let a = lab.work("a", [Done, Nap(50)]);
    let b = lab.work("b", [Nap(5)]);
    let c = lab.add(script("c", []).after(a).after(b));
    lab.crank(0);
    lab.s.restart(a).unwrap();
    lab.crank(5);
    assert_eq!(lab.states(&[a, b, c]), [Waiting, Success, Success]);
    // c itself can be run anew.
    lab.s.restart(c).unwrap();
    assert_eq!(lab.state(c), Running);
    lab.crank(5);
    assert_eq!(lab.states(&[a, c]), [Waiting, Success]);
}

#[test]
fn l10_a_dependency_that_has_succeeded_already_is_satisfied() {
    let mut lab = lab(9);
    let a = lab.work("a", []);
    lab.crank(0);
    let b = lab.add(script("b", []).after(a));
    assert_eq!(lab.state(b), Running);
}

// ---- L11 ----

#[test]
fn l11_failure_blocks_all_that_follows_at_once_with_the_root_cause() {
    let mut lab = lab(1);
    let a = lab.work("a", [Fail("disk full")]);
    let mut chain = vec![a];
    for name in ["b", "c", "d"] {
        let before = *chain.last().unwrap();
        chain.push(lab.add(script(name, []).after(before)));
    }
    let side = lab.add(script("side", []).after(chain[1]));
    let crank = lab.turns(0, 1);
    assert_eq!(crank.settled, 5, "in the same turn");
    for &id in chain[1..].iter().chain([&side]) {
        let WorkOutcome::Blocked(root) = lab.outcome(id) else {
            panic!("{:?}", lab.outcome(id));
        };
        assert_eq!((root.id, &*root.name), (a, "a"));
        assert_eq!(root.failure.unwrap().to_string(), "disk full");
    }
}

#[test]
fn l11_cancellation_blocks_too_and_its_root_cause_has_no_failure() {
    let mut lab = lab(1);
    let a = lab.work("a", [Expect]);
    let b = lab.add(script("b", []).after(a));
    let c = lab.add(script("c", []).after(b));
    lab.s.cancel(b).unwrap(); // never granted: at once, between cranks
    assert_eq!(lab.states(&[b, c]), [Cancelled, Blocked]);
    let WorkOutcome::Blocked(root) = lab.outcome(c) else {
        panic!("{:?}", lab.outcome(c));
    };
    assert_eq!((root.id, root.failure.is_none()), (b, true));
    let cancels_itself = lab.work("d", [Cancel]);
    let e = lab.add(script("e", []).after(cancels_itself));
    lab.s.cancel(a).unwrap();
    lab.crank(0);
    assert_eq!(lab.states(&[cancels_itself, e]), [Cancelled, Blocked]);
}

#[test]
fn l11_the_blocked_one_settles_once_when_two_dependencies_fail() {
    let mut lab = lab(2);
    let a = lab.work("a", [Fail("first")]);
    let b = lab.work("b", [Fail("second")]);
    let c = lab.add(script("c", []).after(b).after(a));
    lab.crank(0);
    assert_eq!(lab.entered(Blocked), "c");
    assert_eq!(lab.failure(c).to_string(), "first", "whoever failed first");
}

#[test]
fn l11_a_work_added_after_a_failure_is_blocked_at_once() {
    let mut lab = lab(2);
    let a = lab.work("a", [Fatal("no")]);
    let b = lab.add(script("b", []).after(a));
    lab.crank(0);
    let c = lab.add(script("c", []).after(b));
    assert_eq!(lab.state(c), Blocked);
    let WorkOutcome::Blocked(root) = lab.outcome(c) else {
        panic!("{:?}", lab.outcome(c));
    };
    assert_eq!(root.id, a);
}

#[test]
fn l11_after_settled_takes_any_settled_state_blocked_included() {
    let mut lab = lab(9);
    let ok = lab.work("ok", []);
    let failed = lab.work("failed", [Fail("x")]);
    let cancelled = lab.work("cancelled", [Cancel]);
    let blocked = lab.add(script("blocked", []).after(failed));
    let after: Vec<WorkId> = [ok, failed, cancelled, blocked]
        .into_iter()
        .map(|id| {
            lab.s
                .add(script("after", []).after_settled(id))
                .unwrap()
                .id()
        })
        .collect();
    let all = script("all", [])
        .after_settled(ok)
        .after_settled(failed)
        .after_settled(cancelled)
        .after_settled(blocked);
    let all = lab.add(all);
    lab.crank(0);
    assert_eq!(
        lab.states(&[ok, failed, cancelled, blocked]),
        [Success, Failed, Cancelled, Blocked]
    );
    assert_eq!(lab.states(&after), [Success; 4]);
    assert_eq!(lab.state(all), Success);
}

#[test]
fn l11_the_stricter_of_two_kinds_between_two_works_holds() {
    let mut lab = lab(9);
    let a = lab.work("a", [Fail("x")]);
    let b = lab.add(script("b", []).after_settled(a).after(a));
    let c = lab.add(script("c", []).after(a).after_settled(a));
    let d = lab.add(script("d", []).after_settled(a));
    lab.s.add_dependency(a, d).unwrap();
    lab.crank(0);
    assert_eq!(lab.states(&[b, c, d]), [Blocked; 3]);
}

// ---- L12 ----

#[test]
fn l12_a_parent_settles_only_after_all_its_children() {
    let mut lab = lab(9);
    let parent = lab.work(
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
    let after = lab.add(script("after", []).after(parent));
    for time in [0, 2, 3, 6] {
        lab.crank(time);
        assert_eq!(
            lab.states(&[parent, after]),
            [Joining, WorkState::Pending],
            "at {time}"
        );
    }
    lab.crank(7);
    assert_eq!(lab.states(&[parent, after]), [Success, Success]);
}

#[test]
fn l12_also_when_it_fails_or_is_cancelled() {
    for cancel in [true, false] {
        let mut lab = lab(9);
        let last = if cancel { Expect } else { Fail("own") };
        let parent = lab.work(
            "parent",
            [then(move |cx| {
                let slow = Script::new([Expect]).on_abort([Nap(5)]);
                cx.spawn(Spec::new("slow", slow)).unwrap();
                last
            })],
        );
        lab.crank(0);
        if cancel {
            lab.s.cancel(parent).unwrap();
            lab.crank(0);
        }
        for time in [0, 4] {
            lab.crank(time);
            assert_eq!(lab.state(parent), Aborting);
            assert_eq!(lab.s.metrics().in_state(Aborting), 2);
        }
        lab.crank(5);
        assert_eq!(lab.state(parent), if cancel { Cancelled } else { Failed });
        assert_eq!(lab.s.metrics().unsettled(), 0);
    }
}
