//! What the page claims about the clock, its timers, its queue and its threads, and no other test shows.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{
    Driver, Job, JobId, Limits, MonotonicClock, Next, Offload, ParkDriver, PostError, Retry, Spec,
    ThreadOffload, Time, VirtualDriver, WorkScheduler, WorkSchedulerConfig,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::thread::{self, ThreadId};
use std::time::Duration;

#[test]
fn a_host_has_the_clock_the_timers_and_the_queue_in_one_loop() {
    let mut b = Bench::with_permits(4);
    b.add("slow", napping(secs(3)));
    b.add("quick", napping(secs(1)));
    let remote = b.s.remote();
    let mut now = at_secs(100);
    let mut cranks = Vec::new();
    loop {
        let posted = move |log: &mut Log, s: &mut WorkScheduler<Log>| {
            log.push(format!("posted at {}", s.now()));
        };
        remote.post(posted).unwrap();
        let next = b.crank_at(now).next;
        cranks.push(now);
        let Some(wait) = next.timeout(now) else { break };
        now = now + wait;
    }
    assert_eq!(cranks, [at_secs(100), at_secs(101), at_secs(103)]);
    let told: Vec<String> = b
        .lines()
        .into_iter()
        .filter(|line| line.starts_with("posted") || line.ends_with("on_success"))
        .collect();
    let expected = [
        "posted at 00:01:40.000",
        "posted at 00:01:41.000",
        "quick: on_success",
        "posted at 00:01:43.000",
        "slow: on_success",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_crank_never_waits_and_a_driver_does() {
    const NAP: Duration = Duration::from_millis(20);
    let mut b = Bench::with_permits(1);
    b.add("a", napping(NAP));
    b.add("far", napping(secs(3600)));
    let mut driver = ParkDriver::new();
    let start = driver.now();
    let due = start + NAP;
    assert_eq!(b.crank_at(start).next, Next::At(due));
    // The timer is not due, so a second crank does nothing, and returns.
    let turns = b.s.metrics().turns;
    assert_eq!(b.crank_at(start).next, Next::At(due));
    assert_eq!(b.s.metrics().turns, turns);
    let clock = MonotonicClock::new();
    assert!(driver.wait(Some(due)));
    assert!(driver.now() >= due && clock.now() > Time::ZERO);

    let mut simulated = VirtualDriver::at(start);
    assert!(simulated.wait(Some(due)));
    assert_eq!(simulated.now(), due, "time jumps");
    assert!(!simulated.wait(None), "nothing could end this wait");
}

#[test]
fn the_time_stands_still_within_a_crank() {
    let mut b = Bench::with_permits(2);
    for name in ["a", "b"] {
        let work = Probe::new(move |cx| {
            say(cx, &cx.now().to_string());
            if cx.now() == at_secs(7) {
                return OK;
            }
            // Real time goes by; the crank has been told that it is 5 s.
            thread::sleep(Duration::from_millis(2));
            cx.wake_at(at_secs(7));
            Poll::Pending
        });
        b.add(name, work);
    }
    b.crank_at(at_secs(5));
    let times = |b: &mut Bench| -> Vec<String> {
        let lines = b.lines().into_iter();
        lines.filter(|line| line.contains("00:")).collect()
    };
    assert_eq!(times(&mut b), ["a: 00:00:05.000", "b: 00:00:05.000"]);
    b.crank_at(at_secs(7));
    assert_eq!(times(&mut b), ["a: 00:00:07.000", "b: 00:00:07.000"]);
}

#[test]
fn to_cancel_all_works_leaves_no_timer() {
    let mut b = Bench::with_permits(9);
    b.add("alarm", napping(secs(5)));
    b.add_spec(Spec::new("backs off", failing()).retry(Retry::ONCE));
    b.add_spec(Spec::new("limited", idling()).attempt_timeout(secs(6)));
    b.add_spec(Spec::new("late", idling()).deadline(at_secs(7)));
    let gate = b.add("gate", idling());
    b.add_spec(
        Spec::new("pending", done())
            .after(gate)
            .deadline(at_secs(8)),
    );
    assert_eq!(b.crank().next, Next::At(at_secs(5)));
    b.s.cancel_all();
    assert_eq!(b.crank().next, Next::Idle);
    assert!(b.s.snapshot().iter().all(|w| w.next_deadline.is_none()));
    let turns = b.s.metrics().turns;
    assert_eq!(b.crank_at(at_secs(3600)).next, Next::Idle);
    assert_eq!(b.s.metrics().turns, turns);
    assert_eq!(b.s.metrics().cancelled, 6);
}

#[test]
fn posted_closures_have_one_queue_and_none_is_ever_dropped() {
    let limits = Limits::default().inbox(6);
    let mut b = Bench::new(WorkSchedulerConfig::default().limits(limits));
    let remote = b.s.remote();
    let post = |line: String| remote.post(move |log: &mut Log, _| log.push(line));
    // Arrival alone decides, not how much a thread has posted before.
    for line in ["much 1", "much 2", "much 3", "much 4", "little", "much 5"] {
        post(line.into()).unwrap();
    }
    assert!(matches!(post("one more".into()), Err(PostError::Full(_))));
    // However long they wait.
    b.crank_at(at_secs(3600));
    let expected = ["much 1", "much 2", "much 3", "much 4", "little", "much 5"];
    assert_eq!(b.lines(), expected);
    // A scheduler that is shut down runs them, too.
    b.s.shutdown();
    post("after the shutdown".into()).unwrap();
    b.crank();
    assert_eq!(b.lines(), ["after the shutdown"]);
}

/// A pool of threads for each purpose: the first word of a work's name.
struct ByPurpose([(&'static str, ThreadOffload); 3]);

impl Offload for ByPurpose {
    fn submit(&mut self, job: Job, now: Time) {
        let name = job.name().to_string();
        let mut pools = self.0.iter_mut();
        let pool = pools.find(|(purpose, _)| name.starts_with(purpose));
        pool.expect("a pool for it").1.submit(job, now);
    }

    fn cancel(&mut self, id: JobId) -> Option<Job> {
        self.0.iter_mut().find_map(|(_, pool)| pool.cancel(id))
    }

    fn job_ended(&mut self) {
        self.0.iter_mut().for_each(|(_, pool)| pool.job_ended());
    }
}

#[test]
fn a_program_may_have_a_pool_of_threads_for_each_purpose() {
    const PURPOSES: [&str; 3] = ["evict", "overlay", "close"];
    let mut b = Bench::with_permits(16);
    let pool = |purpose| (purpose, ThreadOffload::new(1).unwrap());
    b.s.set_offload(ByPurpose(PURPOSES.map(pool)));
    let ran: Rc<RefCell<BTreeSet<(&str, String)>>> = Rc::default();
    for purpose in PURPOSES {
        for n in 0..3 {
            let (ran, mut ticket) = (ran.clone(), None);
            let work = Probe::new(move |cx| {
                let job = || thread::current().id();
                let ticket = ticket.get_or_insert_with(|| cx.offload(job));
                let thread: ThreadId = ready!(ticket.poll(cx))?;
                ran.borrow_mut().insert((purpose, format!("{thread:?}")));
                OK
            });
            b.add(format!("{purpose} {n}"), work);
        }
    }
    b.run();
    assert_eq!(b.s.metrics().success, 9);
    // Each purpose has one thread, and no two have the same.
    let ran = ran.borrow();
    let threads: BTreeSet<&str> = ran.iter().map(|(_, thread)| &**thread).collect();
    assert_eq!((ran.len(), threads.len()), (3, 3), "{ran:?}");
}
