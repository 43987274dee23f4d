//! Panics of other threads, jobs, offloads and notifiers.

use super::{Callbacks, Fuse, Kind, Panics, busy, place, play};
use crate::units::secs;
use crate::workbench::{Bench, OK, Probe};
use crankwork::{
    CancelToken, InlineOffload, Job, JobId, Next, Offload, ThreadOffload, Ticket, Time,
    VirtualDriver, WorkId, WorkScheduler, WorkState::*,
};
use std::sync::mpsc;
use std::task::{Poll, ready};
use std::thread;
use std::time::Instant;

/// Offloads one closure and waits for it.
fn offloading<R: Send + 'static>(closure: impl FnOnce() -> R + Send + 'static) -> Probe {
    let mut closure = Some(closure);
    let mut ticket: Option<Ticket<R>> = None;
    Probe::new(move |cx| {
        if let Some(closure) = closure.take() {
            ticket = Some(cx.offload(closure));
        }
        let Some(ticket) = &mut ticket else {
            return OK;
        };
        let result = ready!(ticket.poll(cx));
        Poll::Ready(result.map(std::mem::forget))
    })
}

/// Waits until the scheduler has counted a panic of a thread.
fn wait_for_a_panic(b: &Bench) {
    let patience = Instant::now() + secs(20);
    while b.s.metrics().callback_panics == 0 {
        assert!(Instant::now() < patience, "nothing has panicked");
        thread::yield_now();
    }
}

// ---- jobs ----

fn inline_job(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_offload(InlineOffload::after(secs(1)));
    Some(b.add("a", offloading(move || kind.panic())))
}

fn job_on_a_thread(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_offload(ThreadOffload::new(1).unwrap());
    let a = b.add("a", offloading(move || kind.panic()));
    b.run();
    // The thread is still there.
    let next = b.add("next", offloading(|| 7));
    b.run();
    assert_eq!(b.state(next), Success);
    Some(a)
}

fn drop_of_an_uncalled_job(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_offload(InlineOffload::after(secs(1)));
    let bomb = kind.bomb();
    let a = b.add("a", offloading(move || std::mem::forget(bomb)));
    b.crank();
    b.s.cancel(a).unwrap();
    Some(a)
}

fn drop_of_an_unwanted_job(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_offload(InlineOffload::new());
    let mut bomb = Some(kind.bomb());
    let work = Probe::new(move |cx| {
        if let Some(bomb) = bomb.take() {
            drop(cx.offload(move || std::mem::forget(bomb)));
            return cx.yield_now();
        }
        OK
    });
    Some(b.add("a", work))
}

fn drop_of_a_closure_without_an_offload(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let bomb = kind.bomb();
    Some(b.add("a", offloading(move || std::mem::forget(bomb))))
}

#[test]
fn l24_jobs() {
    play([
        place(inline_job, Panics(0)).ends(Failed),
        place(job_on_a_thread, Panics(0)).ends(Failed),
        place(drop_of_an_uncalled_job, Callbacks(1)).ends(Cancelled),
        place(drop_of_an_unwanted_job, Callbacks(1)),
        place(drop_of_a_closure_without_an_offload, Panics(1)).ends(Failed),
    ]);
}

// ---- results of jobs ----

fn drop_of_an_untaken_result(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_offload(InlineOffload::new());
    let mut ticket = None;
    let work = Probe::new(move |cx| match &ticket {
        None => {
            ticket = Some(cx.offload(move || kind.bomb()));
            cx.yield_now()
        }
        Some(ticket) if ticket.is_ready() => OK,
        Some(_) => cx.yield_now(),
    });
    let a = b.add("a", work);
    b.run();
    b.s.reap(a).unwrap();
    None
}

fn drop_of_a_late_result(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_offload(ThreadOffload::new(1).unwrap());
    let (go, waits) = mpsc::channel::<()>();
    let (says, runs) = mpsc::channel();
    let mut job = Some(move || {
        says.send(()).unwrap();
        let _ = waits.recv();
        kind.bomb()
    });
    let work = Probe::new(move |cx| {
        if let Some(job) = job.take() {
            let ticket = cx.offload(job);
            runs.recv().unwrap();
            drop(ticket);
        }
        OK
    });
    b.add("a", work);
    b.run();
    go.send(()).unwrap();
    wait_for_a_panic(b);
    None
}

#[test]
fn l24_results_of_jobs() {
    play([
        place(drop_of_an_untaken_result, Panics(1)),
        place(drop_of_a_late_result, Callbacks(1)),
    ]);
}

// ---- an offload of the program ----

/// An offload that panics once, in one of its methods.
struct Faulty {
    inner: InlineOffload,
    at: &'static str,
    fuse: Fuse,
}

impl Faulty {
    fn reach(&self, method: &str) {
        if method == self.at {
            self.fuse.burn();
        }
    }
}

impl Offload for Faulty {
    fn submit(&mut self, job: Job, now: Time) {
        self.reach("submit");
        self.inner.submit(job, now);
    }

    fn cancel(&mut self, id: JobId) -> Option<Job> {
        self.reach("cancel");
        self.inner.cancel(id)
    }

    fn job_ended(&mut self) {
        self.reach("job_ended");
    }

    fn is_simulated(&self) -> bool {
        self.reach("is_simulated");
        true
    }

    fn next_due(&self) -> Option<Time> {
        self.reach("next_due");
        self.inner.next_due()
    }

    fn pop_due(&mut self, now: Time) -> Option<Job> {
        self.reach("pop_due");
        self.inner.pop_due(now)
    }
}

fn faulty(b: &mut Bench, kind: Kind, at: &'static str) -> Option<WorkId> {
    b.s.set_offload(Faulty {
        inner: InlineOffload::after(secs(1)),
        at,
        fuse: kind.fuse(),
    });
    let a = b.add("a", offloading(|| 7));
    if at == "cancel" {
        b.crank();
        b.s.cancel(a).unwrap();
    }
    Some(a)
}

fn submit(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    faulty(b, kind, "submit")
}

fn is_simulated(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    faulty(b, kind, "is_simulated")
}

fn cancel(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    faulty(b, kind, "cancel")
}

fn job_ended(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    faulty(b, kind, "job_ended")
}

fn next_due(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    faulty(b, kind, "next_due")
}

fn pop_due(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    faulty(b, kind, "pop_due")
}

#[test]
fn l24_offloads() {
    // A job that is lost in `submit`, or cannot be told from a simulated one, fails its ticket.
    play([
        place(submit, Callbacks(1)).ends(Failed),
        place(is_simulated, Callbacks(1)).ends(Failed),
        place(cancel, Callbacks(1)).ends(Cancelled),
        place(job_ended, Callbacks(1)),
        place(next_due, Callbacks(1)),
        place(pop_due, Callbacks(1)),
    ]);
}

// ---- notifiers ----

/// Sets a notifier that panics once.
fn burn_in_the_notifier(b: &mut Bench, kind: Kind) {
    let fuse = kind.fuse();
    b.s.set_notifier(move || fuse.burn());
}

fn notifier_in_a_post(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    burn_in_the_notifier(b, kind);
    b.s.remote().post(|_, _| ()).unwrap();
    None
}

fn notifier_on_another_thread(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    burn_in_the_notifier(b, kind);
    let remote = b.s.remote();
    let sender = thread::spawn(move || remote.post(|_, _| ()).is_ok());
    assert!(sender.join().expect("the sender does not panic"));
    None
}

fn notifier_in_a_crank(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let fuse = kind.fuse();
    b.s.set_offload(InlineOffload::new());
    b.s.set_notifier(move || fuse.burn());
    let a = b.add("a", offloading(|| 7));
    let idle = (0..10).any(|_| b.crank().next == Next::Idle);
    assert!(idle);
    Some(a)
}

fn notifier_told_by_a_drop(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    burn_in_the_notifier(b, kind);
    let mut waker = None;
    let work = Probe::new(move |cx| {
        waker.get_or_insert_with(|| cx.remote_waker());
        OK
    });
    let a = b.add("a", work);
    b.crank();
    b.s.reap(a).unwrap();
    None
}

#[test]
fn l24_notifiers() {
    play([
        place(notifier_in_a_post, Callbacks(1)),
        place(notifier_on_another_thread, Callbacks(1)),
        place(notifier_in_a_crank, Callbacks(1)),
        place(notifier_told_by_a_drop, Callbacks(1)),
    ]);
}

/// The notifier may use the token, even while `listen` tells it of a cancel that came before.
#[test]
fn l24_a_notifier_may_cancel_the_token_that_tells_it() {
    let (says, hears) = mpsc::channel();
    thread::spawn(move || {
        let mut s = WorkScheduler::<()>::new(Default::default());
        let token = CancelToken::new();
        token.cancel();
        let again = token.clone();
        s.set_notifier(move || again.cancel());
        s.add_fn("a", |cx| cx.yield_now::<Result<(), _>>()).unwrap();
        let mut driver = VirtualDriver::new();
        let run = s.run_until_done_with_cancel(&mut (), &mut driver, &token);
        let _ = says.send((run.is_ok(), s.metrics().cancelled));
    });
    let end = hears.recv_timeout(secs(20));
    assert_eq!(end, Ok((true, 1)), "a timeout says that `listen` hangs");
}

// ---- a job that outlives its work ----

fn job_of_a_cancelled_work(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_offload(ThreadOffload::new(1).unwrap());
    let (go, waits) = mpsc::channel::<()>();
    let (says, runs) = mpsc::channel();
    let job = move || {
        says.send(()).unwrap();
        let _ = waits.recv();
        kind.panic()
    };
    let a = b.add("a", busy(job));
    b.crank();
    runs.recv().unwrap();
    b.s.cancel(a).unwrap();
    go.send(()).unwrap();
    if kind != Kind::Ordinary {
        wait_for_a_panic(b);
    }
    Some(a)
}

/// The work is cancelled while its job runs. The job then panics, and the work hears nothing of it.
#[test]
fn l24_a_cancelled_work_does_not_hear_of_the_panic_of_its_job() {
    play([place(job_of_a_cancelled_work, Panics(0)).ends(Cancelled)]);
}
