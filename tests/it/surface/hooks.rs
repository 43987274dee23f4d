//! The hooks of stellar-core's `BasicWork`, by meaning: which is called when.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{Retry, Spec, WorkOutcome, WorkState};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// `onRun`, `onReset`, `onSuccess`, `onFailureRetry`, `onFailureRaise`, `onAbort`.
fn calls(work: Probe, retry: Retry, cancel: bool) -> Vec<String> {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", work).retry(retry));
    b.crank();
    if cancel {
        b.s.cancel(a).unwrap();
    }
    b.run();
    b.lines_of("a")
}

#[test]
fn success() {
    let expected = ["on_reset", "poll 1", "on_success"];
    assert_eq!(calls(done(), Retry::A_FEW, false), expected);
}

#[test]
fn a_wait_then_success() {
    let expected = ["on_reset", "poll 1", "poll 1", "on_success"];
    assert_eq!(calls(napping(secs(1)), Retry::NEVER, false), expected);
}

#[test]
fn failure_and_retry() {
    let expected = [
        "on_reset",
        "poll 1",
        "on_failure_retry",
        "on_reset",
        "poll 2",
        "on_failure_raise",
        "on_reset",
    ];
    assert_eq!(calls(failing(), Retry::ONCE, false), expected);
}

#[test]
fn abort() {
    let expected = ["on_reset", "poll 1", "on_abort", "on_reset"];
    assert_eq!(calls(idling(), Retry::A_FEW, true), expected);
}

#[test]
fn on_success_comes_after_the_children_and_before_the_work_settles() {
    let mut b = Bench::with_permits(2);
    let parent = Probe::new(|cx| {
        cx.spawn(Spec::new("child", napping(secs(2)))).unwrap();
        OK
    })
    .on_hook(|cx, hook| {
        if hook == "on_success" {
            assert_eq!(cx.now(), at_secs(2));
            assert!(cx.children().all_successful() && cx.children().len() == 1);
            let me = cx.id();
            assert_eq!(cx.state(me), Some(WorkState::Joining));
        }
    });
    let parent = b.add("parent", parent);
    b.run();
    assert_eq!(b.state(parent), WorkState::Success);
}

#[test]
fn failure_hooks_still_see_the_children_of_the_attempt() {
    let mut b = Bench::with_permits(2);
    let parent = parenting("child", failing).on_hook(|cx, hook| {
        if hook.starts_with("on_failure") {
            assert_eq!((cx.children().len(), cx.children().failed()), (1, 1));
        }
        if hook == "on_reset" && cx.app.lines.is_empty() {
            assert!(cx.children().is_empty());
        }
    });
    let spec = Spec::new("parent", parent).retry(Retry::ONCE);
    let parent = b.add_spec(spec);
    b.run();
    assert_eq!(
        (b.state(parent), b.s.metrics().panics),
        (WorkState::Failed, 0)
    );
}

#[test]
fn hooks_know_their_attempt() {
    let seen: Rc<RefCell<Vec<(String, u32)>>> = Rc::default();
    let note = seen.clone();
    let a = failing().on_hook(move |cx, hook| {
        note.borrow_mut().push((hook.to_owned(), cx.attempt()));
    });
    let mut b = Bench::with_permits(1);
    b.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    b.run();
    let expected = [
        ("on_reset", 1),
        ("on_failure_retry", 1),
        ("on_reset", 1),
        ("on_failure_raise", 2),
        ("on_reset", 2),
    ];
    assert_eq!(
        *seen.borrow(),
        expected.map(|(hook, n)| (hook.to_owned(), n))
    );
}

#[test]
fn on_settled_is_called_once_for_each_child_with_its_outcome() {
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            let kinds: [(&str, Probe); 3] = [
                ("good", done()),
                ("slow", napping(secs(2))),
                ("bad", napping(secs(1))),
            ];
            for (name, work) in kinds {
                let work = if name == "bad" { failing() } else { work };
                let spec = Spec::new(name, work).on_settled(move |log: &mut Log, _, outcome| {
                    log.push(format!("{name} is {}", outcome.state()));
                });
                cx.spawn(spec).unwrap();
            }
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    });
    let spec = Spec::new("parent", parent);
    let parent = b.add_spec(spec.on_child_failure(crankwork::OnChildFailure::Collect));
    b.run();
    assert_eq!(b.state(parent), WorkState::Success);
    let log = b.lines();
    let told: Vec<_> = log.iter().filter(|line| line.contains(" is ")).collect();
    assert_eq!(
        told,
        ["good is Success", "bad is Failed", "slow is Success"]
    );
}

#[test]
fn on_settled_comes_after_the_turn_with_the_failure_and_not_again_after_a_restart() {
    let told: Rc<RefCell<Vec<String>>> = Rc::default();
    let note = told.clone();
    let mut b = Bench::with_permits(1);
    let spec = Spec::new("a", failing()).on_settled(move |log: &mut Log, _, outcome| {
        assert_eq!(log.lines.last().unwrap(), "a: on_reset");
        let WorkOutcome::Failed(failure) = outcome else {
            panic!("{outcome:?}");
        };
        note.borrow_mut().push(failure.to_string());
    });
    let a = b.add_spec(spec);
    b.run();
    b.s.restart(a).unwrap();
    b.run();
    assert_eq!(*told.borrow(), ["no luck"]);
    assert_eq!(b.s.metrics().callback_panics, 0);
}

#[test]
fn on_settled_of_a_work_cancelled_between_cranks_comes_with_the_next() {
    let mut b = Bench::with_permits(1);
    b.add("owner", idling());
    b.crank();
    let spec = Spec::new("queued", done()).on_settled(|log: &mut Log, _, outcome| {
        log.push(format!("told {}", outcome.state()));
    });
    let queued = b.add_spec(spec);
    b.lines();
    b.s.cancel(queued).unwrap();
    assert!(b.log.lines.is_empty());
    assert_eq!(b.s.next(), crankwork::Next::Now);
    b.crank();
    assert_eq!(b.log.lines, ["told Cancelled"]);
}
