//! All orders of turns and of messages.

use super::{Log, add, crank};
use crankwork::{Budget, Decider, Decision, Next, Time, Wants, WorkScheduler};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Goes through all answers: those of the last run with the last one that can be higher by one.
#[derive(Clone, Default)]
struct Odometer(Rc<RefCell<Taken>>);

/// The answers of the last run with their arities, and the place of the next decision.
type Taken = (Vec<(usize, usize)>, usize);

impl Odometer {
    fn answer(&self, arity: usize) -> usize {
        let (taken, place) = &mut *self.0.borrow_mut();
        if *place == taken.len() {
            taken.push((0, arity));
        }
        *place += 1;
        assert_eq!(taken[*place - 1].1, arity, "a run repeats itself");
        taken[*place - 1].0
    }

    /// Returns false after the last run.
    fn next(&self) -> bool {
        let (taken, place) = &mut *self.0.borrow_mut();
        *place = 0;
        while let Some((answer, arity)) = taken.pop() {
            if answer + 1 < arity {
                taken.push((answer + 1, arity));
                return true;
            }
        }
        false
    }
}

struct All(Odometer, Wants);

impl Decider for All {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        self.0.answer(decision.arity())
    }

    fn wants(&self) -> Wants {
        self.1
    }
}

/// Returns all orders of so many works with so many turns each, and how many runs there were.
fn orders(works: usize, turns: u32, wants: Wants, budget: u64) -> (BTreeSet<Log>, usize) {
    let odometer = Odometer::default();
    let mut s = WorkScheduler::<Log>::new(Default::default());
    let (mut seen, mut runs) = (BTreeSet::new(), 0);
    loop {
        s.reset(0);
        s.set_decider(Some(Box::new(All(odometer.clone(), wants))));
        for name in ["a", "b", "c"].into_iter().take(works) {
            add(&mut s, name, turns);
        }
        let mut log = Log::new();
        while s
            .crank_work(Time::ZERO, &mut log, Budget::turns(budget))
            .next
            != Next::Idle
        {}
        seen.insert(log);
        runs += 1;
        if !odometer.next() {
            return (seen, runs);
        }
    }
}

#[test]
fn l01_free_rounds_reach_every_order_of_turns_once() {
    for (works, turns, all, lawful) in [(2, 3, 20, 8), (3, 3, 1_680, 216)] {
        // By L4 the budget makes no difference.
        for budget in [1, 2, u64::MAX] {
            let (seen, runs) = orders(works, turns, Wants::NOTHING.free_rounds(), budget);
            assert_eq!((seen.len(), runs), (all, all), "budget {budget}");
            let (seen, runs) = orders(works, turns, Wants::NOTHING, budget);
            assert_eq!((seen.len(), runs), (lawful, lawful), "L1 keeps to rounds");
        }
    }
}

/// Takes the last candidate, and notes how many of the candidates were of the present round.
struct Last(Rc<RefCell<Vec<(usize, usize)>>>);

impl Decider for Last {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        let seen = (decision.in_round(), decision.arity());
        self.0.borrow_mut().push(seen);
        decision.arity() - 1
    }

    fn wants(&self) -> Wants {
        Wants::NOTHING.free_rounds()
    }
}

#[test]
fn a_pick_beyond_the_round_is_asked_for_once_and_holds_between_cranks() {
    let seen = Rc::default();
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_decider(Some(Box::new(Last(Rc::clone(&seen)))));
    add(&mut s, "a", 2);
    add(&mut s, "b", 2);
    let mut log = Log::new();
    // The second crank begins within a round, and the pick is of the next one.
    for turns in 1..=4 {
        let crank = s.crank_work(Time::ZERO, &mut log, Budget::turns(1));
        assert_eq!((crank.turns, log.len()), (1, turns));
    }
    assert_eq!((log.join(" ").as_str(), s.next()), ("b b a a", Next::Idle));
    // Two of the round; then one of the round and one of the next; then there is no choice.
    assert_eq!(*seen.borrow(), [(2, 2), (1, 2)]);
}

#[test]
fn what_one_sender_sent_keeps_its_order() {
    let seen = Rc::default();
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_decider(Some(Box::new(Last(Rc::clone(&seen)))));
    let (one, other) = (s.remote(), s.remote());
    for (sender, text) in [
        (&one, "1a"),
        (&one, "1b"),
        (&other, "2a"),
        (&one, "1c"),
        (&other, "2b"),
    ] {
        let text = String::from(text);
        sender.post(move |log: &mut Log, _| log.push(text)).unwrap();
    }
    let mut log = Log::new();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Idle);
    assert_eq!(log, ["2a", "2b", "1a", "1b", "1c"]);
    assert_eq!(*seen.borrow(), [(2, 2), (2, 2)]);
}

#[test]
fn what_was_sent_under_a_pin_comes_before_its_end() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    s.set_decider(Some(Box::new(Last(Rc::default()))));
    let (one, other) = (s.remote(), s.remote());
    let pin = s.pin_time();
    one.post(|log: &mut Log, s| log.push(format!("pinned {}", s.is_time_pinned())))
        .unwrap();
    drop(pin);
    other
        .post(|log: &mut Log, s| log.push(format!("later {}", s.is_time_pinned())))
        .unwrap();
    let mut log = Log::new();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::Idle);
    assert_eq!(log, ["pinned true", "later false"]);
}
