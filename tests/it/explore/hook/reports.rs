//! Reports of turns, and the keys of candidates.

use super::{Answer, Log, crank};
use crate::units::{at_secs, secs};
use crankwork::{
    Candidate, Decider, Decision, DecisionKind, Next, Retain, Spec, Subject, Time, TimerKind,
    Turned, VirtualDriver, Wants, WorkContext, WorkScheduler, WorkSchedulerConfig,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// Writes down what it hears.
struct Listener(Rc<RefCell<Vec<String>>>);

impl Decider for Listener {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        let text = |c: Candidate| format!("{}@{}{}", decision.path(&c), c.turn, kind_of(c));
        let names: Vec<String> = decision.candidates().map(text).collect();
        let kind = decision.kind();
        if kind != DecisionKind::Turn {
            self.0
                .borrow_mut()
                .push(format!("{kind:?} {}", names.join(" ")));
        }
        0
    }

    fn wants(&self) -> Wants {
        Wants::NOTHING.turns()
    }

    fn turned(&mut self, work: &Subject<'_>, turn: Turned) {
        let (path, number) = (work.path(), work.candidate().turn);
        let step = turn.step.map_or(String::new(), |step| format!(" ({step})"));
        let line = format!("{path}@{number}{step} {:?} at {}", turn.state, turn.now);
        self.0.borrow_mut().push(line);
    }
}

fn kind_of(candidate: Candidate) -> String {
    let timer = candidate.timer.map(|kind: TimerKind| format!(" {kind:?}"));
    let visit = (candidate.visit > 0).then(|| format!(" visit {}", candidate.visit));
    timer.or(visit).unwrap_or_default()
}

fn heard(fill: impl FnOnce(&mut WorkScheduler<Log>)) -> Vec<String> {
    let heard = Rc::default();
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_decider(Some(Box::new(Listener(Rc::clone(&heard)))));
    fill(&mut s);
    s.run_until_done(&mut Log::new(), &mut VirtualDriver::new())
        .unwrap();
    assert!(s.last_turn().is_some());
    drop(s);
    Rc::unwrap_or_clone(heard).into_inner()
}

#[test]
fn every_turn_is_told_with_the_state_that_it_led_to() {
    let lines = heard(|s| {
        s.add_fn("a", |cx| {
            cx.step("write");
            std::task::ready!(cx.sleep(secs(1)));
            Poll::Ready(Ok(()))
        })
        .unwrap();
    });
    assert_eq!(
        lines,
        [
            "a@1 (write) Some(Waiting) at 00:00:00.000",
            "a@2 (write) Some(Success) at 00:00:01.000"
        ]
    );
}

#[test]
fn visits_count_by_site_and_turn() {
    let lines = heard(|s| {
        let mut turns = 0;
        s.add_fn("a", move |cx| -> Answer {
            turns += 1;
            let answers = (cx.choose("x", 2), cx.choose("y", 2), cx.choose("x", 2));
            assert_eq!(answers, (0, 0, 0));
            match turns {
                2 => Poll::Ready(Ok(())),
                _ => cx.yield_now(),
            }
        })
        .unwrap();
    });
    let visits: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("Choose "))
        .collect();
    let turn = |n| [1, 1, 2].map(|visit| format!("a@{n} visit {visit}"));
    assert_eq!(visits, [turn(1), turn(2)].concat());
}

#[test]
fn timers_of_one_instant_say_what_they_are_for() {
    let lines = heard(|s| {
        s.add_fn("nap", |cx| cx.sleep(secs(1)).map(Ok)).unwrap();
        let hangs = |cx: &mut WorkContext<'_, Log>| -> Answer {
            cx.expect_wake();
            Poll::Pending
        };
        s.add(Spec::new("slow", hangs).attempt_timeout(secs(1)))
            .unwrap();
        s.add(Spec::new("dead", hangs).deadline(at_secs(1)))
            .unwrap();
    });
    assert!(
        lines.contains(&String::from(
            "TimerTie slow@2 AttemptTimeout dead@2 Deadline nap@2 Alarm"
        )),
        "{lines:?}"
    );
}

#[test]
fn a_name_that_comes_back_has_another_key() {
    let mut s = WorkScheduler::<Log>::new(WorkSchedulerConfig::default().retain(Retain::Nothing));
    let heard = Rc::default();
    s.set_decider(Some(Box::new(Listener(Rc::clone(&heard)))));
    let mut log = Log::new();
    for _ in 0..3 {
        s.add_fn("job", |cx| {
            cx.choose("x", 2);
            Poll::Ready(Ok(()))
        })
        .unwrap();
        assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Idle);
    }
    let chosen: Vec<String> = heard
        .borrow()
        .iter()
        .filter(|line: &&String| line.starts_with("Choose"))
        .cloned()
        .collect();
    assert_eq!(
        chosen,
        [
            "Choose job@1 visit 1",
            "Choose job~2@1 visit 1",
            "Choose job~3@1 visit 1"
        ]
    );
    s.reset(0);
    heard.borrow_mut().clear();
    s.add_fn("job", |cx| {
        cx.choose("x", 2);
        Poll::Ready(Ok(()))
    })
    .unwrap();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Idle);
    assert_eq!(heard.borrow()[0], "Choose job@1 visit 1", "a reset forgets");
}
