//! The few tests in real time: other threads and a parked main thread. They wait for events, not for time to pass.

use crate::units::{at_secs, ms, secs};
use crankwork::{
    CancelToken, Driver, MonotonicClock, ParkDriver, RemoteWaker, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

fn scheduler() -> WorkScheduler<u32> {
    WorkScheduler::new(WorkSchedulerConfig::default())
}

#[test]
fn wakers_and_closures_cross_threads() {
    fn both<T: Send + Sync>() {}
    both::<RemoteWaker>();
    both::<CancelToken>();
    both::<Waker>();
    both::<crankwork::Remote<std::rc::Rc<u32>>>();
    both::<crankwork::Failure>();
    both::<crankwork::WorkId>();
    both::<crankwork::WorkEvent>();
}

#[test]
fn a_thread_wakes_a_parked_scheduler() {
    let mut s = scheduler();
    let (sender, receiver) = mpsc::channel::<RemoteWaker>();
    let flag: Arc<AtomicBool> = Arc::default();
    let set = flag.clone();
    let thread = thread::spawn(move || {
        let waker = receiver.recv().unwrap();
        set.store(true, Ordering::Release);
        waker.wake();
    });
    let mut sender = Some(sender);
    let a = s.add_fn("a", move |cx| {
        if flag.load(Ordering::Acquire) {
            return Poll::Ready(Ok(7));
        }
        if let Some(sender) = sender.take() {
            sender.send(cx.remote_waker()).unwrap();
        } else {
            cx.expect_wake();
        }
        Poll::Pending
    });
    let a = a.unwrap();
    s.run_until_done(&mut 0, &mut ParkDriver::new()).unwrap();
    assert_eq!(s.take(a), Some(7));
    thread.join().unwrap();
}

#[test]
fn many_threads_wake_and_post_and_nothing_is_lost() {
    const THREADS: u32 = 4;
    const EACH: u32 = 500;
    let mut s = scheduler();
    let count: Arc<AtomicU32> = Arc::default();
    let (sender, receiver) = mpsc::channel::<RemoteWaker>();
    let remote = s.remote();
    let sum = count.clone();
    let threads = thread::spawn(move || {
        let waker = receiver.recv().unwrap();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (waker, remote, count) = (waker.clone(), remote.clone(), sum.clone());
                thread::spawn(move || {
                    for _ in 0..EACH {
                        count.fetch_add(1, Ordering::AcqRel);
                        waker.wake();
                        remote.post(|app: &mut u32, _| *app += 1).unwrap();
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
    let mut sender = Some(sender);
    s.add_fn("a", move |cx| {
        let waker = cx.remote_waker();
        if let Some(sender) = sender.take() {
            sender.send(waker.clone()).unwrap();
        }
        // A wake after the last increment must bring a turn that sees it and all closures.
        match count.load(Ordering::Acquire) == THREADS * EACH && *cx.app == THREADS * EACH {
            true => Poll::Ready(Ok(())),
            false => cx.yield_now(),
        }
    })
    .unwrap();
    let mut app = 0;
    s.run_until_done(&mut app, &mut ParkDriver::new()).unwrap();
    assert_eq!(app, THREADS * EACH);
    threads.join().unwrap();
}

#[test]
fn a_token_from_another_thread_cancels_a_run_that_would_last_for_hours() {
    let mut s = scheduler();
    let a = s.add_fn("a", |cx| cx.sleep(secs(36_000)).map(Ok)).unwrap();
    let token = CancelToken::new();
    let remote = token.clone();
    let thread = thread::spawn(move || remote.cancel());
    let mut driver = ParkDriver::new();
    s.run_until_done_with_cancel(&mut 0, &mut driver, &token)
        .unwrap();
    thread.join().unwrap();
    assert_eq!(s.state(a), Some(WorkState::Cancelled));
    assert!(driver.now() < at_secs(3600));
}

#[test]
fn a_posted_closure_ends_an_endless_wait() {
    let mut s = scheduler();
    let a = s.add_fn("a", |cx| {
        cx.expect_wake();
        match *cx.app {
            0 => Poll::Pending,
            n => Poll::Ready(Ok(n)),
        }
    });
    let a = a.unwrap();
    let remote = s.remote();
    let thread = thread::spawn(move || {
        let post = remote.post(move |app: &mut u32, scheduler| {
            *app = 9;
            scheduler.wake(a).unwrap();
        });
        assert!(post.is_ok());
    });
    s.run_until_done(&mut 0, &mut ParkDriver::new()).unwrap();
    thread.join().unwrap();
    assert_eq!(s.take(a), Some(9));
}

#[test]
fn the_monotonic_clock_does_not_go_back_and_short_sleeps_end() {
    let clock = MonotonicClock::new();
    let mut last = clock.now();
    for _ in 0..1000 {
        let now = clock.now();
        assert!(now >= last);
        last = now;
    }
    let mut s = scheduler();
    let nap = ms(2);
    s.add_fn("a", move |cx| cx.sleep(nap).map(Ok)).unwrap();
    let summary = s.run_until_done(&mut 0, &mut ParkDriver::new()).unwrap();
    assert!(summary.elapsed >= nap);
}
