//! L8: a sleeper has something that can wake it, or it fails.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Pending, Yield};
use crate::workbench::*;
use crankwork::WorkState::{Aborting, Cancelled, Retrying, Success, Waiting};
use crankwork::{FailureKind, Next, Retry, Spec};

/// Runs one turn of a work "a" at 0, beside a work "other" that naps. Returns the id of "a".
fn after_turn(step: Step) -> (Bench, crankwork::WorkId) {
    let mut bench = Bench::with_permits(9);
    bench.script("other", [Nap(50)]);
    let a = bench.script("a", [step]);
    bench.crank();
    (bench, a)
}

#[test]
fn l08_a_pending_that_nothing_can_end_fails_for_good_naming_the_work() {
    let mut bench = Bench::with_back_off(9, ms(10));
    // Retries are no help, and limits are no wake.
    let a = bench.add_spec(
        script("forgetful", [Pending])
            .retry(Retry::A_LOT)
            .attempt_timeout(ms(5))
            .deadline(at_ms(9)),
    );
    assert_eq!(bench.crank().next, Next::Idle);
    let failure = bench.failed(a);
    assert_eq!(*failure.kind(), FailureKind::LostWake);
    assert!(!failure.may_retry());
    let text = failure.to_string();
    assert!(text.contains("forgetful"), "it names the work: {text}");
    assert!(text.contains("expect_wake"), "it says what to do: {text}");
}

#[test]
fn l08_an_alarm_is_a_source() {
    let (bench, a) = after_turn(Nap(5));
    assert_eq!(bench.state(a), Waiting);
}

#[test]
fn l08_expect_wake_is_a_source_for_one_pending() {
    let (mut bench, a) = after_turn(Expect);
    assert_eq!(bench.state(a), Waiting);
    let b = bench.script("b", [Expect, Pending]);
    bench.crank();
    bench.s.wake(b).unwrap();
    bench.crank();
    assert_eq!(*bench.failed(b).kind(), FailureKind::LostWake);
}

#[test]
fn l08_a_live_child_is_a_source_and_its_end_wakes() {
    let (mut bench, a) = after_turn(then(|cx| {
        cx.spawn(script("child", [Nap(5)])).unwrap();
        Pending
    }));
    assert_eq!(bench.state(a), Waiting);
    bench.ran();
    bench.crank_at(at_ms(5));
    assert_eq!((bench.state(a), bench.ran().as_str()), (Success, "child a"));
}

#[test]
fn l08_a_settled_child_is_none() {
    let (mut bench, a) = after_turn(then(|cx| {
        cx.spawn(script("child", [])).unwrap();
        Pending
    }));
    // The end of its child gave it a turn, and in that turn it succeeded.
    assert_eq!(bench.state(a), Success);
    let b = bench.script(
        "b",
        [
            then(|cx| {
                cx.spawn(script("child", [])).unwrap();
                Pending
            }),
            Pending,
        ],
    );
    bench.crank();
    assert_eq!(*bench.failed(b).kind(), FailureKind::LostWake);
}

#[test]
fn l08_a_watch_is_a_source_and_the_watched_ones_end_wakes() {
    let (mut bench, a) = after_turn(then(|cx| {
        let other = cx.app.id("other");
        cx.watch(other).unwrap();
        cx.watch(other).unwrap();
        Pending
    }));
    assert_eq!(bench.state(a), Waiting);
    bench.ran();
    bench.crank_at(at_ms(50));
    assert_eq!((bench.state(a), bench.ran().as_str()), (Success, "other a"));
}

#[test]
fn l08_a_watch_of_what_has_settled_says_so_and_is_no_source() {
    let mut bench = Bench::with_permits(9);
    bench.script("other", []);
    bench.crank();
    let a = bench.script(
        "a",
        [then(|cx| {
            let other = cx.app.id("other");
            assert!(!cx.watch(other).unwrap());
            Pending
        })],
    );
    bench.ran();
    bench.runs("a");
    assert_eq!(*bench.failed(a).kind(), FailureKind::LostWake);
}

/// The first attempt prepares a wake and fails. In the second attempt that wake does not count.
fn lost_in_the_attempt_after<T>(
    bench: &mut Bench,
    prepare: impl FnOnce(&mut Cx<'_>) -> T + 'static,
) {
    let first = then(move |cx| {
        prepare(cx);
        Fail("x")
    });
    let a = bench.add_spec(script("a", [first, Pending]).retry(Retry::ONCE));
    bench.crank();
    assert_eq!(bench.state(a), Retrying);
    bench.crank_at(at_ms(10));
    assert_eq!(*bench.failed(a).kind(), FailureKind::LostWake);
}

#[test]
fn l08_a_watch_ends_with_the_attempt() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let other = bench.script("other", [Nap(50)]);
    lost_in_the_attempt_after(&mut bench, move |cx| cx.watch(other).unwrap());
}

#[test]
fn l08_a_live_remote_waker_is_a_source_until_its_last_clone_goes() {
    let (mut bench, a) = after_turn(then(|cx| {
        let waker = cx.remote_waker();
        let again = cx.remote_waker();
        cx.app.wakers.extend([waker.clone(), waker, again]);
        Pending
    }));
    bench.ran();
    for left in [2, 1] {
        bench.log.wakers.truncate(left);
        assert_eq!(bench.crank_at(at_ms(1)).turns, 0);
        assert_eq!(bench.state(a), Waiting);
    }
    // The last source goes: the sleeper is woken to see for itself.
    bench.log.wakers.clear();
    bench.crank_at(at_ms(1));
    assert_eq!((bench.state(a), bench.ran().as_str()), (Success, "a"));
}

#[test]
fn l08_a_std_waker_made_of_it_counts_as_a_clone() {
    let mut bench = Bench::with_permits(9);
    let slot = std::rc::Rc::new(std::cell::Cell::new(None::<std::task::Waker>));
    let keep = slot.clone();
    let a = bench.script(
        "a",
        [
            then(move |cx| {
                keep.set(Some(cx.remote_waker().into()));
                Pending
            }),
            Pending,
        ],
    );
    bench.crank();
    assert_eq!(bench.crank().turns, 0);
    assert_eq!(bench.state(a), Waiting);
    let waker = slot.take().unwrap();
    waker.wake_by_ref();
    assert_eq!(
        bench.crank().turns,
        1,
        "woken, and asleep again: the waker lives"
    );
    drop(waker);
    bench.crank();
    assert_eq!(bench.state(a), Success);
}

type Source = fn(&mut Cx<'_>);

#[test]
fn l08_a_waker_that_goes_while_another_source_is_left_wakes_nobody() {
    let other_source: [(&str, Source); 4] = [
        ("alarm", |cx| cx.wake_after(ms(40))),
        ("expect_wake", |cx| cx.expect_wake()),
        ("watch", |cx| {
            let other = cx.app.id("other");
            cx.watch(other).unwrap();
        }),
        ("child", |cx| {
            cx.spawn(script("child", [Nap(40)])).unwrap();
        }),
    ];
    for (name, source) in other_source {
        let (mut bench, a) = after_turn(then(move |cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            source(cx);
            Pending
        }));
        bench.log.wakers.clear();
        assert_eq!(bench.crank_at(at_ms(1)).turns, 0, "{name} is left");
        assert_eq!(bench.state(a), Waiting, "{name} is left");
    }
}

#[test]
fn l08_a_sleeper_whose_last_source_is_a_watch_or_child_is_woken_when_that_goes() {
    // The waker goes first, then what was left.
    let (mut bench, a) = after_turn(then(|cx| {
        let (waker, other) = (cx.remote_waker(), cx.app.id("other"));
        cx.app.wakers.push(waker);
        cx.watch(other).unwrap();
        Pending
    }));
    bench.log.wakers.clear();
    bench.crank_at(at_ms(1));
    assert_eq!(bench.state(a), Waiting);
    bench.s.cancel(bench.log.id("other")).unwrap();
    bench.crank_at(at_ms(1));
    assert_eq!(bench.state(a), Success);
}

#[test]
fn l08_a_waker_of_an_earlier_attempt_is_no_source() {
    lost_in_the_attempt_after(&mut Bench::with_back_off(9, ms(10)), |cx| {
        let waker = cx.remote_waker();
        cx.app.wakers.push(waker);
    });
}

#[test]
fn l08_in_on_abort_it_ends_the_abort_as_forced() {
    let mut bench = Bench::with_permits(9);
    let a = bench.add_spec(Spec::new("a", acting([Expect]).aborting([Pending])));
    bench.crank();
    bench.s.cancel(a).unwrap();
    assert_eq!(bench.crank().next, Next::Idle);
    assert_eq!((bench.state(a), bench.ran().as_str()), (Cancelled, "a a!"));
    assert_eq!(bench.s.metrics().forced_aborts, 1);
}

#[test]
fn l08_in_on_abort_a_source_keeps_it_alive_and_its_loss_wakes_it() {
    let mut bench = Bench::with_permits(9);
    let abort = [
        then(|cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            Pending
        }),
        Yield,
        Done,
    ];
    let a = bench.add_spec(Spec::new("a", acting([Expect]).aborting(abort)));
    bench.crank();
    bench.s.cancel(a).unwrap();
    bench.crank();
    assert_eq!((bench.state(a), bench.ran().as_str()), (Aborting, "a a!"));
    bench.log.wakers.clear();
    bench.crank();
    assert_eq!((bench.state(a), bench.ran().as_str()), (Cancelled, "a! a!"));
    assert_eq!(bench.s.metrics().forced_aborts, 0);
}

#[test]
fn l08_it_names_a_lost_wake_to_a_parent_too() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.script(
        "parent",
        [then(|cx| {
            cx.spawn(script("forgetful", [Pending])).unwrap();
            Done
        })],
    );
    bench.crank();
    let failure = bench.failed(parent);
    assert_eq!(*failure.root().kind(), FailureKind::LostWake);
    assert!(failure.to_string().contains("forgetful"));
}
