//! L30: what is reclaimed, when, and what never is.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Pending};
use crate::workbench::*;
use crankwork::WorkState::{Failed, Success};
use crankwork::{
    AddError, OnChildFailure, ReapError, Retain, Retry, UnknownWork, WorkId, WorkOutcome,
};

fn in_scheduler(bench: &Bench) -> u64 {
    bench.s.metrics().in_scheduler
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
    let mut bench = Bench::with_permits(9);
    bench.script("parent", [spawns("parent", "child", Pending), Nap(5)]);
    bench.crank();
    let child = bench.log.id("child");
    assert_eq!(
        bench.s.state(child),
        Some(Success),
        "still there: its parent asks for it"
    );
    assert!(matches!(bench.s.reap(child), Err(ReapError::Child(id)) if id == child));
    bench.crank_at(at_ms(5));
    assert_eq!((bench.s.state(child), in_scheduler(&bench)), (None, 1));
}

#[test]
fn l30_children_go_with_a_failed_attempt_too() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let last = Fail("x");
    bench.add_spec(
        script("parent", [spawns("parent", "child", Pending), last])
            .retry(Retry::ONCE)
            .on_child_failure(OnChildFailure::Collect),
    );
    bench.crank();
    assert_eq!(bench.s.state(bench.log.id("child")), None);
    assert_eq!(in_scheduler(&bench), 1);
}

#[test]
fn l30_roots_stay_until_the_host_reaps_them() {
    let mut bench = Bench::with_permits(9);
    let ok = bench.script("ok", []);
    let bad = bench.script("bad", [Fail("x")]);
    let live = bench.script("live", [Expect]);
    bench.crank();
    assert_eq!(in_scheduler(&bench), 3);
    assert!(matches!(bench.s.reap(ok), Ok(WorkOutcome::Success)));
    assert!(matches!(bench.s.reap(bad), Ok(WorkOutcome::Failed(_))));
    assert_eq!(
        bench.s.reap(ok).unwrap_err(),
        ReapError::Unknown(UnknownWork::Reclaimed(ok))
    );
    assert!(matches!(bench.s.reap(live), Err(ReapError::NotSettled(id, _)) if id == live));
    assert_eq!(in_scheduler(&bench), 1);
}

/// Tells of a success, a failure, a cancelled and a blocked work which are left.
fn left(retain: Retain) -> Vec<bool> {
    let mut bench = Bench::new(config(9).retain(retain));
    let ok = bench.script("ok", []);
    let bad = bench.script("bad", [Fail("x")]);
    let cancelled = bench.script("cancelled", [Step::Cancel]);
    let blocked = bench.add_spec(script("blocked", []).after(bad));
    bench.crank();
    let ids = [ok, bad, cancelled, blocked];
    ids.iter().map(|&id| bench.s.state(id).is_some()).collect()
}

#[test]
fn l30_retain_says_which_roots_stay() {
    assert_eq!(left(Retain::All), [true, true, true, true]);
    assert_eq!(left(Retain::Failures), [false, true, true, true]);
    assert_eq!(left(Retain::Nothing), [false, false, false, false]);
}

#[test]
fn l30_nothing_is_reclaimed_while_a_work_that_is_after_it_is_unsettled() {
    let mut bench = Bench::new(config(9).retain(Retain::Nothing));
    let gate = bench.script("gate", [Nap(5)]);
    let a = bench.script("a", []);
    let b = bench.add_spec(script("b", []).after(a).after(gate));
    let c = bench.add_spec(script("c", []).after(b));
    bench.crank();
    assert_eq!(bench.s.state(a), Some(Success), "b still needs it");
    assert_eq!(bench.s.reap(a).unwrap_err(), ReapError::Dependents(a, 1));
    bench.crank_at(at_ms(5));
    for id in [gate, a, b, c] {
        assert_eq!(bench.s.state(id), None);
    }
    assert_eq!(in_scheduler(&bench), 0);
}

#[test]
fn l30_a_child_outlives_its_parent_for_a_dependent_elsewhere() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", [Nap(5)]);
    bench.script("parent", [spawns("parent", "child", Done)]);
    bench.turns(2);
    let child = bench.log.id("child");
    let after = bench.add_spec(script("after", []).after(child).after(gate));
    bench.crank();
    assert_eq!(bench.s.state(bench.log.id("parent")), Some(Success));
    assert_eq!(bench.s.state(child), Some(Success), "`after` needs it");
    bench.crank_at(at_ms(5));
    assert_eq!(
        (bench.s.state(after), bench.s.state(child)),
        (Some(Success), None)
    );
}

#[test]
fn l30_after_settled_keeps_what_it_is_after_as_well() {
    let mut bench = Bench::new(config(9).retain(Retain::Nothing));
    let gate = bench.script("gate", [Nap(5)]);
    let bad = bench.script("bad", [Fail("x")]);
    bench.add_spec(script("b", []).after_settled(bad).after(gate));
    bench.crank();
    assert_eq!(bench.s.state(bad), Some(Failed));
    bench.crank_at(at_ms(5));
    assert_eq!(in_scheduler(&bench), 0);
}

#[test]
fn l30_a_reused_slot_never_answers_to_an_old_id() {
    let mut bench = Bench::new(config(9).retain(Retain::Nothing));
    let old = bench.script("old", []);
    bench.crank();
    // One slot is free, so the next work has it.
    let new = bench.script("new", [Expect, Expect]);
    bench.crank();
    bench.ran();
    assert_ne!(old, new);
    assert_eq!((bench.s.state(old), bench.s.name(old)), (None, None));
    assert!(bench.s.outcome(old).is_none() && bench.s.retry_eta(old).is_none());
    let gone = UnknownWork::Reclaimed(old);
    assert_eq!(bench.s.wake(old).unwrap_err(), gone);
    assert_eq!(bench.s.cancel(old).unwrap_err(), gone);
    assert_eq!(bench.s.restart(old).unwrap_err(), gone.into());
    assert_eq!(bench.s.reap(old).unwrap_err(), gone.into());
    assert!(bench.s.add_dependency(old, new).is_err());
    assert_eq!(
        bench.s.add(script("x", []).after(old)).unwrap_err(),
        AddError::Dependency(gone)
    );
    bench.s.remote().cancel(old);
    bench.crank();
    assert_eq!(
        (bench.ran().as_str(), bench.s.metrics().unsettled()),
        ("", 1),
        "`new` heard nothing"
    );
}

#[test]
fn l30_a_waker_or_watch_of_a_reclaimed_work_reaches_nobody() {
    let mut bench = Bench::new(config(9).retain(Retain::Nothing));
    let target = bench.script("target", [Nap(5)]);
    bench.script(
        "old",
        [then(move |cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            cx.watch(target).unwrap();
            Done
        })],
    );
    bench.crank();
    let new = bench.script("new", [Expect, Expect]);
    bench.crank();
    bench.ran();
    bench.log.wakers[0].wake();
    bench.runs_at(at_ms(5), "target");
    bench.log.wakers.clear();
    assert_eq!(bench.crank_at(at_ms(5)).turns, 0);
    assert!(bench.s.state(new).is_some());
}

#[test]
fn l30_a_host_that_adds_and_settles_works_for_ever_stays_flat() {
    let mut bench = Bench::new(config(9).retain(Retain::Nothing).events(0));
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
        if let Some(before) = last.filter(|&id| bench.s.state(id).is_some()) {
            spec = spec.after_settled(before);
        }
        last = Some(bench.add_spec(spec));
        if turn % 2 == 0 {
            bench.crank_at(at_ms(turn));
            bench.log.lines.clear();
        }
        highest = highest.max(in_scheduler(&bench));
    }
    bench.crank_at(at_ms(20_000));
    assert!(highest <= 2, "{highest} works at once");
    assert_eq!((in_scheduler(&bench), bench.s.metrics().total), (0, 20_000));
    assert!(bench.s.snapshot().is_empty());
}

#[test]
fn l30_reap_settled_takes_all_that_can_be() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", []);
    let b = bench.script("b", []);
    let live = bench.script("live", [Nap(5)]);
    bench.add_spec(script("after", []).after(a).after(live));
    bench.crank();
    assert_eq!(bench.s.reap_settled(), 1, "b only");
    assert_eq!((bench.s.state(a), bench.s.state(b)), (Some(Success), None));
    bench.crank_at(at_ms(5));
    assert_eq!(bench.s.reap_settled(), 3);
    assert_eq!(in_scheduler(&bench), 0);
}
