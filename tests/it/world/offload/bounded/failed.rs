//! An attempt that fails, times out or panics waits for its job before anything else happens.

use super::super::{Gate, gated};
use super::{bench, busy, forced_and_abandoned, start, until_jobs_end, until_mail};
use crate::units::{at_secs, secs};
use crate::workbench::{Bench, ON_PURPOSE, Probe, done, fail};
use crankwork::WorkState::{Aborting, Cancelled, Failed, Queued, Retrying, Success};
use crankwork::{FailureKind, InlineOffload, Next, OffloadError, Retry, Spec, Ticket};
use std::cell::RefCell;
use std::rc::Rc;

/// Returns a gate, and a work that fails in its second turn, while its job runs.
fn fails_while_its_job_runs() -> (Gate, Probe) {
    let (gate, mut poll) = busy();
    let mut begun = false;
    let probe = Probe::new(move |cx| {
        if std::mem::replace(&mut begun, true) {
            return fail("not now");
        }
        poll(cx)
    });
    (gate, probe)
}

#[test]
fn l34_a_failed_attempt_waits_for_its_job_before_it_backs_off() {
    let mut b = bench(1);
    let (gate, work) = fails_while_its_job_runs();
    let a = start(&mut b, &gate, Spec::new("a", work).retry(Retry::ONCE));
    let next = b.add("next", done());
    b.s.wake(a).unwrap();
    b.crank_at(at_secs(1));
    assert_eq!(b.state(a), Aborting);
    assert_eq!(b.state(next), Queued, "the permit is kept");
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "poll 1"]);
    b.crank_at(at_secs(3));
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.state(a), Retrying);
    assert_eq!(b.s.retry_eta(a), Some(at_secs(13)));
    assert_eq!(b.lines_of("a"), ["on_failure_retry", "on_reset"]);
    assert_eq!(b.state(next), Success);
}

#[test]
fn l34_a_failed_attempt_that_its_job_outlives_backs_off_after_the_grace() {
    let mut b = bench(1);
    let (gate, work) = fails_while_its_job_runs();
    let spec = Spec::new("a", work).retry(Retry::ONCE).abort_grace(secs(2));
    let a = start(&mut b, &gate, spec);
    b.s.wake(a).unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(2)));
    b.crank_at(at_secs(2));
    assert_eq!(b.s.retry_eta(a), Some(at_secs(12)));
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    drop(gate);
}

#[test]
fn l34_an_attempt_that_times_out_waits_for_its_job_too() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let spec = Spec::new("a", Probe::new(poll)).retry(Retry::ONCE);
    let a = start(&mut b, &gate, spec.attempt_timeout(secs(5)));
    b.crank_at(at_secs(5));
    assert_eq!(b.state(a), Aborting);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.s.retry_eta(a), Some(at_secs(15)));
    assert_eq!(b.lines_of("a"), ["on_failure_retry", "on_reset"]);
}

#[test]
fn l26_a_cancel_beats_a_failure_that_waits_for_its_job() {
    let mut b = bench(1);
    let (gate, work) = fails_while_its_job_runs();
    let a = start(&mut b, &gate, Spec::new("a", work).retry(Retry::ONCE));
    b.s.wake(a).unwrap();
    b.crank();
    b.s.cancel(a).unwrap();
    b.crank();
    assert_eq!(b.state(a), Aborting);
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.state(a), Cancelled);
    let lines = b.lines_of("a");
    assert!(!lines.contains(&"on_failure_retry".into()), "{lines:?}");
    assert!(!lines.contains(&"on_abort".into()), "{lines:?}");
}

#[test]
fn l34_simulated_jobs_are_dropped_at_the_abort() {
    let mut b = Bench::with_permits(2);
    b.s.set_offload(InlineOffload::after(secs(100)));
    let (cancelled, poll) = busy();
    let a = b.add("a", Probe::new(poll));
    let (failed, poll) = fails_while_its_job_runs();
    let f = b.add_spec(Spec::new("f", poll).retry(Retry::ONCE));
    b.crank();
    b.s.wake(f).unwrap();
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank_at(at_secs(1)).next, Next::At(at_secs(11)));
    assert_eq!(b.states([a, f]), [Cancelled, Retrying]);
    for gate in [cancelled, failed] {
        gate.running.try_recv().unwrap_err();
    }
    assert_eq!(forced_and_abandoned(&b), (0, 0));
}

#[test]
fn l24_a_work_that_panics_while_its_job_runs_fails_after_the_job() {
    for in_abort in [false, true] {
        let mut b = bench(1);
        let (gate, mut poll) = busy();
        let mut begun = false;
        let a = Probe::new(move |cx| {
            if std::mem::replace(&mut begun, true) {
                panic!("{ON_PURPOSE}");
            }
            poll(cx)
        });
        let a = a.on_abort(|_| panic!("{ON_PURPOSE}"));
        let a = start(&mut b, &gate, Spec::new("a", a).retry(Retry::ONCE));
        if in_abort {
            b.s.cancel(a).unwrap();
        } else {
            b.s.wake(a).unwrap();
        }
        b.crank();
        assert_eq!(b.state(a), Aborting);
        drop(gate);
        until_jobs_end(&mut b);
        let state = b.state(a);
        match in_abort {
            true => assert_eq!(state, Cancelled),
            false => assert_eq!(state, Failed),
        }
        assert_eq!(b.s.metrics().panics, 1);
    }
}

#[test]
fn l34_the_result_of_an_abandoned_job_is_not_given_to_the_next_attempt() {
    let mut b = bench(1);
    let (gate, job) = gated();
    // It keeps its ticket over a retry, which it should not.
    let ticket = Rc::new(RefCell::new(None));
    let kept = ticket.clone();
    let a = Probe::new(move |cx| {
        let mut ticket = kept.borrow_mut();
        let ticket: &mut Ticket<&str> = ticket.get_or_insert_with(|| cx.offload(job.clone()));
        ticket.poll(cx).map_ok(|_| ())
    });
    let spec = Spec::new("a", a).retry(Retry::ONCE).abort_grace(secs(1));
    let a = start(&mut b, &gate, spec.attempt_timeout(secs(1)));
    b.crank_at(at_secs(1));
    b.crank_at(at_secs(2));
    assert_eq!(b.state(a), Retrying);
    drop(gate);
    until_mail(&mut b);
    assert!(ticket.borrow().as_ref().unwrap().is_ready());
    b.run();
    let failure = b.failed(a);
    assert_eq!(*failure.kind(), FailureKind::Fatal);
    assert_eq!(failure.downcast_ref(), Some(&OffloadError::Stale));
}
