//! What a decider may ask for besides decisions: free rounds, guards, holds, interference, reports of turns. And a
//! scheduler that is reset.

mod drawn;
mod orders;
mod reports;
mod reset;
mod waits;

use crankwork::{Budget, Failure, Next, Spec, Time, WorkContext, WorkId, WorkScheduler};
use std::task::Poll;

type Log = Vec<String>;
type Answer = Poll<Result<(), Failure>>;

/// Adds a work that has so many turns, and logs its name in each. It needs no permit.
fn add(s: &mut WorkScheduler<Log>, name: &'static str, turns: u32) -> WorkId {
    let mut left = turns;
    let work = move |cx: &mut WorkContext<'_, Log>| -> Answer {
        cx.app.push(String::from(name));
        left -= 1;
        match left {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    };
    s.add(Spec::new(name, work).no_permit()).unwrap().id()
}

/// Cranks until nothing is left to do now, turn by turn: by L4 the budget makes no difference.
fn crank(s: &mut WorkScheduler<Log>, log: &mut Log, now: Time) -> Next {
    for _ in 0..1_000 {
        match s.crank_work(now, log, Budget::turns(1)).next {
            Next::Now => {}
            next => return next,
        }
    }
    panic!("a thousand cranks, and still something to do")
}
