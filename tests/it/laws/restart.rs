//! L31: running a settled work anew.

use super::Step::{self, Done, Expect, Fail, Nap, Pending};
use super::{Script, lab, script, then};
use crate::units::ms;
use crankwork::WorkState::{
    self, Aborting, Blocked, Cancelled, Failed, Joining, Queued, Retrying, Running, Success,
    Waiting,
};
use crankwork::{OnChildFailure, RestartError, Retry, Spec, UnknownWork};
use std::task::Poll;

#[test]
fn l31_each_settled_state_can_be_restarted() {
    let mut lab = lab(9);
    let ok = lab.work("ok", []);
    let failed = lab.work("failed", [Fail("x"), Done]);
    let cancelled = lab.work("cancelled", [Step::Cancel, Done]);
    let blocked = lab.add(script("blocked", []).after(failed));
    let all = [ok, failed, cancelled, blocked];
    lab.crank(0);
    assert_eq!(lab.states(&all), [Success, Failed, Cancelled, Blocked]);
    for id in all {
        lab.s.restart(id).unwrap();
    }
    lab.crank(0);
    assert_eq!(lab.states(&all), [Success; 4]);
}

#[test]
fn l31_it_is_refused_before_a_work_has_settled() {
    let mut lab = lab(1);
    let waiting = lab.work("waiting", [Expect]);
    let queued = lab.work("queued", []);
    let pending = lab.add(script("pending", []).after(queued));
    lab.crank(0);
    for (id, state) in [
        (waiting, Waiting),
        (queued, Queued),
        (pending, WorkState::Pending),
    ] {
        assert_eq!(lab.s.restart(id), Err(RestartError::NotSettled(id, state)));
    }
}

#[test]
fn l31_it_is_refused_after_shutdown() {
    let mut lab = lab(1);
    let a = lab.work("a", []);
    lab.crank(0);
    lab.s.shutdown();
    assert_eq!(lab.s.restart(a), Err(RestartError::ShutDown));
    assert_eq!(lab.state(a), Success);
}

/// A parent whose child has failed while another is left.
fn collecting(lab: &mut super::Lab, steps: Vec<Step>) -> crankwork::WorkId {
    let mut all = vec![then(|cx| {
        for (name, steps) in [("bad", vec![Fail("x"), Done]), ("slow", vec![Nap(50)])] {
            let id = cx.spawn(script(name, steps)).unwrap().id();
            cx.app.ids.insert(name, id);
        }
        Pending
    })];
    all.extend(steps);
    let work = Script::new(all).on_abort([Nap(5)]);
    lab.add(Spec::new("parent", work).on_child_failure(OnChildFailure::Collect))
}

#[test]
fn l31_a_child_is_restarted_within_its_parents_attempt() {
    let mut lab = lab(9);
    let counts = then(|cx| {
        let children = cx.children();
        cx.app
            .say(format!("{} {}", children.succeeded(), children.failed()));
        Done
    });
    let parent = collecting(&mut lab, vec![Expect, counts]);
    lab.crank(0);
    let bad = lab.log.id("bad");
    assert_eq!((lab.state(parent), lab.state(bad)), (Waiting, Failed));
    lab.s.restart(bad).unwrap();
    lab.ran();
    lab.crank(0);
    assert_eq!(lab.ran(), "bad parent 1 0", "no failed child any more");
    assert_eq!((lab.state(parent), lab.state(bad)), (Joining, Success));
    lab.crank(50);
    assert_eq!((lab.state(parent), lab.s.state(bad)), (Success, None));
}

#[test]
fn l31_a_joining_parent_waits_for_a_restarted_child() {
    let mut lab = lab(9);
    let parent = lab.work(
        "parent",
        [then(|cx| {
            for (name, steps) in [("quick", vec![Done, Nap(9)]), ("slow", vec![Nap(5)])] {
                let id = cx.spawn(script(name, steps)).unwrap().id();
                cx.app.ids.insert(name, id);
            }
            Done
        })],
    );
    lab.crank(0);
    lab.s.restart(lab.log.id("quick")).unwrap();
    lab.crank(0);
    lab.crank(5);
    assert_eq!(lab.state(parent), Joining);
    lab.crank(9);
    assert_eq!(lab.state(parent), Success);
}

#[test]
fn l31_restarting_a_child_that_its_parent_cancelled_leaves_the_count_of_failures() {
    let mut lab = lab(9);
    let parent = lab.add(
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
    lab.crank(0);
    let idle = lab.log.id("idle");
    assert_eq!((lab.state(parent), lab.state(idle)), (Waiting, Cancelled));
    lab.s.restart(idle).unwrap();
    lab.s.wake(parent).unwrap();
    lab.crank(0);
    assert_eq!(lab.state(parent), Success);
}

#[test]
fn l31_it_is_refused_for_a_child_whose_parent_is_aborting() {
    let mut lab = lab(9);
    let parent = collecting(&mut lab, vec![Expect]);
    lab.crank(0);
    lab.s.cancel(parent).unwrap();
    lab.crank(0);
    assert_eq!(lab.state(parent), Aborting);
    let bad = lab.log.id("bad");
    assert_eq!(lab.s.restart(bad), Err(RestartError::ParentDone(bad)));
}

#[test]
fn l31_it_is_refused_for_a_child_whose_parent_has_settled() {
    let mut lab = lab(9);
    let gate = lab.work("gate", [Nap(50)]);
    lab.work(
        "parent",
        [then(|cx| {
            let id = cx.spawn(script("child", [])).unwrap().id();
            cx.app.ids.insert("child", id);
            Done
        })],
    );
    lab.turns(0, 2);
    // A dependent keeps the child when its parent settles.
    let child = lab.log.id("child");
    lab.add(script("after", []).after(child).after(gate));
    lab.crank(0);
    assert_eq!(lab.s.state(child), Some(Success));
    assert_eq!(lab.s.restart(child), Err(RestartError::ParentDone(child)));
}

#[test]
fn l31_a_reclaimed_or_dropped_work_cannot_be_restarted() {
    let mut lab = lab(9);
    let gone = lab.work("gone", []);
    let panics = lab.work("panics", [Step::Panic("on purpose")]);
    let forced = lab.add(Spec::new(
        "forced",
        Script::new([Expect]).on_abort([Pending]),
    ));
    lab.crank(0);
    lab.s.reap(gone).unwrap();
    lab.s.cancel(forced).unwrap();
    lab.crank(0);
    assert_eq!(
        lab.s.restart(gone),
        Err(UnknownWork::Reclaimed(gone).into())
    );
    for id in [panics, forced] {
        assert_eq!(lab.s.restart(id), Err(RestartError::Gone(id)));
    }
}

#[test]
fn l31_it_clears_the_output() {
    let mut lab = lab(9);
    let mut turn = 0;
    let a = lab
        .s
        .add_fn("a", move |cx: &mut super::Cx<'_>| {
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
    lab.crank(0);
    assert_eq!(lab.s.output(a), Some(&7));
    lab.s.restart(a).unwrap();
    assert_eq!(lab.s.output(a), None);
    lab.crank(0);
    assert!(lab.s.outcome(a).is_none());
    lab.s.wake(a).unwrap();
    lab.crank(0);
    assert_eq!((lab.s.take(a), lab.s.take(a)), (Some(8), None));
}

#[test]
fn l31_an_output_that_nobody_took_is_dropped_at_the_restart() {
    let mut lab = lab(9);
    let output = std::rc::Rc::new(());
    let weak = std::rc::Rc::downgrade(&output);
    let mut output = Some(output);
    let a = lab
        .s
        .add_fn("a", move |cx: &mut super::Cx<'_>| match output.take() {
            Some(output) => Poll::Ready(Ok(output)),
            None => {
                cx.expect_wake();
                Poll::Pending
            }
        })
        .unwrap();
    lab.crank(0);
    assert_eq!(weak.strong_count(), 1);
    lab.s.restart(a).unwrap();
    assert_eq!(weak.strong_count(), 0);
}

#[test]
fn l31_it_clears_the_retry_count_the_attempts_and_the_error() {
    let mut lab = lab(9);
    let failures = std::iter::repeat_with(|| Fail("x")).take(6);
    let a = lab.add(script("a", failures).retry(Retry::times(2)));
    lab.run();
    assert_eq!((lab.state(a), lab.s.metrics().retries_left), (Failed, 0));
    assert_eq!(lab.s.snapshot()[0].attempts, 3);
    lab.s.restart(a).unwrap();
    let new = &lab.s.snapshot()[0];
    assert_eq!((new.retries_left, lab.s.metrics().retries_left), (2, 2));
    assert!(new.last_error.is_none() && lab.s.outcome(a).is_none());
    let mut seen = Vec::new();
    while lab.state(a) != Failed {
        let now = lab.s.retry_eta(a).unwrap_or(lab.s.now());
        lab.crank_at(now);
        seen.push(lab.s.snapshot()[0].attempts);
    }
    assert_eq!(seen, [1, 2, 3]);
}

#[test]
fn l31_it_takes_its_open_dependencies_as_they_are() {
    let mut lab = lab(9);
    let a = lab.work("a", [Fail("x"), Nap(5)]);
    let b = lab.add(script("b", []).after(a));
    lab.crank(0);
    // Blocked again: `a` is still failed, with the same root cause.
    lab.s.restart(b).unwrap();
    assert_eq!(lab.state(b), Blocked);
    assert_eq!(lab.failure(b).to_string(), "x");
    // Waits, now that `a` runs again.
    lab.s.restart(a).unwrap();
    lab.s.restart(b).unwrap();
    assert_eq!(lab.states(&[a, b]), [Running, WorkState::Pending]);
    lab.crank(0);
    assert_eq!(lab.state(b), WorkState::Pending);
    lab.crank(5);
    assert_eq!(lab.states(&[a, b]), [Success, Success]);
    // Satisfied for ever.
    lab.s.restart(b).unwrap();
    assert_eq!(lab.state(b), Running);
}

#[test]
fn l31_dependents_stay_as_they_are() {
    let mut lab = lab(9);
    let a = lab.work("a", [Fail("x"), Expect]);
    let blocked = lab.add(script("blocked", []).after(a));
    let settled = lab.add(script("settled", []).after_settled(a));
    lab.crank(0);
    lab.s.restart(a).unwrap();
    lab.crank(0);
    assert_eq!(
        lab.states(&[a, blocked, settled]),
        [Waiting, Blocked, Success]
    );
    lab.s.wake(a).unwrap();
    lab.crank(0);
    assert_eq!(lab.states(&[a, blocked]), [Success, Blocked]);
}

#[test]
fn l31_the_permit_queue_is_joined_at_the_tail() {
    let mut lab = lab(1);
    let a = lab.work("a", []);
    lab.crank(0);
    lab.work("holder", [Nap(5)]);
    lab.work("first", []);
    lab.s.restart(a).unwrap();
    lab.ran();
    lab.crank(0);
    lab.runs(5, "holder holder first a");
}

#[test]
fn l31_on_reset_runs_again_and_deadline_and_timeout_count_anew() {
    let mut lab = lab(9);
    let work = Script::new([Done, Expect, Expect]).with_hooks();
    let a = lab.add(
        Spec::new("a", work)
            .attempt_timeout(ms(5))
            .retry(Retry::ONCE),
    );
    lab.runs(0, "a.reset a a.success");
    lab.crank(10);
    lab.s.restart(a).unwrap();
    lab.runs(10, "a.reset a");
    lab.crank(15);
    assert_eq!(
        (lab.state(a), lab.ran().as_str()),
        (Retrying, "a! a.retry a.reset")
    );
}

#[test]
fn l31_a_restart_from_a_posted_closure_works_inside_a_crank() {
    let mut lab = lab(9);
    let a = lab.work("a", [Done, Done]);
    lab.crank(0);
    lab.s
        .remote()
        .post(move |_, s| s.restart(a).unwrap())
        .unwrap();
    lab.ran();
    lab.crank(0);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Success, "a"));
}
