//! `FutureWork`.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::compose::FutureWork;
use crankwork::{Failure, FailureKind, Next, ParkDriver, Retry, Spec, WorkState};
use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Poll, Waker};

/// A signal that futures wait for.
#[derive(Clone, Default)]
struct Signal(Rc<RefCell<(bool, Vec<Waker>)>>);

impl Signal {
    fn raise(&self) {
        let mut inner = self.0.borrow_mut();
        inner.0 = true;
        inner.1.drain(..).for_each(Waker::wake);
    }

    async fn raised(&self) {
        poll_fn(|cx| {
            let mut inner = self.0.borrow_mut();
            if inner.0 {
                return Poll::Ready(());
            }
            inner.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[test]
fn a_future_is_polled_when_it_is_woken_and_only_then() {
    let mut b = Bench::with_permits(4);
    let (first, second) = (Signal::default(), Signal::default());
    let waits = (first.clone(), second.clone());
    let future = FutureWork::new(move || {
        let (first, second) = waits.clone();
        async move {
            first.raised().await;
            second.raised().await;
            Ok(42)
        }
    });
    let a = b.s.add(Spec::new("a", future)).unwrap();
    for (signal, turns) in [(None, 1), (Some(&first), 2), (Some(&second), 3)] {
        signal.into_iter().for_each(Signal::raise);
        b.crank();
        assert_eq!(
            b.crank().next,
            if turns < 3 {
                Next::External
            } else {
                Next::Idle
            }
        );
        assert_eq!(b.s.metrics().turns, turns);
    }
    assert_eq!(b.s.take(a), Some(42));
}

#[test]
fn a_wake_from_another_thread_reaches_it() {
    let mut b = Bench::with_permits(4);
    let (send, receive) = mpsc::channel::<Waker>();
    let other = std::thread::spawn(move || receive.recv().map(Waker::wake).is_ok());
    let future = FutureWork::new(move || {
        let (send, mut sent) = (send.clone(), false);
        poll_fn(move |cx| match std::mem::replace(&mut sent, true) {
            true => Poll::Ready(Ok::<_, Failure>(())),
            false => {
                send.send(cx.waker().clone()).unwrap();
                Poll::Pending
            }
        })
    });
    let a = b.add_spec(Spec::new("a", future));
    b.s.run_until_done(&mut b.log, &mut ParkDriver::new())
        .unwrap();
    assert!(other.join().unwrap());
    assert_eq!(b.state(a), WorkState::Success);
}

#[test]
fn one_that_wakes_itself_has_another_turn() {
    let mut b = Bench::with_permits(4);
    let future = FutureWork::new(|| {
        let mut left = 5;
        poll_fn(move |cx| {
            left -= 1;
            if left == 0 {
                return Poll::Ready(Ok::<_, Failure>(()));
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    });
    b.add_spec(Spec::new("a", future));
    assert_eq!(b.run().turns, 5);
}

#[test]
fn an_error_fails_the_attempt_and_the_next_has_a_new_future() {
    let mut b = Bench::with_permits(4);
    let made = Rc::new(Cell::new(0));
    let count = made.clone();
    let future = FutureWork::new(move || {
        count.set(count.get() + 1);
        async { Err::<(), _>("x".parse::<u32>().unwrap_err().into()) }
    });
    let a = b.add_spec(Spec::new("a", future).retry(Retry::ONCE));
    b.run();
    assert_eq!((made.get(), b.state(a)), (2, WorkState::Failed));
    b.s.restart(a).unwrap();
    b.run();
    assert_eq!(
        (made.get(), b.failure(a).as_str()),
        (4, "invalid digit found in string")
    );
}

#[test]
fn a_cancel_and_a_limit_drop_the_future() {
    for limit in [false, true] {
        let mut b = Bench::with_permits(4);
        let (dropped, signal) = (Rc::new(Cell::new(0)), Signal::default());
        let (count, wait) = (dropped.clone(), signal.clone());
        let future = FutureWork::new(move || {
            let (guard, wait) = (Dropped(count.clone()), wait.clone());
            async move {
                let _guard = guard;
                wait.raised().await;
                Ok(())
            }
        });
        let a = b.add_spec(Spec::new("a", future).attempt_timeout(secs(5)));
        b.crank();
        if limit {
            b.crank_at(at_secs(5));
        } else {
            b.s.cancel(a).unwrap();
        }
        b.run();
        assert_eq!(dropped.get(), 1);
        // Its waker is of an attempt that has ended.
        signal.raise();
        assert_eq!((b.crank().next, b.s.metrics().turns), (Next::Idle, 2));
        let expected = if limit {
            WorkState::Failed
        } else {
            WorkState::Cancelled
        };
        assert_eq!(b.state(a), expected);
    }
}

#[test]
fn one_that_keeps_no_waker_is_a_lost_wake() {
    let mut b = Bench::with_permits(4);
    let a = b.add_spec(Spec::new(
        "a",
        FutureWork::new(pending::<Result<(), Failure>>),
    ));
    assert_eq!(b.crank().next, Next::Idle);
    let outcome = b.outcome(a);
    assert_eq!(outcome.failure().unwrap().kind(), &FailureKind::LostWake);
}

#[test]
fn a_panic_in_it_fails_the_work_for_good() {
    let mut b = Bench::with_permits(4);
    let future = FutureWork::new(|| async { panic!("{ON_PURPOSE}") });
    let a =
        b.s.add::<_, ()>(Spec::new("a", future).retry(Retry::A_LOT))
            .unwrap()
            .id();
    b.run();
    let outcome = b.outcome(a);
    assert_eq!(outcome.failure().unwrap().kind(), &FailureKind::Panicked);
}
