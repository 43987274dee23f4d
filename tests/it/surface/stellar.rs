//! Status text and children queries, as stellar-core's `Work` has them.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{OnChildFailure, Progress, Retry, Spec, StatusContext, Work, WorkState};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::task::Poll;

/// Says something of itself and how far it is.
struct Talker {
    inner: Probe,
    says: &'static str,
    progress: Option<Progress>,
}

impl Work<Log> for Talker {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        self.inner.poll(cx)
    }

    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.says)
    }

    fn progress(&self) -> Option<Progress> {
        self.progress
    }
}

/// Five children: two done, one backing off, one asleep, one waiting for its turn.
fn family() -> Probe {
    Probe::new(|cx| {
        if cx.children().is_empty() {
            for name in ["one", "two"] {
                cx.spawn(Spec::new(name, done())).unwrap();
            }
            let fails = Spec::new("get 0000003f", failing());
            let fixed = crankwork::Backoff::fixed(secs(3));
            cx.spawn(fails.retry(Retry::ONCE.with_backoff(fixed)))
                .unwrap();
            let progress = Progress { done: 3, total: 8 };
            let talker = Talker {
                inner: napping(secs(9)),
                says: "fetching",
                progress: Some(progress),
            };
            cx.spawn(Spec::new("talker", talker)).unwrap();
            let after = cx.children().iter().last().unwrap().0;
            cx.spawn(Spec::new("last", done()).after(after)).unwrap();
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    })
}

#[test]
fn the_status_is_a_tree_to_read() {
    let mut b = Bench::with_permits(8);
    let spec = Spec::new("sync", family()).on_child_failure(OnChildFailure::Collect);
    b.add_spec(spec);
    b.add("other", done());
    b.crank();
    let expected = "\
sync: Waiting : 2/5 children completed
  one: Success
  two: Success
  get 0000003f: Retrying in 3s : no luck
  talker: Waiting : 3/8 : fetching
  last: Pending
other: Success
";
    assert_eq!(b.s.status(), expected);
    b.crank_at(at_secs(1));
    assert!(
        b.s.status()
            .contains("get 0000003f: Retrying in 2s : no luck")
    );
    b.crank_at(at_secs(3));
    let status = b.s.status();
    assert!(
        status.contains("sync: Waiting : 3/5 children completed"),
        "{status}"
    );
    assert!(
        status.contains("get 0000003f: Failed : no luck"),
        "{status}"
    );
    b.run();
    assert_eq!(b.s.status(), "sync: Success\nother: Success\n");
}

#[test]
fn a_deep_tree_prints_without_recursion() {
    let mut b = Bench::with_permits(1);
    let mut parent = b.add("top", idling());
    for _ in 0..20_000 {
        parent = b.add_spec(Spec::new("deeper", idling()).parent(parent));
    }
    assert_eq!(b.s.status().lines().count(), 20_001);
    b.s.cancel_all();
    b.run();
    assert_eq!(b.s.status(), "top: Cancelled\n");
}

/// Everything that can be asked about children.
fn census(cx: &Cx<'_>) -> (usize, usize, usize, usize, [bool; 5]) {
    let all = cx.children();
    let flags = [
        all.is_empty(),
        all.all_successful(),
        all.all_done(),
        all.any_failed(),
        all.any_running(),
    ];
    (all.len(), all.live(), all.succeeded(), all.failed(), flags)
}

#[test]
fn the_children_queries() {
    let seen: Rc<RefCell<Vec<_>>> = Rc::default();
    let note = seen.clone();
    let mut b = Bench::with_permits(8);
    let parent = Probe::new(move |cx| {
        note.borrow_mut().push(census(cx));
        if cx.children().is_empty() {
            cx.spawn(Spec::new("good", napping(secs(1)))).unwrap();
            let bad = Probe::new(|cx| match cx.sleep(secs(2)) {
                Poll::Ready(()) => fail("no"),
                Poll::Pending => Poll::Pending,
            });
            cx.spawn(Spec::new("bad", bad)).unwrap();
            cx.spawn(Spec::new("idle", idling())).unwrap();
            note.borrow_mut().push(census(cx));
        }
        if cx.now() == at_secs(2) {
            let states: Vec<_> = cx.children().iter().map(|(_, state)| state).collect();
            use WorkState::*;
            if cx.children().live() > 0 {
                assert_eq!(states, [Success, Failed, Waiting]);
                cx.cancel_children();
            } else {
                assert_eq!(states, [Success, Failed, Cancelled]);
                return OK;
            }
        }
        Poll::Pending
    });
    let spec = Spec::new("parent", parent).on_child_failure(OnChildFailure::Collect);
    let parent = b.add_spec(spec);
    b.run();
    assert_eq!(b.state(parent), WorkState::Success);
    let expected = [
        (0, 0, 0, 0, [true, true, true, false, false]),
        (3, 3, 0, 0, [false, false, false, false, true]),
        (3, 2, 1, 0, [false, false, false, false, true]),
        (3, 1, 1, 1, [false, false, false, true, true]),
        (3, 0, 1, 1, [false, false, true, true, false]),
    ];
    assert_eq!(*seen.borrow(), expected);
}

#[test]
fn children_cancelled_by_somebody_else_count_as_failed() {
    let mut b = Bench::with_permits(8);
    let parent = Probe::new(move |cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("child", idling())).unwrap();
        }
        match cx.children().any_failed() {
            true => OK,
            false => Poll::Pending,
        }
    });
    let spec = Spec::new("parent", parent).on_child_failure(OnChildFailure::Collect);
    let parent = b.add_spec(spec);
    b.crank();
    b.s.cancel(b.find("child")).unwrap();
    b.run();
    assert_eq!(b.state(parent), WorkState::Success);
}

#[test]
fn a_failed_child_aborts_its_siblings_before_the_parents_attempt_ends() {
    let mut b = Bench::with_permits(8);
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("slow", idling().on_abort(slowly(secs(2)))))
                .unwrap();
            cx.spawn(Spec::new("bad", failing())).unwrap();
        }
        Poll::Pending
    });
    let parent = b.add("parent", parent);
    b.crank();
    assert_eq!(b.state(parent), WorkState::Aborting);
    assert_eq!(b.state(b.find("slow")), WorkState::Aborting);
    b.run();
    let log = b.lines();
    let tail: Vec<_> = log[log.len() - 3..].iter().map(String::as_str).collect();
    assert_eq!(
        tail,
        [
            "slow: on_reset",
            "parent: on_failure_raise",
            "parent: on_reset"
        ]
    );
}

#[test]
fn the_status_tells_a_wait_in_milliseconds() {
    let mut b = Bench::with_permits(8);
    for (name, nanos) in [("long", 1_862_335_267), ("short", 335_267)] {
        let backoff = crankwork::Backoff::fixed(std::time::Duration::from_nanos(nanos));
        let retry = Retry::ONCE.with_backoff(backoff);
        b.add_spec(Spec::new(name, failing()).retry(retry));
    }
    b.crank();
    let expected = "\
long: Retrying in 1.862s : no luck
short: Retrying in 335.267µs : no luck
";
    assert_eq!(b.s.status(), expected);
}
