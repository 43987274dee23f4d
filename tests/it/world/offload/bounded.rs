//! L34: an abort waits for jobs that run, but only until its grace is over.

use super::*;
use crate::workbench::{
    Bench, Cx, OK, ON_PURPOSE, Probe, Turn, at, done, fail, never, quiet_panics, secs,
};
use crankwork::{
    FailureKind, InlineOffload, Next, OffloadError, Retry, Spec, WorkId, WorkOutcome, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::thread;

/// A gate of the job that the work starts in its first turn, and the ticket of which it then waits for.
fn busy() -> (Gate, impl FnMut(&mut Cx<'_>) -> Turn) {
    let (gate, job) = gated();
    let mut ticket = None;
    let poll = move |cx: &mut Cx<'_>| {
        let ticket = ticket.get_or_insert_with(|| cx.offload(job.clone()));
        ticket.poll(cx).map_ok(|_| ())
    };
    (gate, poll)
}

/// A bench with one thread for jobs.
fn bench(permits: usize) -> Bench {
    let mut bench = Bench::with_permits(permits);
    bench.s.set_offload(pool(1));
    bench
}

/// Adds it and cranks until its job runs.
fn start(bench: &mut Bench, gate: &Gate, spec: Spec<crate::workbench::Log, Probe>) -> WorkId {
    let id = bench.add_spec(spec);
    bench.crank();
    gate.running.recv().unwrap();
    id
}

/// Cranks, without moving the time, until the jobs have ended.
fn until_jobs_end(bench: &mut Bench) {
    while bench.s.jobs_outside() > 0 {
        thread::yield_now();
        bench.crank();
    }
}

/// The message of an abandoned job's end has come: the inbox is not empty any more.
fn until_mail(bench: &mut Bench) {
    while bench.s.next() != Next::Now {
        thread::yield_now();
    }
}

fn forced_and_abandoned(bench: &Bench) -> (u64, u64) {
    let metrics = bench.s.metrics();
    (metrics.forced_aborts, metrics.abandoned_jobs)
}

#[test]
fn l34_an_aborted_work_keeps_its_permit_until_its_job_has_ended() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let a = start(&mut b, &gate, Spec::new("a", Probe::new(poll)));
    let next = b.add("next", done());
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank(), Next::At(at(10)), "the grace");
    assert_eq!(b.state(a), WorkState::Aborting);
    assert_eq!(b.state(next), WorkState::Queued);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
    // Nothing but the job's end gives it another turn.
    b.s.wake(a).unwrap();
    b.crank();
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.state(next), WorkState::Success);
    assert_eq!(b.lines_of("a"), ["on_reset"]);
    assert_eq!(forced_and_abandoned(&b), (0, 0));
    assert_eq!((b.s.next(), b.s.now()), (Next::Idle, at(0)));
}

#[test]
fn l34_after_the_grace_a_job_is_abandoned_and_its_end_means_nothing() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let spec = Spec::new("a", Probe::new(poll)).abort_grace(secs(2));
    let a = start(&mut b, &gate, spec);
    let next = b.add("next", done());
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank(), Next::At(at(2)));
    assert_eq!(b.crank_at(at(1)), Next::At(at(2)));
    assert_eq!((b.state(a), b.s.jobs_outside()), (WorkState::Aborting, 1));
    assert_eq!(b.crank_at(at(2)), Next::Idle);
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.state(next), WorkState::Success);
    assert_eq!(b.s.jobs_outside(), 0);
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    let lines = ["on_reset", "poll 1", "on_abort", "on_reset"];
    assert_eq!(b.lines_of("a"), lines, "as if it had had no job");
    drop(gate);
    until_mail(&mut b);
    assert_eq!(b.crank(), Next::Idle);
    assert_eq!((b.s.jobs_outside(), b.lines().len()), (0, 0));
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    // The thread has survived.
    let sum = b.s.add(Spec::new("sum", Task::new(|| 1 + 1))).unwrap();
    b.run();
    assert_eq!(b.s.take(sum), Some(2));
}

/// Fails in its second turn, while its job runs.
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
    b.crank_at(at(1));
    assert_eq!(b.state(a), WorkState::Aborting);
    assert_eq!(b.state(next), WorkState::Queued, "the permit is kept");
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "poll 1"]);
    b.crank_at(at(3));
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.state(a), WorkState::Retrying);
    assert_eq!(b.s.retry_eta(a), Some(at(13)));
    assert_eq!(b.lines_of("a"), ["on_failure_retry", "on_reset"]);
    assert_eq!(b.state(next), WorkState::Success);
}

#[test]
fn l34_a_failed_attempt_that_its_job_outlives_backs_off_after_the_grace() {
    let mut b = bench(1);
    let (gate, work) = fails_while_its_job_runs();
    let spec = Spec::new("a", work).retry(Retry::ONCE).abort_grace(secs(2));
    let a = start(&mut b, &gate, spec);
    b.s.wake(a).unwrap();
    assert_eq!(b.crank(), Next::At(at(2)));
    b.crank_at(at(2));
    assert_eq!(b.s.retry_eta(a), Some(at(12)));
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    drop(gate);
}

#[test]
fn l34_an_attempt_that_times_out_waits_for_its_job_too() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let spec = Spec::new("a", Probe::new(poll)).retry(Retry::ONCE);
    let a = start(&mut b, &gate, spec.attempt_timeout(secs(5)));
    b.crank_at(at(5));
    assert_eq!(b.state(a), WorkState::Aborting);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.s.retry_eta(a), Some(at(15)));
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
    assert_eq!(b.state(a), WorkState::Aborting);
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.state(a), WorkState::Cancelled);
    let lines = b.lines_of("a");
    assert!(!lines.contains(&"on_failure_retry".into()), "{lines:?}");
    assert!(!lines.contains(&"on_abort".into()), "{lines:?}");
}

#[test]
fn l34_success_waits_for_no_job() {
    let mut b = bench(1);
    let (gate, mut poll) = busy();
    let mut begun = false;
    let work = Probe::new(move |cx| match std::mem::replace(&mut begun, true) {
        true => OK,
        false => poll(cx),
    });
    let a = start(&mut b, &gate, Spec::new("a", work));
    b.s.wake(a).unwrap();
    assert_eq!(b.crank(), Next::Idle);
    assert_eq!((b.state(a), b.s.jobs_outside()), (WorkState::Success, 1));
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(forced_and_abandoned(&b), (0, 0));
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
    assert_eq!(b.crank_at(at(1)), Next::At(at(11)));
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!(b.state(f), WorkState::Retrying);
    for gate in [cancelled, failed] {
        gate.running.try_recv().unwrap_err();
    }
    assert_eq!(forced_and_abandoned(&b), (0, 0));
}

/// Spawns `child` in its first turn and waits for it.
fn parent_of(child: Probe) -> Probe {
    let mut child = Some(child);
    crate::workbench::parenting("child", move || child.take().unwrap())
}

#[test]
fn l34_those_above_a_work_that_its_job_holds_up_have_their_on_abort() {
    let mut b = bench(10);
    let (gate, poll) = busy();
    let top = parent_of(parent_of(parent_of(Probe::new(poll))));
    let top = start(&mut b, &gate, Spec::new("top", top).abort_grace(secs(10)));
    b.lines();
    b.s.cancel(top).unwrap();
    b.crank();
    assert_eq!(b.lines(), ["child: on_abort"], "the innermost");
    assert_eq!(b.crank_at(at(10)), Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    assert_eq!(b.state(top), WorkState::Cancelled);
    let child = ["child: on_reset", "child: on_abort"];
    let expected = [&child[..], &child, &["child: on_reset"]].concat();
    let top = ["top: on_abort", "top: on_reset"];
    assert_eq!(b.lines(), [&expected[..], &top].concat());
    drop(gate);
}

#[test]
fn l34_those_above_are_forced_if_their_on_abort_is_not_ready_at_once() {
    let mut b = bench(10);
    let (gate, poll) = busy();
    let top = parent_of(Probe::new(poll)).on_abort(|cx| cx.yield_now());
    let top = start(&mut b, &gate, Spec::new("top", top));
    b.s.cancel(top).unwrap();
    assert_eq!(b.crank(), Next::At(at(10)));
    assert_eq!(b.crank_at(at(10)), Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (1, 1));
    assert_eq!(b.state(top), WorkState::Cancelled);
    drop(gate);
}

#[test]
fn l34_what_does_not_end_beside_a_work_that_its_job_holds_up_is_forced() {
    let mut b = bench(10);
    let (gate, poll) = busy();
    let mut children = Some([Probe::new(poll), crate::workbench::idling().on_abort(never)]);
    let top = Probe::new(move |cx| {
        for child in children.take().into_iter().flatten() {
            cx.spawn(Spec::new("child", child)).unwrap();
        }
        Poll::Pending
    });
    let top = start(&mut b, &gate, Spec::new("top", top));
    b.s.cancel(top).unwrap();
    b.crank();
    b.lines();
    assert_eq!(b.crank_at(at(10)), Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (1, 1), "the idle child alone");
    assert_eq!(b.lines_of("top"), ["on_abort", "on_reset"]);
    drop(gate);
}

#[test]
fn l34_a_work_that_is_forced_in_its_on_abort_abandons_its_job() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let a = Probe::new(poll).on_abort(never);
    let a = start(&mut b, &gate, Spec::new("a", a));
    b.s.cancel(a).unwrap();
    b.crank();
    assert_eq!(b.crank_at(at(10)), Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (1, 1));
    assert_eq!(b.s.jobs_outside(), 0);
    drop(gate);
    until_mail(&mut b);
    assert_eq!((b.crank(), b.s.jobs_outside()), (Next::Idle, 0));
}

#[test]
fn l34_a_job_that_on_abort_starts_is_waited_for_if_it_runs() {
    let mut b = bench(1);
    let (gate, job) = gated();
    let mut tickets = Vec::new();
    let a = crate::workbench::idling().on_abort(move |cx| {
        tickets.push(cx.offload(job.clone()));
        Poll::Ready(())
    });
    let a = b.add("a", a);
    b.crank();
    b.s.cancel(a).unwrap();
    // Whether the thread was quick enough to begin with it decides what is left to wait for.
    b.crank();
    let begun = b.state(a) == WorkState::Aborting;
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.state(a), WorkState::Cancelled, "begun: {begun}");
    assert_eq!(forced_and_abandoned(&b), (0, 0));
}

#[test]
fn l24_a_work_that_panics_while_its_job_runs_fails_after_the_job() {
    quiet_panics();
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
        assert_eq!(b.state(a), WorkState::Aborting);
        drop(gate);
        until_jobs_end(&mut b);
        let state = b.state(a);
        match in_abort {
            true => assert_eq!(state, WorkState::Cancelled),
            false => assert_eq!(state, WorkState::Failed),
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
    b.crank_at(at(1));
    b.crank_at(at(2));
    assert_eq!(b.state(a), WorkState::Retrying);
    drop(gate);
    until_mail(&mut b);
    assert!(ticket.borrow().as_ref().unwrap().is_ready());
    b.run();
    let WorkOutcome::Failed(failure) = b.outcome(a) else {
        panic!("{:?}", b.outcome(a));
    };
    assert_eq!(*failure.kind(), FailureKind::Fatal);
    assert_eq!(failure.downcast_ref(), Some(&OffloadError::Stale));
}

#[test]
fn l29_virtual_time_waits_for_a_real_job_and_not_for_the_grace() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let spec = Spec::new("a", Probe::new(poll)).abort_grace(secs(2));
    let a = start(&mut b, &gate, spec);
    b.s.shutdown();
    let releases = thread::spawn(move || {
        thread::sleep(std::time::Duration::from_millis(30));
        drop(gate);
    });
    b.run();
    releases.join().unwrap();
    assert_eq!((b.state(a), b.s.now()), (WorkState::Cancelled, at(0)));
    assert_eq!(forced_and_abandoned(&b), (0, 0));
}
