//! Zero, huge and equal durations, sums past the end of time, names with any characters.

use crate::laws::Step::{Expect, Fail, Nap, Pending};
use crate::laws::{config, lab, lab_with, script, then};
use crate::units::ms;
use crankwork::{Backoff, FailureKind, Name, Next, Retry, Spec, Time, WorkContext, WorkState};
use std::task::Poll;
use std::time::Duration;

// ---- durations ----

#[test]
fn zero_durations_take_a_round_and_no_time() {
    let mut lab = lab(9);
    lab.work("nap", [Nap(0), Nap(0)]);
    lab.add(
        script("retry", [Fail("x"), Fail("y")])
            .retry(Retry::times(2).with_backoff(Backoff::fixed(ms(0)))),
    );
    let timeout = lab.add(script("timeout", [Expect]).attempt_timeout(ms(0)));
    let deadline = lab.add(script("deadline", []).deadline(Time::ZERO));
    let mut naps = 0;
    lab.s
        .add_fn(
            "sleeps",
            move |cx: &mut WorkContext<'_, crate::laws::Log>| {
                while naps < 2 {
                    std::task::ready!(cx.sleep(Duration::ZERO));
                    naps += 1;
                }
                cx.app.say("slept twice");
                Poll::Ready(Ok(()))
            },
        )
        .unwrap();
    assert_eq!(lab.crank(0).next, Next::Idle);
    assert_eq!(lab.s.metrics().success, 3);
    assert_eq!(
        *lab.failure(timeout).kind(),
        FailureKind::AttemptTimeout(ms(0))
    );
    assert_eq!(
        *lab.failure(deadline).kind(),
        FailureKind::Deadline(Time::ZERO)
    );
    let ran = lab.ran();
    assert!(ran.contains("slept twice"));
    let count = |name: &str| ran.split(' ').filter(|&ran| ran == name).count();
    assert_eq!((count("nap"), count("retry")), (3, 3));
}

#[test]
fn a_grace_of_zero_drops_the_work_before_its_on_abort() {
    for steps in [vec![], vec![Nap(0)], vec![Expect]] {
        let mut lab = lab(9);
        let work = crate::laws::Script::new([Expect]).on_abort(steps);
        let a = lab.add(Spec::new("a", work).abort_grace(Duration::ZERO));
        lab.crank(0);
        lab.s.cancel(a).unwrap();
        assert_eq!(lab.crank(0).next, Next::Idle);
        assert_eq!(lab.state(a), WorkState::Cancelled);
        // The timers come before the turns of a round, so a grace of zero is over before `on_abort` is asked.
        assert_eq!(lab.s.metrics().forced_aborts, 1);
        assert_eq!(lab.ran(), "a");
    }
}

/// All sums stop at the end of time: nothing panics, nothing comes too early.
#[test]
fn huge_durations_stop_at_the_end_of_time() {
    for start in [Time::ZERO, Time::from_nanos(u64::MAX - 1), Time::MAX] {
        let mut lab = lab_with(config(9).abort_grace(Duration::MAX));
        lab.crank_at(start);
        lab.work(
            "nap",
            [then(|cx| {
                cx.wake_after(Duration::MAX);
                Pending
            })],
        );
        lab.work(
            "at",
            [then(|cx| {
                cx.wake_at(Time::MAX);
                Pending
            })],
        );
        let forever = Retry::ONCE.with_backoff(Backoff::fixed(Duration::MAX));
        let retry = lab.add(script("retry", [Fail("x")]).retry(forever));
        let limited = lab.add(
            script("limited", [Expect])
                .attempt_timeout(Duration::MAX)
                .deadline(Time::MAX),
        );
        let stubborn = crate::laws::Script::new([Expect]).on_abort([Expect]);
        let aborting = lab.add(Spec::new("aborting", stubborn));
        lab.crank_at(start);
        lab.s.cancel(aborting).unwrap();
        let next = lab.crank_at(start).next;
        if start < Time::MAX {
            assert_eq!(next, Next::At(Time::MAX));
            assert_eq!(lab.s.retry_eta(retry), Some(Time::MAX));
            assert_eq!(
                lab.states(&[limited, aborting]),
                [WorkState::Waiting, WorkState::Aborting]
            );
            let almost = Time::from_nanos(u64::MAX - 1);
            assert_eq!(lab.crank_at(almost).turns, 0);
        }
        assert_eq!(lab.crank_at(Time::MAX).next, Next::Idle);
        assert_eq!(lab.state(retry), WorkState::Success);
        assert_eq!(
            *lab.failure(limited).kind(),
            FailureKind::Deadline(Time::MAX)
        );
    }
}

#[test]
fn sums_past_u64_nanoseconds_saturate_in_the_ledger_of_durations_too() {
    let mut lab = lab(9);
    let a = lab.add(script("a", [Expect, Fail("x"), Expect]).retry(Retry::times(2)));
    lab.crank(0);
    lab.crank_at(Time::MAX);
    lab.s.wake(a).unwrap();
    lab.crank_at(Time::MAX);
    let snapshot = lab.s.snapshot().remove(0);
    assert_eq!(snapshot.last_duration, Some(Duration::from_nanos(u64::MAX)));
    assert_eq!(snapshot.total_duration, Duration::from_nanos(u64::MAX));
    // At the end of time a back-off is over in the round after, and so it goes on.
    lab.s.wake(a).unwrap();
    lab.crank_at(Time::MAX);
    assert_eq!(lab.state(a), WorkState::Success);
}

#[test]
fn equal_durations_go_in_arming_order_however_many() {
    let mut lab = lab(1_000);
    let names: Vec<String> = (0..1_000).map(|n| format!("w{n}")).collect();
    for name in &names {
        lab.s
            .add(Spec::new(name.clone(), crate::laws::Script::new([Nap(7)])))
            .unwrap();
    }
    lab.crank(0);
    lab.ran();
    lab.crank(7);
    assert_eq!(lab.ran(), names.join(" "));
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
    let mut lab = lab_with(config(1).seed(1));
    let mut ids = Vec::new();
    for name in names
        .map(String::from)
        .into_iter()
        .chain(["long ".repeat(10_000)])
    {
        let name: Name = name.into();
        let fails = crate::laws::Script::new([Fail("x")]);
        let id = lab.s.add(Spec::new(name.clone(), fails)).unwrap().id();
        assert_eq!(lab.s.name(id), Some(name));
        ids.push(id);
    }
    // Wherever names are printed or hashed.
    let report = lab.s.stall_report().to_string();
    let status = lab.s.status();
    for name in names {
        assert!(report.contains(name) && status.contains(name), "{name:?}");
    }
    let refused = lab.s.add_dependency(ids[3], ids[3]).unwrap_err();
    assert!(refused.to_string().contains("`a/b[3]`"), "{refused}");
    lab.crank(0);
    let events = lab.events();
    assert!(names.iter().all(|name| events.contains(name)));
    assert!(ids.iter().all(|&id| lab.state(id) == WorkState::Failed));
}
