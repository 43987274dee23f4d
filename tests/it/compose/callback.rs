//! `WorkWithCallback`, in both meanings.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::compose::{AttemptOutcome, CallbackFailed, WorkWithCallback};
use crankwork::{FailureKind, Progress, Retry, Spec, StatusContext, Work, WorkState};
use std::task::Poll;

#[test]
fn true_is_success_false_a_failure_and_a_panic_a_failure_for_good() {
    let mut b = Bench::with_permits(4);
    let yes = b.add_spec(Spec::new(
        "yes",
        WorkWithCallback::new(|_: &mut Cx<'_>| true),
    ));
    let no = WorkWithCallback::new(|cx: &mut Cx<'_>| {
        say(cx, "called");
        false
    });
    let no = b.add_spec(Spec::new("no", no).retry(Retry::ONCE));
    let panics = WorkWithCallback::new(|_: &mut Cx<'_>| panic!("{ON_PURPOSE}"));
    let panics = b.add_spec(Spec::new("panics", panics).retry(Retry::A_LOT));
    b.run();
    assert_eq!(b.state(yes), WorkState::Success);
    let outcome = b.outcome(no);
    assert_eq!(
        outcome.failure().unwrap().downcast_ref(),
        Some(&CallbackFailed)
    );
    assert_eq!(b.lines_of("no"), ["called", "called"]);
    let outcome = b.outcome(panics);
    assert_eq!(outcome.failure().unwrap().kind(), &FailureKind::Panicked);
}

#[test]
fn it_is_called_again_after_a_restart() {
    let mut b = Bench::with_permits(4);
    let callback = WorkWithCallback::new(|cx: &mut Cx<'_>| {
        say(cx, "called");
        true
    });
    let a = b.add_spec(Spec::new("a", callback));
    b.run();
    b.s.restart(a).unwrap();
    b.run();
    assert_eq!(b.lines_of("a"), ["called", "called"]);
}

/// Logs the outcome of each attempt.
fn told<T: 'static>(work: impl Work<Log, T>) -> impl Work<Log, T> {
    WorkWithCallback::after(work, |cx: &mut Cx<'_>, outcome| {
        let line = match outcome {
            AttemptOutcome::Success => "success".into(),
            AttemptOutcome::Retry(failure) => format!("retry after {failure}"),
            AttemptOutcome::Failed(failure) => format!("failed with {failure}"),
            AttemptOutcome::Cancelled => "cancelled".into(),
        };
        say(cx, &format!("{line} ({})", cx.attempt()));
    })
}

/// Returns the lines about `a`.
fn tale(b: &mut Bench) -> Vec<String> {
    let mut lines = b.lines_of("a");
    lines.retain(|line| line.contains('('));
    lines
}

#[test]
fn each_attempt_is_told_with_its_outcome() {
    let mut b = Bench::with_permits(4);
    let good = b.add_spec(Spec::new("a", told(done())));
    b.run();
    assert_eq!(tale(&mut b), ["success (1)"]);
    b.s.restart(good).unwrap();
    b.run();
    assert_eq!(tale(&mut b), ["success (1)"]);

    b.add_spec(Spec::new("a", told(failing())).retry(Retry::ONCE));
    b.run();
    assert_eq!(
        tale(&mut b),
        ["retry after no luck (1)", "failed with no luck (2)"]
    );
}

#[test]
fn limits_and_children_are_told_as_failures_too() {
    let mut b = Bench::with_permits(4);
    let a = Spec::new("a", told(idling())).attempt_timeout(secs(3));
    b.add_spec(a.retry(Retry::ONCE));
    b.run();
    let limit = "the attempt took longer than 3s";
    let expected = [
        format!("retry after {limit} (1)"),
        format!("failed with {limit} (2)"),
    ];
    assert_eq!(tale(&mut b), expected);

    b.add_spec(Spec::new("a", told(parenting("child", failing))));
    b.run();
    let tale = tale(&mut b);
    assert!(
        tale.len() == 1 && tale[0].starts_with("failed with child `child`"),
        "{tale:?}"
    );
}

#[test]
fn a_cancel_is_told_once_whenever_it_comes() {
    for moment in 0..4 {
        let mut b = Bench::with_permits(4);
        let work = Probe::new(|cx| match cx.attempt() {
            1 => fail("no luck"),
            _ => cx.sleep(secs(5)).map(Ok),
        });
        let work = work.on_abort(slowly(secs(1)));
        let a = b.add_spec(Spec::new("a", told(work)).retry(Retry::ONCE));
        // Before its first turn, in its back-off, in its second attempt, while it aborts.
        if moment > 0 {
            b.crank();
        }
        if moment > 1 {
            b.crank_at(at_secs(10));
        }
        b.s.cancel(a).unwrap();
        if moment > 2 {
            b.crank_at(at_secs(10));
            b.s.cancel(a).unwrap();
        }
        b.run();
        assert_eq!(b.state(a), WorkState::Cancelled);
        let mut expected = vec!["retry after no luck (1)"; (moment > 0) as usize];
        expected.push(
            [
                "cancelled (1)",
                "cancelled (1)",
                "cancelled (2)",
                "cancelled (2)",
            ][moment],
        );
        assert_eq!(tale(&mut b), expected, "moment {moment}");
    }
}

#[test]
fn a_work_that_was_never_granted_is_not_told() {
    let mut b = Bench::with_permits(1);
    b.add("first", idling());
    let a = b.add_spec(Spec::new("a", told(done())));
    b.crank();
    b.s.cancel(a).unwrap();
    b.crank();
    assert_eq!((tale(&mut b).len(), b.state(a)), (0, WorkState::Cancelled));
}

#[test]
fn the_callback_may_start_what_follows() {
    let mut b = Bench::with_permits(4);
    let work = WorkWithCallback::after(done(), |cx: &mut Cx<'_>, _| {
        cx.spawn_root(Spec::new("next", done())).unwrap();
        assert!(cx.spawn(Spec::new("child", done())).is_err());
    });
    b.add_spec(Spec::new("a", work));
    b.run();
    assert_eq!(b.state(b.find("next")), WorkState::Success);
}

#[test]
fn all_else_is_the_works_own() {
    struct Own;
    impl Work<Log, u32> for Own {
        fn poll(&mut self, _: &mut Cx<'_>) -> Poll<Result<u32, crankwork::Failure>> {
            Poll::Ready(Ok(7))
        }
        fn name(&self) -> &str {
            "own"
        }
        fn status(
            &self,
            _: &StatusContext<'_>,
            f: &mut std::fmt::Formatter<'_>,
        ) -> std::fmt::Result {
            f.write_str("says")
        }
        fn progress(&self) -> Option<Progress> {
            Some(Progress { done: 1, total: 2 })
        }
    }
    let work = told(Own);
    assert_eq!(work.name(), "own");
    let mut b = Bench::with_permits(4);
    let a = b.s.add(Spec::new("a", work)).unwrap();
    assert_eq!(super::says(&b, "a"), ": Running : 1/2 : says");
    b.run();
    assert_eq!(b.s.take(a), Some(7));
}
