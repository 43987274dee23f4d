//! Closures on a pool of threads, and the same works in virtual time.

use crate::workbench::{Bench, OK, ON_PURPOSE, Probe, at, fail, quiet_panics, secs};
use crankwork::{
    Failure, FailureKind, InlineOffload, Next, OffloadError, ParkDriver, Retry, Spec,
    ThreadOffload, Ticket, VirtualDriver, Work, WorkContext, WorkOutcome, WorkScheduler, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Poll, ready};
use std::thread;
use std::time::Duration;

/// Offloads one closure in its first turn, and gives its result.
struct Task<F, R> {
    closure: F,
    ticket: Option<Ticket<R>>,
}

impl<F, R> Task<F, R>
where
    F: FnMut() -> R + Clone + Send + 'static,
    R: Send + 'static,
{
    fn new(closure: F) -> Self {
        Task {
            closure,
            ticket: None,
        }
    }
}

impl<C: ?Sized, F, R> Work<C, R> for Task<F, R>
where
    F: FnMut() -> R + Clone + Send + 'static,
    R: Send + 'static,
{
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<R, Failure>> {
        let closure = self.closure.clone();
        let ticket = self.ticket.get_or_insert_with(|| cx.offload(closure));
        ticket.poll(cx)
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.ticket = None;
    }
}

/// A job that says that it runs, then waits until the test lets it go on.
struct Gate {
    running: Receiver<()>,
    release: Sender<()>,
}

fn gated() -> (Gate, impl FnMut() -> &'static str + Clone + Send + 'static) {
    let (says, running) = mpsc::channel();
    let (release, waits) = mpsc::channel::<()>();
    let waits = Arc::new(Mutex::new(waits));
    let job = move || {
        let _ = says.send(());
        // A gate that the test has dropped is open.
        let _ = waits.lock().unwrap().recv();
        "through"
    };
    (Gate { running, release }, job)
}

fn pool(threads: usize) -> ThreadOffload {
    ThreadOffload::new(threads).unwrap()
}

#[test]
fn the_same_work_runs_on_threads_and_in_virtual_time() {
    let task = || Spec::new("sum", Task::new(|| (1..=100u32).sum::<u32>()));
    let mut real = WorkScheduler::<()>::new(Default::default());
    real.set_offload(pool(2));
    let sum = real.add(task()).unwrap();
    real.run_until_done(&mut (), &mut ParkDriver::new())
        .unwrap();
    assert_eq!(real.take(sum), Some(5050));

    let mut simulated = WorkScheduler::<()>::new(Default::default());
    simulated.set_offload(InlineOffload::after(secs(3)));
    let sum = simulated.add(task()).unwrap();
    let mut driver = VirtualDriver::new();
    simulated.run_until_done(&mut (), &mut driver).unwrap();
    assert_eq!(simulated.take(sum), Some(5050));
    assert_eq!(driver.now(), at(3));
}

#[test]
fn l29_a_simulated_job_pins_virtual_time_until_its_completion() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(InlineOffload::after(secs(5)));
    let ran_at = Rc::new(RefCell::new(Vec::new()));
    let seen = ran_at.clone();
    let mut ticket = None;
    bench.add(
        "a",
        Probe::new(move |cx| {
            let ticket = ticket.get_or_insert_with(|| cx.offload(|| ()));
            ready!(ticket.poll(cx))?;
            seen.borrow_mut().push(cx.now());
            OK
        }),
    );
    bench.add("b", Probe::new(|cx| cx.sleep(secs(9)).map(Ok)));
    assert_eq!(
        bench.crank(),
        Next::At(at(5)),
        "not 9 s: the job ends first"
    );
    assert_eq!(bench.crank_at(at(4)), Next::At(at(5)), "and not before");
    bench.run();
    assert_eq!(*ran_at.borrow(), [at(5)]);
    assert_eq!(bench.s.now(), at(9));
}

#[test]
fn l29_real_jobs_pin_virtual_time_until_they_are_done() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(1));
    let seen = Rc::new(RefCell::new(Vec::new()));
    // One after the other, while a sleeper waits for a second that must not pass meanwhile.
    for name in ["a", "b", "c"] {
        let (seen, mut ticket) = (seen.clone(), None);
        bench.add(
            name,
            Probe::new(move |cx| {
                let slow = || thread::sleep(Duration::from_millis(5));
                let ticket = ticket.get_or_insert_with(|| cx.offload(slow));
                ready!(ticket.poll(cx))?;
                seen.borrow_mut().push((cx.name().to_string(), cx.now()));
                OK
            }),
        );
    }
    bench.add("sleeper", Probe::new(|cx| cx.sleep(secs(1)).map(Ok)));
    bench.run();
    let seen = seen.borrow();
    let expected = ["a", "b", "c"].map(|name| (name.to_string(), at(0)));
    assert_eq!(*seen, expected);
    assert_eq!(bench.s.now(), at(1));
}

#[test]
fn l29_jobs_of_ended_attempts_pin_virtual_time_too() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(1));
    let (gate, job) = gated();
    let a = bench.s.add(Spec::new("a", Task::new(job))).unwrap();
    assert_eq!(bench.crank(), Next::External);
    gate.running.recv().unwrap();
    bench.s.cancel(a).unwrap();
    assert_eq!(bench.crank(), Next::Idle);
    assert_eq!(bench.s.jobs_outside(), 1, "it runs and cannot be stopped");
    drop(gate);
    // What the job may still do belongs to this second, so the clock waits for it.
    bench.add("sleeper", Probe::new(|cx| cx.sleep(secs(1)).map(Ok)));
    bench.run();
    assert_eq!(bench.s.jobs_outside(), 0);
    assert_eq!(bench.state(a.id()), WorkState::Cancelled);
}

#[test]
fn l08_a_sleeper_may_wait_for_a_job_alone() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(1));
    let (gate, job) = gated();
    let a = bench.s.add(Spec::new("a", Task::new(job))).unwrap();
    assert_eq!(bench.crank(), Next::External, "no LostWake");
    assert_eq!(bench.state(a.id()), WorkState::Waiting);
    let report = bench.s.stall_report().to_string();
    assert!(report.contains("waits for 1 offloaded jobs"), "{report}");
    assert_eq!(bench.s.status(), "a: Waiting : 1 jobs out\n");
    gate.release.send(()).unwrap();
    bench.run();
    assert_eq!(bench.s.take(a), Some("through"));
}

#[test]
fn l27_simulated_jobs_are_the_same_in_every_run_and_others_do_not_shift_them() {
    let run = |others: u32| {
        let mut bench = Bench::with_permits(10);
        bench.s.set_offload(InlineOffload::with_latency(|job| {
            Duration::from_millis(job.stream().below(1_000_000))
        }));
        for n in 0..others {
            let spec = Spec::new(format!("other {n}"), Task::new(|| ()));
            bench.s.add(spec).unwrap();
        }
        let ends = Rc::new(RefCell::new(Vec::new()));
        for name in ["a", "b"] {
            let (ends, mut ticket, mut left) = (ends.clone(), None, 3);
            bench.add(
                name,
                Probe::new(move |cx| {
                    while left > 0 {
                        ready!(ticket.get_or_insert_with(|| cx.offload(|| ())).poll(cx))?;
                        ticket = None;
                        left -= 1;
                        ends.borrow_mut().push((cx.name().to_string(), cx.now()));
                    }
                    OK
                }),
            );
        }
        bench.run();
        let mut ends = ends.take();
        ends.sort();
        ends
    };
    let ends = run(0);
    assert_eq!(ends.len(), 6);
    let mut times: Vec<_> = ends.iter().map(|(_, at)| at).collect();
    times.dedup();
    assert_eq!(
        times.len(),
        6,
        "each job has a latency of its own: {ends:?}"
    );
    assert_eq!(run(0), ends);
    assert_eq!(run(5), ends, "one more work shifts nobody's latency");
}

#[test]
fn simulated_jobs_that_end_together_run_in_the_order_in_which_they_were_offloaded() {
    let mut bench = Bench::with_permits(10);
    bench.s.set_offload(InlineOffload::after(secs(1)));
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    for n in 0..5 {
        let order = order.clone();
        let task = Task::new(move || order.lock().unwrap().push(n));
        bench.s.add(Spec::new("task", task)).unwrap();
    }
    bench.run();
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_job_that_takes_no_time_still_takes_a_round() {
    let mut bench = Bench::with_permits(1);
    bench.s.set_offload(InlineOffload::new());
    let a = bench.s.add(Spec::new("a", Task::new(|| 1))).unwrap();
    assert_eq!(bench.turn(), Next::Now);
    assert_eq!(bench.state(a.id()), WorkState::Waiting);
    assert_eq!(bench.turn(), Next::Idle);
    assert_eq!(bench.s.take(a), Some(1));
}

#[test]
fn a_panic_in_a_job_fails_its_work_for_good() {
    quiet_panics();
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
        let WorkOutcome::Failed(failure) = bench.outcome(a.id()) else {
            panic!("{:?}", bench.outcome(a.id()));
        };
        assert_eq!(*failure.kind(), FailureKind::Panicked);
        assert_eq!(
            failure.to_string(),
            format!("panicked: {ON_PURPOSE}: a broken archive")
        );
        assert_eq!(bench.s.take(b), Some("b"), "the thread has survived");
    }
}

/// What the failure of a work says of its ticket.
fn offload_error(bench: &Bench, id: crankwork::WorkId) -> (FailureKind, OffloadError) {
    match bench.outcome(id) {
        WorkOutcome::Failed(failure) => {
            let error = failure.downcast_ref::<OffloadError>();
            (failure.kind().clone(), *error.expect("an offload error"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_an_offload_the_ticket_says_what_to_do() {
    let mut bench = Bench::with_permits(1);
    let spec = Spec::new("a", Task::new(|| ())).retry(Retry::A_FEW);
    let a = bench.s.add(spec).unwrap().id();
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
            bench.s.add(Spec::new("blocker", Task::new(job))).unwrap();
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
    let a = bench.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    bench.crank();
    gate.running.recv().unwrap();
    bench.s.wake(a).unwrap();
    bench.crank();
    assert_eq!(bench.state(a), WorkState::Retrying);
    bench.crank_at(at(10));
    assert_eq!(bench.state(a), WorkState::Waiting);
    bench.lines();
    drop(gate);
    while bench.s.jobs_outside() > 0 {
        thread::yield_now();
        bench.crank();
    }
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
            if cx.now() == at(0) {
                let runs = runs.clone();
                drop(cx.offload(move || runs.fetch_add(1, Ordering::AcqRel)));
                return Poll::Pending;
            }
            OK
        }),
    );
    bench.run();
    assert_eq!(bench.s.now(), at(1), "it was woken when the job was due");
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
    // The first job ends when the second has been dropped, and no sooner: the pool waits for it.
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
        bench.s.add(Spec::new(format!("task {n}"), task)).unwrap();
    }
    bench.crank();
    drop(bench);
    assert_eq!(Arc::strong_count(&alive), 1, "no closure is left anywhere");
}
