//! The named orders over the ready list of the data's README: verdict, turns, and each turn's thread.

use super::play::{Log, play, search};
use super::program::Program;
use super::programs_with_figures;
use crankwork::Decision;
use crankwork::explore::{Failure, Policy, Stats, Verdict};
use std::cell::RefCell;
use std::rc::Rc;

/// Picks a thread from the ready list.
type Order = fn(&Log) -> Option<usize>;

fn first(log: &Log) -> Option<usize> {
    log.ready.first().copied()
}

fn last(log: &Log) -> Option<usize> {
    log.ready.last().copied()
}

fn goes_on(log: &Log) -> Option<usize> {
    let last = log.last.filter(|last| log.ready.contains(last));
    last.or_else(|| first(log))
}

const ORDERS: [(&str, Order); 3] = [("fifo", first), ("lifo", last), ("continue", goes_on)];

/// Returns the policy that has this order.
fn policy(program: &Rc<Program>, log: &Rc<RefCell<Log>>, order: Order) -> Policy {
    let (program, log) = (Rc::clone(program), Rc::clone(log));
    Policy::Custom(Rc::new(move |_| {
        let (program, log) = (Rc::clone(&program), Rc::clone(&log));
        Box::new(move |decision: &Decision<'_>| {
            let wanted = order(&log.borrow());
            let thread = |candidate| program.thread(&decision.path(&candidate));
            let mut candidates = decision.candidates();
            let answer = candidates.position(|candidate| thread(candidate) == wanted);
            answer.expect("what can go on is a candidate")
        })
    }))
}

fn verdict(result: Result<Stats, Box<Failure>>, has_ended: bool) -> String {
    match result {
        Ok(_) if has_ended => String::from("ok"),
        Ok(_) => String::from("cutoff"),
        Err(failure) => match failure.verdict {
            Verdict::Panic(message, _) => message,
            Verdict::Deadlock(_) => String::from("deadlock"),
            other => other.to_string(),
        },
    }
}

#[test]
fn sct_the_named_orders_give_their_schedules() {
    let Some(programs) = programs_with_figures("sct_the_named_orders_give_their_schedules") else {
        return;
    };
    for (program, figures) in programs {
        for (name, order) in ORDERS {
            let log = Rc::<RefCell<Log>>::default();
            let policy = policy(&program, &log, order);
            // Re-runs of shrinking would write other schedules into the log.
            let search = search(&program, policy, 0).runs(1).shrink_budget(0);
            let result = search.check(|sim| play(sim, &program, Some(&log)));
            let log = log.borrow();
            let threads = log.schedule.iter().map(usize::to_string);
            let schedule = threads.collect::<Vec<_>>().join(",");
            let verdict = verdict(result, log.has_ended);
            let figures = &figures[name];
            let at = format!("{} {name}", program.name);
            assert_eq!(figures["verdict"].as_str(), Some(&*verdict), "{at}");
            assert_eq!(figures["schedule"].as_str(), Some(&*schedule), "{at}");
            assert_eq!(figures["turns"], log.schedule.len(), "{at}");
        }
    }
}
