//! L35: an event says why.

use super::Step::{self, Done, Expect, Fail, Nap};
use super::{Cx, Lab, Log, Script, config, lab_with, script, then};
use crate::units::{at_ms, ms};
use crankwork::WorkState::{Aborting, Blocked, Cancelled, Failed, Retrying};
use crankwork::{
    CancelToken, CancelledBy, EventCause, EventOverflow, Retain, Retry, VirtualDriver, WorkEvent,
    WorkState,
};

/// Settled works are reclaimed at once: only events tell of them.
fn lab() -> Lab {
    lab_with(config(4).retain(Retain::Nothing))
}

fn events(lab: &mut Lab) -> Vec<WorkEvent> {
    std::iter::from_fn(|| lab.s.poll_event()).collect()
}

/// The reasons, as text, with which the work of that name has come into that state.
fn why(lab: &mut Lab, name: &str, state: WorkState) -> Vec<String> {
    let into = |event: &WorkEvent| event.name == *name && event.state == state;
    let events = events(lab).into_iter().filter(into);
    let cause = |event: WorkEvent| event.cause.expect("a reason").to_string();
    events.map(cause).collect()
}

#[test]
fn l35_failed_and_retrying_carry_the_failure() {
    let mut lab = lab();
    lab.add(script("a", [Fail("once"), Fail("twice")]).retry(Retry::ONCE));
    lab.run();
    let events = events(&mut lab);
    let failures: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.cause {
            Some(EventCause::Failure(failure)) => Some((event.state, failure.to_string())),
            _ => None,
        })
        .collect();
    let expected = [(Retrying, "once"), (Failed, "twice")];
    assert_eq!(failures, expected.map(|(s, f)| (s, f.to_owned())));
    let told: Vec<String> = events.iter().map(WorkEvent::to_string).collect();
    assert!(
        told.contains(&"00:00:00.000 #0 a Retrying attempt 1: once".to_owned()),
        "{told:?}"
    );
}

#[test]
fn l35_a_retrying_works_failure_can_be_read() {
    let mut lab = lab();
    let a = lab.add(script("a", [Fail("once"), Nap(5), Done]).retry(Retry::ONCE));
    assert!(lab.s.last_failure(a).is_none());
    lab.crank(0);
    assert_eq!(lab.state(a), Retrying);
    assert_eq!(lab.s.last_failure(a).unwrap().to_string(), "once");
    lab.run();
    assert!(lab.s.last_failure(a).is_none(), "it is gone");
}

#[test]
fn l35_blocked_carries_the_root_cause() {
    let mut lab = lab();
    let a = lab.work("a", [Fail("disk full")]);
    let b = lab.add(script("b", []).after(a));
    lab.add(script("c", []).after(b));
    lab.run();
    let why = why(&mut lab, "c", Blocked);
    assert_eq!(why, ["blocked by `a` #0: disk full"]);
}

/// The scheduler after `cancel` has been done to a sleeper, and on whose behalf the sleeper ends.
fn cancelled(cancel: impl FnOnce(&mut Lab)) -> Vec<String> {
    let mut lab = lab();
    lab.work("sleeper", [Expect]);
    lab.crank(0);
    cancel(&mut lab);
    lab.run();
    let events = events(&mut lab);
    let of_sleeper = events.iter().filter(|event| event.name == *"sleeper");
    let causes = of_sleeper.filter_map(|event| match event.cause {
        Some(EventCause::Cancelled(by)) => Some((event.state, by.to_string())),
        _ => None,
    });
    let causes: Vec<_> = causes.collect();
    assert_eq!(causes.len(), 2, "{events:?}");
    assert_eq!((causes[0].0, causes[1].0), (Aborting, Cancelled));
    causes.into_iter().map(|(_, by)| by).collect()
}

#[test]
fn l35_cancelled_says_on_whose_behalf() {
    let id = |lab: &Lab| lab.log.id("sleeper");
    let twice = |by: &str| vec![by.to_owned(); 2];
    let by_host = cancelled(|lab| _ = lab.s.cancel(id(lab)).unwrap());
    assert_eq!(by_host, twice("by the host"));
    assert_eq!(cancelled(|lab| lab.s.cancel_all()), twice("by the host"));
    assert_eq!(
        cancelled(|lab| lab.s.remote().cancel(id(lab))),
        twice("by the host")
    );
    assert_eq!(cancelled(|lab| lab.s.shutdown()), twice("by shutdown"));
    assert_eq!(
        cancelled(|lab| lab.s.cancel_token().cancel()),
        twice("by a token")
    );
    let by_work = cancelled(|lab| {
        let sleeper = id(lab);
        lab.work(
            "other",
            [then(move |cx: &mut Cx<'_>| {
                cx.cancel(sleeper).unwrap();
                Done
            })],
        );
    });
    assert_eq!(by_work, twice("by work #1"));
    let by_run = cancelled(|lab| {
        let token = CancelToken::new();
        token.cancel();
        let mut clock = VirtualDriver::new();
        let run = lab
            .s
            .run_until_done_with_cancel(&mut lab.log, &mut clock, &token);
        run.unwrap();
    });
    assert_eq!(by_run, twice("by a token"));
}

/// By whom a child says it was cancelled, in one way and in the other.
fn child_of(
    parent: impl FnOnce(&mut Cx<'_>) -> Step + 'static,
    then_host: fn(&mut Lab),
) -> Vec<String> {
    let mut lab = lab();
    lab.work(
        "parent",
        [
            then(|cx: &mut Cx<'_>| {
                cx.spawn(script("child", [Expect])).unwrap();
                cx.yield_now::<()>().is_ready();
                Step::Pending
            }),
            then(parent),
        ],
    );
    lab.crank(0);
    then_host(&mut lab);
    lab.run();
    why(&mut lab, "child", Cancelled)
}

#[test]
fn l35_children_end_on_behalf_of_their_parent() {
    let cancels = |cx: &mut Cx<'_>| {
        cx.cancel_children();
        Done
    };
    assert_eq!(child_of(cancels, |_| ()), ["by its parent"]);
    assert_eq!(child_of(|_| Fail("x"), |_| ()), ["by its parent"]);
    let waits = |_: &mut Cx<'_>| Step::Pending;
    assert_eq!(child_of(waits, |lab| lab.s.shutdown()), ["by its parent"]);
}

#[test]
fn l35_a_work_cancels_itself() {
    let itself = then(|cx: &mut Cx<'_>| {
        cx.cancel(cx.id()).unwrap();
        Done
    });
    for step in [itself, Step::Cancel] {
        let mut lab = lab();
        lab.work("a", [step]);
        lab.run();
        assert_eq!(why(&mut lab, "a", Cancelled), ["by itself"]);
    }
}

/// The first cancel counts.
#[test]
fn l35_a_second_cancel_changes_nothing() {
    let mut lab = lab();
    let a = lab.add(script("a", [Expect]));
    lab.crank(0);
    lab.s.cancel(a).unwrap();
    lab.s.shutdown();
    lab.run();
    let event = events(&mut lab).pop().unwrap();
    assert!(
        matches!(event.cause, Some(EventCause::Cancelled(CancelledBy::Host))),
        "{event}"
    );
}

#[test]
fn l35_aborting_says_which_limit() {
    let mut lab = lab();
    lab.add(script("a", [Expect]).attempt_timeout(ms(5)));
    lab.run();
    assert_eq!(
        why(&mut lab, "a", Aborting),
        ["the attempt took longer than 5ms"]
    );
}

/// A state that has no reason carries none.
#[test]
fn l35_no_reason_where_there_is_none() {
    let mut lab = lab();
    lab.work("a", [Nap(1)]);
    lab.run();
    let events = events(&mut lab);
    assert!(events.len() > 2 && events.iter().all(|event| event.cause.is_none()));
}

// ---- the buffer ----

fn overflowing(overflow: EventOverflow) -> (Vec<u64>, u64) {
    let mut lab = lab_with(config(1).events(3).event_overflow(overflow));
    for name in ["a", "b", "c"] {
        lab.work(name, []);
    }
    lab.run();
    let kept = events(&mut lab).iter().map(|event| event.seq).collect();
    (kept, lab.s.metrics().events_dropped)
}

#[test]
fn l35_the_buffer_keeps_the_oldest_or_the_newest_and_counts_the_rest() {
    let all = overflowing(EventOverflow::DropNewest);
    assert_eq!(all, (vec![0, 1, 2], 5));
    assert_eq!(overflowing(EventOverflow::DropOldest), (vec![5, 6, 7], 5));
}

// ---- what a work sees ----

#[test]
fn l35_is_aborting_is_not_is_cancelled() {
    let tells = |cx: &mut Cx<'_>| {
        let line = format!(
            "aborting {} cancelled {}",
            cx.is_aborting(),
            cx.is_cancelled()
        );
        cx.app.say(line);
        Done
    };
    let spec = |name| {
        let work = Script::new([Expect]).on_abort([then(tells)]);
        crankwork::Spec::<Log, _>::new(name, work).attempt_timeout(ms(5))
    };
    let mut lab = lab();
    let a = lab.add(spec("a"));
    lab.add(spec("b"));
    lab.crank(0);
    lab.s.cancel(a).unwrap();
    lab.crank(0);
    lab.crank_at(at_ms(5));
    let lines = std::mem::take(&mut lab.log.lines);
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("aborting"))
        .collect();
    assert_eq!(
        told,
        [
            "aborting true cancelled true",
            "aborting true cancelled false"
        ]
    );
}
