//! A search over the orders of a small program.

use super::scheduler;
use crate::lives::{SEARCHED, YIELDS, search_turns};
use crankwork::explore::{Explore, Policy, Sim};
use crankwork::{Budget, Draws, RandomOrder, Retain, Stream, Time, WorkContext, WorkScheduler};
use std::rc::Rc;
use std::task::Poll;

/// Which orders a search has.
#[derive(Clone, Copy)]
pub enum Rounds {
    /// All of them.
    Free,
    /// Those that give each ready work one turn a round.
    Within,
}

/// Does so many runs with [`Explore`], and returns their number.
pub fn explored(runs: u64, rounds: Rounds) -> u64 {
    let explore = Explore::new()
        .named("search")
        .on_its_own()
        .trusting()
        .seed(0)
        .runs(runs)
        .policy(Policy::Random);
    let explore = match rounds {
        Rounds::Free => explore,
        Rounds::Within => explore.lawful(),
    };
    let stats = explore.run(|sim: &mut Sim| {
        let node = sim.node("node", ());
        add_works(sim.work(node));
    });
    assert_eq!(stats.turns, runs * search_turns());
    stats.runs
}

/// Does so many runs with one scheduler, records their decisions, and returns their number.
pub fn own_loop(runs: u64, rounds: Rounds) -> u64 {
    let mut scheduler = scheduler(Retain::All);
    let draws = Rc::new(Draws::recorded(Stream::default()));
    let order = RandomOrder::of(&draws);
    scheduler.set_decider(Some(Box::new(match rounds {
        Rounds::Free => order.free_rounds(),
        Rounds::Within => order,
    })));
    for seed in 0..runs {
        scheduler.reset(seed);
        draws.clear();
        draws.set_stream(Stream::new(seed));
        add_works(&mut scheduler);
        let crank = scheduler.crank_work(Time::ZERO, &mut (), Budget::unlimited());
        assert_eq!(crank.turns, search_turns());
    }
    runs
}

fn add_works(scheduler: &mut WorkScheduler<()>) {
    for name in ["one", "two", "three"].into_iter().take(SEARCHED) {
        let mut yields = 0;
        let added = scheduler.add_fn(name, move |cx: &mut WorkContext<'_, ()>| {
            yields += 1;
            match yields > YIELDS {
                true => Poll::Ready(Ok(())),
                false => cx.yield_now(),
            }
        });
        added.expect("there is room for another work");
    }
}
