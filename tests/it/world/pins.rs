//! L29, L34: a host's pin holds virtual time as an offloaded job does.

use crate::units::{at_secs, ms, secs};
use crate::workbench::{Bench, Log, Probe, done, idling};
use crankwork::{Driver, Next, ParkDriver, TimePin, VirtualDriver, WorkState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

fn sleeper() -> Probe {
    Probe::new(|cx| cx.sleep(secs(1)).map(Ok))
}

/// Long enough for the scheduler's thread to park; if it does not, a test is less sharp, and no less true.
const MOMENT: Duration = ms(30);

#[test]
fn l29_virtual_time_stands_still_while_a_pin_lives() {
    let mut b = Bench::with_permits(1);
    b.add("sleeper", sleeper());
    let (pin, remote) = (b.s.pin_time(), b.s.remote());
    let thread = thread::spawn(move || {
        thread::sleep(MOMENT);
        let note = |log: &mut Log, s: &mut crankwork::WorkScheduler<Log>| {
            log.push(format!("posted at {}", s.now()));
        };
        remote.post(note).unwrap();
        drop(pin);
    });
    b.run();
    thread.join().unwrap();
    let posted = String::from("posted at 00:00:00.000");
    assert!(b.log.lines.contains(&posted), "{:?}", b.log.lines);
    assert_eq!(b.s.now(), at_secs(1));
}

#[test]
fn l34_a_run_that_waits_for_a_pin_has_not_stalled() {
    for real in [false, true] {
        let mut b = Bench::with_permits(1);
        let a = b.add("a", idling());
        b.crank();
        let (pin, remote) = (b.s.pin_time(), b.s.remote());
        let thread = thread::spawn(move || {
            thread::sleep(MOMENT);
            remote.cancel(a);
            drop(pin);
        });
        match real {
            true => b.s.run_until_done(&mut b.log, &mut ParkDriver::new()),
            false => b.s.run_until_done(&mut b.log, &mut VirtualDriver::new()),
        }
        .unwrap();
        thread.join().unwrap();
        assert_eq!(b.state(a), WorkState::Cancelled);
    }
}

/// A bench with a work that waits for a permit of an empty pool: nothing can end that.
fn stuck() -> Bench {
    let mut b = Bench::with_permits(1);
    b.s.set_pool_capacity("disk", 1);
    for name in ["holder", "stuck"] {
        b.add_spec(crankwork::Spec::new(name, done()).pool("disk", 1));
    }
    b.s.set_pool_capacity("disk", 0);
    b
}

#[test]
fn l34_what_has_stalled_is_said_once_the_pin_is_gone() {
    for real in [false, true] {
        let mut b = stuck();
        assert_eq!(b.crank().next, Next::Stalled);
        let pin = b.s.pin_time();
        assert_eq!(b.s.next(), Next::External, "its holder may do something");
        let thread = thread::spawn(move || {
            thread::sleep(MOMENT);
            drop(pin);
        });
        let stall = match real {
            true => b.s.run_until_done(&mut b.log, &mut ParkDriver::new()),
            false => b.s.run_until_done(&mut b.log, &mut VirtualDriver::new()),
        };
        let stall = stall.unwrap_err();
        assert!(thread.join().is_ok());
        assert_eq!(stall.report.works.len(), 1);
        assert_eq!(b.s.next(), Next::Stalled);
    }
}

#[test]
fn l34_a_finished_run_ends_though_there_is_a_pin() {
    let mut b = Bench::with_permits(1);
    let pin = b.s.pin_time();
    let a = b.add("a", done());
    b.run();
    assert_eq!((b.state(a), b.s.next()), (WorkState::Success, Next::Idle));
    assert!(b.s.is_time_pinned());
    drop(pin);
    assert_eq!(b.crank().next, Next::Idle);
    assert!(!b.s.is_time_pinned());
}

#[test]
fn l34_the_end_of_a_pin_calls_the_notifier() {
    let mut b = Bench::with_permits(1);
    b.add("sleeper", sleeper());
    let calls: Arc<AtomicU32> = Arc::default();
    let counts = calls.clone();
    b.s.set_notifier(move || {
        counts.fetch_add(1, Ordering::AcqRel);
    });
    let pins = [b.s.pin_time(), b.s.pin_time()];
    assert_eq!(b.crank().next, Next::At(at_secs(1)));
    for (ended, pin) in (1..).zip(pins) {
        assert!(b.s.is_time_pinned());
        assert_eq!(b.s.jobs_outside(), 0, "it is no job");
        let dropped = thread::spawn(move || drop(pin));
        dropped.join().unwrap();
        assert_eq!(calls.load(Ordering::Acquire), ended);
        assert_eq!(b.s.next(), Next::Now);
        assert_eq!(b.crank().next, Next::At(at_secs(1)));
    }
    assert!(!b.s.is_time_pinned());
}

#[test]
fn l34_a_parked_virtual_driver_looks_again_when_the_last_of_many_pins_is_gone() {
    let mut driver = VirtualDriver::new();
    let mut b = Bench::with_permits(1);
    for round in 1..=50 {
        b.add("sleeper", sleeper());
        let pins: Vec<TimePin> = (0..3).map(|_| b.s.pin_time()).collect();
        let threads: Vec<_> = pins
            .into_iter()
            .map(|pin| {
                let remote = b.s.remote();
                thread::spawn(move || {
                    let _ = remote.post(|log: &mut Log, s| log.push(s.now().to_string()));
                    drop(pin);
                })
            })
            .collect();
        b.lines();
        b.s.run_until_done(&mut b.log, &mut driver).unwrap();
        for thread in threads {
            thread.join().unwrap();
        }
        let posted = at_secs(round - 1).to_string();
        let at_their_time = b.log.lines.iter().filter(|line| **line == posted);
        assert_eq!(at_their_time.count(), 3, "{:?}", b.log.lines);
        assert_eq!(Driver::now(&mut driver), at_secs(round));
    }
}

#[test]
fn a_pin_may_outlive_its_scheduler() {
    let b = Bench::with_permits(1);
    let pin = b.s.pin_time();
    assert_eq!(format!("{pin:?}"), "TimePin");
    drop(b);
    drop(pin);
}
