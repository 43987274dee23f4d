//! Orders that the engine draws itself: they are those that it would have if it asked the decider each time.

use super::{Answer, Log};
use crankwork::{
    Budget, Decider, Decision, Draws, Next, RandomOrder, Spec, Stream, Time, Wants, WorkContext,
    WorkScheduler, WorkSchedulerConfig,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Draws each answer, or lets the engine do so.
struct Drawing {
    order: RandomOrder,
    wants: Wants,
    shares: bool,
    /// How often the engine has asked.
    asked: Rc<Cell<u32>>,
}

impl Decider for Drawing {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        self.asked.set(self.asked.get() + 1);
        self.order.decide(decision)
    }

    fn wants(&self) -> Wants {
        self.wants
    }

    fn draws(&self) -> Option<Rc<Draws>> {
        self.order.draws().filter(|_| self.shares)
    }
}

/// Does something that makes news for the engine, or only yields.
fn step(cx: &mut WorkContext<'_, Log>) -> Answer {
    match cx.rng().below(12) {
        0 => {
            // The message comes to the inbox within the turn, and the next round takes it.
            cx.remote_waker().wake();
            Poll::Pending
        }
        1 => {
            let delay = cx.rng().below(3);
            cx.wake_after(Duration::from_millis(delay));
            Poll::Pending
        }
        2 => {
            cx.release_permit();
            cx.yield_now()
        }
        3 => {
            let name = ["a child", "another"][cx.choose("child", 2)];
            cx.spawn(Spec::new(name, worker(2))).unwrap();
            cx.yield_now()
        }
        4 => {
            let work = cx.id();
            cx.cancel(work).unwrap();
            cx.yield_now()
        }
        _ => cx.yield_now(),
    }
}

fn worker(turns: u32) -> impl FnMut(&mut WorkContext<'_, Log>) -> Answer {
    let mut left = turns;
    move |cx| {
        cx.app.push(format!("{} {left}", cx.name()));
        left = left.saturating_sub(1);
        match left {
            0 => Poll::Ready(Ok(())),
            _ => step(cx),
        }
    }
}

/// Runs a program under the decider. Its budget stops cranks in the middle of rounds.
fn run(seed: u64, decider: Drawing) -> (Log, u32) {
    let asked = decider.asked.clone();
    let config = WorkSchedulerConfig::default().max_concurrency(4).seed(seed);
    let (mut s, mut log) = (WorkScheduler::new(config), Log::new());
    s.set_decider(Some(Box::new(decider)));
    for name in ["a", "b", "c", "d", "e", "f"] {
        s.add(Spec::new(name, worker(8))).unwrap();
    }
    let mut now = Time::ZERO;
    for turns in (1..=7).cycle() {
        match s.crank_work(now, &mut log, Budget::turns(turns)).next {
            Next::Now => {}
            Next::At(at) => now = at,
            Next::External | Next::Stalled | Next::Idle => break,
        }
    }
    s.audit().unwrap();
    (log, asked.get())
}

#[test]
fn what_the_engine_draws_is_what_the_decider_would_have_answered() {
    let (mut asked_less, mut orders) = (0, std::collections::BTreeSet::new());
    for seed in 0..1_000 {
        let plain = match seed % 2 {
            0 => Wants::NOTHING,
            _ => Wants::NOTHING.free_rounds(),
        };
        for wants in [plain, plain.turns(), plain.guards(), plain.interference()] {
            let both = [false, true].map(|shares| {
                let draws = Rc::new(Draws::recorded(Stream::new(seed)));
                let asked = Rc::default();
                let decider = Drawing {
                    order: RandomOrder::of(&draws),
                    wants,
                    shares,
                    asked,
                };
                let (log, asked) = run(seed, decider);
                (log, draws.answers(), draws.digest(), asked)
            });
            let [(log, answers, digest, asked), drawn] = both;
            assert_eq!(
                (&log, &answers),
                (&drawn.0, &drawn.1),
                "seed {seed}, {wants:?}"
            );
            assert_eq!(digest, drawn.2);
            asked_less += u32::from(drawn.3 < asked);
            orders.insert(log);
        }
    }
    assert!(
        asked_less > 3_900 && orders.len() > 900,
        "{asked_less}, {}",
        orders.len()
    );
}

#[test]
fn the_ready_made_random_order_is_drawn_too() {
    let order = RandomOrder::new(7);
    let draws = order.draws().expect("it looks at no candidate");
    let other = Draws::new(Stream::new(7));
    assert!((2..50).all(|arity| draws.draw(arity) == other.draw(arity)));
}
