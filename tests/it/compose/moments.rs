//! Every composite, disturbed after each of its steps: by a cancel, a shutdown, a restart, or a cancel of a member.
//!
//! A step is one turn, or the way to the next timer. So there are moments before the start, between members, within
//! members, while members abort slowly, and during back-offs.

use crate::units::{at_ms, secs};
use crate::workbench::*;
use crankwork::compose::{
    BatchWork, ConditionalWork, FutureWork, WorkSequence, WorkWithCallback, repeat,
};
use crankwork::{RestartError, Retry, Spec, Work, WorkId, WorkState};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;

type Any = Box<dyn Work<Log>>;

/// Naps, and takes a second to abort.
fn member(name: &str) -> Spec<Log, Probe> {
    Spec::new(name.to_owned(), napping(secs(2)).on_abort(slowly(secs(1))))
}

/// Fails its first attempt.
fn second_time_lucky(name: &str) -> Spec<Log, Probe> {
    let work = Probe::new(|cx| match cx.attempt() {
        1 => fail("no luck"),
        _ => OK,
    });
    Spec::new(name.to_owned(), work).retry(Retry::ONCE)
}

fn sequence() -> Any {
    let all = WorkSequence::new();
    let all = all.then(|| member("a")).then(|| second_time_lucky("b"));
    Box::new(all.then(|| member("c")))
}

fn batch() -> Any {
    Box::new(BatchWork::each(2, || {
        (0..5).map(|i| match i {
            2 => second_time_lucky("lucky"),
            _ => member(&format!("m{i}")),
        })
    }))
}

fn conditional() -> Any {
    let gated = || member("gated");
    let open = |cx: &mut Cx<'_>| cx.now() >= at_ms(250);
    Box::new(ConditionalWork::with_context(open, gated))
}

fn repeated() -> Any {
    Box::new(repeat(secs(3), || second_time_lucky("run")).times(3))
}

fn told() -> Any {
    Box::new(WorkWithCallback::after(sequence(), |cx: &mut Cx<'_>, _| {
        say(cx, "told");
    }))
}

/// Logs each turn of a work that logs nothing by itself.
struct Loud<W>(W);

impl<W: Work<Log>> Work<Log> for Loud<W> {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        say(cx, "poll");
        self.0.poll(cx)
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        self.0.on_abort(cx)
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        self.0.on_reset(cx);
    }
}

fn future() -> Any {
    let future = FutureWork::new(|| {
        let mut left = 4;
        poll_fn(move |cx| {
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 { OK } else { Poll::Pending }
        })
    });
    Box::new(Loud(future))
}

fn nested() -> Any {
    let inner = WorkSequence::new().then(|| Spec::new("batch", batch()));
    let inner = inner.then(|| Spec::new("conditional", conditional()));
    Box::new(inner.then(|| Spec::new("sequence", sequence())))
}

/// A name, and how it is made.
type Kind = (&'static str, fn() -> Any);

const KINDS: [Kind; 7] = [
    ("sequence", sequence),
    ("batch", batch),
    ("conditional", conditional),
    ("repeat", repeated),
    ("told", told),
    ("future", future),
    ("nested", nested),
];

/// Takes all steps that are left, and returns how many that were.
fn finish(b: &mut Bench) -> usize {
    std::iter::from_fn(|| b.step().then_some(())).count()
}

/// A composite after some of its steps.
struct Moment {
    kind: &'static str,
    /// For messages: the kind and the number of steps.
    place: String,
    b: Bench,
    id: WorkId,
    /// What the composite logs when nothing disturbs it.
    undisturbed: Vec<String>,
}

/// Every kind of composite, after every number of its steps.
fn moments(retry: Retry) -> impl Iterator<Item = Moment> {
    KINDS.into_iter().flat_map(move |(kind, make)| {
        let mut whole = Moment::new(kind, Spec::new("all", make()).retry(retry));
        let steps = finish(&mut whole.b);
        whole.assert_state(WorkState::Success);
        assert!(steps >= 4, "{kind} has only {steps} steps");
        (0..=steps).map(move |taken| {
            let mut moment = Moment::new(kind, Spec::new("all", make()).retry(retry));
            for _ in 0..taken {
                assert!(moment.b.step(), "{kind} ends early");
            }
            moment.place = format!("{kind} after {taken} steps");
            moment.undisturbed = whole.b.log.lines.clone();
            moment
        })
    })
}

impl Moment {
    fn new(kind: &'static str, spec: Spec<Log, Any>) -> Moment {
        let mut b = Bench::with_permits(3);
        let id = b.add_spec(spec);
        Moment {
            kind,
            place: kind.to_owned(),
            b,
            id,
            undisturbed: Vec::new(),
        }
    }

    fn cancel(&mut self) -> bool {
        self.b.s.cancel(self.id).unwrap()
    }

    /// The youngest unsettled work below the composite.
    fn youngest(&self) -> Option<WorkId> {
        let all = self.b.s.snapshot();
        let mut live = all.iter().rev().filter(|work| !work.state.is_settled());
        live.find(|work| work.parent.is_some()).map(|work| work.id)
    }

    fn assert_state(&self, expected: WorkState) {
        assert_eq!(self.b.state(self.id), expected, "{}", self.place);
    }

    /// The composite is in this state, all its works have settled, and only itself is left.
    fn assert_over(&self, expected: WorkState) {
        self.assert_state(expected);
        let metrics = self.b.s.metrics();
        let left = (metrics.unsettled(), metrics.in_scheduler);
        assert_eq!(left, (0, 1), "{}", self.place);
        let broken = (metrics.panics, metrics.forced_aborts);
        assert_eq!(broken, (0, 0), "{}", self.place);
        let audit = self.b.s.audit();
        audit.unwrap_or_else(|broken| panic!("{}: {broken}", self.place));
    }

    /// A disturbance has ended the composite, unless it had already succeeded.
    fn assert_cancelled(&self, was_live: bool) {
        self.assert_over(match was_live {
            true => WorkState::Cancelled,
            false => WorkState::Success,
        });
    }

    /// Restarts the composite. It must do again what it did in the beginning.
    fn assert_restarts(&mut self) {
        self.b.s.restart(self.id).unwrap();
        self.b.lines();
        finish(&mut self.b);
        self.assert_over(WorkState::Success);
        // A conditional may be open by now, and its wait of 250 ms then comes in another place.
        let may_be_open = ["conditional", "nested"].contains(&self.kind);
        self.assert_log(may_be_open, |_| true);
    }

    /// What it has logged since is what it logs undisturbed, as far as `counts` says so.
    fn assert_log(&mut self, in_any_order: bool, counts: impl Fn(&str) -> bool) {
        let mut logs = [self.b.lines(), self.undisturbed.clone()];
        for log in &mut logs {
            log.retain(|line| counts(line));
            if in_any_order {
                log.sort();
            }
        }
        let [again, first] = logs;
        assert!(!first.is_empty());
        assert_eq!(again, first, "{}", self.place);
    }
}

#[test]
fn a_cancel_ends_it_and_a_restart_runs_all_again() {
    for mut moment in moments(Retry::NEVER) {
        let live = moment.cancel();
        finish(&mut moment.b);
        moment.assert_cancelled(live);
        moment.assert_restarts();
    }
}

#[test]
fn a_cancel_while_members_abort_slowly_changes_nothing() {
    let mut refused = 0;
    for mut moment in moments(Retry::NEVER) {
        let live = moment.cancel();
        while moment.b.step() {
            moment.cancel();
            if moment.b.s.metrics().unsettled() > 0 {
                let restart = moment.b.s.restart(moment.id);
                let unsettled = matches!(restart, Err(RestartError::NotSettled(..)));
                assert!(unsettled, "{}", moment.place);
                refused += 1;
            }
        }
        moment.assert_cancelled(live);
    }
    assert!(refused > 100, "only {refused} steps while members aborted");
}

#[test]
fn a_shutdown_ends_it_for_good() {
    for mut moment in moments(Retry::NEVER) {
        let live = moment.b.s.metrics().unsettled() > 0;
        moment.b.s.shutdown();
        finish(&mut moment.b);
        moment.assert_cancelled(live);
        let restart = moment.b.s.restart(moment.id);
        assert_eq!(restart, Err(RestartError::ShutDown), "{}", moment.place);
    }
}

/// All kinds but some.
fn kinds_but(without: &[&str]) -> BTreeSet<&'static str> {
    let names = KINDS.iter().map(|&(kind, _)| kind);
    names.filter(|kind| !without.contains(kind)).collect()
}

#[test]
fn a_member_that_somebody_cancels_fails_it_and_a_restart_runs_all_again() {
    let mut hit = BTreeSet::new();
    for mut moment in moments(Retry::NEVER) {
        let Some(member) = moment.youngest() else {
            continue;
        };
        hit.insert(moment.kind);
        moment.b.s.cancel(member).unwrap();
        finish(&mut moment.b);
        moment.assert_over(match moment.kind {
            "conditional" => WorkState::Cancelled,
            _ => WorkState::Failed,
        });
        moment.assert_restarts();
    }
    assert_eq!(hit, kinds_but(&["future"]), "a future has no members");
}

#[test]
fn a_retry_after_a_lost_member_runs_all_again() {
    let mut hit = BTreeSet::new();
    for mut moment in moments(Retry::ONCE).filter(|moment| moment.kind != "conditional") {
        let Some(member) = moment.youngest() else {
            continue;
        };
        hit.insert(moment.kind);
        moment.b.s.cancel(member).unwrap();
        while moment.b.state(moment.id) != WorkState::Retrying {
            assert!(moment.b.step(), "{}", moment.place);
        }
        let left = moment.b.s.metrics().in_scheduler;
        assert_eq!(left, 1, "{}: no member in the back-off", moment.place);
        moment.b.lines();
        finish(&mut moment.b);
        moment.assert_over(WorkState::Success);
        // The reset at the end of the first attempt is the one before the second.
        let is_nested = moment.kind == "nested";
        moment.assert_log(is_nested, |line| !line.starts_with("all: "));
    }
    assert_eq!(hit, kinds_but(&["future", "conditional"]));
}

#[test]
fn a_cancel_in_the_back_off_of_the_composite_itself_ends_it() {
    for (kind, make) in KINDS.into_iter().filter(|&(kind, _)| kind != "future") {
        let spec = Spec::new("all", make()).attempt_timeout(secs(1));
        let mut moment = Moment::new(kind, spec.retry(Retry::ONCE));
        while moment.b.state(moment.id) != WorkState::Retrying {
            assert!(moment.b.step(), "{kind}");
        }
        moment.cancel();
        finish(&mut moment.b);
        moment.assert_over(WorkState::Cancelled);
    }
}
