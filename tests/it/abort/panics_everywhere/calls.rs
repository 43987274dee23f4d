//! Calls that panic: of works, callbacks, sinks, deciders.

use super::{Act, Callbacks, Fuse, Kind, Panics, Place, check, config};
use crate::workbench::{Bench, Log, OK, Probe, Turn, done, failing, idling, secs};
use crankwork::{Decision, DecisionKind, Failure, Progress, Retry, Spec, Work, WorkScheduler};
use crankwork::{WorkContext, WorkEvent, WorkId, WorkState::*};
use std::fmt;
use std::task::Poll;

/// A work that panics in one of its hooks.
fn hooked(
    b: &mut Bench,
    kind: Kind,
    hook: &'static str,
    work: Probe,
    retry: Retry,
) -> Option<WorkId> {
    let work = work.on_hook(move |_, at| {
        if at == hook {
            kind.panic();
        }
    });
    Some(b.add_spec(Spec::new("a", work).retry(retry)))
}

#[test]
fn l24_turns_and_hooks() {
    let places: [Place; 7] = [
        (
            "poll",
            |b, kind| Some(b.add("a", Probe::new(move |_| kind.panic()))),
            Failed,
            Panics(1),
        ),
        (
            "on_reset",
            |b, kind| hooked(b, kind, "on_reset", done(), Retry::NEVER),
            Failed,
            Panics(1),
        ),
        (
            "on_success",
            |b, kind| hooked(b, kind, "on_success", done(), Retry::NEVER),
            Failed,
            Panics(1),
        ),
        (
            "on_failure_retry",
            |b, kind| hooked(b, kind, "on_failure_retry", failing(), Retry::ONCE),
            Failed,
            Panics(1),
        ),
        (
            "on_failure_raise",
            |b, kind| hooked(b, kind, "on_failure_raise", failing(), Retry::NEVER),
            Failed,
            Panics(1),
        ),
        (
            "on_abort",
            |b, kind| {
                let work = idling().on_abort(move |_| kind.panic());
                let a = b.add("a", work);
                b.crank();
                b.s.cancel(a).unwrap();
                Some(a)
            },
            Cancelled,
            Panics(1),
        ),
        (
            "a child's poll",
            |b, kind| {
                let child = move || Probe::new(move |_| kind.panic());
                Some(b.add_spec(
                    Spec::new("a", crate::workbench::parenting("child", child)).no_permit(),
                ))
            },
            Failed,
            Panics(1),
        ),
    ];
    check(&places);
}

#[test]
fn l24_callbacks_posted_closures_and_sinks() {
    let places: [Place; 4] = [
        (
            "on_settled",
            |b, kind| {
                let spec = Spec::new("a", done()).on_settled(move |_, _, _| kind.panic());
                Some(b.add_spec(spec))
            },
            Success,
            Callbacks(1),
        ),
        (
            "on_settled of one that is cancelled at once",
            |b, kind| {
                b.add("first", idling());
                let spec = Spec::new("a", done()).on_settled(move |_, _, _| kind.panic());
                let a = b.add_spec(spec);
                b.s.cancel_all();
                Some(a)
            },
            Cancelled,
            Callbacks(1),
        ),
        (
            "a posted closure",
            |b, kind| {
                b.s.remote().post(move |_, _| kind.panic()).unwrap();
                None
            },
            Success,
            Callbacks(1),
        ),
        (
            "an event sink",
            |b, kind| {
                let fuse = kind.fuse();
                let sink = move |_: &WorkEvent| {
                    fuse.burn();
                    true
                };
                b.s = WorkScheduler::new(config().event_sink(sink));
                // Already the first event, in `add`.
                Some(b.add("a", done()))
            },
            Success,
            Callbacks(1),
        ),
    ];
    check(&places);
}

// ---- deciders ----

/// A decider that panics once, at a decision of that kind.
fn decide(b: &mut Bench, kind: Kind, at: DecisionKind) {
    let fuse: Fuse = kind.fuse();
    let decider = move |decision: &Decision<'_>| {
        if decision.kind() == at {
            fuse.burn();
        }
        decision.arity() - 1
    };
    b.s.set_decider(Some(Box::new(decider)));
}

/// Two works that are ready at once, and again after a nap.
fn two(b: &mut Bench) {
    for name in ["one", "two"] {
        let work = Probe::new(|cx| cx.sleep(secs(1)).map(Ok));
        b.add_spec(Spec::new(name, work).no_permit());
    }
}

fn choosing(cx: &mut WorkContext<'_, Log>) -> Turn {
    // The answer after a panic is that of production.
    assert_eq!((cx.choose(3), cx.choose(3)), (0, 2));
    OK
}

#[test]
fn l24_deciders() {
    let turns: Act = |b, kind| {
        decide(b, kind, DecisionKind::Turn);
        two(b);
        None
    };
    let ties: Act = |b, kind| {
        decide(b, kind, DecisionKind::TimerTie);
        two(b);
        None
    };
    let inbox: Act = |b, kind| {
        decide(b, kind, DecisionKind::Inbox);
        for _ in 0..3 {
            b.s.remote()
                .post(|log: &mut Log, _| log.push("posted".into()))
                .unwrap();
        }
        b.crank();
        assert_eq!(b.lines(), ["posted"; 3]);
        None
    };
    let choose: Act = |b, kind| {
        decide(b, kind, DecisionKind::Choose);
        Some(b.add("a", Probe::new(choosing)))
    };
    check(&[
        ("a decider of turns", turns, Success, Callbacks(1)),
        ("a decider of timers", ties, Success, Callbacks(1)),
        ("a decider of the inbox", inbox, Success, Callbacks(1)),
        ("a decider of choices", choose, Success, Callbacks(1)),
    ]);
}

// ---- what works say of themselves ----

#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Name,
    Status,
    Progress,
}

/// Panics when it is asked for that.
struct Shy(Kind, Asked);

impl Work<Log> for Shy {
    fn poll(&mut self, _: &mut WorkContext<'_, Log>) -> Turn {
        OK
    }

    fn name(&self) -> &str {
        if self.1 == Asked::Name {
            self.0.panic();
        }
        "shy"
    }

    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.1 == Asked::Status {
            self.0.panic();
        }
        f.write_str("well")
    }

    fn progress(&self) -> Option<Progress> {
        if self.1 == Asked::Progress {
            self.0.panic();
        }
        None
    }
}

fn ask(b: &mut Bench, kind: Kind, what: Asked) -> Option<WorkId> {
    let a = b.s.add_work(Box::new(Shy(kind, what)), &[], 0).unwrap();
    let beside = b.add("beside", failing());
    let text = b.s.status();
    let says = match what {
        Asked::Name => "(its name panicked): Running : well\n",
        _ => "shy: Running : (its status panicked)\n",
    };
    assert_eq!(text, format!("{says}beside: Queued\n"), "{beside}");
    Some(a)
}

/// An error that panics when it is printed.
struct Mute(Kind);

impl fmt::Debug for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.panic()
    }
}

impl fmt::Display for Mute {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.panic()
    }
}

impl std::error::Error for Mute {}

#[test]
fn l24_what_works_say_of_themselves() {
    let error: Act = |b, kind| {
        let work = Probe::new(move |_| Poll::Ready(Err(Failure::new(Mute(kind)))));
        let a = b.add("a", work);
        b.crank();
        assert_eq!(b.s.status(), "a: Failed : (its error panicked)\n");
        Some(a)
    };
    check(&[
        (
            "name",
            |b, kind| ask(b, kind, Asked::Name),
            Success,
            Callbacks(1),
        ),
        (
            "status",
            |b, kind| ask(b, kind, Asked::Status),
            Success,
            Callbacks(1),
        ),
        (
            "progress",
            |b, kind| ask(b, kind, Asked::Progress),
            Success,
            Callbacks(1),
        ),
        ("the display of an error", error, Failed, Callbacks(1)),
    ]);
}
