//! henyey-work's own tests, in our words. Its "cancel" and "metrics" are in `surface::henyey`.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::WorkState::{Blocked, Cancelled, Failed, Retrying, Success};
use crankwork::{Failure, FailureKind, Name, Retry, Spec, Work, WorkContext, WorkId};
use std::task::Poll;

fn add(b: &mut Bench, name: &'static str, work: Probe, deps: &[WorkId], retries: u32) -> WorkId {
    struct Named(&'static str, Probe);
    impl Work<Log> for Named {
        fn poll(&mut self, cx: &mut WorkContext<'_, Log>) -> Turn {
            self.1.poll(cx)
        }
        fn name(&self) -> &str {
            self.0
        }
    }
    b.s.add_work(Box::new(Named(name, work)), deps, retries)
        .unwrap()
}

/// Fails its first attempts.
fn lucky_after(failures: u32) -> Probe {
    Probe::new(move |cx| match cx.attempt() <= failures {
        true => fail("try again"),
        false => OK,
    })
}

fn ended(b: &mut Bench) -> Vec<Name> {
    let success = |event: crankwork::WorkEvent| (event.state == Success).then_some(event.name);
    std::iter::from_fn(|| b.s.poll_event())
        .filter_map(success)
        .collect()
}

#[test]
fn works_end_in_the_order_of_their_dependencies() {
    let mut b = Bench::with_permits(4);
    let a = add(&mut b, "a", napping(secs(3)), &[], 0);
    let left = add(&mut b, "left", napping(secs(2)), &[a], 0);
    let right = add(&mut b, "right", done(), &[a], 0);
    let last = add(&mut b, "last", done(), &[left, right], 0);
    b.run();
    assert_eq!(ended(&mut b), ["a", "right", "left", "last"]);
    assert_eq!((b.state(last), b.s.now()), (Success, at_secs(5)));
}

#[test]
fn a_work_that_fails_twice_succeeds_with_two_retries() {
    let mut b = Bench::with_permits(4);
    let a = add(&mut b, "a", lucky_after(2), &[], 2);
    b.run();
    assert_eq!((b.state(a), b.s.now()), (Success, at_secs(20)));
    assert_eq!(b.s.metrics().attempts, 3);
}

#[test]
fn a_panic_is_a_failure_and_the_others_go_on() {
    let mut b = Bench::with_permits(1);
    let bad = add(&mut b, "bad", panicking(), &[], 0);
    let good = add(&mut b, "good", done(), &[], 0);
    b.run();
    assert_eq!(b.states([bad, good]), [Failed, Success]);
    assert_eq!(b.failure(bad), format!("panicked: {ON_PURPOSE}"));
}

#[test]
fn a_panic_is_not_tried_again() {
    let mut b = Bench::with_permits(1);
    let bad = add(&mut b, "bad", panicking(), &[], 5);
    b.run();
    assert_eq!((b.state(bad), b.s.metrics().attempts), (Failed, 1));
}

#[test]
fn a_panic_blocks_what_depends_on_it() {
    let mut b = Bench::with_permits(1);
    let bad = add(&mut b, "bad", panicking(), &[], 0);
    let next = add(&mut b, "next", done(), &[bad], 0);
    let after = add(&mut b, "after", done(), &[next], 0);
    b.run();
    for id in [next, after] {
        let outcome = b.outcome(id);
        assert_eq!(outcome.state(), Blocked);
        assert_eq!(outcome.failure().unwrap().kind(), &FailureKind::Panicked);
    }
}

#[test]
fn a_cancel_wins_over_a_panic_of_the_same_turn() {
    let mut b = Bench::with_permits(1);
    let bad = Probe::new(|cx| {
        cx.cancel(cx.id()).unwrap();
        panic!("{ON_PURPOSE}")
    });
    let bad = add(&mut b, "bad", bad, &[], 0);
    b.run();
    assert_eq!(b.state(bad), Cancelled);
}

#[test]
fn a_retry_works_beside_and_after_a_panic() {
    let mut b = Bench::with_permits(1);
    let bad = add(&mut b, "bad", panicking(), &[], 0);
    let lucky = add(&mut b, "lucky", lucky_after(1), &[], 3);
    b.run();
    assert_eq!(b.states([bad, lucky]), [Failed, Success]);
}

#[test]
fn a_work_cancelled_before_it_started_never_runs_and_blocks_what_depends_on_it() {
    let mut b = Bench::with_permits(1);
    let first = add(&mut b, "first", napping(secs(1)), &[], 0);
    let a = add(&mut b, "a", done(), &[first], 0);
    let next = add(&mut b, "next", done(), &[a], 0);
    b.s.cancel(a).unwrap();
    assert_eq!(b.states([a, next]), [Cancelled, Blocked]);
    b.run();
    assert_eq!(b.lines_of("a"), [""; 0]);
}

#[test]
fn a_back_off_does_not_hold_up_the_others() {
    let mut b = Bench::with_permits(1);
    let patient = Failure::retry_after;
    let slow = Probe::new(move |cx| match cx.attempt() {
        1 => Poll::Ready(Err(patient("not yet", secs(3600)))),
        _ => OK,
    });
    let slow = b.add_spec(Spec::new("slow", slow).retry(Retry::ONCE));
    let others: Vec<_> = (0..5)
        .map(|_| add(&mut b, "other", napping(secs(1)), &[], 0))
        .collect();
    for second in 0..=5 {
        b.crank_at(at_secs(second));
    }
    assert!(others.iter().all(|&id| b.state(id) == Success));
    assert_eq!(b.state(slow), Retrying);
    b.run();
    assert_eq!((b.state(slow), b.s.now()), (Success, at_secs(3600)));
}
