//! The inbox under load, and what its messages cost the host: at most one call of the notifier from parked to running.
//! Its orders of memory are checked with loom, beside its source.

use crankwork::{Budget, Next, RemoteWaker, Time, WorkScheduler, WorkSchedulerConfig};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

/// Works that sleep until another thread wakes them; each counts its turns after the first in `app`.
pub(super) fn sleepers(works: usize) -> (WorkScheduler<usize>, Vec<RemoteWaker>) {
    let config = WorkSchedulerConfig::default().max_concurrency(works);
    let mut s = WorkScheduler::<usize>::new(config);
    let wakers: Rc<RefCell<Vec<RemoteWaker>>> = Rc::default();
    for n in 0..works {
        let (wakers, mut first) = (wakers.clone(), true);
        s.add_fn(format!("sleeper {n}"), move |cx| {
            match std::mem::take(&mut first) {
                true => wakers.borrow_mut().push(cx.remote_waker()),
                false => *cx.app += 1,
            }
            Poll::<Result<(), _>>::Pending
        })
        .unwrap();
    }
    assert_eq!(crank(&mut s, &mut 0), Next::External);
    let wakers = wakers.take();
    (s, wakers)
}

fn crank(s: &mut WorkScheduler<usize>, app: &mut usize) -> Next {
    s.crank_work(Time::ZERO, app, Budget::unlimited()).next
}

fn counted(s: &mut WorkScheduler<usize>) -> Arc<AtomicUsize> {
    let calls: Arc<AtomicUsize> = Arc::default();
    let counts = calls.clone();
    s.set_notifier(move || {
        counts.fetch_add(1, Ordering::AcqRel);
    });
    calls
}

#[test]
fn the_notifier_is_called_once_from_parked_to_running() {
    let (mut s, wakers) = sleepers(8);
    let calls = counted(&mut s);
    let remote = s.remote();
    let mut turns = 0;
    for parked in 1..=20 {
        // All that other threads send while the host is parked tells it once.
        thread::scope(|scope| {
            for waker in &wakers {
                let remote = remote.clone();
                scope.spawn(move || {
                    for _ in 0..50 {
                        waker.wake();
                        remote.post(|_, _| ()).unwrap();
                    }
                });
            }
        });
        assert_eq!(calls.load(Ordering::Acquire), parked);
        assert_eq!(crank(&mut s, &mut turns), Next::External);
        assert_eq!(turns, 8 * parked, "redundant wakes merge");
    }
}

#[test]
fn nothing_is_lost_while_the_host_parks_and_threads_wake_without_pause() {
    const THREADS: usize = 4;
    const EACH: usize = 5_000;
    let (mut s, wakers) = sleepers(THREADS);
    let host = thread::current();
    s.set_notifier(move || host.unpark());
    let (mut turns, mut posted) = (0, 0);
    let arrived = Arc::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for waker in wakers {
            let (remote, arrived) = (s.remote(), arrived.clone());
            scope.spawn(move || {
                for n in 0..EACH {
                    waker.wake();
                    let arrived = arrived.clone();
                    // The inbox holds more than all of these.
                    let post = move |_: &mut usize, _: &mut WorkScheduler<usize>| {
                        arrived.fetch_add(1, Ordering::AcqRel);
                    };
                    remote.post(post).unwrap();
                    if n % 64 == 0 {
                        thread::yield_now();
                    }
                }
            });
        }
        // As a host does: it parks whenever the scheduler says that nothing will happen without a wake.
        while posted < THREADS * EACH {
            match crank(&mut s, &mut turns) {
                Next::Now => {}
                _ if arrived.load(Ordering::Acquire) > posted => {}
                _ => thread::park(),
            }
            posted = arrived.load(Ordering::Acquire);
        }
    });
    crank(&mut s, &mut turns);
    assert!(turns >= THREADS, "each had a turn after its last wake");
    assert_eq!(s.next(), Next::Idle, "who has lost its waker ends as such");
}
