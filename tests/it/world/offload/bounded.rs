//! L34: an abort waits for jobs that run, but only until its grace is over.

mod above;
mod failed;

use super::{Gate, Task, gated, pool};
use crate::units::{at_secs, ms, secs};
use crate::workbench::{Bench, Cx, Log, OK, Probe, Turn, done, idling, never};
use crankwork::WorkState::{Aborting, Cancelled, Queued, Success};
use crankwork::{Next, Spec, WorkId};
use std::task::Poll;
use std::thread;

/// Returns a gate, and a `poll` that starts the job behind the gate in its first turn and then waits for the ticket.
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

/// Adds a work and cranks until its job runs.
fn start(bench: &mut Bench, gate: &Gate, spec: Spec<Log, Probe>) -> WorkId {
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

/// Waits for the message that an abandoned job has ended: until the inbox is not empty any more.
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
    assert_eq!(b.crank().next, Next::At(at_secs(10)), "the grace");
    assert_eq!(b.states([a, next]), [Aborting, Queued]);
    assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_abort"]);
    // Nothing but the job's end gives it another turn.
    b.s.wake(a).unwrap();
    b.crank();
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.states([a, next]), [Cancelled, Success]);
    assert_eq!(b.lines_of("a"), ["on_reset"]);
    assert_eq!(forced_and_abandoned(&b), (0, 0));
    assert_eq!((b.s.next(), b.s.now()), (Next::Idle, at_secs(0)));
}

#[test]
fn l34_after_the_grace_a_job_is_abandoned_and_its_end_means_nothing() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let spec = Spec::new("a", Probe::new(poll)).abort_grace(secs(2));
    let a = start(&mut b, &gate, spec);
    let next = b.add("next", done());
    b.s.cancel(a).unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(2)));
    assert_eq!(b.crank_at(at_secs(1)).next, Next::At(at_secs(2)));
    assert_eq!((b.state(a), b.s.jobs_outside()), (Aborting, 1));
    assert_eq!(b.crank_at(at_secs(2)).next, Next::Idle);
    assert_eq!(b.states([a, next]), [Cancelled, Success]);
    assert_eq!(b.s.jobs_outside(), 0);
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    let lines = ["on_reset", "poll 1", "on_abort", "on_reset"];
    assert_eq!(b.lines_of("a"), lines, "as if it had had no job");
    drop(gate);
    until_mail(&mut b);
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!((b.s.jobs_outside(), b.lines().len()), (0, 0));
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    // The thread has survived.
    let sum = b.s.add(Spec::new("sum", Task::new(|| 1 + 1))).unwrap();
    b.run();
    assert_eq!(b.s.take(sum), Some(2));
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
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!((b.state(a), b.s.jobs_outside()), (Success, 1));
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(forced_and_abandoned(&b), (0, 0));
}

#[test]
fn l34_a_work_that_is_forced_in_its_on_abort_abandons_its_job() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let a = Probe::new(poll).on_abort(never);
    let a = start(&mut b, &gate, Spec::new("a", a));
    b.s.cancel(a).unwrap();
    b.crank();
    assert_eq!(b.crank_at(at_secs(10)).next, Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (1, 1));
    assert_eq!(b.s.jobs_outside(), 0);
    drop(gate);
    until_mail(&mut b);
    assert_eq!((b.crank().next, b.s.jobs_outside()), (Next::Idle, 0));
}

#[test]
fn l34_a_job_that_on_abort_starts_is_waited_for_if_it_runs() {
    let mut b = bench(1);
    let (gate, job) = gated();
    let mut tickets = Vec::new();
    let a = idling().on_abort(move |cx| {
        tickets.push(cx.offload(job.clone()));
        Poll::Ready(())
    });
    let a = b.add("a", a);
    b.crank();
    b.s.cancel(a).unwrap();
    // Whether the thread was quick enough to begin with it decides what is left to wait for.
    b.crank();
    let begun = b.state(a) == Aborting;
    drop(gate);
    until_jobs_end(&mut b);
    assert_eq!(b.state(a), Cancelled, "begun: {begun}");
    assert_eq!(forced_and_abandoned(&b), (0, 0));
}

#[test]
fn l29_virtual_time_waits_for_a_real_job_and_not_for_the_grace() {
    let mut b = bench(1);
    let (gate, poll) = busy();
    let spec = Spec::new("a", Probe::new(poll)).abort_grace(secs(2));
    let a = start(&mut b, &gate, spec);
    b.s.shutdown();
    let releases = thread::spawn(move || {
        thread::sleep(ms(30));
        drop(gate);
    });
    b.run();
    releases.join().unwrap();
    assert_eq!((b.state(a), b.s.now()), (Cancelled, at_secs(0)));
    assert_eq!(forced_and_abandoned(&b), (0, 0));
}
