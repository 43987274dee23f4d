//! L30: what is reclaimed, when, and what never is.

use super::Step::{self, Done, Expect, Fail, Nap, Pending};
use super::{Lab, config, lab, lab_with, script, then};
use crankwork::WorkState::{Failed, Success};
use crankwork::{
    AddError, OnChildFailure, ReapError, Retain, Retry, UnknownWork, WorkId, WorkOutcome,
};

fn in_scheduler(lab: &Lab) -> u64 {
    lab.s.metrics().in_scheduler
}

fn spawns(name: &'static str, child: &'static str, then_do: Step) -> Step {
    let _ = name;
    then(move |cx| {
        let id = cx.spawn(script(child, [])).unwrap().id();
        cx.app.ids.insert(child, id);
        then_do
    })
}

#[test]
fn l30_children_are_reclaimed_when_their_parent_settles() {
    let mut lab = lab(9);
    lab.work("parent", [spawns("parent", "child", Pending), Nap(5)]);
    lab.crank(0);
    let child = lab.log.id("child");
    assert_eq!(
        lab.s.state(child),
        Some(Success),
        "still there: its parent asks for it"
    );
    assert!(matches!(lab.s.reap(child), Err(ReapError::Child(id)) if id == child));
    lab.crank(5);
    assert_eq!((lab.s.state(child), in_scheduler(&lab)), (None, 1));
}

#[test]
fn l30_children_go_with_a_failed_attempt_too() {
    let mut lab = lab(9);
    let last = Fail("x");
    lab.add(
        script("parent", [spawns("parent", "child", Pending), last])
            .retry(Retry::ONCE)
            .on_child_failure(OnChildFailure::Collect),
    );
    lab.crank(0);
    assert_eq!(lab.s.state(lab.log.id("child")), None);
    assert_eq!(in_scheduler(&lab), 1);
}

#[test]
fn l30_roots_stay_until_the_host_reaps_them() {
    let mut lab = lab(9);
    let ok = lab.work("ok", []);
    let bad = lab.work("bad", [Fail("x")]);
    let live = lab.work("live", [Expect]);
    lab.crank(0);
    assert_eq!(in_scheduler(&lab), 3);
    assert!(matches!(lab.s.reap(ok), Ok(WorkOutcome::Success)));
    assert!(matches!(lab.s.reap(bad), Ok(WorkOutcome::Failed(_))));
    assert_eq!(
        lab.s.reap(ok).unwrap_err(),
        ReapError::Unknown(UnknownWork::Reclaimed(ok))
    );
    assert!(matches!(lab.s.reap(live), Err(ReapError::NotSettled(id, _)) if id == live));
    assert_eq!(in_scheduler(&lab), 1);
}

/// Tells of a success, a failure, a cancelled and a blocked work which are left.
fn left(retain: Retain) -> Vec<bool> {
    let mut lab = lab_with(config(9).retain(retain));
    let ok = lab.work("ok", []);
    let bad = lab.work("bad", [Fail("x")]);
    let cancelled = lab.work("cancelled", [Step::Cancel]);
    let blocked = lab.add(script("blocked", []).after(bad));
    lab.crank(0);
    let ids = [ok, bad, cancelled, blocked];
    ids.iter().map(|&id| lab.s.state(id).is_some()).collect()
}

#[test]
fn l30_retain_says_which_roots_stay() {
    assert_eq!(left(Retain::All), [true, true, true, true]);
    assert_eq!(left(Retain::Failures), [false, true, true, true]);
    assert_eq!(left(Retain::Nothing), [false, false, false, false]);
}

#[test]
fn l30_nothing_is_reclaimed_while_a_work_that_is_after_it_is_unsettled() {
    let mut lab = lab_with(config(9).retain(Retain::Nothing));
    let gate = lab.work("gate", [Nap(5)]);
    let a = lab.work("a", []);
    let b = lab.add(script("b", []).after(a).after(gate));
    let c = lab.add(script("c", []).after(b));
    lab.crank(0);
    assert_eq!(lab.s.state(a), Some(Success), "b still needs it");
    assert_eq!(lab.s.reap(a).unwrap_err(), ReapError::Dependents(a, 1));
    lab.crank(5);
    for id in [gate, a, b, c] {
        assert_eq!(lab.s.state(id), None);
    }
    assert_eq!(in_scheduler(&lab), 0);
}

#[test]
fn l30_a_child_outlives_its_parent_for_a_dependent_elsewhere() {
    let mut lab = lab(9);
    let gate = lab.work("gate", [Nap(5)]);
    lab.work("parent", [spawns("parent", "child", Done)]);
    lab.turns(0, 2);
    let child = lab.log.id("child");
    let after = lab.add(script("after", []).after(child).after(gate));
    lab.crank(0);
    assert_eq!(lab.s.state(lab.log.id("parent")), Some(Success));
    assert_eq!(lab.s.state(child), Some(Success), "`after` needs it");
    lab.crank(5);
    assert_eq!(
        (lab.s.state(after), lab.s.state(child)),
        (Some(Success), None)
    );
}

#[test]
fn l30_after_settled_keeps_what_it_is_after_as_well() {
    let mut lab = lab_with(config(9).retain(Retain::Nothing));
    let gate = lab.work("gate", [Nap(5)]);
    let bad = lab.work("bad", [Fail("x")]);
    lab.add(script("b", []).after_settled(bad).after(gate));
    lab.crank(0);
    assert_eq!(lab.s.state(bad), Some(Failed));
    lab.crank(5);
    assert_eq!(in_scheduler(&lab), 0);
}

#[test]
fn l30_a_reused_slot_never_answers_to_an_old_id() {
    let mut lab = lab_with(config(9).retain(Retain::Nothing));
    let old = lab.work("old", []);
    lab.crank(0);
    // One slot is free, so the next work has it.
    let new = lab.work("new", [Expect, Expect]);
    lab.crank(0);
    lab.ran();
    assert_ne!(old, new);
    assert_eq!((lab.s.state(old), lab.s.name(old)), (None, None));
    assert!(lab.s.outcome(old).is_none() && lab.s.retry_eta(old).is_none());
    let gone = UnknownWork::Reclaimed(old);
    assert_eq!(lab.s.wake(old).unwrap_err(), gone);
    assert_eq!(lab.s.cancel(old).unwrap_err(), gone);
    assert_eq!(lab.s.restart(old).unwrap_err(), gone.into());
    assert_eq!(lab.s.reap(old).unwrap_err(), gone.into());
    assert!(lab.s.add_dependency(old, new).is_err());
    assert_eq!(
        lab.s.add(script("x", []).after(old)).unwrap_err(),
        AddError::Dependency(gone)
    );
    lab.s.remote().cancel(old);
    lab.crank(0);
    assert_eq!(
        (lab.ran().as_str(), lab.s.metrics().unsettled()),
        ("", 1),
        "`new` heard nothing"
    );
}

#[test]
fn l30_a_waker_or_watch_of_a_reclaimed_work_reaches_nobody() {
    let mut lab = lab_with(config(9).retain(Retain::Nothing));
    let target = lab.work("target", [Nap(5)]);
    lab.work(
        "old",
        [then(move |cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            cx.watch(target).unwrap();
            Done
        })],
    );
    lab.crank(0);
    let new = lab.work("new", [Expect, Expect]);
    lab.crank(0);
    lab.ran();
    lab.log.wakers[0].wake();
    lab.runs(5, "target");
    lab.log.wakers.clear();
    assert_eq!(lab.crank(5).turns, 0);
    assert!(lab.s.state(new).is_some());
}

#[test]
fn l30_a_host_that_adds_and_settles_works_for_ever_stays_flat() {
    let mut lab = lab_with(config(9).retain(Retain::Nothing).events(0));
    let mut highest = 0;
    let mut last: Option<WorkId> = None;
    for turn in 0..20_000 {
        let mut spec = script(
            "w",
            if turn % 3 == 0 {
                vec![Fail("x")]
            } else {
                vec![]
            },
        );
        if let Some(before) = last.filter(|&id| lab.s.state(id).is_some()) {
            spec = spec.after_settled(before);
        }
        last = Some(lab.s.add(spec).unwrap().id());
        if turn % 2 == 0 {
            lab.crank(turn);
            lab.log.lines.clear();
        }
        highest = highest.max(in_scheduler(&lab));
    }
    lab.crank(20_000);
    assert!(highest <= 2, "{highest} works at once");
    assert_eq!((in_scheduler(&lab), lab.s.metrics().total), (0, 20_000));
    assert!(lab.s.snapshot().is_empty());
}

#[test]
fn l30_reap_settled_takes_all_that_can_be() {
    let mut lab = lab(9);
    let a = lab.work("a", []);
    let b = lab.work("b", []);
    let live = lab.work("live", [Nap(5)]);
    lab.add(script("after", []).after(a).after(live));
    lab.crank(0);
    assert_eq!(lab.s.reap_settled(), 1, "b only");
    assert_eq!((lab.s.state(a), lab.s.state(b)), (Some(Success), None));
    lab.crank(5);
    assert_eq!(lab.s.reap_settled(), 3);
    assert_eq!(in_scheduler(&lab), 0);
}
