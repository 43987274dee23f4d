//! L18, L21 and L28: what a retry is worth.

use crate::units::ms;
use crate::workbench::Step::Nap;
use crate::workbench::*;
use crankwork::compose::{WorkSequence, repeat};
use crankwork::{Failure, Retry, RetryPosition, Spec, WorkSchedulerConfig};
use std::collections::BTreeSet;
use std::task::Poll;

fn yes<T>(value: T) -> Poll<Result<T, Failure>> {
    Poll::Ready(Ok(value))
}

// ---- L28: a retry draws anew ----

/// A parent that fails after its child has drawn, again and again.
fn archives_asked(seed: u64) -> Vec<u64> {
    let mut bench = Bench::new(config(4).retry_delay(ms(10)).seed(seed));
    let steps = std::iter::repeat_with(|| {
        then(|cx: &mut Cx<'_>| {
            let pick = |cx: &mut Cx<'_>| {
                let archive = cx.rng().below(3);
                cx.app.push(format!("archive {archive}"));
                Poll::Ready(Err::<(), _>(Failure::msg("this archive is bad")))
            };
            cx.spawn_fn("get", pick).unwrap();
            Step::Pending
        })
    });
    bench.add_spec(script("take one of three", steps.take(33)).retry(Retry::A_LOT));
    bench.run();
    let asked = bench.lines().into_iter();
    let asked = asked.filter_map(|line| line.strip_prefix("archive ")?.parse().ok());
    asked.collect()
}

#[test]
fn l28_the_child_of_a_retry_draws_anew() {
    let asked = archives_asked(1);
    assert_eq!(asked.len(), 33);
    assert_eq!(BTreeSet::from_iter(&asked).len(), 3, "{asked:?}");
    assert_eq!(archives_asked(1), asked, "and deterministically");
    assert_ne!(archives_asked(2), asked);
}

#[test]
fn l28_repeat_draws_anew_in_each_period() {
    let mut bench = Bench::with_permits(4);
    let draw = |cx: &mut Cx<'_>| {
        let drawn = cx.rng().next_u64();
        cx.app.push(drawn);
        yes(())
    };
    let sampler = repeat(ms(10), move || Spec::new("sample", draw)).times(8);
    bench.add_spec(Spec::new("sampler", sampler));
    bench.run();
    let drawn = BTreeSet::from_iter(bench.lines());
    assert_eq!(drawn.len(), 8, "{drawn:?}");
}

// ---- L21: what cannot succeed is not tried again ----

/// A sequence of a download and a member that fails so.
fn sequence(failure: fn() -> Failure, member: Retry, goes_on: bool) -> WorkSequence<Log> {
    let download = |cx: &mut Cx<'_>| {
        cx.app.push("download");
        yes(())
    };
    let verify = move |_: &mut Cx<'_>| Poll::Ready(Err::<(), _>(failure()));
    WorkSequence::new()
        .stop_at_first_failure(!goes_on)
        .then_fn("download", download)
        .then(move || Spec::new("verify", verify).retry(member))
}

/// Runs a sequence with 5 retries whose second member fails in this way. Returns how often it downloads.
fn downloads(failure: fn() -> Failure, member: Retry, goes_on: bool) -> usize {
    let mut bench = Bench::new(WorkSchedulerConfig::default().retry_delay(ms(1)));
    let sequence = sequence(failure, member, goes_on);
    let spec = Spec::new("sequence", sequence).retry(Retry::A_FEW);
    bench.add_spec(spec);
    bench.run();
    bench.log.lines.len()
}

fn fatal() -> Failure {
    Failure::fatal("the hash is wrong")
}

fn transient() -> Failure {
    Failure::msg("connection reset")
}

#[test]
fn l21_a_sequence_is_not_retried_after_a_fatal_member() {
    for goes_on in [false, true] {
        assert_eq!(downloads(fatal, Retry::A_FEW, goes_on), 1, "{goes_on}");
        assert_eq!(downloads(transient, Retry::NEVER, goes_on), 6, "{goes_on}");
    }
}

#[test]
fn l21_nor_when_the_fatal_work_is_further_down() {
    let mut bench = Bench::new(WorkSchedulerConfig::default().retry_delay(ms(1)));
    let inner = || Spec::new("inner", sequence(fatal, Retry::ONCE, false)).retry(Retry::A_FEW);
    let outer = WorkSequence::new().then(inner);
    bench.add_spec(Spec::new("outer", outer).retry(Retry::A_FEW));
    bench.run();
    assert_eq!(bench.log.lines.len(), 1);
}

#[test]
fn l21_panics_and_lost_wakes_of_children_are_final_too() {
    for step in [|| Step::Panic("on purpose"), || Step::Pending] {
        let mut bench = Bench::with_back_off(4, ms(10));
        let attempts = std::iter::repeat_with(move || {
            then(move |cx: &mut Cx<'_>| {
                cx.spawn(script("child", [step()])).unwrap();
                Step::Pending
            })
        });
        bench.add_spec(script("parent", attempts.take(6)).retry(Retry::A_FEW));
        bench.run();
        assert_eq!(bench.ran(), "parent child");
    }
}

#[test]
fn l21_a_childs_deadline_and_a_blocked_child_may_be_retried() {
    let late = |cx: &mut Cx<'_>| {
        let deadline = cx.now().saturating_add(ms(1));
        cx.spawn(script("late", [Nap(9)]).deadline(deadline))
            .unwrap();
        Step::Pending
    };
    let blocked = |cx: &mut Cx<'_>| {
        let failed = cx.app.id("failed");
        cx.spawn(script("blocked", []).after(failed)).unwrap();
        Step::Pending
    };
    for (first, ran) in [
        (then(late), "failed parent late late! parent"),
        (then(blocked), "failed parent parent"),
    ] {
        let mut bench = Bench::with_back_off(4, ms(10));
        bench.script("failed", [Step::Fatal("x")]);
        bench.crank();
        bench.add_spec(script("parent", [first, Step::Done]).retry(Retry::ONCE));
        bench.run();
        assert_eq!(bench.ran(), ran);
    }
}

#[test]
fn l21_retry_fatal_children_tries_again() {
    let mut bench = Bench::new(WorkSchedulerConfig::default().retry_delay(ms(1)));
    for goes_on in [false, true] {
        let spec = Spec::new("sequence", sequence(fatal, Retry::NEVER, goes_on));
        bench.add_spec(spec.retry(Retry::A_FEW).retry_fatal_children());
        bench.run();
        assert_eq!(bench.lines().len(), 6, "{goes_on}");
    }
    // Its own fatal failure is no child's.
    bench.add_spec(
        script("own", [Step::Fatal("x")])
            .retry(Retry::ONCE)
            .retry_fatal_children(),
    );
    bench.run();
    assert_eq!(bench.ran(), "own");
}

#[test]
fn l21_what_is_final_is_known_at_any_depth() {
    let deep = |failure: Failure| {
        (0..3).fold(failure, |cause, _| {
            Failure::from_child("a child failed", cause)
        })
    };
    assert!(deep(fatal()).is_final() && !deep(fatal()).may_retry());
    assert!(!deep(transient()).is_final() && deep(transient()).may_retry());
    assert!(Failure::caused_by("the parent's own view", fatal()).may_retry());
}

// ---- L18: where a retry waits ----

/// One permit; `early` fails in its first turn, and four more works are in line when its back-off ends.
fn order(early: impl FnOnce(Spec<Log, Probe>) -> Spec<Log, Probe>) -> String {
    let mut bench = Bench::with_back_off(1, ms(10));
    bench.add_spec(early(
        script("early", [Step::Fail("x"), Step::Done]).retry(Retry::ONCE),
    ));
    for name in ["a", "b", "c", "d"] {
        bench.script(name, [Nap(9)]);
    }
    bench.run();
    bench.ran()
}

#[test]
fn l18_a_retry_at_the_head_goes_before_works_that_have_not_started() {
    let tail = "early a a b b c c d d early";
    assert_eq!(order(|spec| spec), tail);
    assert_eq!(order(|spec| spec.retry_position(RetryPosition::Tail)), tail);
    let head = "early a a b b early c c d d";
    assert_eq!(order(|spec| spec.retry_position(RetryPosition::Head)), head);
}

#[test]
fn l18_priority_comes_first_and_returners_go_before() {
    let mut bench = Bench::with_back_off(1, ms(10));
    let retried = |name, priority| {
        let spec = script(name, [Step::Fail("x"), Step::Done]).retry(Retry::ONCE);
        spec.priority(priority).retry_position(RetryPosition::Head)
    };
    for (name, priority) in [("low", -1), ("first", 0), ("second", 0)] {
        bench.add_spec(retried(name, priority));
    }
    let releases = then(|cx: &mut Cx<'_>| {
        cx.release_permit();
        Step::Yield
    });
    bench.crank();
    // All three back off until 10; what holds the permit meanwhile gives it back at 20.
    bench.script("returner", [releases, Step::Done]);
    bench.script("high", [Nap(15)]);
    assert_eq!(bench.ran(), "low first second");
    bench.add_spec(script("new", []));
    bench.add_spec(script("new and high", []).priority(1));
    bench.run();
    assert_eq!(
        bench.ran(),
        "returner new and high returner high high first second new low"
    );
}
