//! `repeat`.

use super::says;
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::compose::{Repeat, repeat};
use crankwork::{Next, Retry, Spec, Time, WorkState};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

type Times = Rc<RefCell<Vec<u64>>>;

/// Every 10 s a run that takes as many seconds as `nap` says of its number; the seconds at which runs begin are noted.
fn every_ten(nap: fn(usize) -> u64) -> (Repeat<Log>, Times) {
    let times = Times::default();
    let note = times.clone();
    let made = repeat(secs(10), move || {
        let (note, mut begun) = (note.clone(), false);
        let run = note.borrow().len();
        let work = Probe::new(move |cx| {
            if !std::mem::replace(&mut begun, true) {
                note.borrow_mut().push(cx.now().as_nanos() / 1_000_000_000);
            }
            match nap(run) {
                0 => OK,
                nap => cx.sleep(secs(nap)).map(Ok),
            }
        });
        Spec::new("run", work)
    });
    (made, times)
}

#[test]
fn a_run_each_period_from_the_beginning_on() {
    let mut b = Bench::with_permits(4);
    b.crank_at(at_secs(3));
    let (beat, times) = every_ten(|run| run as u64);
    let beat = b.add_spec(Spec::new("beat", beat.times(5)));
    b.run();
    assert_eq!(*times.borrow(), [3, 13, 23, 33, 43]);
    assert_eq!(
        (b.state(beat), b.s.now()),
        (WorkState::Success, at_secs(47))
    );
}

#[test]
fn of_runs_that_a_long_one_has_covered_one_is_made_up_for() {
    let mut b = Bench::with_permits(4);
    let (beat, times) = every_ten(|run| if run == 1 { 35 } else { 0 });
    b.add_spec(Spec::new("beat", beat.times(5)));
    b.run();
    // Due at 20, 30 and 40; the second ends at 45.
    assert_eq!(*times.borrow(), [0, 10, 45, 50, 60]);
}

#[test]
fn catching_up_makes_up_for_all_of_them() {
    let mut b = Bench::with_permits(4);
    let (beat, times) = every_ten(|run| if run == 1 { 35 } else { 0 });
    b.add_spec(Spec::new("beat", beat.catching_up().times(7)));
    b.run();
    assert_eq!(*times.borrow(), [0, 10, 45, 45, 45, 50, 60]);
}

#[test]
fn the_same_after_a_host_that_did_not_crank_for_long() {
    for (catching_up, expected) in [
        (false, vec![0, 1000, 1010]),
        (true, [vec![0], vec![1000; 100], vec![1010]].concat()),
    ] {
        let mut b = Bench::with_permits(4);
        let (beat, times) = every_ten(|_| 0);
        let beat = if catching_up {
            beat.catching_up()
        } else {
            beat
        };
        b.add_spec(Spec::new("beat", beat));
        for second in [0, 1000, 1005, 1010] {
            b.crank_at(at_secs(second));
        }
        assert_eq!(*times.borrow(), expected);
    }
}

#[test]
fn runs_that_have_ended_are_reclaimed_failed_ones_too_if_it_keeps_going() {
    for keep_going in [false, true] {
        let mut b = Bench::with_permits(4);
        let beat = repeat(secs(10), move || {
            Spec::new("run", if keep_going { failing() } else { done() })
        });
        let beat = if keep_going { beat.keep_going() } else { beat };
        let beat = b.add_spec(Spec::new("beat", beat));
        for run in 0..1000 {
            assert_eq!(
                b.crank_at(at_secs(10 * run)).next,
                Next::At(at_secs(10 * run + 10))
            );
            assert_eq!(b.s.metrics().in_scheduler, 1);
        }
        assert_eq!(b.state(beat), WorkState::Waiting);
        let metrics = b.s.metrics();
        let ended = if keep_going {
            metrics.failed
        } else {
            metrics.success
        };
        assert_eq!(ended, 1000);
    }
}

#[test]
fn a_failed_run_fails_it_and_a_retry_begins_anew() {
    let mut b = Bench::with_permits(4);
    let mut runs = 0;
    let beat = repeat(secs(7), move || {
        runs += 1;
        Spec::new("run", if runs % 3 == 0 { failing() } else { done() })
    });
    let beat = b.add_spec(Spec::new("beat", beat).retry(Retry::ONCE));
    b.run();
    assert!(b.failure(beat).ends_with("no luck"));
    // Twice two periods, and a back-off of 10 s between.
    assert_eq!((b.s.now(), b.s.metrics().success), (at_secs(38), 4));
}

#[test]
fn none_at_all_and_a_period_of_zero() {
    let mut b = Bench::with_permits(4);
    let none = repeat(secs(1), || Spec::new("run", done())).times(0);
    let none = b.add_spec(Spec::new("none", none));
    let zero = repeat(Duration::ZERO, || Spec::new("run", done())).times(10);
    let zero = b.add_spec(Spec::new("zero", zero));
    b.run();
    assert_eq!(b.states([none, zero]), [WorkState::Success; 2]);
    assert_eq!(
        (b.s.now(), b.s.metrics().success),
        (Time::from_nanos(9), 12)
    );
}

#[test]
fn its_status_tells_the_next_run() {
    let mut b = Bench::with_permits(4);
    let (beat, _) = every_ten(|_| 1);
    b.add_spec(Spec::new("beat", beat.times(9)));
    b.crank();
    let expected = ": Waiting : 0/1 children completed : 0/9 : run 1, the next at 00:00:10.000";
    assert_eq!(says(&b, "beat"), expected);
    b.crank_at(at_secs(1));
    b.crank_at(at_secs(10));
    let expected = ": Waiting : 0/1 children completed : 1/9 : run 2, the next at 00:00:20.000";
    assert_eq!(says(&b, "beat"), expected);
}
