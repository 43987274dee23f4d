//! Two ways to run a workload that must make no difference: with a decider that answers as production does, and in a
//! scheduler that was reset.

use super::scripted::{App, Entry};
use crankwork::{
    Budget, Decider, Decision, Failure, Spec, Subject, Time, Turned, Wants, WorkContext,
    WorkScheduler,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Wants to be asked everything, and answers as production does.
pub struct AsInProduction;

impl Decider for AsInProduction {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        assert!(decision.arity() >= 2 && decision.in_round() <= decision.candidates().len());
        0
    }

    fn wants(&self) -> Wants {
        let wants = Wants::NOTHING.free_rounds().guards().holds();
        wants.interference().turns()
    }

    fn turned(&mut self, work: &Subject<'_>, turn: Turned) {
        assert!(work.candidate().turn > 0 && turn.step.is_none());
    }
}

/// Runs some works, leaves others unsettled, and resets the scheduler.
pub fn use_and_reset(engine: &mut WorkScheduler<App>, log: &Rc<RefCell<Vec<Entry>>>) {
    let mut app = App {
        log: log.clone(),
        ids: Vec::new(),
    };
    let first = engine
        .add_fn("first", |cx| cx.sleep(Duration::from_secs(1)).map(Ok))
        .unwrap();
    engine
        .add(Spec::new("later", |_: &mut WorkContext<'_, App>| Poll::Ready(Ok(()))).after(first))
        .unwrap();
    engine
        .add_fn("asleep", |cx| {
            cx.spawn_fn("child", |cx| cx.yield_now::<Result<(), Failure>>())?;
            cx.expect_wake();
            Poll::<Result<(), Failure>>::Pending
        })
        .unwrap();
    for seconds in [0, 2] {
        let now = Time::from_nanos(seconds * 1_000_000_000);
        let _ = engine.crank_work(now, &mut app, Budget::turns(10));
    }
    engine.reset(0);
    log.borrow_mut().clear();
}
