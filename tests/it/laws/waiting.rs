//! L7: what a wake does in each state.

use super::Step::{Done, Expect, Fail, Nap, Pending};
use super::{Script, lab, script, then};
use crate::units::at_ms;
use crankwork::WorkState::{self, Blocked, Cancelled, Failed, Retrying, Success, Waiting};
use crankwork::{Next, Retry, Spec};

#[test]
fn l07_a_wake_before_a_coming_turn_merges_with_it() {
    let mut lab = lab(9);
    let a = lab.work("a", [Expect, Expect, Expect]);
    lab.s.wake(a).unwrap(); // its first turn is coming
    lab.runs(0, "a");
    for _ in 0..3 {
        lab.s.wake(a).unwrap();
    }
    lab.runs(0, "a");
}

#[test]
fn l07_a_wake_during_the_poll_is_remembered_its_pending_is_another_turn() {
    let mut lab = lab(9);
    // Twice in one turn, and yet one more turn only; no source is needed.
    lab.work(
        "a",
        [
            then(|cx| {
                let id = cx.id();
                cx.wake(id).unwrap();
                cx.wake(id).unwrap();
                Pending
            }),
            Expect,
        ],
    );
    lab.work("b", []);
    assert_eq!(lab.crank(0).next, Next::External);
    assert_eq!(lab.ran(), "a b a");
}

#[test]
fn l07_a_remembered_wake_is_spent_by_its_turn_and_by_the_end_of_the_attempt() {
    let mut lab = lab(9);
    let a = lab.add(
        script(
            "a",
            [
                then(|cx| {
                    let id = cx.id();
                    cx.wake(id).unwrap();
                    Fail("woken, but it failed")
                }),
                Expect,
            ],
        )
        .retry(Retry::ONCE),
    );
    lab.crank(0);
    assert_eq!(lab.crank(10).next, Next::External);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Waiting, "a a"));
}

#[test]
fn l07_pending_works_ignore_wakes() {
    let mut lab = lab(9);
    let gate = lab.work("gate", [Nap(5)]);
    let a = lab.add(script("a", [Expect]).after(gate));
    assert_eq!(lab.s.wake(a), Ok(true));
    assert_eq!(
        (lab.state(a), lab.crank(0).next),
        (WorkState::Pending, Next::At(at_ms(5)))
    );
    lab.crank(5);
    assert_eq!(lab.ran(), "gate gate a", "no turn for the wake");
}

#[test]
fn l07_queued_works_ignore_wakes() {
    let mut lab = lab(1);
    lab.work("holder", [Nap(5)]);
    let a = lab.work("a", [Expect]);
    lab.s.wake(a).unwrap();
    lab.crank(0);
    lab.crank(5);
    assert_eq!(
        (lab.state(a), lab.ran().as_str()),
        (Waiting, "holder holder a")
    );
}

#[test]
fn l07_retrying_works_ignore_wakes() {
    let mut lab = lab(1);
    let a = lab.add(script("a", [Fail("x"), Expect]).retry(Retry::ONCE));
    lab.crank(0);
    lab.s.wake(a).unwrap();
    assert_eq!(
        (lab.state(a), lab.s.next()),
        (Retrying, Next::At(at_ms(10)))
    );
    lab.crank(10);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Waiting, "a a"));
}

#[test]
fn l07_settled_works_ignore_wakes() {
    let mut lab = lab(1);
    let ok = lab.work("ok", []);
    let failed = lab.work("failed", [Fail("x")]);
    let blocked = lab.add(script("blocked", []).after(failed));
    lab.crank(0);
    let all = [ok, failed, blocked];
    for id in all {
        assert_eq!(lab.s.wake(id), Ok(false));
    }
    assert_eq!(lab.crank(0).next, Next::Idle);
    assert_eq!(lab.states(&all), [Success, Failed, Blocked]);
}

#[test]
fn l07_a_waker_of_an_earlier_attempt_does_nothing() {
    let mut lab = lab(1);
    let keep = || {
        then(|cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            Fail("x")
        })
    };
    let a = lab.add(script("a", [keep(), Expect, Expect]).retry(Retry::ONCE));
    lab.crank(0);
    lab.crank(10);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Waiting, "a a"));
    lab.log.wakers[0].wake();
    assert_eq!(lab.crank(10).turns, 0);
    // An old waker does not keep the later attempt's sleep alive, and its drop does not end that sleep.
    lab.log.wakers.clear();
    assert_eq!(lab.crank(10).turns, 0);
    assert_eq!(lab.state(a), Waiting);
}

#[test]
fn l07_a_waker_from_before_a_restart_does_nothing() {
    let mut lab = lab(1);
    let a = lab.work(
        "a",
        [
            then(|cx| {
                let waker = cx.remote_waker();
                cx.app.wakers.push(waker);
                Done
            }),
            Expect,
        ],
    );
    lab.crank(0);
    lab.s.restart(a).unwrap();
    lab.crank(0);
    lab.log.wakers[0].wake();
    assert_eq!(lab.crank(0).turns, 0);
    assert_eq!(lab.state(a), Waiting);
}

#[test]
fn l07_a_remote_wake_merges_too_and_works_again_later() {
    let mut lab = lab(1);
    lab.work(
        "a",
        [
            then(|cx| {
                let waker = cx.remote_waker();
                cx.app.wakers.push(waker);
                Pending
            }),
            Pending,
            Pending,
        ],
    );
    lab.crank(0);
    for _ in 0..2 {
        lab.log.wakers[0].wake();
        lab.log.wakers[0].wake();
        assert_eq!(lab.s.next(), Next::Now);
        assert_eq!(lab.crank(0).turns, 1);
    }
}

#[test]
fn l07_an_aborting_sleeper_is_woken_but_not_while_its_children_end() {
    let mut lab = lab(9);
    let a = lab.add(Spec::new(
        "a",
        Script::new([then(|cx| {
            let stubborn = Script::new([Expect]).on_abort([Nap(3)]);
            cx.spawn(Spec::new("child", stubborn)).unwrap();
            Pending
        })])
        .on_abort([Expect, Done]),
    ));
    lab.crank(0);
    lab.s.cancel(a).unwrap();
    lab.crank(0);
    lab.ran();
    lab.s.wake(a).unwrap();
    assert_eq!(lab.crank(1).turns, 0, "it waits for its child alone");
    lab.runs(3, "child! a!");
    lab.s.wake(a).unwrap();
    lab.crank(3);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Cancelled, "a!"));
}
