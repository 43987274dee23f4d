//! What a user would expect.

use super::{Cx, Turn, crank, naps, scheduler, succeeds, waits_for_wake};
use crankwork::{
    Driver, Failure, Retry, Spec, Time, VirtualDriver, Work, WorkScheduler, WorkSchedulerConfig,
    WorkState,
};
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

/// A revoked grant leaves the moment of the grant where the length of the attempt is expected.
#[test]
fn a_work_that_never_ran_has_taken_no_time() {
    let mut work = scheduler();
    let gate = work.add(Spec::new("gate", waits_for_wake)).unwrap();
    let _ = crank(&mut work, 100);
    let id = work.add(Spec::new("w", succeeds)).unwrap();
    work.add_dependency(gate, id).unwrap();
    let all = work.snapshot();
    let one = all.iter().find(|w| w.id == id.id()).unwrap();
    assert_eq!(one.total_duration, Duration::ZERO);
}

/// "Its last failure, even if a later attempt succeeded", says the documentation of `WorkSnapshot::last_error`.
#[test]
fn the_last_error_is_kept_after_a_later_success() {
    let mut work = scheduler();
    let nth = |cx: Cx<'_, '_>| -> Turn {
        match cx.attempt() {
            1 => Poll::Ready(Err(Failure::msg("once"))),
            _ => Poll::Ready(Ok(())),
        }
    };
    work.add(Spec::new("w", nth).retry(Retry::ONCE)).unwrap();
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    assert!(work.snapshot()[0].last_error.is_some());
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

    fn notifier(&self) -> Option<crankwork::Notifier> {
        Some(Arc::new(|| {}))
    }
}

/// A host that once runs to the end (a driver's notifier) is deaf afterwards.
#[test]
fn the_hosts_notifier_is_back_after_a_run() {
    let mut work = scheduler();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    work.set_notifier(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    work.run_until_done(&mut (), &mut Notified).unwrap();
    work.remote().cancel_all();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn take_and_output_agree_for_works_without_output() {
    let mut work = scheduler();
    let id = work.add(Spec::new("w", succeeds)).unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.output(id).copied(), work.take(id));
}

/// What a work waits for can never come: it settles first. Refuse it, or call it the lost wake that it is.
#[test]
fn a_work_that_watches_itself_does_not_sleep_for_ever() {
    let mut work = scheduler();
    let id = work
        .add(Spec::new("w", |cx: Cx<'_, '_>| -> Turn {
            let me = cx.id();
            cx.watch(me)?;
            Poll::Pending
        }))
        .unwrap();
    let _ = crank(&mut work, 0);
    assert_eq!(work.state(id), Some(WorkState::Failed));
}

struct BadProgress;

impl Work<()> for BadProgress {
    fn poll(&mut self, cx: Cx<'_, '_>) -> Turn {
        waits_for_wake(cx)
    }

    fn progress(&self) -> Option<crankwork::Progress> {
        panic!("progress")
    }
}

/// `status` guards against a panic in a work's `status`, not against one in its `progress`.
#[test]
fn a_panic_in_progress_does_not_take_the_status_of_all_others() {
    let mut work = scheduler();
    work.add(Spec::new("w", BadProgress)).unwrap();
    let _ = crank(&mut work, 0);
    let text = catch_unwind(AssertUnwindSafe(|| work.status()));
    assert!(text.is_ok());
}

/// A parent's event comes before its children's: they wait for it.
#[test]
fn a_held_child_starts_after_its_parent_in_the_event_log() {
    let mut work = WorkScheduler::new(WorkSchedulerConfig::default().events(100));
    let gate = work.add(Spec::new("gate", naps)).unwrap();
    let parent = Spec::new("parent", succeeds).no_permit().after(gate);
    let parent = work.add(parent).unwrap();
    let child = Spec::new("child", succeeds).no_permit().parent(parent);
    work.add(child).unwrap();
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    let mut started = Vec::new();
    while let Some(event) = work.poll_event() {
        if event.state == WorkState::Running
            && &*event.name != "gate"
            && !started.contains(&event.name)
        {
            started.push(event.name);
        }
    }
    assert_eq!(started, ["parent", "child"]);
}
