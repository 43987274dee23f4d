//! L24: drops and hosts that panic.

use super::bench;
use crate::workbench::{Bench, Bomb, Cx, ON_PURPOSE, Probe, Turn, done, failing};
use crankwork::{
    Decision, DecisionKind, Failure, Spec, Work, WorkEvent, WorkScheduler, WorkSchedulerConfig,
    WorkState,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;

/// A crank lets no panic through, and another work then runs.
fn assert_goes_on(b: &mut Bench) {
    let end = catch_unwind(AssertUnwindSafe(|| b.crank().next));
    let other = b.add("other", done());
    b.crank();
    assert_eq!(b.state(other), WorkState::Success);
    assert!(end.is_ok(), "the panic came through crank_work");
}

/// Succeeds with an output that panics when it is dropped.
fn gives_a_bomb(_: &mut Cx<'_>) -> Poll<Result<Bomb, Failure>> {
    Poll::Ready(Ok(Bomb(0)))
}

#[test]
fn an_output_that_panics_when_dropped_does_not_take_the_engine_with_it() {
    let mut b = bench();
    let parent = b.add("parent", done());
    let child = Spec::new("child", gives_a_bomb).parent(parent);
    b.add_spec(child);
    assert_goes_on(&mut b);
    assert_eq!(b.s.metrics().panics, 1, "the output was dropped");
}

/// The output is dropped because the work fails after all.
#[test]
fn an_output_that_panics_when_its_work_fails_does_not_stop_all_settling() {
    let mut b = bench();
    let parent = b.s.add(Spec::new("parent", gives_a_bomb)).unwrap();
    b.add_spec(Spec::new("child", failing()).parent(parent));
    assert_goes_on(&mut b);
    assert_eq!(b.s.metrics().panics, 1, "the output was dropped");
}

/// One panic of the host's event sink leaves `is_settling` set: no work ever settles again.
#[test]
fn an_event_sink_that_panicked_once_does_not_stop_all_settling() {
    let mut armed = true;
    let sink = move |event: &WorkEvent| {
        if event.state == WorkState::Success && std::mem::take(&mut armed) {
            panic!("{ON_PURPOSE}: sink");
        }
        true
    };
    let mut b = bench();
    b.s = WorkScheduler::new(WorkSchedulerConfig::default().event_sink(sink));
    b.add("one", done());
    assert_goes_on(&mut b);
    assert_eq!(b.s.metrics().callback_panics, 1);
}

/// A decider that panics in a work's `choose` was gone afterwards.
#[test]
fn a_decider_that_panicked_once_still_decides() {
    let mut b = bench();
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    b.s.set_decider(Some(Box::new(move |decision: &Decision<'_>| {
        if decision.kind() == DecisionKind::Choose {
            count.set(count.get() + 1);
            assert!(count.get() > 1, "{ON_PURPOSE}: decider");
        }
        0
    })));
    for name in ["one", "two"] {
        let chooses = Probe::new(|cx| {
            cx.choose("either", 2);
            Poll::Ready(Ok(()))
        });
        b.add(name, chooses);
    }
    b.crank();
    assert_eq!(asked.get(), 2);
    assert_eq!(b.s.metrics().callback_panics, 1);
}

struct BadProgress;

impl Work<crate::workbench::Log> for BadProgress {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        cx.expect_wake();
        Poll::Pending
    }

    fn progress(&self) -> Option<crankwork::Progress> {
        panic!("{ON_PURPOSE}: progress")
    }
}

/// `status` guards against a panic in a work's `status`, not against one in its `progress`.
#[test]
fn a_panic_in_progress_does_not_take_the_status_of_all_others() {
    let mut b = bench();
    b.add_spec(Spec::new("bad", BadProgress));
    b.add("other", done());
    let text = catch_unwind(AssertUnwindSafe(|| b.s.status())).unwrap();
    assert!(text.contains("other: Running"), "{text}");
    assert_eq!(b.s.metrics().callback_panics, 1, "it was asked");
}
