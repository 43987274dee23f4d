//! L30: works that are gone, and whose outcomes are kept.

use crate::workbench::Step::{Cancel, Expect, Fail};
use crate::workbench::*;
use crankwork::WorkState::{Blocked, Pending, Success};
use crankwork::{
    Limits, Retain, RunUntilError, UnknownWork, VirtualDriver, WorkId, WorkOutcome,
    WorkSchedulerConfig,
};

/// Reclaims each work as it settles, and keeps so many outcomes.
fn keeping(outcomes: usize) -> WorkSchedulerConfig {
    let limits = Limits::default().outcomes(outcomes);
    config(9).retain(Retain::Nothing).limits(limits)
}

/// Returns four works that are gone: one for each end.
fn gone(bench: &mut Bench) -> [WorkId; 4] {
    let ok = bench.script("ok", []);
    let bad = bench.script("bad", [Fail("broken")]);
    let cancelled = bench.script("cancelled", [Cancel]);
    let blocked = bench.add_spec(script("blocked", []).after(bad));
    bench.crank();
    bench.ran();
    let all = [ok, bad, cancelled, blocked];
    assert!(all.iter().all(|&id| bench.s.state(id).is_none()));
    all
}

#[test]
fn l30_kept_outcomes_answer_for_works_that_are_gone() {
    let mut bench = Bench::new(keeping(10));
    let all = gone(&mut bench);
    let told = all.map(|id| match bench.s.outcome(id) {
        Some(WorkOutcome::Failed(failure)) => format!("failed: {failure}"),
        Some(WorkOutcome::Blocked(root)) => format!("blocked by {}", root.name),
        Some(outcome) => outcome.state().to_string(),
        None => String::from("unknown"),
    });
    let expected = ["Success", "failed: broken", "Cancelled", "blocked by bad"];
    assert_eq!(told, expected);
}

#[test]
fn l30_a_work_after_one_that_is_gone_runs_or_says_why_not() {
    let mut bench = Bench::new(keeping(10));
    let [ok, bad, cancelled, blocked] = gone(&mut bench);
    bench.add_spec(script("runs", []).after(ok).after_settled(bad));
    bench.crank();
    assert_eq!(bench.ran(), "runs");
    for (before, root) in [(bad, "bad"), (cancelled, "cancelled"), (blocked, "bad")] {
        let id = bench.add_spec(script("never", [Expect]).after(ok).after(before));
        let Some(WorkOutcome::Blocked(cause)) = bench.s.outcome(id) else {
            panic!("{:?}", bench.s.outcome(id));
        };
        assert_eq!(&*cause.name, root);
        assert_eq!(cause.failure.is_some(), root == "bad");
    }
    bench.crank();
    assert_eq!(bench.ran(), "");
}

#[test]
fn l30_a_blocked_work_stays_blocked_when_it_is_restarted() {
    let mut bench = Bench::new(keeping(10).retain(Retain::All));
    let bad = bench.script("bad", [Fail("broken")]);
    bench.crank();
    bench.s.reap(bad).unwrap();
    let never = bench.add_spec(script("never", [Expect]).after(bad));
    assert_eq!(bench.s.state(never), Some(Blocked));
    bench.s.restart(never).unwrap();
    bench.crank();
    assert_eq!(bench.s.state(never), Some(Blocked));
}

#[test]
fn l30_graphs_and_late_edges_take_works_that_are_gone() {
    let mut bench = Bench::new(keeping(10).retain(Retain::All));
    let [ok, bad] = [
        bench.script("ok", []),
        bench.script("bad", [Fail("broken")]),
    ];
    bench.crank();
    bench.s.reap_settled();
    let specs = [
        script("a", []).after(ok),
        script("b", [Expect]).after(bad),
        script("c", [Expect]),
    ];
    let mut specs = specs.into_iter();
    let make = |_| specs.next().expect("one for each");
    let works = bench.s.add_graph(3, make, &[(1, 2)]).unwrap();
    let gate = bench.script("gate", [Expect]);
    let late = bench.add_spec(script("late", [Expect]).after(gate));
    bench.s.add_dependency(ok, late).unwrap();
    assert_eq!(bench.s.state(late), Some(Pending));
    bench.s.add_dependency(bad, late).unwrap();
    bench.crank();
    let [a, b, c] = [0, 1, 2].map(|work| works.get(work).unwrap().id());
    let ids = [a, b, c, late];
    assert_eq!(bench.states(ids), [Success, Blocked, Blocked, Blocked]);
}

#[test]
fn l30_only_the_latest_outcomes_are_kept() {
    let mut bench = Bench::new(keeping(2));
    let [ok, bad, cancelled, blocked] = gone(&mut bench);
    let is_kept = |id| bench.s.outcome(id).is_some();
    assert_eq!([ok, bad].map(is_kept), [false, false], "the oldest go");
    assert_eq!([cancelled, blocked].map(is_kept), [true, true]);
    assert!(bench.s.add(script("x", []).after(ok)).is_err());
    let mut other = Bench::new(keeping(2));
    gone(&mut other);
    assert!(other.s.outcome(blocked).is_none(), "of another scheduler");
    bench.s.reset(0);
    assert!(bench.s.outcome(blocked).is_none(), "a reset forgets them");
}

#[test]
fn l30_a_run_until_a_work_that_is_reclaimed_at_once_has_its_outcome() {
    let mut driver = VirtualDriver::new();
    let mut bench = Bench::new(keeping(1));
    let work = bench.script("work", []);
    let outcome = bench
        .s
        .run_until(work, &mut bench.log, &mut driver)
        .unwrap();
    assert!(outcome.is_success());
    let again = bench.s.run_until(work, &mut bench.log, &mut driver);
    assert!(again.unwrap().is_success());
    let mut bench = Bench::new(keeping(0));
    let work = bench.script("work", []);
    let outcome = bench.s.run_until(work, &mut bench.log, &mut driver);
    assert!(matches!(
        outcome.unwrap_err(),
        RunUntilError::Unknown(UnknownWork::Reclaimed(id)) if id == work
    ));
}
