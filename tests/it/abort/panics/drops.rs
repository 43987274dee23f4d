//! The drop of a work panics.

use super::{assert_panicked, assert_usable};
use crate::workbench::{Bench, Bomb, OK, ON_PURPOSE, holding, never};
use crankwork::WorkState;
use std::task::Poll;

#[test]
fn l24_a_panic_in_the_drop_of_a_panicked_work_is_caught_too() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", holding(Bomb(0), |_| panic!("{ON_PURPOSE}, in poll")));
    b.run();
    assert_eq!(b.state(a), WorkState::Failed);
    assert_eq!(b.s.metrics().panics, 2);
    assert_usable(&mut b);
}

#[test]
fn l24_a_panic_in_the_drop_of_a_forced_work_fails_it() {
    let mut b = Bench::with_permits(1);
    let sleeps = holding(Bomb(0), |cx| {
        cx.expect_wake();
        Poll::Pending
    });
    let a = b.add("a", sleeps.on_abort(never));
    b.crank();
    b.s.cancel(a).unwrap();
    b.run();
    assert_panicked(&b, a, "on purpose, in drop");
    assert_usable(&mut b);
}

#[test]
fn l24_a_panic_in_the_drop_of_a_reaped_work_is_counted() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", holding(Bomb(0), |_| OK));
    b.run();
    assert!(b.s.reap(a).unwrap().is_success());
    assert_eq!(b.s.metrics().panics, 1);
    assert_usable(&mut b);
}
