//! L35: an event says why.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap};
use crate::workbench::*;
use crankwork::WorkState::{Aborting, Blocked, Cancelled, Failed, Retrying};
use crankwork::{
    CancelToken, CancelledBy, EventCause, EventOverflow, Retain, Retry, VirtualDriver, WorkEvent,
    WorkState,
};

/// Settled works are reclaimed at once: only events tell of them.
fn bench() -> Bench {
    Bench::new(config(4).retain(Retain::Nothing))
}

fn events(bench: &mut Bench) -> Vec<WorkEvent> {
    std::iter::from_fn(|| bench.s.poll_event()).collect()
}

/// The reasons, as text, with which the work of that name has come into that state.
fn why(bench: &mut Bench, name: &str, state: WorkState) -> Vec<String> {
    let into = |event: &WorkEvent| event.name == *name && event.state == state;
    let events = events(bench).into_iter().filter(into);
    let cause = |event: WorkEvent| event.cause.expect("a reason").to_string();
    events.map(cause).collect()
}

#[test]
fn l35_failed_and_retrying_carry_the_failure() {
    let mut bench = bench();
    bench.add_spec(script("a", [Fail("once"), Fail("twice")]).retry(Retry::ONCE));
    bench.run();
    let events = events(&mut bench);
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
    let mut bench = bench();
    let a = bench.add_spec(script("a", [Fail("once"), Nap(5), Done]).retry(Retry::ONCE));
    assert!(bench.s.last_failure(a).is_none());
    bench.crank();
    assert_eq!(bench.state(a), Retrying);
    assert_eq!(bench.s.last_failure(a).unwrap().to_string(), "once");
    bench.run();
    assert!(bench.s.last_failure(a).is_none(), "it is gone");
}

#[test]
fn l35_blocked_carries_the_root_cause() {
    let mut bench = bench();
    let a = bench.script("a", [Fail("disk full")]);
    let b = bench.add_spec(script("b", []).after(a));
    bench.add_spec(script("c", []).after(b));
    bench.run();
    let why = why(&mut bench, "c", Blocked);
    assert_eq!(why, ["blocked by `a` #0: disk full"]);
}

/// The scheduler after `cancel` has been done to a sleeper, and on whose behalf the sleeper ends.
fn cancelled(cancel: impl FnOnce(&mut Bench)) -> Vec<String> {
    let mut bench = bench();
    bench.script("sleeper", [Expect]);
    bench.crank();
    cancel(&mut bench);
    bench.run();
    let events = events(&mut bench);
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
    let id = |bench: &Bench| bench.log.id("sleeper");
    let twice = |by: &str| vec![by.to_owned(); 2];
    let by_host = cancelled(|bench| _ = bench.s.cancel(id(bench)).unwrap());
    assert_eq!(by_host, twice("by the host"));
    assert_eq!(
        cancelled(|bench| bench.s.cancel_all()),
        twice("by the host")
    );
    assert_eq!(
        cancelled(|bench| bench.s.remote().cancel(id(bench))),
        twice("by the host")
    );
    assert_eq!(cancelled(|bench| bench.s.shutdown()), twice("by shutdown"));
    assert_eq!(
        cancelled(|bench| bench.s.cancel_token().cancel()),
        twice("by a token")
    );
    let by_work = cancelled(|bench| {
        let sleeper = id(bench);
        bench.script(
            "other",
            [then(move |cx: &mut Cx<'_>| {
                cx.cancel(sleeper).unwrap();
                Done
            })],
        );
    });
    assert_eq!(by_work, twice("by work #1"));
    let by_run = cancelled(|bench| {
        let token = CancelToken::new();
        token.cancel();
        let mut clock = VirtualDriver::new();
        let run = bench
            .s
            .run_until_done_with_cancel(&mut bench.log, &mut clock, &token);
        run.unwrap();
    });
    assert_eq!(by_run, twice("by a token"));
}

/// By whom a child says it was cancelled, in one way and in the other.
fn child_of(
    parent: impl FnOnce(&mut Cx<'_>) -> Step + 'static,
    then_host: fn(&mut Bench),
) -> Vec<String> {
    let mut bench = bench();
    bench.script(
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
    bench.crank();
    then_host(&mut bench);
    bench.run();
    why(&mut bench, "child", Cancelled)
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
    assert_eq!(
        child_of(waits, |bench| bench.s.shutdown()),
        ["by its parent"]
    );
}

#[test]
fn l35_a_work_cancels_itself() {
    let itself = then(|cx: &mut Cx<'_>| {
        cx.cancel(cx.id()).unwrap();
        Done
    });
    for step in [itself, Step::Cancel] {
        let mut bench = bench();
        bench.script("a", [step]);
        bench.run();
        assert_eq!(why(&mut bench, "a", Cancelled), ["by itself"]);
    }
}

/// The first cancel counts.
#[test]
fn l35_a_second_cancel_changes_nothing() {
    let mut bench = bench();
    let a = bench.add_spec(script("a", [Expect]));
    bench.crank();
    bench.s.cancel(a).unwrap();
    bench.s.shutdown();
    bench.run();
    let event = events(&mut bench).pop().unwrap();
    assert!(
        matches!(event.cause, Some(EventCause::Cancelled(CancelledBy::Host))),
        "{event}"
    );
}

#[test]
fn l35_aborting_says_which_limit() {
    let mut bench = bench();
    bench.add_spec(script("a", [Expect]).attempt_timeout(ms(5)));
    bench.run();
    assert_eq!(
        why(&mut bench, "a", Aborting),
        ["the attempt took longer than 5ms"]
    );
}

/// A state that has no reason carries none.
#[test]
fn l35_no_reason_where_there_is_none() {
    let mut bench = bench();
    bench.script("a", [Nap(1)]);
    bench.run();
    let events = events(&mut bench);
    assert!(events.len() > 2 && events.iter().all(|event| event.cause.is_none()));
}

// ---- the buffer ----

fn overflowing(overflow: EventOverflow) -> (Vec<u64>, u64) {
    let mut bench = Bench::new(config(1).events(3).event_overflow(overflow));
    for name in ["a", "b", "c"] {
        bench.script(name, []);
    }
    bench.run();
    let kept = events(&mut bench).iter().map(|event| event.seq).collect();
    (kept, bench.s.metrics().events_dropped)
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
        cx.app.push(line);
        Done
    };
    let spec = |name| {
        let work = acting([Expect]).aborting([then(tells)]);
        crankwork::Spec::<Log, _>::new(name, work).attempt_timeout(ms(5))
    };
    let mut bench = bench();
    let a = bench.add_spec(spec("a"));
    bench.add_spec(spec("b"));
    bench.crank();
    bench.s.cancel(a).unwrap();
    bench.crank();
    bench.crank_at(at_ms(5));
    let lines = bench.lines();
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
