//! The ends of jobs: panics, refusals, cancels, retries, and the end of the pool.

use super::*;
use crate::units::{at_secs, secs};
use crate::workbench::{Bench, OK, ON_PURPOSE, Probe, fail};
use crankwork::{
    FailureKind, InlineOffload, Next, OffloadError, Retry, Spec, ThreadOffload, Ticket, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Poll, ready};
use std::thread;

#[test]
fn a_panic_in_a_job_fails_its_work_for_good() {
    for threads in [false, true] {
        let mut bench = Bench::with_permits(1);
        match threads {
            true => bench.s.set_offload(pool(1)),
            false => bench.s.set_offload(InlineOffload::new()),
        }
        let task = Task::new(|| panic!("{ON_PURPOSE}: a broken archive"));
        let spec = Spec::new("a", task).retry(Retry::A_FEW);
        let a = bench.s.add::<_, ()>(spec).unwrap();
        let b = bench.s.add(Spec::new("b", Task::new(|| "b"))).unwrap();
        bench.run();
        let failure = bench.failed(a.id());
        assert_eq!(*failure.kind(), FailureKind::Panicked);
        assert_eq!(
            failure.to_string(),
            format!("panicked: {ON_PURPOSE}: a broken archive")
        );
        assert_eq!(bench.s.take(b), Some("b"), "the thread has survived");
    }
}

/// Returns the error of the ticket with which a work has failed.
fn offload_error(bench: &Bench, id: crankwork::WorkId) -> (FailureKind, OffloadError) {
    let failure = bench.failed(id);
    let error = failure.downcast_ref::<OffloadError>();
    (failure.kind().clone(), *error.expect("an offload error"))
}

#[test]
fn without_an_offload_the_ticket_says_what_to_do() {
    let mut bench = Bench::with_permits(1);
    let spec = Spec::new("a", Task::new(|| ())).retry(Retry::A_FEW);
    let a = bench.add_spec(spec);
    bench.run();
    let error = offload_error(&bench, a);
    assert_eq!(error, (FailureKind::Fatal, OffloadError::NotSet));
    assert!(bench.failure(a).contains("set_offload"));
}

#[test]
fn tickets_of_hooks_of_other_attempts_and_of_the_past_are_refused() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(InlineOffload::after(secs(1)));
    let from_hook: Rc<RefCell<Option<Ticket<()>>>> = Rc::default();
    let hook = from_hook.clone();
    let a = Probe::new(move |cx| {
        let mut ticket = from_hook.take().unwrap();
        ready!(ticket.poll(cx))?;
        OK
    });
    let a = bench.add(
        "a",
        a.on_hook(move |cx, name| {
            if name == "on_reset" {
                *hook.borrow_mut() = Some(cx.offload(|| ()));
            }
        }),
    );
    let lent = Rc::new(RefCell::new(None));
    let borrowed = lent.clone();
    let lender = Probe::new(move |cx| {
        let mut lent = lent.borrow_mut();
        match &mut *lent {
            None => *lent = Some(cx.offload(|| ())),
            // Twice, though it is ready once.
            Some(ticket) => ready!(ticket.poll(cx))?,
        }
        Poll::Pending
    });
    let lender = bench.add("lender", lender);
    let borrower = Probe::new(move |cx| {
        let mut lent = borrowed.borrow_mut();
        lent.as_mut().unwrap().poll(cx)
    });
    let borrower = bench.add("borrower", borrower);
    bench.run();
    let fatal = |error| (FailureKind::Fatal, error);
    assert_eq!(offload_error(&bench, a), fatal(OffloadError::InHook));
    assert_eq!(offload_error(&bench, borrower), fatal(OffloadError::Stale));
    // It was woken by the job, took the result and slept on nothing.
    assert!(bench.failure(lender).contains("nothing can wake it"));
}

#[test]
fn a_result_is_given_once() {
    let mut bench = Bench::with_permits(1);
    bench.s.set_offload(InlineOffload::new());
    let mut ticket = None;
    let a = bench.add(
        "a",
        Probe::new(move |cx| {
            let ticket = ticket.get_or_insert_with(|| cx.offload(|| 4));
            assert_eq!(ready!(ticket.poll(cx))?, 4);
            assert!(!ticket.is_ready());
            ticket.poll(cx).map_ok(|_| ())
        }),
    );
    bench.run();
    let error = offload_error(&bench, a);
    assert_eq!(error, (FailureKind::Fatal, OffloadError::Taken));
}

#[test]
fn cancel_drops_what_has_not_begun_and_lets_the_rest_end() {
    let mut bench = Bench::with_permits(100);
    // One place in the queue: most wait in the backlog.
    bench
        .s
        .set_offload(ThreadOffload::with_queue(1, 1).unwrap());
    let (gate, job) = gated();
    let first = bench.s.add(Spec::new("first", Task::new(job))).unwrap();
    bench.crank();
    gate.running.recv().unwrap();
    let ran: Arc<AtomicU32> = Arc::default();
    let mut others = Vec::new();
    for n in 0..50 {
        let ran = ran.clone();
        let task = Task::new(move || ran.fetch_add(1, Ordering::AcqRel));
        let id = bench.s.add(Spec::new(format!("other {n}"), task)).unwrap();
        others.push(id.id());
    }
    bench.crank();
    assert_eq!(bench.s.jobs_outside(), 51);
    for &id in &others[10..] {
        bench.s.cancel(id).unwrap();
    }
    bench.crank();
    assert_eq!(
        bench.s.jobs_outside(),
        11,
        "dropped without a thread's help"
    );
    gate.release.send(()).unwrap();
    bench.run();
    assert_eq!(ran.load(Ordering::Acquire), 10);
    assert_eq!(bench.s.take(first), Some("through"));
    let states = |state| {
        others
            .iter()
            .filter(|&&id| bench.state(id) == state)
            .count()
    };
    assert_eq!(states(WorkState::Success), 10);
    assert_eq!(states(WorkState::Cancelled), 40);
}

#[test]
fn on_abort_may_wait_for_a_job_that_runs_and_not_for_one_that_does_not() {
    for runs in [true, false] {
        let mut bench = Bench::with_permits(4);
        bench.s.set_offload(pool(1));
        let (blocker, job) = gated();
        if !runs {
            bench.add_spec(Spec::new("blocker", Task::new(job)));
            bench.crank();
            blocker.running.recv().unwrap();
        }
        let (gate, job) = gated();
        let ticket: Rc<RefCell<Option<Ticket<&str>>>> = Rc::default();
        let waits = ticket.clone();
        let a = Probe::new(move |cx| {
            let job = job.clone();
            let mut ticket = ticket.borrow_mut();
            let ticket = ticket.get_or_insert_with(|| {
                cx.offload({
                    let mut job = job;
                    move || job()
                })
            });
            ticket.poll(cx).map_ok(|_| ())
        });
        let a = a.on_abort(move |cx| {
            let result = ready!(waits.borrow_mut().as_mut().unwrap().poll(cx));
            cx.app.push(format!("{result:?}"));
            Poll::Ready(())
        });
        let a = bench.add("a", a);
        bench.crank();
        if runs {
            gate.running.recv().unwrap();
        }
        bench.s.cancel(a).unwrap();
        bench.crank();
        let result = if runs {
            assert_eq!(bench.state(a), WorkState::Aborting);
            drop(gate);
            bench.run();
            "Ok(\"through\")"
        } else {
            assert_eq!(bench.state(a), WorkState::Cancelled);
            "its attempt is being aborted or is over"
        };
        let lines = bench.lines().join("\n");
        assert!(lines.contains(result), "{lines}");
        drop(blocker);
    }
}

#[test]
fn a_retry_starts_its_own_job_and_the_old_one_does_not_wake_it() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(2));
    let (gate, slow) = gated();
    let mut ticket = None;
    let a = Probe::new(move |cx| {
        if ticket.is_none() {
            let slow = slow.clone();
            ticket = Some(cx.offload(slow));
            return Poll::Pending;
        }
        if cx.attempt() == 1 {
            return fail("not now");
        }
        // The second attempt has no job: the end of the old one must not give it a turn.
        cx.expect_wake();
        Poll::Pending
    });
    let spec = Spec::new("a", a).retry(Retry::ONCE);
    let a = bench.add_spec(spec.abort_grace(secs(1)));
    bench.crank();
    gate.running.recv().unwrap();
    bench.s.wake(a).unwrap();
    bench.crank();
    assert_eq!(bench.state(a), WorkState::Aborting, "the job runs");
    bench.crank_at(at_secs(1));
    assert_eq!(bench.state(a), WorkState::Retrying);
    bench.crank_at(at_secs(11));
    assert_eq!(bench.state(a), WorkState::Waiting);
    bench.lines();
    drop(gate);
    while bench.s.next() != Next::Now {
        thread::yield_now();
    }
    bench.crank();
    assert!(bench.lines().is_empty(), "it has had a turn");
    bench.s.cancel(a).unwrap();
    bench.run();
}

#[test]
fn a_dropped_ticket_spares_its_job() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(InlineOffload::after(secs(1)));
    let ran: Arc<AtomicU32> = Arc::default();
    let runs = ran.clone();
    let a = bench.add(
        "a",
        Probe::new(move |cx| {
            if cx.now() == at_secs(0) {
                let runs = runs.clone();
                drop(cx.offload(move || runs.fetch_add(1, Ordering::AcqRel)));
                return Poll::Pending;
            }
            OK
        }),
    );
    bench.run();
    assert_eq!(
        bench.s.now(),
        at_secs(1),
        "it was woken when the job was due"
    );
    assert_eq!(bench.state(a), WorkState::Success);
    assert_eq!(ran.load(Ordering::Acquire), 0);
}

#[test]
fn a_pool_that_is_replaced_fails_what_has_not_begun_and_that_may_be_tried_again() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(1));
    let (gate, job) = gated();
    let first = bench.s.add(Spec::new("first", Task::new(job))).unwrap();
    bench.crank();
    gate.running.recv().unwrap();
    // The first job ends when the second has been dropped, and no sooner.
    let (mut open, mut ticket) = (Some(gate.release), None);
    let second = Probe::new(move |cx| {
        if let Some(open) = open.take() {
            ticket = Some(cx.offload(move || drop(open)));
        }
        ticket.as_mut().unwrap().poll(cx)
    });
    let second = bench.add("second", second);
    bench.crank();
    bench.s.set_offload(InlineOffload::new());
    bench.run();
    assert_eq!(bench.s.take(first), Some("through"), "it had begun");
    let error = offload_error(&bench, second);
    assert_eq!(error, (FailureKind::Error, OffloadError::Dropped));
}

#[test]
fn a_dropped_scheduler_ends_its_threads() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(3));
    let alive = Arc::new(());
    for n in 0..20 {
        let alive = alive.clone();
        let task = Task::new(move || Arc::strong_count(&alive));
        bench.add_spec(Spec::new(format!("task {n}"), task));
    }
    bench.crank();
    // Running jobs are on their own, and end soon.
    drop(bench);
    while Arc::strong_count(&alive) > 1 {
        thread::yield_now();
    }
}
