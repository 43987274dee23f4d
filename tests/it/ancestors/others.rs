//! Lessons from the issue lists of other projects, as far as they concern the engine.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{
    Backoff, Budget, Driver, Failure, Next, Remote, Retry, Spec, Stall, Time, WorkState,
};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

// ---- what exactly "no deadline" means (smoltcp #137 #214 #215, timely #255 #461) ----

#[test]
fn no_time_is_none_and_now_is_zero() {
    let now = at_secs(10);
    assert_eq!(Next::Now.timeout(now), Some(Duration::ZERO));
    assert_eq!(Next::At(at_secs(12)).timeout(now), Some(secs(2)));
    assert_eq!(
        Next::At(at_secs(9)).timeout(now),
        Some(Duration::ZERO),
        "late is now"
    );
    assert_eq!(Next::At(Time::MAX).timeout(now), Some(Time::MAX - now));
    for never in [Next::External, Next::Stalled, Next::Idle] {
        assert_eq!(never.timeout(now), None);
    }
}

#[test]
fn a_work_without_limits_has_no_timer() {
    let mut b = Bench::with_permits(1);
    assert_eq!(b.s.next(), Next::Idle, "nothing at all");
    b.add("a", idling());
    assert_eq!(b.s.next(), Next::Now, "a first turn is due");
    assert_eq!(b.crank().next, Next::External);
    assert_eq!(b.s.snapshot()[0].next_deadline, None);
    assert_eq!(b.crank_at(at_secs(1_000_000_000)).next, Next::External);
    assert_eq!(b.s.metrics().turns, 1);
}

#[test]
fn a_limit_that_has_passed_already_counts_at_once() {
    let mut b = Bench::with_permits(1);
    b.crank_at(at_secs(5));
    let owner = b.add("owner", idling());
    let queued = b.add_spec(Spec::new("queued", done()).deadline(at_secs(3)));
    assert_eq!(b.s.next(), Next::Now);
    b.crank_at(at_secs(5));
    assert!(b.failure(queued).contains("deadline"));
    assert_eq!(b.state(owner), WorkState::Waiting);
}

#[test]
fn the_crank_at_the_time_that_next_names_does_something() {
    let mut b = Bench::with_permits(2);
    b.add_spec(Spec::new("retries", failing()).retry(Retry::A_FEW));
    b.add_spec(Spec::new("times out", idling()).attempt_timeout(secs(3)));
    b.add_spec(Spec::new("too late", idling()).deadline(at_secs(4)));
    b.add("naps", napping(secs(7)));
    let mut now = Time::ZERO;
    loop {
        let crank = b.crank_at(now);
        assert!(crank.turns > 0 || crank.settled > 0, "at {now}");
        match crank.next {
            Next::At(t) => {
                assert!(t > now);
                // A nanosecond early is too early.
                let early = Time::from_nanos(t.as_nanos() - 1);
                let crank = b.crank_at(early);
                assert_eq!((crank.turns, crank.next), (0, Next::At(t)));
                now = t;
            }
            next => return assert_eq!(next, Next::Idle),
        }
    }
}

// ---- Instant::MAX (embassy #4736) ----

#[test]
fn the_end_of_time_is_a_time_and_nothing_overflows() {
    let forever = Duration::MAX;
    let mut b = Bench::with_permits(8);
    b.crank_at(at_secs(1));
    b.add("sleeps", napping(forever));
    b.add(
        "alarm",
        Probe::new(move |cx| {
            if cx.now() == Time::MAX {
                return OK;
            }
            cx.wake_after(forever);
            cx.wake_at(Time::MAX);
            Poll::Pending
        }),
    );
    let limits = Spec::new("limits", done()).attempt_timeout(forever);
    b.add_spec(limits.abort_grace(forever).deadline(Time::MAX));
    let fixed = Retry::ONCE.with_backoff(Backoff::fixed(forever));
    b.add_spec(Spec::new("backs off", failing()).retry(fixed));
    let late = Probe::new(move |_| Poll::Ready(Err(Failure::retry_after("later", forever))));
    b.add_spec(Spec::new("retries after", late).retry(Retry::ONCE));
    assert_eq!(b.crank().next, Next::At(Time::MAX));
    b.run();
    assert_eq!(b.s.now(), Time::MAX);
    assert_eq!((b.s.metrics().success, b.s.metrics().failed), (3, 2));
}

#[test]
fn at_the_end_of_time_sleeps_still_end() {
    let mut b = Bench::with_permits(1);
    b.crank_at(Time::MAX);
    b.add("naps", napping(secs(1)));
    b.add_spec(Spec::new("retries", failing()).retry(Retry::ONCE));
    assert_eq!(b.crank_at(Time::MAX).next, Next::Idle);
}

// ---- run-time double borrows (calloop #109) ----

#[test]
fn a_crank_within_a_crank_does_nothing() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", done());
    let post = b.s.remote().post(|log: &mut Log, scheduler| {
        let crank = scheduler.crank_work(at_secs(0), log, Budget::unlimited());
        log.push(format!("{} {:?}", crank.turns, crank.next));
    });
    post.unwrap();
    b.crank();
    assert_eq!(b.log.lines[0], "0 Now");
    assert_eq!(b.state(a), WorkState::Success);
}

/// Gives up after a thousand looks at the clock.
struct Impatient(u32);

impl Driver for Impatient {
    fn now(&mut self) -> Time {
        self.0 += 1;
        assert!(self.0 < 1000, "{ON_PURPOSE}: it spins");
        Time::ZERO
    }

    fn wait(&mut self, _: Option<Time>) -> bool {
        false
    }
}

#[test]
fn a_run_within_a_crank_returns() {
    let mut b = Bench::with_permits(1);
    b.add("a", done());
    let post = b.s.remote().post(|log: &mut Log, scheduler| {
        let run: Result<_, Box<Stall>> = scheduler.run_until_done(log, &mut Impatient(0));
        log.push(format!("is error: {}", run.is_err()));
    });
    post.unwrap();
    b.crank();
    assert_eq!(b.log.lines[0], "is error: true");
    assert_eq!(b.s.metrics().callback_panics, 0);
}

#[test]
fn a_work_may_cancel_wake_and_ask_itself_its_parent_and_its_children_in_its_turn() {
    let mut b = Bench::with_permits(4);
    let parent = b.add(
        "parent",
        Probe::new(|cx| {
            let me = cx.id();
            if cx.children().is_empty() {
                let child = Probe::new(move |cx| {
                    assert_eq!(cx.state(me), Some(WorkState::Waiting));
                    cx.wake(me).unwrap();
                    assert_eq!(cx.state(me), Some(WorkState::Queued));
                    cx.expect_wake();
                    Poll::Pending
                });
                cx.spawn(Spec::new("child", child)).unwrap();
                return Poll::Pending;
            }
            assert_eq!(cx.state(me), Some(WorkState::Running));
            let (child, _) = cx.children().iter().next().unwrap();
            cx.wake(child).unwrap();
            cx.cancel(child).unwrap();
            cx.cancel(me).unwrap();
            OK
        }),
    );
    // The child has its own turn first, then the parent is woken.
    b.run();
    assert_eq!(b.state(parent), WorkState::Cancelled);
}

// ---- unbounded drains (calloop #200) ----

/// A closure that posts itself again, up to ten thousand times.
fn again(remote: Remote<Log>, count: Arc<AtomicU32>) {
    let (next, counter) = (remote.clone(), count.clone());
    let post = remote.post(move |_, _| {
        if counter.fetch_add(1, Ordering::Relaxed) < 10_000 {
            again(next, counter.clone());
        }
    });
    assert!(post.is_ok());
}

#[test]
fn closures_that_post_closures_do_not_outrun_the_budget() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", Probe::new(|cx| cx.yield_now()));
    let count: Arc<AtomicU32> = Arc::default();
    again(b.s.remote(), count.clone());
    let crank = b.turns(5);
    assert_eq!((crank.turns, count.load(Ordering::Relaxed)), (5, 5));

    // Also when no work has a turn.
    b.s.cancel(a).unwrap();
    b.crank_at(at_secs(0));
    count.store(0, Ordering::Relaxed);
    again(b.s.remote(), count.clone());
    let crank = b.turns(5);
    assert_eq!((crank.turns, crank.next), (0, Next::Now));
    assert!(count.load(Ordering::Relaxed) <= 6);
    let mut asked = 0;
    let stop = || {
        asked += 1;
        asked == 3
    };
    count.store(0, Ordering::Relaxed);
    let _ =
        b.s.crank_work(at_secs(0), &mut b.log, Budget::unlimited().or_when(stop));
    assert!(count.load(Ordering::Relaxed) <= 4);
}

#[test]
fn timers_of_zero_do_not_outrun_the_budget() {
    let mut b = Bench::with_permits(1);
    b.add(
        "naps",
        Probe::new(|cx| {
            cx.wake_after(Duration::ZERO);
            Poll::Pending
        }),
    );
    let zero = Retry::times(1_000_000).with_backoff(Backoff::fixed(Duration::ZERO));
    b.add_spec(Spec::new("retries", failing()).retry(zero).no_permit());
    let crank = b.turns(20);
    assert_eq!((crank.turns, crank.next), (20, Next::Now));
}

#[test]
fn the_host_gets_its_thread_back_when_it_asks() {
    let mut b = Bench::with_permits(1);
    b.add("a", Probe::new(|cx| cx.yield_now()));
    let turns = Rc::new(Cell::new(0));
    let asked = turns.clone();
    let budget = Budget::unlimited().or_when(move || {
        asked.set(asked.get() + 1);
        asked.get() == 7
    });
    let crank = b.s.crank_work(at_secs(0), &mut b.log, budget);
    assert_eq!((crank.turns, turns.get(), crank.next), (7, 7, Next::Now));
}

// ---- what occupies a slot (airflow #20940 #69187, dagster #17502, taskflow #647) ----

#[test]
fn only_attempts_under_way_occupy_a_slot() {
    // Works in every state that holds no permit, all at once, and one permit: it is free.
    let mut b = Bench::with_permits(1);
    b.add_spec(Spec::new("outside", idling()).no_permit());
    let outside = b.find("outside");
    b.add_spec(Spec::new("pending", done()).after(outside));
    b.add_spec(Spec::new("retrying", failing()).retry(Retry::ONCE));
    let child = || Spec::new("child", idling()).no_permit();
    b.add(
        "joining",
        Probe::new(move |cx| {
            cx.spawn(child()).unwrap();
            OK
        }),
    );
    b.add(
        "parent",
        Probe::new(move |cx| {
            if cx.children().is_empty() {
                cx.spawn(child()).unwrap();
            }
            Poll::Pending
        }),
    );
    b.add(
        "deferred",
        Probe::new(|cx| {
            cx.release_permit();
            cx.expect_wake();
            Poll::Pending
        }),
    );
    for settled in [done(), failing()] {
        b.add("settled", settled);
    }
    b.crank();
    use WorkState::*;
    let names = ["pending", "retrying", "joining", "parent", "deferred"];
    let states = names.map(|name| b.state(b.find(name)));
    assert_eq!(states, [Pending, Retrying, Joining, Waiting, Waiting]);
    let probe = b.add("probe", done());
    assert_eq!(b.state(probe), Running);
}

#[test]
fn a_work_waiting_for_a_rare_pool_does_not_keep_others_from_the_common_one() {
    let mut b = Bench::with_permits(2);
    b.s.set_pool_capacity("rare", 1);
    b.add_spec(Spec::new("owner", idling()).pool("rare", 1));
    let stuck = b.add_spec(Spec::new("stuck", done()).pool("rare", 1));
    let free: Vec<_> = (0..5).map(|_| b.add("free", done())).collect();
    b.crank();
    assert_eq!(b.state(stuck), WorkState::Queued);
    // It lacks only the rare pool, and they do not need that.
    assert!(free.iter().all(|&id| b.state(id) == WorkState::Success));
}
