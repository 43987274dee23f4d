//! L34: nothing waits for a job longer than it was told to: shutdown, the end of an offload, and the job's token.

use super::*;
use crate::units::{at_secs, ms, secs};
use crate::workbench::{Bench, OK, Probe, done, fail};
use crankwork::{
    CancelToken, InlineOffload, Job, JobId, Leftover, Next, Offload, OffloadError, ParkDriver,
    Spec, Time, WorkOutcome, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any machine takes for what these tests do, shorter than the jobs that must not be waited for.
const BOUND: Duration = secs(20);

/// A closure that says when it has begun, and ends only when the returned sender is dropped. It also ends after a
/// minute, so that a failed test leaves nothing behind.
fn endless() -> (
    Receiver<()>,
    Sender<()>,
    impl FnMut() + Clone + Send + 'static,
) {
    let (says, running) = mpsc::channel();
    let (release, waits) = mpsc::channel::<()>();
    let waits = Arc::new(Mutex::new(waits));
    let job = move || {
        let _ = says.send(());
        let _ = waits.lock().unwrap().recv_timeout(3 * BOUND);
    };
    (running, release, job)
}

#[test]
fn l34_shutdown_and_exit_take_no_longer_than_the_grace() {
    let mut b = Bench::with_permits(2);
    b.s.set_offload(pool(1));
    let (running, release, job) = endless();
    let spec = Spec::new("a", Task::new(job)).abort_grace(ms(50));
    let a = b.add_spec(spec);
    b.crank();
    running.recv().unwrap();
    let begun = Instant::now();
    b.s.shutdown();
    let mut driver = ParkDriver::new();
    b.s.run_until_done(&mut b.log, &mut driver).unwrap();
    assert_eq!(b.state(a), WorkState::Cancelled);
    assert_eq!((b.s.next(), b.s.jobs_outside()), (Next::Idle, 0));
    let metrics = b.s.metrics();
    assert_eq!((metrics.forced_aborts, metrics.abandoned_jobs), (0, 1));
    let leftover = b.s.shutdown_offload(ms(10));
    assert_eq!(leftover, Leftover::new(0, 1));
    drop(b);
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    drop(release);
}

#[test]
fn l34_a_dropped_scheduler_does_not_wait_for_jobs() {
    let mut b = Bench::with_permits(2);
    b.s.set_offload(pool(1));
    let (running, release, job) = endless();
    b.add_spec(Spec::new("a", Task::new(job)));
    b.crank();
    running.recv().unwrap();
    let begun = Instant::now();
    drop(b);
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    drop(release);
}

fn error_of(b: &Bench, id: crankwork::WorkId) -> Option<OffloadError> {
    match b.outcome(id) {
        WorkOutcome::Failed(failure) => failure.downcast_ref().copied(),
        _ => None,
    }
}

#[test]
fn l34_an_offload_that_is_shut_down_says_what_it_leaves() {
    let mut b = Bench::with_permits(10);
    // One place in the queue: two jobs wait in the backlog.
    let pool = crankwork::ThreadOffload::with_queue(1, 1).unwrap();
    b.s.set_offload(pool);
    let (gate, job) = gated();
    let first = b.s.add(Spec::new("first", Task::new(job))).unwrap();
    b.crank();
    gate.running.recv().unwrap();
    let task = || Spec::new("other", Task::new(|| ()));
    let others = [(); 3].map(|()| b.add_spec(task()));
    b.crank();
    let leftover = b.s.shutdown_offload(Duration::ZERO);
    assert_eq!((leftover.dropped, leftover.running), (3, 1));
    assert!(!leftover.is_empty());
    b.crank();
    for id in others {
        assert_eq!(error_of(&b, id), Some(OffloadError::Dropped));
    }
    let late = b.add_spec(task());
    b.crank();
    assert_eq!(error_of(&b, late), Some(OffloadError::ShutDown));
    drop(gate);
    let leftover = b.s.shutdown_offload(BOUND);
    assert!(leftover.is_empty(), "{leftover:?}");
    b.run();
    assert_eq!(b.s.take(first), Some("through"), "what ran has been seen");
    b.s.set_offload(InlineOffload::new());
    let again = b.add_spec(task());
    b.run();
    assert_eq!(b.state(again), WorkState::Success);
}

#[test]
fn l34_shut_down_offloads_take_no_jobs_and_keep_no_closure() {
    let simulated = |offload: &mut InlineOffload| offload.shutdown(Duration::ZERO);
    let mut inline = InlineOffload::after(secs(1));
    assert!(simulated(&mut inline).is_empty());
    let mut pool = pool(3);
    assert!(pool.shutdown(BOUND).is_empty());
    let mut b = Bench::with_permits(1);
    b.s.set_offload(pool);
    let a = b.add_spec(Spec::new("a", Task::new(|| ())));
    b.run();
    assert_eq!(error_of(&b, a), Some(OffloadError::Dropped));

    let mut b = Bench::with_permits(9);
    assert!(b.s.shutdown_offload(BOUND).is_empty(), "there is none");
    b.s.set_offload(InlineOffload::after(secs(1)));
    for _ in 0..9 {
        b.add_spec(Spec::new("a", Task::new(|| ())));
    }
    b.crank();
    assert_eq!(b.s.shutdown_offload(BOUND), Leftover::new(9, 0));
    b.run();
    assert_eq!(b.s.metrics().failed, 9);
}

#[test]
fn l34_an_offload_is_replaced_without_a_wait_for_its_jobs() {
    let mut b = Bench::with_permits(4);
    b.s.set_offload(pool(1));
    let (running, release, job) = endless();
    let a = b.add_spec(Spec::new("a", Task::new(job)));
    b.crank();
    running.recv().unwrap();
    let begun = Instant::now();
    b.s.set_offload(InlineOffload::new());
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    // It is real and runs, whatever the offload is now.
    assert_eq!(b.s.jobs_outside(), 1);
    b.add("sleeper", Probe::new(|cx| cx.sleep(secs(1)).map(Ok)));
    assert!(b.s.is_time_pinned());
    drop(release);
    b.run();
    assert_eq!((b.state(a), b.s.now()), (WorkState::Success, at_secs(1)));
    assert_eq!(b.s.jobs_outside(), 0);
}

/// Keeps the jobs that it is given, and what it is told of its end.
#[derive(Default)]
struct Kept {
    jobs: Rc<RefCell<Vec<Job>>>,
    shutdowns: Rc<RefCell<Vec<Duration>>>,
}

impl Offload for Kept {
    fn submit(&mut self, job: Job, _: Time) {
        self.jobs.borrow_mut().push(job);
    }

    fn cancel(&mut self, _: JobId) -> Option<Job> {
        None
    }

    fn shutdown(&mut self, within: Duration) -> Leftover {
        self.shutdowns.borrow_mut().push(within);
        Leftover::new(0, self.jobs.borrow().len() as u64)
    }
}

#[test]
fn l34_an_offload_of_ones_own_sees_the_token_and_its_end() {
    let mut b = Bench::with_permits(4);
    let kept = Kept::default();
    let (jobs, shutdowns) = (kept.jobs.clone(), kept.shutdowns.clone());
    b.s.set_offload(kept);
    let a = b.add_spec(Spec::new("a", Task::new(|| 7)));
    b.crank();
    let seen = || jobs.borrow()[0].cancel_token().is_cancelled();
    assert!(!seen());
    b.s.cancel(a).unwrap();
    b.crank();
    assert!(seen(), "it is being aborted");
    assert_eq!(b.state(a), WorkState::Aborting);
    assert_eq!(b.s.shutdown_offload(secs(3)), Leftover::new(0, 1));
    b.s.set_offload(InlineOffload::new());
    assert_eq!(*shutdowns.borrow(), [secs(3), Duration::ZERO]);
    jobs.borrow_mut().drain(..).for_each(Job::run);
    b.run();
    assert_eq!((b.state(a), b.s.now()), (WorkState::Cancelled, at_secs(0)));
}

/// Ends when it is told to, and says so.
fn obedient() -> (
    Receiver<()>,
    Receiver<bool>,
    impl Fn(&CancelToken) + Clone + Send + 'static,
) {
    let (says, running) = mpsc::channel();
    let (told, ends) = mpsc::channel();
    let job = move |cancel: &CancelToken| {
        let _ = says.send(());
        let begun = Instant::now();
        while !cancel.is_cancelled() && begun.elapsed() < BOUND {
            thread::yield_now();
        }
        let _ = told.send(cancel.is_cancelled());
    };
    (running, ends, job)
}

#[test]
fn l34_a_job_sees_in_its_token_that_its_attempt_is_over() {
    for fails in [false, true] {
        let mut b = Bench::with_permits(1);
        b.s.set_offload(pool(1));
        let (running, ends, job) = obedient();
        let mut ticket = None;
        let a = Probe::new(move |cx| {
            if ticket.is_some() && fails {
                return fail("no luck");
            }
            let ticket = ticket.get_or_insert_with(|| cx.offload_with(job.clone()));
            ticket.poll(cx)
        });
        let a = b.add("a", a);
        b.crank();
        running.recv().unwrap();
        match fails {
            true => b.s.wake(a).unwrap(),
            false => b.s.cancel(a).unwrap(),
        };
        b.run();
        assert!(ends.recv().unwrap(), "it was told");
        assert!(b.state(a).is_settled());
        assert_eq!((b.s.metrics().abandoned_jobs, b.s.now()), (0, at_secs(0)));
    }
}

#[test]
fn l34_success_does_not_cancel_the_token() {
    let mut b = Bench::with_permits(1);
    let kept = Kept::default();
    let jobs = kept.jobs.clone();
    b.s.set_offload(kept);
    let mut begun = false;
    let a = Probe::new(move |cx| {
        if !std::mem::replace(&mut begun, true) {
            drop(cx.offload(|| ()));
            return cx.yield_now();
        }
        OK
    });
    let a = b.add("a", a);
    b.crank();
    assert_eq!(b.state(a), WorkState::Success);
    assert!(!jobs.borrow()[0].cancel_token().is_cancelled());
    jobs.borrow_mut().clear();
    let next = b.add("next", done());
    b.run();
    assert_eq!(b.state(next), WorkState::Success);
}
