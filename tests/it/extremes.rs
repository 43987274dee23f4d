//! Zero, huge and equal durations, sums past the end of time, names with any characters.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Expect, Fail, Nap, Pending};
use crate::workbench::*;
use crankwork::{Backoff, FailureKind, Name, Next, Retry, Spec, Time, WorkContext, WorkState};
use std::task::Poll;
use std::time::Duration;

// ---- durations ----

#[test]
fn zero_durations_take_a_round_and_no_time() {
    let mut bench = Bench::with_permits(9);
    bench.script("nap", [Nap(0), Nap(0)]);
    bench.add_spec(
        script("retry", [Fail("x"), Fail("y")])
            .retry(Retry::times(2).with_backoff(Backoff::fixed(ms(0)))),
    );
    let timeout = bench.add_spec(script("timeout", [Expect]).attempt_timeout(ms(0)));
    let deadline = bench.add_spec(script("deadline", []).deadline(Time::ZERO));
    let mut naps = 0;
    bench
        .s
        .add_fn("sleeps", move |cx: &mut WorkContext<'_, Log>| {
            while naps < 2 {
                std::task::ready!(cx.sleep(Duration::ZERO));
                naps += 1;
            }
            cx.app.push("slept twice");
            Poll::Ready(Ok(()))
        })
        .unwrap();
    assert_eq!(bench.crank().next, Next::Idle);
    assert_eq!(bench.s.metrics().success, 3);
    assert_eq!(
        *bench.failed(timeout).kind(),
        FailureKind::AttemptTimeout(ms(0))
    );
    assert_eq!(
        *bench.failed(deadline).kind(),
        FailureKind::Deadline(Time::ZERO)
    );
    let ran = bench.ran();
    assert!(ran.contains("slept twice"));
    let count = |name: &str| ran.split(' ').filter(|&ran| ran == name).count();
    assert_eq!((count("nap"), count("retry")), (3, 3));
}

#[test]
fn a_grace_of_zero_drops_the_work_before_its_on_abort() {
    for steps in [vec![], vec![Nap(0)], vec![Expect]] {
        let mut bench = Bench::with_permits(9);
        let work = acting([Expect]).aborting(steps);
        let a = bench.add_spec(Spec::new("a", work).abort_grace(Duration::ZERO));
        bench.crank();
        bench.s.cancel(a).unwrap();
        assert_eq!(bench.crank().next, Next::Idle);
        assert_eq!(bench.state(a), WorkState::Cancelled);
        // The timers come before the turns of a round, so a grace of zero is over before `on_abort` is asked.
        assert_eq!(bench.s.metrics().forced_aborts, 1);
        assert_eq!(bench.ran(), "a");
    }
}

/// All sums stop at the end of time: nothing panics, nothing comes too early.
#[test]
fn huge_durations_stop_at_the_end_of_time() {
    for start in [Time::ZERO, Time::from_nanos(u64::MAX - 1), Time::MAX] {
        let mut bench = Bench::new(config(9).abort_grace(Duration::MAX));
        bench.crank_at(start);
        bench.script(
            "nap",
            [then(|cx| {
                cx.wake_after(Duration::MAX);
                Pending
            })],
        );
        bench.script(
            "at",
            [then(|cx| {
                cx.wake_at(Time::MAX);
                Pending
            })],
        );
        let forever = Retry::ONCE.with_backoff(Backoff::fixed(Duration::MAX));
        let retry = bench.add_spec(script("retry", [Fail("x")]).retry(forever));
        let limited = bench.add_spec(
            script("limited", [Expect])
                .attempt_timeout(Duration::MAX)
                .deadline(Time::MAX),
        );
        let stubborn = acting([Expect]).aborting([Expect]);
        let aborting = bench.add_spec(Spec::new("aborting", stubborn));
        bench.crank_at(start);
        bench.s.cancel(aborting).unwrap();
        let next = bench.crank_at(start).next;
        if start < Time::MAX {
            assert_eq!(next, Next::At(Time::MAX));
            assert_eq!(bench.s.retry_eta(retry), Some(Time::MAX));
            assert_eq!(
                bench.states([limited, aborting]),
                [WorkState::Waiting, WorkState::Aborting]
            );
            let almost = Time::from_nanos(u64::MAX - 1);
            assert_eq!(bench.crank_at(almost).turns, 0);
        }
        assert_eq!(bench.crank_at(Time::MAX).next, Next::Idle);
        assert_eq!(bench.state(retry), WorkState::Success);
        assert_eq!(
            *bench.failed(limited).kind(),
            FailureKind::Deadline(Time::MAX)
        );
    }
}

#[test]
fn sums_past_u64_nanoseconds_saturate_in_the_ledger_of_durations_too() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let a = bench.add_spec(script("a", [Expect, Fail("x"), Expect]).retry(Retry::times(2)));
    bench.crank();
    bench.crank_at(Time::MAX);
    bench.s.wake(a).unwrap();
    bench.crank_at(Time::MAX);
    let snapshot = bench.s.snapshot().remove(0);
    assert_eq!(snapshot.last_duration, Some(Duration::from_nanos(u64::MAX)));
    assert_eq!(snapshot.total_duration, Duration::from_nanos(u64::MAX));
    // At the end of time a back-off is over in the round after, and so it goes on.
    bench.s.wake(a).unwrap();
    bench.crank_at(Time::MAX);
    assert_eq!(bench.state(a), WorkState::Success);
}

#[test]
fn equal_durations_go_in_arming_order_however_many() {
    let mut bench = Bench::with_permits(1_000);
    let names: Vec<String> = (0..1_000).map(|n| format!("w{n}")).collect();
    for name in &names {
        bench.add_spec(Spec::new(name.clone(), acting([Nap(7)])));
    }
    bench.crank();
    bench.ran();
    bench.crank_at(at_ms(7));
    assert_eq!(bench.ran(), names.join(" "));
}

// ---- names ----

#[test]
fn names_have_any_characters() {
    let names = [
        "",
        " ",
        "\n\t\0",
        "a/b[3]",
        "\"quoted\" 'and' `ticked`",
        "<b>&amp;</b>",
        "\u{1F980} \u{202E}right to left",
        "{} {0} {name}",
        "\u{7f}\u{1b}[31m",
        "e\u{301}",
    ];
    let mut bench = Bench::new(config(1).seed(1));
    let mut ids = Vec::new();
    for name in names
        .map(String::from)
        .into_iter()
        .chain(["long ".repeat(10_000)])
    {
        let name: Name = name.into();
        let fails = acting([Fail("x")]);
        let id = bench.add_spec(Spec::new(name.clone(), fails));
        assert_eq!(bench.s.name(id), Some(name));
        ids.push(id);
    }
    // Wherever names are printed or hashed.
    let report = bench.s.stall_report().to_string();
    let status = bench.s.status();
    for name in names {
        assert!(report.contains(name) && status.contains(name), "{name:?}");
    }
    let refused = bench.s.add_dependency(ids[3], ids[3]).unwrap_err();
    assert!(refused.to_string().contains("`a/b[3]`"), "{refused}");
    bench.crank();
    let events = bench.events().join("\n");
    assert!(names.iter().all(|name| events.contains(name)));
    assert!(ids.iter().all(|&id| bench.state(id) == WorkState::Failed));
}
