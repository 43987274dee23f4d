//! L10 to L15: dependencies, Blocked, families, what is refused.

use super::Step::{Cancelled as Cancel, Err, Expect, Fatal, Nap, Ok, Pending, Yield};
use super::{Script, Step, at, config, lab, lab_with, ms, script, then};
use crankwork::WorkState::{
    self, Aborting, Blocked, Cancelled, Failed, Joining, Queued, Retrying, Running, Success,
    Waiting,
};
use crankwork::{
    AddError, DependencyError, FailureKind, Handle, Next, OnChildFailure, Retry, Spec, UnknownWork,
    WorkContext, WorkId, WorkOutcome,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

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
    lab.crank(5);
    assert_eq!(lab.ran(), "a b a b c");
}

#[test]
fn l10_a_retry_of_the_dependency_is_not_its_success() {
    let mut lab = lab(9);
    let a = lab.add(script("a", [Err("x")]).retry(Retry::ONCE));
    let b = lab.add(script("b", []).after(a));
    lab.crank(0);
    assert_eq!(lab.states(&[a, b]), [Retrying, WorkState::Pending]);
    lab.crank(10);
    assert_eq!(lab.ran(), "a a b");
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
                Ok
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
                Ok
            }),
        ),
    );
    lab.crank(0);
    assert_eq!(lab.ran(), "one two child of one");
    lab.crank(5);
    assert_eq!(lab.ran(), "child of one child of two");
    assert_eq!(lab.s.next(), Next::Idle);
}

#[test]
fn l10_a_satisfied_edge_stays_satisfied_restart_or_not() {
    let mut lab = lab(9);
    let a = lab.work("a", [Ok, Nap(50)]);
    let b = lab.work("b", [Nap(5)]);
    let c = lab.add(script("c", []).after(a).after(b));
    lab.crank(0);
    lab.s.restart(a).unwrap();
    lab.crank(5);
    assert_eq!(lab.states(&[a, b, c]), [Waiting, Success, Success]);
    // And when c itself is run anew.
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
    let a = lab.work("a", [Err("disk full")]);
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
    let a = lab.work("a", [Err("first")]);
    let b = lab.work("b", [Err("second")]);
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
    let failed = lab.work("failed", [Err("x")]);
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
    let a = lab.work("a", [Err("x")]);
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
                        Ok
                    }),
                ],
            ))
            .unwrap();
            Ok
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
        let last = if cancel { Expect } else { Err("own") };
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
        lab.crank(0);
        // The child was aborted in its turn or before it; in either case its parent waits.
        let children = lab.s.metrics().in_state(Aborting);
        if children == 2 {
            assert_eq!(lab.state(parent), Aborting);
        }
        lab.crank(5);
        assert_eq!(lab.state(parent), if cancel { Cancelled } else { Failed });
        assert_eq!(lab.s.metrics().unsettled(), 0);
    }
}

// ---- L13 ----

/// A parent with such children, that then returns `last`.
fn family(
    rule: OnChildFailure,
    children: impl IntoIterator<Item = Spec<super::Log, Script>> + 'static,
    mut more: Vec<Step>,
) -> Spec<super::Log, Script> {
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

fn child_name(spec: &Spec<super::Log, Script>) -> &'static str {
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
    let mut lab = lab(9);
    let counts = Counts::default();
    let done = count(&counts, Ok);
    let parent = lab.add(family(
        OnChildFailure::Collect,
        [
            script("good", []),
            script("bad", [Err("x")]),
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
    lab.crank(0);
    assert_eq!(
        lab.state(parent),
        Success,
        "with Collect the parent decides"
    );
    assert_eq!(*counts.borrow(), [(0, 1, 3, 4)]);
}

#[test]
fn l13_a_child_that_its_parent_cancelled_does_not_count_as_failed() {
    let mut lab = lab(9);
    let counts = Counts::default();
    let parent = lab.add(family(
        OnChildFailure::FailFast,
        [script("idle", [Expect]), script("good", [])],
        vec![
            Yield,
            then(|cx| {
                cx.cancel_children();
                Pending
            }),
            count(&counts, Ok),
        ],
    ));
    lab.crank(0);
    assert_eq!(lab.state(parent), Success);
    assert_eq!(*counts.borrow(), [(0, 1, 0, 2)]);
}

#[test]
fn l13_a_child_that_the_host_cancelled_does() {
    let mut lab = lab(9);
    let parent = lab.add(family(
        OnChildFailure::FailFast,
        [script("idle", [Expect])],
        vec![Pending],
    ));
    lab.crank(0);
    let idle = lab.log.id("idle");
    lab.s.cancel(idle).unwrap();
    lab.crank(0);
    let failure = lab.failure(parent);
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
    let mut lab = lab(9);
    let parent = lab.add(family(
        OnChildFailure::FailFast,
        [
            script("idle", [Nap(5)]),
            script("bad", [Nap(5), Err("first")]),
            script("good", [Nap(5), Yield]),
            script("worse", [Nap(5), Err("second")]),
        ],
        vec![Ok],
    ));
    lab.crank(0);
    lab.ran();
    // In this round all four have their turn: nobody is aborted before its end.
    lab.turns(5, 3);
    assert_eq!(lab.state(parent), Joining);
    lab.turns(5, 1);
    assert_eq!(lab.state(parent), Aborting);
    lab.crank(5);
    assert_eq!(lab.ran(), "idle bad good worse good!");
    let failure = lab.failure(parent);
    let bad = lab.log.id("bad");
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
    let mut lab = lab(9);
    let parent = lab.add(family(
        OnChildFailure::FailFast,
        [script("bad", [Err("child")])],
        vec![Yield, Err("own")],
    ));
    // bad and the parent have their turns in one round, the child first or last.
    lab.crank(0);
    assert_eq!(lab.ran(), "parent bad parent");
    assert_eq!(lab.failure(parent).to_string(), "own");
}

#[test]
fn l13_a_parent_that_returns_ok_in_that_round_fails_with_the_child() {
    let mut lab = lab(9);
    let parent = lab.add(family(
        OnChildFailure::FailFast,
        [script("bad", [Err("child")])],
        vec![Yield, Ok],
    ));
    lab.crank(0);
    assert_eq!(lab.failure(parent).cause().unwrap().to_string(), "child");
}

#[test]
fn l13_the_failed_attempt_is_retried_like_any_other() {
    let mut lab = lab(9);
    let parent = lab.add(
        family(
            OnChildFailure::FailFast,
            [script("bad", [Err("once")])],
            vec![Ok, Ok],
        )
        .retry(Retry::ONCE),
    );
    lab.crank(0);
    assert_eq!(lab.state(parent), Retrying);
    lab.crank(10);
    assert_eq!(
        (lab.state(parent), lab.ran().as_str()),
        (Success, "parent bad parent")
    );
}

#[test]
fn l13_each_child_that_settles_wakes_a_sleeping_parent() {
    let mut lab = lab(9);
    let counts = Counts::default();
    let children = [
        script("good", [Nap(1)]),
        script("bad", [Nap(2), Err("x")]),
        script("idle", [Nap(3)]),
    ];
    lab.add(family(
        OnChildFailure::Collect,
        children,
        vec![
            Pending,
            count(&counts, Pending),
            count(&counts, Pending),
            count(&counts, Ok),
        ],
    ));
    for time in 0..4 {
        lab.crank(time);
    }
    assert_eq!(*counts.borrow(), [(2, 1, 0, 3), (1, 1, 1, 3), (0, 2, 1, 3)]);
    assert_eq!(lab.s.next(), Next::Idle);
}

#[test]
fn l13_collect_wakes_a_joining_parent_for_a_failed_child_only() {
    let mut lab = lab(9);
    let counts = Counts::default();
    let children = [
        script("good", [Nap(1)]),
        script("bad", [Nap(2), Err("x")]),
        script("idle", [Nap(3)]),
    ];
    let parent = lab.add(family(
        OnChildFailure::Collect,
        children,
        vec![Ok, count(&counts, Ok)],
    ));
    lab.crank(0);
    lab.ran();
    lab.crank(1);
    assert_eq!(lab.ran(), "good");
    lab.crank(2);
    assert_eq!(
        (lab.ran().as_str(), lab.state(parent)),
        ("bad parent", Joining)
    );
    lab.crank(3);
    assert_eq!((lab.ran().as_str(), lab.state(parent)), ("idle", Success));
    assert_eq!(*counts.borrow(), [(1, 1, 1, 3)]);
}

// ---- L14 ----

fn path_of(error: &AddError) -> String {
    match error {
        AddError::Cycle(path) => path.to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn l14_unknown_and_reclaimed_ids_are_refused() {
    let mut lab = lab(9);
    let mut other = super::lab(9);
    let foreign = other.work("foreign", []);
    let gone = lab.work("gone", []);
    lab.crank(0);
    lab.s.reap(gone).unwrap();
    let refuse = |lab: &mut super::Lab, spec| lab.s.add(spec).unwrap_err();
    let reclaimed = UnknownWork::Reclaimed(gone);
    assert_eq!(
        refuse(&mut lab, script("a", []).after(gone)),
        AddError::Dependency(reclaimed)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).parent(gone)),
        AddError::Parent(reclaimed)
    );
    let unknown = UnknownWork::Foreign(foreign);
    assert_eq!(
        refuse(&mut lab, script("a", []).after_settled(foreign)),
        AddError::Dependency(unknown)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).parent(foreign)),
        AddError::Parent(unknown)
    );
    assert_eq!(lab.s.metrics().total, 1, "nothing was added");
}

#[test]
fn l14_a_cycle_of_dependencies_is_refused_with_its_path() {
    let mut lab = lab(1);
    lab.work("holder", [Expect]);
    let a = lab.work("a", []);
    let b = lab.add(script("b", []).after(a));
    let c = lab.add(script("c", []).after(b));
    let Result::Err(DependencyError::Cycle(path)) = lab.s.add_dependency(c, a) else {
        panic!("c -> a closes a cycle");
    };
    assert_eq!(path.to_string(), "`a` -> `b` -> `c` -> `a`");
    assert_eq!(path.0[0].0, a);
    let Result::Err(DependencyError::Cycle(path)) = lab.s.add_dependency(b, b) else {
        panic!("b waits for itself");
    };
    assert_eq!(path.to_string(), "`b` -> `b`");
    lab.s.add_dependency(a, c).unwrap();
}

#[test]
fn l14_a_cycle_across_the_two_kinds_of_edge_is_refused_with_its_path() {
    let mut lab = lab(1);
    lab.work("holder", [Expect]);
    // A child after something that is after its parent: the parent waits for the child, and so on round.
    let parent = lab.work("parent", []);
    let later = lab.add(script("later", []).after(parent));
    let error = lab
        .s
        .add(script("child", []).parent(parent).after(later))
        .unwrap_err();
    assert_eq!(
        path_of(&error),
        "`parent` -> `later` -> `child` -> `parent`"
    );
    // A child after its own parent.
    let error = lab
        .s
        .add(script("child", []).parent(parent).after(parent))
        .unwrap_err();
    assert_eq!(path_of(&error), "`parent` -> `child` -> `parent`");
    // The same from `add_dependency`.
    let child = lab.add(script("child", []).parent(parent));
    for before in [later, parent] {
        let refused = lab.s.add_dependency(before, child);
        assert!(
            matches!(refused, Result::Err(DependencyError::Cycle(_))),
            "{refused:?}"
        );
    }
    // A parent that is to start after its child, which is held until the parent starts.
    let refused = lab.s.add_dependency(child, parent);
    assert!(
        matches!(refused, Result::Err(DependencyError::Cycle(_))),
        "{refused:?}"
    );
    // A child before something else of the same family is no cycle.
    let sibling = lab.add(script("sibling", []).parent(parent).after(child));
    assert_eq!(lab.state(sibling), WorkState::Pending);
}

#[test]
fn l14_a_cycle_through_settled_works_or_satisfied_edges_is_none() {
    let mut lab = lab(9);
    let a = lab.work("a", [Ok, Nap(5)]);
    let b = lab.add(script("b", []).after(a));
    lab.crank(0);
    lab.s.restart(a).unwrap();
    // a -> b is satisfied for ever: b before a is fine.
    lab.s.add_dependency(b, a).unwrap();
    assert_eq!(lab.state(a), Running);
    lab.crank(0);
    assert_eq!(lab.state(a), Waiting);
}

#[test]
fn l14_a_weight_above_the_pool_is_refused() {
    let mut lab = lab_with(config(3).pool("disk", 2));
    let refuse = |lab: &mut super::Lab, spec| lab.s.add(spec).unwrap_err();
    let above = |pool: &'static str, weight, capacity| AddError::AboveCapacity {
        pool: pool.into(),
        weight,
        capacity,
    };
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("disk", 3)),
        above("disk", 3, 2)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("disk", 1).pool("disk", 2)),
        above("disk", 3, 2),
        "weights for one pool add up"
    );
    assert_eq!(
        refuse(
            &mut lab,
            script("a", [])
                .pool("disk", u32::MAX)
                .pool("disk", u32::MAX)
        ),
        above("disk", 2 * u32::MAX as u64, 2)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("max_concurrency", 3)),
        above("max_concurrency", 4, 3),
        "the general permit counts"
    );
    lab.add(script("a", []).pool("max_concurrency", 3).no_permit());
    lab.add(script("b", []).pool("disk", 2).pool("disk", 0));
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("tape", 1)),
        AddError::NoSuchPool("tape".into())
    );
    lab.s.set_pool_capacity("max_concurrency", 0);
    assert_eq!(
        refuse(&mut lab, script("a", [])),
        above("max_concurrency", 1, 0)
    );
    lab.add(script("free", []).no_permit());
}

// ---- L15 ----

#[test]
fn l15_works_and_edges_may_be_added_from_any_turn() {
    let mut lab = lab(9);
    lab.work(
        "a",
        [then(|cx| {
            let root = cx.spawn_root(script("root", [])).unwrap().id();
            let child = cx.spawn(script("child", [])).unwrap().id();
            cx.spawn_fn("closure", |cx: &mut super::Cx<'_>| {
                cx.app.say("closure");
                Poll::Ready(Result::Ok(()))
            })
            .unwrap();
            cx.add_dependency(child, root).unwrap();
            Ok
        })],
    );
    lab.crank(0);
    assert_eq!(lab.ran(), "a child closure root");
}

#[test]
fn l15_add_dependency_sends_a_work_back_to_pending_and_its_permit_to_the_next() {
    let mut lab = lab(1);
    let a = lab.work("a", []);
    let next = lab.work("next", [Nap(5)]);
    let queued = lab.work("queued", []);
    assert_eq!(lab.states(&[a, next, queued]), [Running, Queued, Queued]);
    let gate = lab.add(script("gate", [Nap(1)]).no_permit());
    lab.s.add_dependency(gate, a).unwrap();
    lab.s.add_dependency(gate, queued).unwrap();
    assert_eq!(
        lab.states(&[a, next, queued]),
        [WorkState::Pending, Queued, WorkState::Pending]
    );
    assert_eq!(lab.s.next(), Next::Now, "a permit is free for `next`");
    lab.crank(0);
    assert_eq!(lab.state(next), Waiting);
    lab.ran();
    lab.crank(1);
    lab.crank(5);
    assert_eq!(lab.ran(), "gate next a queued");
    assert_eq!(
        lab.s.snapshot()[0].attempts,
        1,
        "the grant that was taken back counts not"
    );
}

#[test]
fn l15_add_dependency_on_a_failed_work_blocks() {
    let mut lab = lab(1);
    let bad = lab.work("bad", [Err("x")]);
    lab.crank(0);
    let running = lab.work("running", []);
    let queued = lab.work("queued", []);
    let gate = lab.add(script("gate", []).after(queued));
    for id in [running, queued] {
        lab.s.add_dependency(bad, id).unwrap();
    }
    assert_eq!(lab.states(&[running, queued, gate]), [Blocked; 3]);
    let pending = lab.work("holder", [Expect]);
    let pending = lab.add(script("pending", []).after(pending));
    lab.s.add_dependency(bad, pending).unwrap();
    assert_eq!(lab.state(pending), Blocked);
    lab.ran();
    lab.crank(0);
    assert_eq!(lab.ran(), "holder");
}

#[test]
fn l15_add_dependency_on_a_succeeded_work_changes_nothing() {
    let mut lab = lab(1);
    let good = lab.work("good", []);
    lab.crank(0);
    let a = lab.work("a", []);
    lab.s.add_dependency(good, a).unwrap();
    assert_eq!(lab.state(a), Running);
}

#[test]
fn l15_add_dependency_onto_a_started_or_settled_work_is_refused() {
    let mut lab = lab(9);
    let other = lab.work("other", [Nap(50)]);
    let waiting = lab.work("waiting", [Expect]);
    let retrying = lab.add(script("retrying", [Err("x")]).retry(Retry::ONCE));
    let joining = lab.work(
        "joining",
        [then(|cx| {
            cx.spawn(script("child", [Expect])).unwrap();
            Ok
        })],
    );
    let aborting = lab.add(Spec::new(
        "aborting",
        Script::new([Expect]).on_abort([Nap(9)]),
    ));
    let yields = lab.work("yields", [Yield]);
    let done = lab.work("done", []);
    let failed = lab.work("failed", [Err("x")]);
    lab.turns(0, 8);
    lab.s.cancel(aborting).unwrap();
    let states = [
        (waiting, Waiting),
        (retrying, Retrying),
        (joining, Joining),
        (aborting, Aborting),
        (yields, Running),
        (done, Success),
        (failed, Failed),
    ];
    for (id, state) in states {
        assert_eq!(lab.state(id), state);
        let refused = lab.s.add_dependency(other, id);
        assert_eq!(refused, Result::Err(DependencyError::Started(id, state)));
    }
}

#[test]
fn l15_a_work_cannot_add_a_dependency_onto_itself_in_its_turn() {
    let mut lab = lab(9);
    lab.work("other", [Nap(5)]);
    let a = lab.work(
        "a",
        [then(|cx| {
            let (other, me) = (cx.app.id("other"), cx.id());
            let refused = cx.add_dependency(other, me);
            assert_eq!(refused, Result::Err(DependencyError::Started(me, Running)));
            Ok
        })],
    );
    lab.crank(0);
    assert_eq!(lab.state(a), Success);
}

#[test]
fn l15_duplicates_count_once() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5)]);
    let b = lab.add(script("b", []).after(a).after(a).after_settled(a));
    lab.s.add_dependency(a, b).unwrap();
    lab.s.add_dependency(a, b).unwrap();
    assert_eq!(lab.s.snapshot()[1].deps, [a]);
    assert_eq!(lab.s.snapshot()[0].dependents, [b]);
    lab.crank(0);
    lab.crank(5);
    assert_eq!(lab.state(b), Success);
}

/// Tries to spawn in every hook and in `on_abort`, and writes down what comes of it.
struct Nosy(bool);

impl Nosy {
    fn nose(&self, cx: &mut super::Cx<'_>, hook: &str) {
        let spawned: Result<Handle<()>, _> = cx.spawn(script("never", []));
        assert_eq!(spawned.unwrap_err(), AddError::NotInATurn, "in {hook}");
        cx.app.say(hook);
    }
}

impl crankwork::Work<super::Log> for Nosy {
    fn poll(
        &mut self,
        cx: &mut WorkContext<'_, super::Log>,
    ) -> Poll<Result<(), crankwork::Failure>> {
        if self.0 && cx.attempt() < 3 {
            return Poll::Ready(Result::Err(crankwork::Failure::msg("x")));
        }
        Poll::Ready(Result::Ok(()))
    }
    fn on_abort(&mut self, cx: &mut super::Cx<'_>) -> Poll<()> {
        self.nose(cx, "abort");
        Poll::Ready(())
    }
    fn on_reset(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "reset");
    }
    fn on_success(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "success");
    }
    fn on_failure_retry(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "retry");
    }
    fn on_failure_raise(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "raise");
    }
}

#[test]
fn l15_spawn_is_refused_in_hooks_and_while_aborting() {
    let mut lab = lab(9);
    lab.s
        .add(Spec::new("fails", Nosy(true)).retry(Retry::ONCE))
        .unwrap();
    lab.s.add(Spec::new("succeeds", Nosy(false))).unwrap();
    let cancelled = lab.s.add(Spec::new("cancelled", Nosy(false))).unwrap();
    lab.s.cancel(cancelled).unwrap();
    lab.run();
    let mut heard = std::mem::take(&mut lab.log.lines);
    heard.sort();
    heard.dedup();
    assert_eq!(heard, ["abort", "raise", "reset", "retry", "success"]);
}

#[test]
fn l15_a_child_of_a_parent_that_is_done_or_aborting_is_refused() {
    let mut lab = lab(9);
    let done = lab.work("done", []);
    let aborting = lab.add(Spec::new(
        "aborting",
        Script::new([Expect]).on_abort([Nap(9)]),
    ));
    lab.work(
        "cancels itself",
        [then(|cx| {
            let me = cx.id();
            cx.cancel(me).unwrap();
            let spawned: Result<Handle<()>, _> = cx.spawn(script("child", []));
            assert_eq!(spawned.unwrap_err(), AddError::ParentDone(me, Running));
            Ok
        })],
    );
    lab.crank(0);
    lab.s.cancel(aborting).unwrap();
    for (id, state) in [(done, Success), (aborting, Aborting)] {
        let refused = lab.s.add(script("child", []).parent(id));
        assert_eq!(refused.unwrap_err(), AddError::ParentDone(id, state));
    }
}

#[test]
fn l15_adding_after_shutdown_is_refused() {
    let mut lab = lab(9);
    lab.work("a", [Expect]);
    lab.work("spawns", [Nap(1), Ok]);
    let abort = then(|cx| {
        let root: Result<Handle<()>, _> = cx.spawn_root(script("root", []));
        assert_eq!(root.unwrap_err(), AddError::ShutDown);
        cx.app.say("refused");
        Ok
    });
    lab.add(Spec::new("late", Script::new([Expect]).on_abort([abort])));
    lab.crank(0);
    lab.s.shutdown();
    assert!(lab.s.is_shut_down());
    assert_eq!(lab.s.add(script("b", [])).unwrap_err(), AddError::ShutDown);
    lab.ran();
    lab.crank(0);
    assert!(lab.ran().contains("late! refused"));
    assert_eq!(lab.s.next(), Next::Idle);
    assert_eq!(lab.s.add(script("b", [])).unwrap_err(), AddError::ShutDown);
    let _ = (at(0), ms(0));
}

#[test]
fn l15_a_child_added_before_its_parents_attempt_is_held_until_then() {
    let mut lab = lab(9);
    let gate = lab.work("gate", [Nap(5)]);
    let parent = lab.add(script("parent", [Nap(1)]).after(gate));
    let child = lab.add(script("child", []).parent(parent));
    lab.crank(0);
    assert_eq!(lab.states(&[parent, child]), [WorkState::Pending; 2]);
    assert_eq!(
        lab.s.stall_report().works[2].waits_for,
        [crankwork::WaitsFor::ParentAttempt(parent, "parent".into())]
    );
    lab.crank(5);
    // The last turn is for the child's end.
    assert_eq!(lab.ran(), "gate gate parent child parent");
    // To a parent that runs or sleeps it is admitted at once.
    let sleeper = lab.work("sleeper", [Expect, Ok]);
    lab.crank(6);
    let child = lab.add(script("late child", []).parent(sleeper));
    assert_eq!(lab.state(child), Running);
}

#[test]
fn l15_held_children_begin_after_their_parent_whatever_they_need() {
    let mut lab = lab(9);
    let gate = lab.work("gate", []);
    for permit in [true, false] {
        let spec = |name| {
            let spec = script(name, []);
            if permit { spec } else { spec.no_permit() }
        };
        let parent = lab.add(spec("parent").after(gate));
        let child = lab.add(spec("child").parent(parent));
        lab.add(spec("grandchild").parent(child));
    }
    lab.events();
    lab.crank(0);
    let order = "parent child grandchild parent child grandchild";
    assert_eq!(lab.entered(Running), order);
    assert_eq!(lab.ran(), format!("gate {order}"));
}
