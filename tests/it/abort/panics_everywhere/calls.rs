//! Calls that panic: of works, callbacks, sinks, deciders.

use super::{Callbacks, Kind, Panics, config, place, play};
use crate::units::secs;
use crate::workbench::{Bench, Log, OK, Probe, Turn, done, failing, idling, parenting};
use crankwork::{
    Decision, DecisionKind, Failure, Progress, Retry, Spec, StatusContext, Work, WorkContext,
    WorkEvent, WorkId, WorkScheduler, WorkState::*,
};
use std::fmt;
use std::task::Poll;

// ---- turns and hooks ----

fn poll(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    Some(b.add("a", Probe::new(move |_| kind.panic())))
}

/// A spec of a work that panics in one of its hooks.
fn hooked(kind: Kind, hook: &'static str, work: Probe) -> Spec<Log, Probe> {
    let work = work.on_hook(move |_, at| {
        if at == hook {
            kind.panic();
        }
    });
    Spec::new("a", work)
}

fn on_reset(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    Some(b.add_spec(hooked(kind, "on_reset", done())))
}

fn on_success(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    Some(b.add_spec(hooked(kind, "on_success", done())))
}

fn on_failure_retry(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let spec = hooked(kind, "on_failure_retry", failing());
    Some(b.add_spec(spec.retry(Retry::ONCE)))
}

fn on_failure_raise(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    Some(b.add_spec(hooked(kind, "on_failure_raise", failing())))
}

fn on_abort(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let a = b.add("a", idling().on_abort(move |_| kind.panic()));
    b.crank();
    b.s.cancel(a).unwrap();
    Some(a)
}

fn poll_of_a_child(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let child = move || Probe::new(move |_| kind.panic());
    Some(b.add_spec(Spec::new("a", parenting("child", child)).no_permit()))
}

#[test]
fn l24_turns_and_hooks() {
    play([
        place(poll, Panics(1)).ends(Failed),
        place(on_reset, Panics(1)).ends(Failed),
        place(on_success, Panics(1)).ends(Failed),
        place(on_failure_retry, Panics(1)).ends(Failed),
        place(on_failure_raise, Panics(1)).ends(Failed),
        place(on_abort, Panics(1)).ends(Cancelled),
        place(poll_of_a_child, Panics(1)).ends(Failed),
    ]);
}

// ---- callbacks, posted closures, sinks ----

fn panics_on_settled(kind: Kind) -> Spec<Log, Probe> {
    Spec::new("a", done()).on_settled(move |_, _, _| kind.panic())
}

fn on_settled(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    Some(b.add_spec(panics_on_settled(kind)))
}

fn on_settled_of_one_cancelled_at_once(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.add("first", idling());
    let a = b.add_spec(panics_on_settled(kind));
    b.s.cancel_all();
    Some(a)
}

fn posted_closure(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.remote().post(move |_, _| kind.panic()).unwrap();
    None
}

fn event_sink(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let fuse = kind.fuse();
    let sink = move |_: &WorkEvent| {
        fuse.burn();
        true
    };
    b.s = WorkScheduler::new(config().event_sink(sink));
    // `add` already writes the first event.
    Some(b.add("a", done()))
}

#[test]
fn l24_callbacks_posted_closures_and_sinks() {
    play([
        place(on_settled, Callbacks(1)),
        place(on_settled_of_one_cancelled_at_once, Callbacks(1)).ends(Cancelled),
        place(posted_closure, Callbacks(1)),
        place(event_sink, Callbacks(1)),
    ]);
}

// ---- deciders ----

/// Sets a decider that panics once, at its first decision of this kind.
fn decide(b: &mut Bench, kind: Kind, at: DecisionKind) {
    let fuse = kind.fuse();
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
    assert_eq!((cx.choose("one", 3), cx.choose("other", 3)), (0, 2));
    OK
}

fn decider_of_turns(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    decide(b, kind, DecisionKind::Turn);
    two(b);
    None
}

fn decider_of_timers(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    decide(b, kind, DecisionKind::TimerTie);
    two(b);
    None
}

fn decider_of_the_inbox(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    decide(b, kind, DecisionKind::Inbox);
    for _ in 0..3 {
        b.s.remote()
            .post(|log: &mut Log, _| log.push("posted"))
            .unwrap();
    }
    b.crank();
    assert_eq!(b.lines(), ["posted"; 3]);
    None
}

fn decider_of_choices(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    decide(b, kind, DecisionKind::Choose);
    Some(b.add("a", Probe::new(choosing)))
}

#[test]
fn l24_deciders() {
    play([
        place(decider_of_turns, Callbacks(1)),
        place(decider_of_timers, Callbacks(1)),
        place(decider_of_the_inbox, Callbacks(1)),
        place(decider_of_choices, Callbacks(1)),
    ]);
}

// ---- what works say of themselves ----

#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Name,
    Status,
    Progress,
}

/// A work that panics when it is asked for one thing.
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

    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

fn name(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    ask(b, kind, Asked::Name)
}

fn status(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    ask(b, kind, Asked::Status)
}

fn progress(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    ask(b, kind, Asked::Progress)
}

fn display_of_an_error(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let work = Probe::new(move |_| Poll::Ready(Err(Failure::new(Mute(kind)))));
    let a = b.add("a", work);
    b.crank();
    assert_eq!(b.s.status(), "a: Failed : (its error panicked)\n");
    Some(a)
}

#[test]
fn l24_what_works_say_of_themselves() {
    play([
        place(name, Callbacks(1)),
        place(status, Callbacks(1)),
        place(progress, Callbacks(1)),
        place(display_of_an_error, Callbacks(1)).ends(Failed),
    ]);
}
