//! Messages of other threads, seen from one thread: wakers, closures, the notifier.

use crate::units::at_secs;
use crate::workbench::*;
use crankwork::WorkState::{Cancelled, Success, Waiting};
use crankwork::{Limits, Next, PostError, RemoteWaker, Retry, Spec, WorkSchedulerConfig};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Poll, Wake, Waker};

type Kept = Rc<RefCell<Vec<RemoteWaker>>>;

/// Keeps a remote waker and sleeps; succeeds in its `n`th turn.
fn wakeable(kept: &Kept, n: u32) -> Probe {
    let kept = kept.clone();
    let mut turns = 0;
    Probe::new(move |cx| {
        turns += 1;
        if turns == n {
            return OK;
        }
        kept.borrow_mut().push(cx.remote_waker());
        Poll::Pending
    })
}

#[test]
fn a_remote_waker_gives_a_turn_and_wakes_merge() {
    let kept = Kept::default();
    let mut b = Bench::with_permits(1);
    let a = b.add("a", wakeable(&kept, 3));
    assert_eq!(b.crank().next, Next::External);
    assert_eq!(b.s.next(), Next::External);
    let waker = kept.borrow()[0].clone();
    for _ in 0..10 {
        waker.wake();
    }
    assert_eq!(b.s.next(), Next::Now);
    let crank = b.crank_at(at_secs(0));
    assert_eq!((crank.turns, crank.next), (1, Next::External));
    waker.wake();
    b.crank();
    assert_eq!(b.state(a), Success);
    waker.wake();
    b.crank();
    assert_eq!(b.s.metrics().turns, 3);
}

#[test]
fn a_wake_sent_during_the_turn_is_not_lost() {
    let mut b = Bench::with_permits(1);
    let mut turns = 0;
    let a = Probe::new(move |cx| {
        turns += 1;
        if turns == 2 {
            return OK;
        }
        let waker = cx.remote_waker();
        waker.wake();
        // The last clone goes while the wake is under way.
        Poll::Pending
    });
    let a = b.add("a", a);
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!(b.state(a), Success);
}

#[test]
fn a_waker_of_an_earlier_attempt_does_nothing() {
    let kept = Kept::default();
    let mut b = Bench::with_permits(1);
    let keep = kept.clone();
    let a = Probe::new(move |cx| {
        keep.borrow_mut().push(cx.remote_waker());
        match cx.attempt() {
            1 => fail("no"),
            _ => Poll::Pending,
        }
    });
    let a = b.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    b.crank();
    assert_eq!(b.crank_at(at_secs(10)).next, Next::External);
    kept.borrow()[0].wake();
    b.crank();
    assert_eq!((b.s.metrics().turns, b.state(a)), (2, Waiting));
    kept.borrow()[1].wake();
    b.crank();
    assert_eq!(b.s.metrics().turns, 3);
}

#[test]
fn a_sleeper_whose_last_waker_is_dropped_is_woken() {
    let kept = Kept::default();
    let mut b = Bench::with_permits(1);
    let a = b.add("a", wakeable(&kept, 2));
    b.crank();
    let copy = kept.borrow()[0].clone();
    kept.borrow_mut().clear();
    assert_eq!(b.crank().next, Next::External, "a clone lives");
    drop(copy);
    assert_eq!(b.s.next(), Next::Now);
    b.crank();
    assert_eq!(b.state(a), Success);
}

#[test]
fn a_remote_waker_is_a_std_waker() {
    let kept = Kept::default();
    let mut b = Bench::with_permits(1);
    let a = b.add("a", wakeable(&kept, 4));
    b.crank();
    let remote = kept.borrow_mut().pop().unwrap();
    let waker = Waker::from(remote.clone());
    waker.wake_by_ref();
    b.crank();
    assert_eq!(b.s.metrics().turns, 2);
    let copy = waker.clone();
    drop(waker);
    copy.wake();
    b.crank();
    assert_eq!(b.s.metrics().turns, 3);
    // The trait wakes it too.
    Arc::new(remote).wake();
    b.crank();
    assert_eq!(b.state(a), Success);
}

#[test]
fn the_notifier_is_called_when_the_inbox_becomes_not_empty() {
    let kept = Kept::default();
    let mut b = Bench::with_permits(4);
    let calls: Arc<AtomicU32> = Arc::default();
    let count = calls.clone();
    b.s.set_notifier(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    for _ in 0..3 {
        b.add("a", wakeable(&kept, 100));
    }
    let called = || calls.load(Ordering::Relaxed);
    b.crank();
    assert_eq!(called(), 0);
    let remote = b.s.remote();
    for waker in kept.borrow().iter() {
        waker.wake();
    }
    remote.post(|_, _| ()).unwrap();
    assert_eq!(called(), 1, "once for all of them");
    b.crank();
    assert_eq!(called(), 1);
    remote.cancel_all();
    assert_eq!(called(), 2, "and again after it was emptied");
}

#[test]
fn a_posted_closure_has_the_application_and_the_scheduler() {
    let mut b = Bench::with_permits(1);
    let remote = b.s.remote();
    remote
        .post(|log: &mut Log, scheduler| {
            log.push("posted");
            scheduler.add(Spec::new("a", done())).unwrap();
        })
        .unwrap();
    b.run();
    assert_eq!(
        b.log.lines,
        ["posted", "a: on_reset", "a: poll 1", "a: on_success"]
    );
}

#[test]
fn closures_run_in_the_order_in_which_they_were_posted() {
    let mut b = Bench::with_permits(1);
    for i in 0..20 {
        let post =
            b.s.remote()
                .post(move |log: &mut Log, _| log.push(i.to_string()));
        post.unwrap();
    }
    b.crank();
    let expected: Vec<String> = (0..20).map(|i| i.to_string()).collect();
    assert_eq!(b.log.lines, expected);
}

#[test]
fn a_full_inbox_gives_the_closure_back() {
    let limits = Limits::default().inbox(2);
    let mut b = Bench::new(WorkSchedulerConfig::default().limits(limits));
    let remote = b.s.remote();
    let post = |text: &'static str| remote.post(move |log: &mut Log, _| log.push(text));
    post("one").unwrap();
    post("two").unwrap();
    let Err(PostError::Full(back)) = post("three") else {
        panic!("there is no room");
    };
    b.crank();
    assert_eq!(b.lines(), ["one", "two"]);
    remote.post(back).unwrap();
    b.crank();
    assert_eq!(b.lines(), ["three"]);
}

#[test]
fn a_scheduler_that_is_gone_gives_the_closure_back_and_wakes_do_no_harm() {
    let kept = Kept::default();
    let mut b = Bench::with_permits(1);
    b.add("a", wakeable(&kept, 2));
    b.crank();
    let (remote, token) = (b.s.remote(), b.s.cancel_token());
    drop(b);
    let owned = String::from("mine");
    let refused = remote.post(move |log: &mut Log, _| log.push(owned));
    let Err(PostError::Closed(back)) = refused else {
        panic!("nobody is there");
    };
    let mut other = Bench::with_permits(1);
    other.s.remote().post(back).unwrap();
    other.crank();
    assert_eq!(other.log.lines, ["mine"]);
    kept.borrow()[0].wake();
    token.cancel();
    remote.cancel_all();
}

#[test]
fn a_closure_that_panics_is_counted_and_the_rest_goes_on() {
    let mut b = Bench::with_permits(1);
    let remote = b.s.remote();
    remote.post(|_, _| panic!("{ON_PURPOSE}")).unwrap();
    remote.post(|log: &mut Log, _| log.push("next")).unwrap();
    let a = b.add("a", done());
    b.crank();
    assert_eq!(b.log.lines[0], "next");
    assert_eq!(b.state(a), Success);
    let metrics = b.s.metrics();
    assert_eq!((metrics.callback_panics, metrics.panics), (1, 0));
}

#[test]
fn remote_cancels() {
    let mut b = Bench::with_permits(4);
    let [one, two] = [b.add("one", idling()), b.add("two", idling())];
    b.crank();
    let remote = b.s.remote().clone();
    remote.cancel(one);
    b.crank();
    assert_eq!(b.states([one, two]), [Cancelled, Waiting]);
    b.s.reap(one).unwrap();
    remote.cancel(one);
    remote.cancel_all();
    b.crank();
    assert_eq!(b.state(two), Cancelled);
}

#[test]
fn to_the_virtual_driver_only_external_is_a_stall() {
    let kept = Kept::default();
    let mut b = Bench::with_permits(1);
    b.add("a", wakeable(&kept, 2));
    let mut driver = crankwork::VirtualDriver::new();
    let stall = b.s.run_until_done(&mut b.log, &mut driver).unwrap_err();
    let text = stall.to_string();
    assert!(
        text.contains("`a`") && text.contains("a remote waker"),
        "{text}"
    );
}
