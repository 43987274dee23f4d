//! Expectations of a user.

use super::bench;
use crate::units::{at_secs, secs};
use crate::workbench::{OK, Probe, done, fail, idling, napping};
use crankwork::{Driver, Notifier, Retry, Spec, Time, WorkState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

/// A revoked grant leaves the moment of the grant where the length of the attempt is expected.
#[test]
fn a_work_that_never_ran_has_taken_no_time() {
    let mut b = bench();
    let gate = b.add("gate", idling());
    b.crank_at(at_secs(100));
    let id = b.add("w", done());
    b.s.add_dependency(gate, id).unwrap();
    let all = b.s.snapshot();
    let one = all.iter().find(|w| w.id == id).unwrap();
    assert_eq!(one.total_duration, Duration::ZERO);
}

/// "Its last failure, even if a later attempt succeeded", says the documentation of `WorkSnapshot::last_error`.
#[test]
fn the_last_error_is_kept_after_a_later_success() {
    let mut b = bench();
    let second_time_lucky = Probe::new(|cx| match cx.attempt() {
        1 => fail("once"),
        _ => OK,
    });
    b.add_spec(Spec::new("w", second_time_lucky).retry(Retry::ONCE));
    b.run();
    assert!(b.s.snapshot()[0].last_error.is_some());
}

/// A driver with a notifier of its own, and nothing to wait for.
struct Notified;

impl Driver for Notified {
    fn now(&mut self) -> Time {
        Time::ZERO
    }

    fn wait(&mut self, _: Option<Time>) -> bool {
        false
    }

    fn notifier(&self) -> Option<Notifier> {
        Some(Arc::new(|| {}))
    }
}

/// A host that once runs to the end (a driver's notifier) is deaf afterwards.
#[test]
fn the_hosts_notifier_is_back_after_a_run() {
    let mut b = bench();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    b.s.set_notifier(move || _ = count.fetch_add(1, Ordering::Relaxed));
    b.s.run_until_done(&mut b.log, &mut Notified).unwrap();
    b.s.remote().cancel_all();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

/// Its own end can never wake the work: it settles first.
#[test]
fn a_work_that_watches_itself_does_not_sleep_for_ever() {
    let mut b = bench();
    let watches = Probe::new(|cx| {
        cx.watch(cx.id())?;
        Poll::Pending
    });
    let id = b.add("w", watches);
    b.crank();
    assert_eq!(b.state(id), WorkState::Failed);
}

/// A parent's event comes before its children's: they wait for it.
#[test]
fn a_held_child_starts_after_its_parent_in_the_event_log() {
    let mut b = bench();
    let gate = b.add("gate", napping(secs(1)));
    let parent = Spec::new("parent", done()).no_permit().after(gate);
    let parent = b.add_spec(parent);
    b.add_spec(Spec::new("child", done()).no_permit().parent(parent));
    b.run();
    let mut started = Vec::new();
    while let Some(event) = b.s.poll_event() {
        if event.state == WorkState::Running && event.name != *"gate" {
            started.push(event.name.to_string());
        }
    }
    started.dedup();
    assert_eq!(started, ["parent", "child"]);
}
