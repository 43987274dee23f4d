//! A parked program with many works that wait for other threads: it sleeps until one of those wakes a work.

use super::{TOO_LONG, poll_for};
use crate::units::secs;
use crate::world::inbox::sleepers;
use crankwork::{Budget, Driver, MioDriver, Next, Notifier, Time};
use mio::{Events, Poll, Token, Waker};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

const WORKS: usize = 10_000;

/// Long enough for whatever looks again and again to show.
const NAP: Duration = secs(1);

const WAKER: Token = Token(7);

/// Returns how often this thread has gone to sleep so far, and its processor time in ticks of 10 ms.
#[cfg(target_os = "linux")]
fn used() -> (u64, u64) {
    let read = |name| std::fs::read_to_string(format!("/proc/thread-self/{name}")).unwrap();
    let status = read("status");
    let switches = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))
        .unwrap();
    let stat = read("stat");
    // The name of the thread, in brackets, may contain anything; user and system time are the 12th and 13th after it.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    (
        switches.trim().parse().unwrap(),
        ticks.map(|field| field.parse::<u64>().unwrap()).sum(),
    )
}

/// Waits, and asserts that the thread slept for all of it. One switch and no tick are right; the limits are wide enough
/// for any machine, and far below what looking every 50 ms, or without a pause, would use.
#[cfg(target_os = "linux")]
fn asleep<R>(wait: impl FnOnce() -> R) -> R {
    let before = used();
    let result = wait();
    let after = used();
    let (switches, ticks) = (after.0 - before.0, after.1 - before.1);
    assert!(switches >= 1, "it did not sleep");
    assert!(switches < 10, "it woke up {switches} times");
    assert!(ticks < 20, "it used {ticks} ticks");
    result
}

#[cfg(not(target_os = "linux"))]
fn asleep<R>(wait: impl FnOnce() -> R) -> R {
    wait()
}

#[test]
fn a_hosts_poll_stays_asleep_until_a_thread_wakes_one_of_many_works() {
    let (mut s, wakers) = sleepers(WORKS);
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(64));
    s.attach(poll.registry(), super::TOKENS).unwrap();
    let waker = Waker::new(poll.registry(), WAKER).unwrap();
    s.set_notifier(move || waker.wake().unwrap());
    let mut turns = 0;
    let next = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!((next.next, next.turns), (Next::External, 0));

    let start = Instant::now();
    asleep(|| poll_for(&mut poll, &mut events, Some(NAP)));
    assert!(events.is_empty(), "woken for nothing: {events:?}");
    assert!(start.elapsed() >= NAP);

    thread::scope(|scope| scope.spawn(|| wakers[WORKS / 2].wake()).join().unwrap());
    poll_for(&mut poll, &mut events, Some(TOO_LONG));
    let tokens: Vec<_> = events.iter().map(|event| event.token()).collect();
    assert_eq!(tokens, [WAKER]);
    let crank = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!((crank.next, crank.turns, turns), (Next::External, 1, 1));
    poll_for(&mut poll, &mut events, Some(Duration::ZERO));
    assert!(events.is_empty(), "woken twice: {events:?}");
}

/// Waits once, and says when it begins to; the second wait ends the run.
struct Once {
    driver: MioDriver,
    parked: Option<Sender<()>>,
}

impl Driver for Once {
    fn now(&mut self) -> Time {
        self.driver.now()
    }

    fn wait(&mut self, until: Option<Time>) -> bool {
        assert_eq!(until, None, "nobody has set an alarm");
        let Some(parked) = self.parked.take() else {
            return false;
        };
        asleep(|| {
            parked.send(()).unwrap();
            self.driver.wait(until)
        })
    }

    fn look(&mut self) {
        panic!("there is nothing to do at once");
    }

    fn notifier(&self) -> Option<Notifier> {
        self.driver.notifier()
    }
}

#[test]
fn a_driver_stays_asleep_until_a_thread_wakes_one_of_many_works() {
    let (mut s, wakers) = sleepers(WORKS);
    let driver = MioDriver::new(&mut s).unwrap();
    let (parked, parks) = channel();
    let (woken, mut turns) = (&wakers[WORKS / 2], 0);
    let stall = thread::scope(|scope| {
        scope.spawn(move || {
            // An error means that the run has failed before it parked.
            if parks.recv().is_ok() {
                thread::sleep(NAP);
                woken.wake();
            }
        });
        let parked = Some(parked);
        let mut driver = Once { driver, parked };
        s.run_until_done(&mut turns, &mut driver).unwrap_err()
    });
    // The first crank finds nothing to do, before the wait. The second has the turn of the work that was woken.
    assert_eq!((stall.summary.cranks, stall.summary.turns), (2, 1));
    assert_eq!(turns, 1);
    assert!(stall.summary.elapsed >= NAP, "{:?}", stall.summary.elapsed);
}
