//! A scheduler that is reset.

use super::{Answer, Log, crank};
use crate::units::{at_secs, secs};
use crankwork::{AddError, Next, Spec, Time, WorkContext, WorkScheduler, WorkSchedulerConfig};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

#[test]
fn l30_nothing_from_before_a_reset_reaches_the_works_after_it() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    let wakers = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&wakers);
    let old = s
        .add_fn("a", move |cx| -> Answer {
            kept.borrow_mut()
                .push((cx.remote_waker(), cx.cancel_token()));
            Poll::Pending
        })
        .unwrap();
    let mut log = Log::new();
    assert_eq!(crank(&mut s, &mut log, at_secs(9)), Next::External);
    let remote = s.remote();
    s.reset(1);
    assert_eq!(
        (s.now(), s.metrics().total, s.state(old)),
        (Time::ZERO, 0, None)
    );
    s.add_fn("b", |cx| -> Answer {
        cx.app.push(String::from("b"));
        cx.expect_wake();
        Poll::Pending
    })
    .unwrap();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::External);
    for (waker, token) in wakers.take() {
        waker.wake();
        token.cancel();
    }
    remote.cancel_all();
    assert!(remote.post(|_: &mut Log, _| ()).is_err());
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::External);
    assert_eq!(
        (log.as_slice(), s.metrics().total),
        (["b".into()].as_slice(), 1)
    );
}

#[test]
fn a_reset_brings_the_configured_capacities_back() {
    let config = WorkSchedulerConfig::default()
        .max_concurrency(2)
        .pool("disk", 2);
    let mut s = WorkScheduler::<Log>::new(config);
    for (pool, capacity) in [("max_concurrency", 1), ("disk", 1), ("net", 1)] {
        s.set_pool_capacity(pool, capacity);
    }
    s.reset(0);
    let work = || |cx: &mut WorkContext<'_, Log>| cx.sleep(secs(1)).map(Ok);
    let refused = s.add(Spec::new("a", work()).pool("net", 1));
    assert!(
        matches!(refused, Err(AddError::NoSuchPool(_))),
        "{refused:?}"
    );
    for name in ["a", "b"] {
        s.add(Spec::new(name, work()).pool("disk", 1)).unwrap();
    }
    assert_eq!(s.metrics().running, 2);
}

/// A work that logs its name and ends.
fn log_name(cx: &mut WorkContext<'_, Log>) -> Answer {
    let name = cx.name().to_string();
    cx.app.push(name);
    Poll::Ready(Ok(()))
}

#[test]
fn l30_slots_of_works_before_a_reset_take_dependencies_as_new_ones_do() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    let mut log = Log::new();
    for seed in 0..4 {
        s.reset(seed);
        let first = s.add(Spec::new("first", log_name).no_permit()).unwrap();
        let second = s.add(Spec::new("second", log_name).after(first)).unwrap();
        let third = s.add(Spec::new("third", log_name).after(second)).unwrap();
        let cancelled = seed % 2 == 0;
        if cancelled {
            // Its slot is left as that of a settled work whose dependencies have not settled.
            s.cancel(third).unwrap();
        }
        s.audit().unwrap();
        assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Idle);
        let all = ["first", "second", "third"];
        assert_eq!(log, all[..3 - usize::from(cancelled)]);
        log.clear();
    }
}

#[test]
fn a_notifier_from_before_a_reset_is_told_nothing() {
    let told = Arc::new(AtomicBool::new(false));
    let tells = Arc::clone(&told);
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_notifier(move || tells.store(true, Ordering::Relaxed));
    s.reset(0);
    s.remote().cancel_all();
    assert!(!told.load(Ordering::Relaxed));
}
