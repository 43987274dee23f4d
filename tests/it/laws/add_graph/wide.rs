//! L10: a graph so wide, and in so little order, that what its works touch is read ahead of their turns.

use super::Edge;
use super::alike::Dice;
use crankwork::{
    Budget, Retain, Spec, Time, WorkContext, WorkId, WorkScheduler, WorkSchedulerConfig,
};
use std::task::Poll;

/// Works in a layer.
const WIDE: usize = 4_000;

type Turns = Vec<usize>;

/// A work and its last position in each layer; every one of the second, which are in another order, has two after it.
fn edges(order: &[usize]) -> Vec<Edge> {
    let layers = (0..WIDE).map(|work| (work, WIDE + order[work]));
    let pairs = (WIDE..2 * WIDE).flat_map(|work| [(work, work + WIDE), (work, work + 2 * WIDE)]);
    layers.chain(pairs).collect()
}

fn shuffled() -> Vec<usize> {
    let mut order: Vec<usize> = (0..WIDE).collect();
    Dice(7).shuffle(&mut order);
    order
}

/// The scheduler and the ids of the works. The slot of the first work of all has been given back, if nothing is kept.
fn wide(retain: Retain, order: &[usize]) -> (WorkScheduler<Turns>, Vec<WorkId>) {
    let config = WorkSchedulerConfig::default()
        .retain(retain)
        .max_concurrency(usize::MAX);
    let mut s = WorkScheduler::new(config);
    let make = |work| {
        Spec::new("one of many", move |cx: &mut WorkContext<'_, Turns>| {
            cx.app.push(work);
            Poll::Ready(Ok(()))
        })
    };
    let before: Spec<Turns, _> = make(usize::MAX);
    s.add(before).unwrap();
    let works = s.add_graph(4 * WIDE, make, &edges(order)).unwrap();
    let ids = works.iter().map(|work| work.id()).collect();
    let crank = s.crank_work(Time::ZERO, &mut Turns::new(), Budget::turns(1));
    assert_eq!((crank.turns, crank.settled), (1, 1));
    (s, ids)
}

#[test]
fn l10_works_run_in_the_order_in_which_they_became_ready() {
    let order = shuffled();
    for retain in [Retain::All, Retain::Nothing] {
        let (mut s, _) = wide(retain, &order);
        let mut turns = Turns::new();
        let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
        let second = order.iter().map(|work| work + WIDE);
        let third = order
            .iter()
            .flat_map(|work| [work + 2 * WIDE, work + 3 * WIDE]);
        assert!(turns.into_iter().eq((0..WIDE).chain(second).chain(third)));
        s.audit().unwrap();
    }
}

/// Gaps among those that have turns coming, and in the lists of those who wait for them.
#[test]
fn l10_works_that_are_read_ahead_may_be_gone() {
    let order = shuffled();
    for retain in [Retain::All, Retain::Nothing] {
        let (mut s, ids) = wide(retain, &order);
        let mut turns = Turns::new();
        let _ = s.crank_work(Time::ZERO, &mut turns, Budget::turns(WIDE as u64));
        let (ready, last) = (&ids[WIDE..2 * WIDE], &ids[3 * WIDE..]);
        for &id in ready.iter().step_by(5).chain(last.iter().step_by(3)) {
            assert_eq!(s.cancel(id), Ok(true));
        }
        s.audit().unwrap();
        let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
        let runs = |work: &usize| !work.is_multiple_of(5);
        let second = order.iter().copied().filter(runs);
        let third = second.clone().flat_map(|work| {
            let twin = (!work.is_multiple_of(3)).then_some(work + 3 * WIDE);
            [Some(work + 2 * WIDE), twin].into_iter().flatten()
        });
        let second = second.map(|work| work + WIDE);
        assert!(turns.into_iter().eq((0..WIDE).chain(second).chain(third)));
        s.audit().unwrap();
    }
}
