//! henyey-work's names.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{
    Backoff, CancelToken, Failure, Phase, Retain, Retry, Spec, VirtualDriver, Work, WorkEvent,
    WorkId, WorkOutcome, WorkScheduler, WorkSchedulerConfig, WorkSnapshot, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::sync_channel;
use std::task::Poll;

#[test]
fn the_configuration_has_its_fields_and_defaults() {
    let config = WorkSchedulerConfig::default();
    assert_eq!(config.max_concurrency, 4);
    assert_eq!(config.backoff, Backoff::Exponential);
    assert_eq!((config.seed, config.events), (0, 0));
    assert_eq!(config.abort_grace, secs(10));
    assert_eq!(config.retain, Retain::All);
    assert!(config.catch_panics && config.pools.is_empty() && config.event_sink.is_none());
    let config = config.max_concurrency(64).retry_delay(secs(5));
    assert_eq!(config.max_concurrency, 64);
    assert_eq!(config.backoff, Backoff::Fixed(secs(5)));
}

/// A work as henyey-work has them: a struct with a name of its own.
struct Job(&'static str, Option<&'static str>);

impl Work<Log> for Job {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        let line = format!("{} {} {}", self.0, cx.id().serial(), cx.attempt());
        cx.app.push(line);
        assert!(!cx.is_cancelled() && !cx.cancel_token().is_cancelled());
        match self.1 {
            Some(error) => fail(error),
            None => OK,
        }
    }

    fn name(&self) -> &str {
        self.0
    }
}

fn diamond(b: &mut Bench) -> [WorkId; 4] {
    let mut add =
        |job, deps: &[WorkId], retries| b.s.add_work(Box::new(job), deps, retries).unwrap();
    let top = add(Job("top", None), &[], 0);
    let left = add(Job("left", None), &[top], 1);
    let right = add(Job("right", Some("broken")), &[top], 2);
    let end = add(Job("end", None), &[left, right], 0);
    [top, left, right, end]
}

#[test]
fn add_work_takes_dependencies_and_retries_and_run_until_done_runs_all() {
    let mut b = Bench::with_permits(4);
    let [top, left, right, end] = diamond(&mut b);
    assert_eq!(b.s.name(left).unwrap(), "left");
    let mut driver = VirtualDriver::new();
    let summary = b.s.run_until_done(&mut b.log, &mut driver).unwrap();
    assert_eq!((summary.turns, summary.settled), (5, 4));
    assert_eq!((summary.finished, summary.elapsed), (at_secs(20), secs(20)));
    assert!(summary.cranks >= 3);
    use WorkState::*;
    let states = [top, left, right, end].map(|id| b.state(id));
    assert_eq!(states, [Success, Success, Failed, Blocked]);
    assert_eq!(
        b.log.lines,
        ["top 0 1", "left 1 1", "right 2 1", "right 2 2", "right 2 3"]
    );
    let WorkOutcome::Blocked(root) = b.outcome(end) else {
        panic!("it is blocked");
    };
    assert_eq!((root.id, &*root.name), (right, "right"));
    assert_eq!(root.failure.unwrap().to_string(), "broken");
}

#[test]
fn the_phases_are_its_six_states() {
    let six = WorkState::ALL.map(|state| state.phase());
    use Phase::*;
    let expected = [
        Pending, Pending, Running, Running, Running, Pending, Running, // Aborting
        Success, Failed, Cancelled, Blocked,
    ];
    assert_eq!(six, expected);
}

#[test]
fn the_metrics_have_its_fields() {
    let mut b = Bench::with_permits(4);
    diamond(&mut b);
    b.add("running", idling());
    b.crank();
    let m = b.s.metrics();
    assert_eq!((m.total, m.pending, m.running), (5, 2, 1));
    assert_eq!((m.success, m.failed, m.blocked, m.cancelled), (2, 0, 0, 0));
    assert_eq!((m.attempts, m.retries_left), (4, 2));
    b.crank_at(at_secs(5));
    b.s.cancel_all();
    b.run();
    let m = b.s.metrics();
    assert_eq!((m.pending, m.running, m.unsettled()), (0, 0, 0));
    assert_eq!((m.success, m.failed, m.blocked, m.cancelled), (2, 0, 0, 3));
    let bad = b.add("bad", failing());
    b.add_spec(Spec::new("blocked", done()).after(bad));
    b.run();
    let m = b.s.metrics();
    assert_eq!((m.success, m.failed, m.blocked, m.cancelled), (2, 1, 1, 3));
    assert_eq!(m.by_state.iter().sum::<u64>(), 7);
    assert_eq!(m.in_state(WorkState::Success), 2);
}

fn of(all: &[WorkSnapshot], id: WorkId) -> &WorkSnapshot {
    all.iter().find(|work| work.id == id).unwrap()
}

#[test]
fn the_snapshot_has_its_fields() {
    let mut b = Bench::with_permits(4);
    let [top, left, right, end] = diamond(&mut b);
    let parent = b.add("parent", parenting("child", || napping(secs(7))));
    b.crank();
    let all = b.s.snapshot();
    let names: Vec<&str> = all.iter().map(|work| &*work.name).collect();
    assert_eq!(names, ["top", "left", "right", "end", "parent", "child"]);
    let work = of(&all, right);
    assert_eq!(work.state, WorkState::Retrying);
    assert_eq!(
        (&work.deps[..], &work.dependents[..]),
        (&[top][..], &[end][..])
    );
    assert_eq!(
        (work.attempts, work.retries_left, work.parent),
        (1, 1, None)
    );
    assert_eq!(work.last_error.as_ref().unwrap().to_string(), "broken");
    assert_eq!(work.next_deadline, Some(at_secs(10)));
    assert_eq!(
        (work.last_duration, work.total_duration),
        (Some(secs(0)), secs(0))
    );
    assert_eq!(of(&all, end).deps, [left, right]);
    assert_eq!(of(&all, b.find("child")).parent, Some(parent));
    b.crank_at(at_secs(3));
    assert_eq!(of(&b.s.snapshot(), parent).total_duration, secs(3));
    b.run();
    let all = b.s.snapshot();
    assert_eq!(of(&all, parent).last_duration, Some(secs(7)));
    let root = of(&all, end).root_cause.as_ref().unwrap();
    assert_eq!(root.id, right);
    assert!(all.iter().all(|work| work.next_deadline.is_none()));
}

#[test]
fn an_event_names_work_state_attempt_and_time() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
    b.run();
    let events: Vec<WorkEvent> = std::iter::from_fn(|| b.s.poll_event()).collect();
    let seen: Vec<_> = events
        .iter()
        .map(|e| (e.state, e.attempt, e.time))
        .collect();
    use WorkState::*;
    let expected = [
        (Running, 1, at_secs(0)),
        (Retrying, 1, at_secs(0)),
        (Queued, 1, at_secs(10)),
        (Running, 2, at_secs(10)),
        (Failed, 2, at_secs(10)),
    ];
    assert_eq!(seen, expected);
    assert!(events.iter().all(|e| e.id == a && e.name == "a"));
    assert_eq!(events[0].to_string(), "00:00:00.000 #0 a Running attempt 1");
    assert!(b.s.poll_event().is_none());
}

#[test]
fn a_channel_that_is_full_or_gone_never_blocks_and_is_counted() {
    let (sender, receiver) = sync_channel(3);
    let mut b = Bench::new(WorkSchedulerConfig::default().event_sink(sender));
    b.add("a", done());
    b.add("b", done());
    b.run();
    let got: Vec<WorkEvent> = receiver.try_iter().collect();
    assert_eq!(got.len(), 3);
    assert_eq!(b.s.metrics().events_dropped, 1);
    drop(receiver);
    b.add("c", done());
    b.run();
    assert_eq!(b.s.metrics().events_dropped, 3);
}

#[test]
fn a_closure_is_a_sink_and_poll_event_works_beside_it() {
    let seen: Rc<RefCell<Vec<String>>> = Rc::default();
    let note = seen.clone();
    let config = WorkSchedulerConfig::default().events(10);
    let mut b = Bench::new(config.event_sink(move |event: &WorkEvent| {
        note.borrow_mut().push(event.to_string());
        true
    }));
    b.add("a", done());
    b.run();
    assert_eq!(b.events(), *seen.borrow());
    assert_eq!((seen.borrow().len(), b.s.metrics().events_dropped), (2, 0));
}

#[test]
fn cancel_and_cancel_all() {
    let mut b = Bench::with_permits(4);
    let works: Vec<WorkId> = (0..3).map(|_| b.add("a", idling())).collect();
    let dependent = b.add_spec(Spec::new("dependent", done()).after(works[0]));
    b.crank();
    assert!(b.s.cancel(works[0]).unwrap());
    b.crank();
    assert_eq!(b.state(works[0]), WorkState::Cancelled);
    assert_eq!(b.state(dependent), WorkState::Blocked);
    assert_eq!(b.state(works[1]), WorkState::Waiting);
    b.s.cancel_all();
    b.crank();
    assert!(works.iter().all(|&id| b.state(id) == WorkState::Cancelled));
    assert!(matches!(b.outcome(works[2]), WorkOutcome::Cancelled));
}

#[test]
fn a_run_can_be_cancelled_before_and_while_it_runs() {
    let token = CancelToken::new();
    let mut b = Bench::with_permits(2);
    let inner = token.clone();
    let mut turns = 0;
    b.add(
        "canceller",
        Probe::new(move |cx| {
            turns += 1;
            if turns == 3 {
                inner.cancel();
            }
            cx.wake_after(secs(1));
            Poll::Pending
        }),
    );
    let other = b.add("other", idling());
    let mut driver = VirtualDriver::new();
    let run =
        b.s.run_until_done_with_cancel(&mut b.log, &mut driver, &token);
    assert_eq!(run.unwrap().finished, at_secs(2));
    assert!(token.is_cancelled());
    assert_eq!(b.state(other), WorkState::Cancelled);

    let late = b.add("late", idling());
    b.s.run_until_done_with_cancel(&mut b.log, &mut driver, &token)
        .unwrap();
    assert_eq!(b.state(late), WorkState::Cancelled);
    // Once the run is over the scheduler does not listen to the token any more.
    let token = CancelToken::new();
    b.s.run_until_done_with_cancel(&mut b.log, &mut driver, &token)
        .unwrap();
    let after = b.add("after", idling());
    token.cancel();
    b.crank();
    assert_eq!(b.state(after), WorkState::Waiting);
}

#[test]
fn the_schedulers_own_token_cancels_everything_in_it() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", idling());
    let queued = b.add("queued", idling());
    b.crank();
    let token = b.s.cancel_token();
    let copy = token.clone();
    token.cancel();
    assert!(copy.is_cancelled());
    assert_eq!(b.state(a), WorkState::Waiting, "it takes a crank");
    b.crank();
    assert_eq!(b.states([a, queued]), [WorkState::Cancelled; 2]);
}

#[test]
fn a_works_token_shows_its_abort_and_cancels_it() {
    let tokens: Rc<RefCell<Vec<CancelToken>>> = Rc::default();
    let mut b = Bench::with_permits(2);
    let mut add = || {
        let keep = tokens.clone();
        let a = Probe::new(move |cx| {
            keep.borrow_mut().push(cx.cancel_token());
            cx.expect_wake();
            Poll::Pending
        });
        b.add("a", a)
    };
    let (seen, used) = (add(), add());
    b.crank();
    b.s.cancel(seen).unwrap();
    let cancelled: Vec<bool> = tokens
        .borrow()
        .iter()
        .map(CancelToken::is_cancelled)
        .collect();
    assert_eq!(cancelled, [true, false]);
    tokens.borrow()[1].cancel();
    b.crank();
    assert_eq!(b.states([seen, used]), [WorkState::Cancelled; 2]);
    assert_eq!(b.s.metrics().cancelled, 2);
}

#[test]
fn an_empty_run_is_done_at_once() {
    let mut s = WorkScheduler::<()>::new(WorkSchedulerConfig::default());
    let summary = s
        .run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    assert_eq!((summary.turns, summary.settled), (0, 0));
}

#[test]
fn an_error_converts_with_a_question_mark() {
    let mut s = WorkScheduler::<()>::new(WorkSchedulerConfig::default());
    let a = s.add_fn("a", |_| {
        let parse = || -> Result<u32, Failure> { Ok("x".parse::<u32>()?) };
        Poll::Ready(parse())
    });
    s.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    let outcome = s.outcome(a.unwrap()).unwrap();
    let failure = outcome.failure().unwrap();
    assert!(failure.downcast_ref::<std::num::ParseIntError>().is_some());
}

#[test]
fn the_last_error_stays_known_after_a_later_success_and_goes_with_a_restart() {
    let mut b = Bench::with_permits(1);
    let a = Probe::new(|cx| if cx.attempt() == 1 { fail("first") } else { OK });
    let a = b.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    b.run();
    assert_eq!(b.state(a), WorkState::Success);
    let error = b.s.snapshot()[0].last_error.clone();
    assert_eq!(error.unwrap().to_string(), "first");
    assert_eq!(b.s.status(), "a: Success\n", "but it is no news any more");
    b.s.restart(a).unwrap();
    assert!(b.s.snapshot()[0].last_error.is_none());
}
