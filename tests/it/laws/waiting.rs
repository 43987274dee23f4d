//! L7: what a wake does in each state.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Pending};
use crate::workbench::*;
use crankwork::WorkState::{self, Blocked, Cancelled, Failed, Retrying, Success, Waiting};
use crankwork::{Next, Retry, Spec};

#[test]
fn l07_a_wake_before_a_coming_turn_merges_with_it() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Expect, Expect, Expect]);
    bench.s.wake(a).unwrap(); // its first turn is coming
    bench.runs("a");
    for _ in 0..3 {
        bench.s.wake(a).unwrap();
    }
    bench.runs("a");
}

#[test]
fn l07_a_wake_during_the_poll_is_remembered_its_pending_is_another_turn() {
    let mut bench = Bench::with_permits(9);
    // Twice in one turn, and yet one more turn only; no source is needed.
    bench.script(
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
    bench.script("b", []);
    assert_eq!(bench.crank().next, Next::External);
    assert_eq!(bench.ran(), "a b a");
}

#[test]
fn l07_a_remembered_wake_is_spent_by_its_turn_and_by_the_end_of_the_attempt() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let a = bench.add_spec(
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
    bench.crank();
    assert_eq!(bench.crank_at(at_ms(10)).next, Next::External);
    assert_eq!((bench.state(a), bench.ran().as_str()), (Waiting, "a a"));
}

#[test]
fn l07_pending_works_ignore_wakes() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", [Nap(5)]);
    let a = bench.add_spec(script("a", [Expect]).after(gate));
    assert_eq!(bench.s.wake(a), Ok(true));
    assert_eq!(
        (bench.state(a), bench.crank().next),
        (WorkState::Pending, Next::At(at_ms(5)))
    );
    bench.crank_at(at_ms(5));
    assert_eq!(bench.ran(), "gate gate a", "no turn for the wake");
}

#[test]
fn l07_queued_works_ignore_wakes() {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Nap(5)]);
    let a = bench.script("a", [Expect]);
    bench.s.wake(a).unwrap();
    bench.crank();
    bench.crank_at(at_ms(5));
    assert_eq!(
        (bench.state(a), bench.ran().as_str()),
        (Waiting, "holder holder a")
    );
}

#[test]
fn l07_retrying_works_ignore_wakes() {
    let mut bench = Bench::with_back_off(1, ms(10));
    let a = bench.add_spec(script("a", [Fail("x"), Expect]).retry(Retry::ONCE));
    bench.crank();
    bench.s.wake(a).unwrap();
    assert_eq!(
        (bench.state(a), bench.s.next()),
        (Retrying, Next::At(at_ms(10)))
    );
    bench.crank_at(at_ms(10));
    assert_eq!((bench.state(a), bench.ran().as_str()), (Waiting, "a a"));
}

#[test]
fn l07_settled_works_ignore_wakes() {
    let mut bench = Bench::with_permits(1);
    let ok = bench.script("ok", []);
    let failed = bench.script("failed", [Fail("x")]);
    let blocked = bench.add_spec(script("blocked", []).after(failed));
    bench.crank();
    let all = [ok, failed, blocked];
    for id in all {
        assert_eq!(bench.s.wake(id), Ok(false));
    }
    assert_eq!(bench.crank().next, Next::Idle);
    assert_eq!(bench.states(all), [Success, Failed, Blocked]);
}

#[test]
fn l07_a_waker_of_an_earlier_attempt_does_nothing() {
    let mut bench = Bench::with_back_off(1, ms(10));
    let keep = || {
        then(|cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            Fail("x")
        })
    };
    let a = bench.add_spec(script("a", [keep(), Expect, Expect]).retry(Retry::ONCE));
    bench.crank();
    bench.crank_at(at_ms(10));
    assert_eq!((bench.state(a), bench.ran().as_str()), (Waiting, "a a"));
    bench.log.wakers[0].wake();
    assert_eq!(bench.crank_at(at_ms(10)).turns, 0);
    // An old waker does not keep the later attempt's sleep alive, and its drop does not end that sleep.
    bench.log.wakers.clear();
    assert_eq!(bench.crank_at(at_ms(10)).turns, 0);
    assert_eq!(bench.state(a), Waiting);
}

#[test]
fn l07_a_waker_from_before_a_restart_does_nothing() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script(
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
    bench.crank();
    bench.s.restart(a).unwrap();
    bench.crank();
    bench.log.wakers[0].wake();
    assert_eq!(bench.crank().turns, 0);
    assert_eq!(bench.state(a), Waiting);
}

#[test]
fn l07_a_remote_wake_merges_too_and_works_again_later() {
    let mut bench = Bench::with_permits(1);
    bench.script(
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
    bench.crank();
    for _ in 0..2 {
        bench.log.wakers[0].wake();
        bench.log.wakers[0].wake();
        assert_eq!(bench.s.next(), Next::Now);
        assert_eq!(bench.crank().turns, 1);
    }
}

#[test]
fn l07_an_aborting_sleeper_is_woken_but_not_while_its_children_end() {
    let mut bench = Bench::with_permits(9);
    let a = bench.add_spec(Spec::new(
        "a",
        acting([then(|cx| {
            let stubborn = acting([Expect]).aborting([Nap(3)]);
            cx.spawn(Spec::new("child", stubborn)).unwrap();
            Pending
        })])
        .aborting([Expect, Done]),
    ));
    bench.crank();
    bench.s.cancel(a).unwrap();
    bench.crank();
    bench.ran();
    bench.s.wake(a).unwrap();
    assert_eq!(
        bench.crank_at(at_ms(1)).turns,
        0,
        "it waits for its child alone"
    );
    bench.runs_at(at_ms(3), "child! a!");
    bench.s.wake(a).unwrap();
    bench.crank_at(at_ms(3));
    assert_eq!((bench.state(a), bench.ran().as_str()), (Cancelled, "a!"));
}
