//! What other threads, jobs, offloads and notifiers do.

use super::{Act, Callbacks, Fuse, Kind, Panics, check};
use crate::workbench::{Bench, OK, Probe, secs};
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

/// Waits until a thread has come to a panic that is counted.
fn wait_for_a_panic(b: &Bench) {
    let patience = Instant::now() + secs(20);
    while b.s.metrics().callback_panics == 0 {
        assert!(Instant::now() < patience, "nothing has panicked");
        thread::yield_now();
    }
}

// ---- jobs ----

#[test]
fn l24_jobs() {
    let inline: Act = |b, kind| {
        b.s.set_offload(InlineOffload::after(secs(1)));
        Some(b.add("a", offloading(move || kind.panic())))
    };
    let thread: Act = |b, kind| {
        b.s.set_offload(ThreadOffload::new(1).unwrap());
        let a = b.add("a", offloading(move || kind.panic()));
        b.run();
        // The thread is still there.
        let next = b.add("next", offloading(|| 7));
        b.run();
        assert_eq!(b.state(next), Success);
        Some(a)
    };
    let uncalled: Act = |b, kind| {
        b.s.set_offload(InlineOffload::after(secs(1)));
        let bomb = kind.bomb();
        let a = b.add("a", offloading(move || std::mem::forget(bomb)));
        b.crank();
        b.s.cancel(a).unwrap();
        Some(a)
    };
    let unwanted: Act = |b, kind| {
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
    };
    let refused: Act = |b, kind| {
        let bomb = kind.bomb();
        Some(b.add("a", offloading(move || std::mem::forget(bomb))))
    };
    check(&[
        ("a job", inline, Failed, Panics(0)),
        ("a job on a thread", thread, Failed, Panics(0)),
        (
            "the drop of a job that was not called",
            uncalled,
            Cancelled,
            Callbacks(1),
        ),
        (
            "the drop of a job that nobody wants",
            unwanted,
            Success,
            Callbacks(1),
        ),
        (
            "the drop of a closure without an offload",
            refused,
            Failed,
            Panics(1),
        ),
    ]);
}

#[test]
fn l24_results_of_jobs() {
    let untaken: Act = |b, kind| {
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
    };
    let too_late: Act = |b, kind| {
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
    };
    check(&[
        (
            "the drop of a result that nobody took",
            untaken,
            Success,
            Panics(1),
        ),
        (
            "the drop of a result that came too late",
            too_late,
            Success,
            Callbacks(1),
        ),
    ]);
}

// ---- an offload of the program's ----

/// Panics once, in one of its methods.
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

#[test]
fn l24_offloads() {
    // A job that is lost in `submit` fails its ticket.
    check(&[
        (
            "submit",
            |b, kind| faulty(b, kind, "submit"),
            Failed,
            Callbacks(1),
        ),
        (
            "cancel",
            |b, kind| faulty(b, kind, "cancel"),
            Cancelled,
            Callbacks(1),
        ),
        (
            "job_ended",
            |b, kind| faulty(b, kind, "job_ended"),
            Success,
            Callbacks(1),
        ),
        (
            "next_due",
            |b, kind| faulty(b, kind, "next_due"),
            Success,
            Callbacks(1),
        ),
        (
            "pop_due",
            |b, kind| faulty(b, kind, "pop_due"),
            Success,
            Callbacks(1),
        ),
    ]);
}

// ---- notifiers ----

#[test]
fn l24_notifiers() {
    let here: Act = |b, kind| {
        let fuse = kind.fuse();
        b.s.set_notifier(move || fuse.burn());
        b.s.remote().post(|_, _| ()).unwrap();
        None
    };
    let elsewhere: Act = |b, kind| {
        let fuse = kind.fuse();
        b.s.set_notifier(move || fuse.burn());
        let remote = b.s.remote();
        let sender = thread::spawn(move || remote.post(|_, _| ()).is_ok());
        assert!(sender.join().expect("the sender does not panic"));
        None
    };
    let in_a_crank: Act = |b, kind| {
        let fuse = kind.fuse();
        b.s.set_offload(InlineOffload::new());
        b.s.set_notifier(move || fuse.burn());
        let a = b.add("a", offloading(|| 7));
        let idle = (0..10).any(|_| b.crank() == Next::Idle);
        assert!(idle);
        Some(a)
    };
    let by_a_drop: Act = |b, kind| {
        let fuse = kind.fuse();
        b.s.set_notifier(move || fuse.burn());
        let mut waker = None;
        let a = b.add(
            "a",
            Probe::new(move |cx| {
                waker.get_or_insert_with(|| cx.remote_waker());
                OK
            }),
        );
        b.crank();
        b.s.reap(a).unwrap();
        None
    };
    check(&[
        ("a notifier", here, Success, Callbacks(1)),
        (
            "a notifier on another thread",
            elsewhere,
            Success,
            Callbacks(1),
        ),
        ("a notifier in a crank", in_a_crank, Success, Callbacks(1)),
        (
            "a notifier told by a drop",
            by_a_drop,
            Success,
            Callbacks(1),
        ),
    ]);
}

/// The notifier does with the token what it likes, also while `listen` tells it of a cancel that has come before.
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

/// A work that was cancelled while its job runs hears nothing of it.
#[test]
fn l24_a_cancelled_work_does_not_hear_of_the_panic_of_its_job() {
    let act: Act = |b, kind| {
        b.s.set_offload(ThreadOffload::new(1).unwrap());
        let (go, waits) = mpsc::channel::<()>();
        let (says, runs) = mpsc::channel();
        let job = move || {
            says.send(()).unwrap();
            let _ = waits.recv();
            kind.panic()
        };
        let mut job = Some(job);
        let mut ticket = None;
        let starter = Probe::new(move |cx| {
            if let Some(job) = job.take() {
                ticket = Some(cx.offload(job));
            }
            match &ticket {
                Some(_) => Poll::Pending,
                None => OK,
            }
        });
        let a = b.add("a", starter);
        b.crank();
        runs.recv().unwrap();
        b.s.cancel(a).unwrap();
        go.send(()).unwrap();
        if kind != Kind::Ordinary {
            wait_for_a_panic(b);
        }
        Some(a)
    };
    check(&[("a job of a cancelled work", act, Cancelled, Panics(0))]);
}
