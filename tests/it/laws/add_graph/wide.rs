//! L10: a graph so wide, and in so little order, that what its works touch is read ahead of their turns.

use super::Edge;
use crate::drawn::shuffle;
use crankwork::{
    Budget, Retain, Spec, Stream, Time, WorkContext, WorkId, WorkScheduler, WorkSchedulerConfig,
};
use std::task::Poll;

/// Works in a layer that come in no order. Of the first width the engine reads all ahead at once, of the second a few
/// at a time.
const WIDTHS: [usize; 2] = [1_500, 4_000];

type Turns = Vec<usize>;

/// Each of the first layer has one after it in the second, in another order, and each of the second two.
fn edges(order: &[usize]) -> Vec<Edge> {
    let wide = order.len();
    let layers = (0..wide).map(|work| (work, wide + order[work]));
    let pairs = (wide..2 * wide).flat_map(|work| [(work, work + wide), (work, work + 2 * wide)]);
    layers.chain(pairs).collect()
}

fn cases() -> impl Iterator<Item = (Retain, Vec<usize>)> {
    let cases = WIDTHS.map(|wide| [(Retain::All, wide), (Retain::Nothing, wide)]);
    cases.into_iter().flatten().map(|(retain, wide)| {
        let mut order: Vec<usize> = (0..wide).collect();
        shuffle(&mut Stream::new(7), &mut order);
        (retain, order)
    })
}

/// The scheduler and the ids of the works. The slot of the first work of all has been given back, if nothing is kept.
fn scheduler(retain: Retain, order: &[usize]) -> (WorkScheduler<Turns>, Vec<WorkId>) {
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
    let works = s.add_graph(4 * order.len(), make, &edges(order)).unwrap();
    let ids = works.iter().map(|work| work.id()).collect();
    let crank = s.crank_work(Time::ZERO, &mut Turns::new(), Budget::turns(1));
    assert_eq!((crank.turns, crank.settled), (1, 1));
    (s, ids)
}

#[test]
fn l10_works_run_in_the_order_in_which_they_became_ready() {
    for (retain, order) in cases() {
        let wide = order.len();
        let (mut s, _) = scheduler(retain, &order);
        let mut turns = Turns::new();
        let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
        let second = order.iter().map(|work| work + wide);
        let third = order
            .iter()
            .flat_map(|work| [work + 2 * wide, work + 3 * wide]);
        assert!(turns.into_iter().eq((0..wide).chain(second).chain(third)));
        s.audit().unwrap();
    }
}

/// Gaps among those that have turns coming, and in the lists of those who wait for them.
#[test]
fn l10_works_that_are_read_ahead_may_be_gone() {
    for (retain, order) in cases() {
        let wide = order.len();
        let (mut s, ids) = scheduler(retain, &order);
        let mut turns = Turns::new();
        let _ = s.crank_work(Time::ZERO, &mut turns, Budget::turns(wide as u64));
        let (ready, last) = (&ids[wide..2 * wide], &ids[3 * wide..]);
        for &id in ready.iter().step_by(5).chain(last.iter().step_by(3)) {
            assert_eq!(s.cancel(id), Ok(true));
        }
        s.audit().unwrap();
        let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
        let runs = |work: &usize| !work.is_multiple_of(5);
        let second = order.iter().copied().filter(runs);
        let third = second.clone().flat_map(|work| {
            let twin = (!work.is_multiple_of(3)).then_some(work + 3 * wide);
            [Some(work + 2 * wide), twin].into_iter().flatten()
        });
        let second = second.map(|work| work + wide);
        assert!(turns.into_iter().eq((0..wide).chain(second).chain(third)));
        s.audit().unwrap();
    }
}
