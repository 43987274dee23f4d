//! L31: running a settled work anew.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Pending};
use crate::workbench::*;
use crankwork::WorkState::{
    self, Aborting, Blocked, Cancelled, Failed, Joining, Queued, Retrying, Running, Success,
    Waiting,
};
use crankwork::{OnChildFailure, RestartError, Retry, Spec, UnknownWork};
use std::task::Poll;

#[test]
fn l31_each_settled_state_can_be_restarted() {
    let mut bench = Bench::with_permits(9);
    let ok = bench.script("ok", []);
    let failed = bench.script("failed", [Fail("x"), Done]);
    let cancelled = bench.script("cancelled", [Step::Cancel, Done]);
    let blocked = bench.add_spec(script("blocked", []).after(failed));
    let all = [ok, failed, cancelled, blocked];
    bench.crank();
    assert_eq!(bench.states(all), [Success, Failed, Cancelled, Blocked]);
    for id in all {
        bench.s.restart(id).unwrap();
    }
    bench.crank();
    assert_eq!(bench.states(all), [Success; 4]);
}

#[test]
fn l31_it_is_refused_before_a_work_has_settled() {
    let mut bench = Bench::with_permits(1);
    let waiting = bench.script("waiting", [Expect]);
    let queued = bench.script("queued", []);
    let pending = bench.add_spec(script("pending", []).after(queued));
    bench.crank();
    for (id, state) in [
        (waiting, Waiting),
        (queued, Queued),
        (pending, WorkState::Pending),
    ] {
        assert_eq!(
            bench.s.restart(id),
            Err(RestartError::NotSettled(id, state))
        );
    }
}

#[test]
fn l31_it_is_refused_after_shutdown() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script("a", []);
    bench.crank();
    bench.s.shutdown();
    assert_eq!(bench.s.restart(a), Err(RestartError::ShutDown));
    assert_eq!(bench.state(a), Success);
}

/// A parent whose child has failed while another is left.
fn collecting(bench: &mut Bench, steps: Vec<Step>) -> crankwork::WorkId {
    let mut all = vec![then(|cx| {
        for (name, steps) in [("bad", vec![Fail("x"), Done]), ("slow", vec![Nap(50)])] {
            let id = cx.spawn(script(name, steps)).unwrap().id();
            cx.app.ids.insert(name, id);
        }
        Pending
    })];
    all.extend(steps);
    let work = acting(all).aborting([Nap(5)]);
    bench.add_spec(Spec::new("parent", work).on_child_failure(OnChildFailure::Collect))
}

#[test]
fn l31_a_child_is_restarted_within_its_parents_attempt() {
    let mut bench = Bench::with_permits(9);
    let counts = then(|cx| {
        let children = cx.children();
        cx.app
            .push(format!("{} {}", children.succeeded(), children.failed()));
        Done
    });
    let parent = collecting(&mut bench, vec![Expect, counts]);
    bench.crank();
    let bad = bench.log.id("bad");
    assert_eq!((bench.state(parent), bench.state(bad)), (Waiting, Failed));
    bench.s.restart(bad).unwrap();
    bench.ran();
    bench.crank();
    assert_eq!(bench.ran(), "bad parent 1 0", "no failed child any more");
    assert_eq!((bench.state(parent), bench.state(bad)), (Joining, Success));
    bench.crank_at(at_ms(50));
    assert_eq!((bench.state(parent), bench.s.state(bad)), (Success, None));
}

#[test]
fn l31_a_joining_parent_waits_for_a_restarted_child() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.script(
        "parent",
        [then(|cx| {
            for (name, steps) in [("quick", vec![Done, Nap(9)]), ("slow", vec![Nap(5)])] {
                let id = cx.spawn(script(name, steps)).unwrap().id();
                cx.app.ids.insert(name, id);
            }
            Done
        })],
    );
    bench.crank();
    bench.s.restart(bench.log.id("quick")).unwrap();
    bench.crank();
    bench.crank_at(at_ms(5));
    assert_eq!(bench.state(parent), Joining);
    bench.crank_at(at_ms(9));
    assert_eq!(bench.state(parent), Success);
}

#[test]
fn l31_restarting_a_child_that_its_parent_cancelled_leaves_the_count_of_failures() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.add_spec(
        script(
            "parent",
            [
                then(|cx| {
                    for (name, steps) in [("bad", vec![Fail("x")]), ("idle", vec![Expect, Expect])]
                    {
                        let id = cx.spawn(script(name, steps)).unwrap().id();
                        cx.app.ids.insert(name, id);
                    }
                    Pending
                }),
                then(|cx| {
                    assert_eq!(cx.children().failed(), 1);
                    cx.cancel_children();
                    Expect
                }),
                then(|cx| {
                    assert_eq!((cx.children().failed(), cx.children().live()), (1, 0));
                    Expect
                }),
                then(|cx| {
                    let children = cx.children();
                    assert_eq!((children.failed(), children.live()), (1, 1));
                    cx.cancel_children();
                    Done
                }),
            ],
        )
        .on_child_failure(OnChildFailure::Collect),
    );
    bench.crank();
    let idle = bench.log.id("idle");
    assert_eq!(
        (bench.state(parent), bench.state(idle)),
        (Waiting, Cancelled)
    );
    bench.s.restart(idle).unwrap();
    bench.s.wake(parent).unwrap();
    bench.crank();
    assert_eq!(bench.state(parent), Success);
}

#[test]
fn l31_it_is_refused_for_a_child_whose_parent_is_aborting() {
    let mut bench = Bench::with_permits(9);
    let parent = collecting(&mut bench, vec![Expect]);
    bench.crank();
    bench.s.cancel(parent).unwrap();
    bench.crank();
    assert_eq!(bench.state(parent), Aborting);
    let bad = bench.log.id("bad");
    assert_eq!(bench.s.restart(bad), Err(RestartError::ParentDone(bad)));
}

#[test]
fn l31_it_is_refused_for_a_child_whose_parent_has_settled() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", [Nap(50)]);
    bench.script(
        "parent",
        [then(|cx| {
            let id = cx.spawn(script("child", [])).unwrap().id();
            cx.app.ids.insert("child", id);
            Done
        })],
    );
    bench.turns(2);
    // A dependent keeps the child when its parent settles.
    let child = bench.log.id("child");
    bench.add_spec(script("after", []).after(child).after(gate));
    bench.crank();
    assert_eq!(bench.s.state(child), Some(Success));
    assert_eq!(bench.s.restart(child), Err(RestartError::ParentDone(child)));
}

#[test]
fn l31_a_reclaimed_or_dropped_work_cannot_be_restarted() {
    let mut bench = Bench::with_permits(9);
    let gone = bench.script("gone", []);
    let panics = bench.script("panics", [Step::Panic("on purpose")]);
    let forced = bench.add_spec(Spec::new("forced", acting([Expect]).aborting([Pending])));
    bench.crank();
    bench.s.reap(gone).unwrap();
    bench.s.cancel(forced).unwrap();
    bench.crank();
    assert_eq!(
        bench.s.restart(gone),
        Err(UnknownWork::Reclaimed(gone).into())
    );
    for id in [panics, forced] {
        assert_eq!(bench.s.restart(id), Err(RestartError::Gone(id)));
    }
}

#[test]
fn l31_it_clears_the_output() {
    let mut bench = Bench::with_permits(9);
    let mut turn = 0;
    let a = bench
        .s
        .add_fn("a", move |cx: &mut Cx<'_>| {
            turn += 1;
            match turn {
                1 => Poll::Ready(Ok(7)),
                2 => {
                    cx.expect_wake();
                    Poll::Pending
                }
                _ => Poll::Ready(Ok(8)),
            }
        })
        .unwrap();
    bench.crank();
    assert_eq!(bench.s.output(a), Some(&7));
    bench.s.restart(a).unwrap();
    assert_eq!(bench.s.output(a), None);
    bench.crank();
    assert!(bench.s.outcome(a).is_none());
    bench.s.wake(a).unwrap();
    bench.crank();
    assert_eq!((bench.s.take(a), bench.s.take(a)), (Some(8), None));
}

#[test]
fn l31_an_output_that_nobody_took_is_dropped_at_the_restart() {
    let mut bench = Bench::with_permits(9);
    let output = std::rc::Rc::new(());
    let weak = std::rc::Rc::downgrade(&output);
    let mut output = Some(output);
    let a = bench
        .s
        .add_fn("a", move |cx: &mut Cx<'_>| match output.take() {
            Some(output) => Poll::Ready(Ok(output)),
            None => {
                cx.expect_wake();
                Poll::Pending
            }
        })
        .unwrap();
    bench.crank();
    assert_eq!(weak.strong_count(), 1);
    bench.s.restart(a).unwrap();
    assert_eq!(weak.strong_count(), 0);
}

#[test]
fn l31_it_clears_the_retry_count_the_attempts_and_the_error() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let failures = std::iter::repeat_with(|| Fail("x")).take(6);
    let a = bench.add_spec(script("a", failures).retry(Retry::times(2)));
    bench.run();
    assert_eq!(
        (bench.state(a), bench.s.metrics().retries_left),
        (Failed, 0)
    );
    assert_eq!(bench.s.snapshot()[0].attempts, 3);
    bench.s.restart(a).unwrap();
    let new = &bench.s.snapshot()[0];
    assert_eq!((new.retries_left, bench.s.metrics().retries_left), (2, 2));
    assert!(new.last_error.is_none() && bench.s.outcome(a).is_none());
    let mut seen = Vec::new();
    while bench.state(a) != Failed {
        let now = bench.s.retry_eta(a).unwrap_or(bench.s.now());
        bench.crank_at(now);
        seen.push(bench.s.snapshot()[0].attempts);
    }
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn l31_it_takes_its_open_dependencies_as_they_are() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Fail("x"), Nap(5)]);
    let b = bench.add_spec(script("b", []).after(a));
    bench.crank();
    // Blocked again: `a` is still failed, with the same root cause.
    bench.s.restart(b).unwrap();
    assert_eq!(bench.state(b), Blocked);
    let outcome = bench.outcome(b);
    assert_eq!(outcome.failure().expect("a reason").to_string(), "x");
    // Waits, now that `a` runs again.
    bench.s.restart(a).unwrap();
    bench.s.restart(b).unwrap();
    assert_eq!(bench.states([a, b]), [Running, WorkState::Pending]);
    bench.crank();
    assert_eq!(bench.state(b), WorkState::Pending);
    bench.crank_at(at_ms(5));
    assert_eq!(bench.states([a, b]), [Success, Success]);
    // Satisfied for ever.
    bench.s.restart(b).unwrap();
    assert_eq!(bench.state(b), Running);
}

#[test]
fn l31_dependents_stay_as_they_are() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Fail("x"), Expect]);
    let blocked = bench.add_spec(script("blocked", []).after(a));
    let settled = bench.add_spec(script("settled", []).after_settled(a));
    bench.crank();
    bench.s.restart(a).unwrap();
    bench.crank();
    assert_eq!(
        bench.states([a, blocked, settled]),
        [Waiting, Blocked, Success]
    );
    bench.s.wake(a).unwrap();
    bench.crank();
    assert_eq!(bench.states([a, blocked]), [Success, Blocked]);
}

#[test]
fn l31_the_permit_queue_is_joined_at_the_tail() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script("a", []);
    bench.crank();
    bench.script("holder", [Nap(5)]);
    bench.script("first", []);
    bench.s.restart(a).unwrap();
    bench.ran();
    bench.crank();
    bench.runs_at(at_ms(5), "holder holder first a");
}

#[test]
fn l31_on_reset_runs_again_and_deadline_and_timeout_count_anew() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let work = acting([Done, Expect, Expect]);
    let a = bench.add_spec(
        Spec::new("a", work)
            .attempt_timeout(ms(5))
            .retry(Retry::ONCE),
    );
    bench.crank();
    assert_eq!(bench.lines_of("a"), ["on_reset", "poll 1", "on_success"]);
    bench.crank_at(at_ms(10));
    bench.s.restart(a).unwrap();
    bench.crank_at(at_ms(10));
    assert_eq!(bench.lines_of("a"), ["on_reset", "poll 1"]);
    bench.crank_at(at_ms(15));
    assert_eq!(bench.state(a), Retrying);
    let lines = ["on_abort", "on_failure_retry", "on_reset"];
    assert_eq!(bench.lines_of("a"), lines);
}

#[test]
fn l31_a_restart_from_a_posted_closure_works_inside_a_crank() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Done, Done]);
    bench.crank();
    bench
        .s
        .remote()
        .post(move |_, s| s.restart(a).unwrap())
        .unwrap();
    bench.ran();
    bench.crank();
    assert_eq!((bench.state(a), bench.ran().as_str()), (Success, "a"));
}
