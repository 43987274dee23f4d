//! Guards, holds, and what happens instead of a turn.

use super::{Answer, Log, add, crank};
use crate::units::{at_secs, secs};
use crankwork::{
    Budget, Decider, Decision, Interference, Next, Retry, Spec, Subject, Time, Turned,
    VirtualDriver, Wants, WorkContext, WorkOutcome, WorkScheduler, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// Works by name that are disabled or held until a work with another name has had a turn.
#[derive(Default)]
struct Waiting {
    disabled: Option<(&'static str, &'static str)>,
    held: Option<(&'static str, &'static str)>,
    had_turns: Vec<String>,
    told: Rc<RefCell<Vec<String>>>,
}

impl Waiting {
    fn waits(&self, rule: Option<(&str, &str)>, path: &str) -> bool {
        rule.is_some_and(|(work, until)| {
            path == work && !self.had_turns.iter().any(|had| had == until)
        })
    }
}

impl Decider for Waiting {
    fn decide(&mut self, _: &Decision<'_>) -> usize {
        0
    }

    fn wants(&self) -> Wants {
        Wants::NOTHING.guards().holds().turns()
    }

    fn is_enabled(&mut self, work: &Subject<'_>) -> bool {
        !self.waits(self.disabled, &work.path())
    }

    fn is_held(&mut self, work: &Subject<'_>) -> bool {
        self.waits(self.held, &work.path())
    }

    fn waived(&mut self, work: &Subject<'_>) {
        self.told
            .borrow_mut()
            .push(format!("waived {}", work.path()));
    }

    fn turned(&mut self, work: &Subject<'_>, _: Turned) {
        self.had_turns.push(work.path());
    }
}

#[test]
fn a_held_work_waits_in_every_round_and_time_goes_on() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    let waiting = Waiting {
        held: Some(("a", "late")),
        ..Waiting::default()
    };
    let told = Rc::clone(&waiting.told);
    s.set_decider(Some(Box::new(waiting)));
    add(&mut s, "a", 1);
    add(&mut s, "b", 3);
    let late = |cx: &mut WorkContext<'_, Log>| {
        std::task::ready!(cx.sleep(secs(5)));
        cx.app.push(String::from("late"));
        Poll::Ready(Ok(()))
    };
    s.add(Spec::new("late", late)).unwrap();
    let mut log = Log::new();
    // A turn of "late" ends the hold, and its first one comes before the second round.
    let next = crank(&mut s, &mut log, Time::ZERO);
    assert_eq!(
        (log.join(" ").as_str(), next),
        ("b a b b", Next::At(at_secs(5)))
    );
    assert!(told.borrow().is_empty());
}

#[test]
fn l09_while_all_ready_works_are_held_the_next_crank_is_that_of_the_next_timer() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    let waiting = Waiting {
        held: Some(("a", "never")),
        ..Waiting::default()
    };
    let told = Rc::clone(&waiting.told);
    s.set_decider(Some(Box::new(waiting)));
    add(&mut s, "a", 2);
    s.add_fn("nap", |cx| cx.sleep(secs(5)).map(Ok)).unwrap();
    let mut log = Log::new();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::At(at_secs(5)));
    assert_eq!(s.next(), Next::At(at_secs(5)));
    assert_eq!(
        s.state(s.snapshot()[0].id),
        Some(WorkState::Running),
        "ready, and held"
    );
    // After that nothing is left but the hold, which is waived turn by turn.
    assert_eq!(crank(&mut s, &mut log, at_secs(5)), Next::Idle);
    assert_eq!(log, ["a", "a"]);
    assert_eq!(*told.borrow(), ["waived a", "waived a"]);
}

#[test]
fn a_work_that_is_added_while_all_others_are_held_has_its_turn() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_decider(Some(Box::new(Waiting {
        held: Some(("a", "b")),
        disabled: Some(("x", "b")),
        ..Waiting::default()
    })));
    add(&mut s, "x", 1);
    let mut log = Log::new();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Stalled);
    add(&mut s, "b", 1);
    assert_eq!(s.next(), Next::Now);
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Idle);
    assert_eq!(log, ["b", "x"]);
}

#[test]
fn works_that_are_all_disabled_are_stalled() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_decider(Some(Box::new(Waiting {
        disabled: Some(("a", "never")),
        ..Waiting::default()
    })));
    add(&mut s, "a", 1);
    let mut log = Log::new();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Stalled);
    let stall = s
        .run_until_done(&mut log, &mut VirtualDriver::new())
        .unwrap_err();
    assert!(stall.to_string().lines().count() > 1, "{stall}");
    assert_eq!(log, Log::new());
}

/// Interferes with the second turn of every work, once per attempt.
struct Second(Interference);

impl Decider for Second {
    fn decide(&mut self, _: &Decision<'_>) -> usize {
        0
    }

    fn wants(&self) -> Wants {
        Wants::NOTHING.interference()
    }

    fn interfere(&mut self, work: &Subject<'_>) -> Option<Interference> {
        (work.candidate().turn == 2).then_some(self.0)
    }
}

fn interfered(kind: Interference, retry: Retry) -> (Log, Option<WorkOutcome>) {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_decider(Some(Box::new(Second(kind))));
    let mut left = 3;
    let work = move |cx: &mut WorkContext<'_, Log>| -> Answer {
        cx.app.push(format!("a{}", cx.attempt()));
        left -= 1;
        match left {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    };
    let a = s.add(Spec::new("a", work).retry(retry)).unwrap();
    let mut log = Log::new();
    // What never has its second turn would go on for ever.
    for second in 0..10 {
        let _ = s.crank_work(at_secs(second), &mut log, Budget::turns(10));
    }
    (log, s.outcome(a))
}

#[test]
fn an_attempt_can_be_made_to_fail_before_a_turn() {
    let (log, outcome) = interfered(Interference::Fail, Retry::NEVER);
    assert_eq!(log, ["a1"]);
    assert!(
        matches!(outcome, Some(WorkOutcome::Failed(_))),
        "{outcome:?}"
    );
    // The turn that did not come is not counted, so the second attempt has none of its turns either.
    let (log, outcome) = interfered(Interference::Fail, Retry::ONCE);
    assert_eq!(log, ["a1"]);
    assert!(
        matches!(outcome, Some(WorkOutcome::Failed(_))),
        "{outcome:?}"
    );
}

#[test]
fn a_work_can_be_cancelled_before_a_turn() {
    let (log, outcome) = interfered(Interference::Cancel, Retry::NEVER);
    assert_eq!(log, ["a1"]);
    assert!(
        matches!(outcome, Some(WorkOutcome::Cancelled)),
        "{outcome:?}"
    );
}

#[test]
fn a_work_that_is_always_late_costs_budget_and_hangs_nothing() {
    let (log, outcome) = interfered(Interference::Late, Retry::NEVER);
    assert_eq!((log.len(), outcome.is_none()), (1, true));
}
