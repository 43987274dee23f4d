//! L10 and L11: graphs of a hundred thousand works, without recursion or quadratic time.

use super::Edge;
use crate::drawn::shuffle;
use crankwork::{
    Budget, Failure, Handle, Next, Retain, Spec, Stream, Time, WorkContext, WorkOutcome,
};
use crankwork::{WorkId, WorkScheduler, WorkSchedulerConfig};
use std::task::Poll;

const MANY: usize = 100_000;

/// The positions of the works in the order of their turns.
type Turns = Vec<usize>;
type Cx<'a> = WorkContext<'a, Turns>;

struct Many {
    s: WorkScheduler<Turns>,
    ids: Vec<WorkId>,
}

impl Many {
    /// Adds works with these edges; `fails` is the one that fails.
    fn new(retain: Retain, fails: Option<usize>, edges: impl Iterator<Item = Edge>) -> Many {
        let mut s = WorkScheduler::new(WorkSchedulerConfig::default().retain(retain));
        let make = |work| {
            Spec::new("one of many", move |cx: &mut Cx<'_>| {
                cx.app.push(work);
                match fails == Some(work) {
                    true => Poll::Ready(Err(Failure::msg("this one"))),
                    false => Poll::Ready(Ok(())),
                }
            })
        };
        let edges: Vec<Edge> = edges.collect();
        let works = s.add_graph(MANY, make, &edges).unwrap();
        s.audit().unwrap();
        let ids = works.iter().map(Handle::id).collect();
        Many { s, ids }
    }

    /// Runs to the end, and returns the works that had turns, in order.
    fn finish(&mut self) -> Turns {
        let mut turns = Turns::new();
        let crank = self
            .s
            .crank_work(Time::ZERO, &mut turns, Budget::unlimited());
        assert_eq!(crank.next, Next::Idle);
        turns
    }
}

/// 0 after 1 after 2 and so on.
fn backward() -> impl Iterator<Item = Edge> {
    (1..MANY).map(|work| (work, work - 1))
}

#[test]
fn l10_a_hundred_thousand_works_in_a_chain_that_runs_backward() {
    let mut chain = Many::new(Retain::Nothing, None, backward());
    assert!(chain.finish().into_iter().eq((0..MANY).rev()));
    assert_eq!(chain.s.metrics().in_scheduler, 0);
    assert!(chain.s.snapshot().is_empty());
}

#[test]
fn l10_a_chain_of_a_hundred_thousand_whose_edges_come_in_no_order_and_twice() {
    let mut edges: Vec<Edge> = backward().chain(backward()).collect();
    shuffle(&mut Stream::new(5), &mut edges);
    let mut chain = Many::new(Retain::Nothing, None, edges.into_iter());
    assert!(chain.finish().into_iter().eq((0..MANY).rev()));
}

#[test]
fn l11_a_chain_of_a_hundred_thousand_is_blocked_by_its_first() {
    let mut chain = Many::new(Retain::All, Some(MANY - 1), backward());
    assert_eq!(chain.finish(), [MANY - 1]);
    assert_eq!(chain.s.metrics().blocked, MANY as u64 - 1);
    let Some(WorkOutcome::Blocked(root)) = chain.s.outcome(chain.ids[0]) else {
        panic!("{:?}", chain.s.outcome(chain.ids[0]));
    };
    assert_eq!(root.id, chain.ids[MANY - 1]);
    assert_eq!(chain.s.reap_settled(), MANY);
}

#[test]
fn l14_the_ends_of_a_chain_of_a_hundred_thousand_are_not_joined() {
    let mut chain = Many::new(Retain::All, None, backward());
    let (first, last) = (chain.ids[MANY - 1], chain.ids[0]);
    let refused = chain.s.add_dependency(last, first).unwrap_err();
    assert!(refused.to_string().contains("(99988 more)"), "{refused}");
    // Levels are in the order of the chain, so that nothing needs to be searched.
    for ends in chain.ids.windows(3) {
        chain.s.add_dependency(ends[2], ends[0]).unwrap();
    }
    assert_eq!(chain.finish().len(), MANY);
}

#[test]
fn l14_a_cycle_of_a_hundred_thousand_is_refused() {
    let mut s = WorkScheduler::<Turns>::new(WorkSchedulerConfig::default());
    let make = |_| Spec::new("never", |_: &mut Cx<'_>| Poll::Ready(Ok(())));
    let edges: Vec<Edge> = backward().chain([(0, MANY - 1)]).collect();
    let refused = s.add_graph(MANY, make, &edges);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("(99988 more)"), "{refused}");
    assert_eq!(s.metrics().total, 0);
}

#[test]
fn l10_a_work_after_all_others_of_a_graph() {
    for first in [true, false] {
        let (last, others) = if first {
            (0, 1..MANY)
        } else {
            (MANY - 1, 0..MANY - 1)
        };
        let twice = others.clone().chain(others.clone());
        let mut fan = Many::new(Retain::Nothing, None, twice.map(|work| (work, last)));
        let turns = fan.finish();
        assert!(turns.into_iter().eq(others.chain([last])));
        assert_eq!(fan.s.metrics().in_scheduler, 0);
    }
}

#[test]
fn l10_all_works_of_a_graph_after_one() {
    for fails in [None, Some(MANY - 1)] {
        let edges = (0..MANY - 1).map(|work| (MANY - 1, work));
        let mut fan = Many::new(Retain::Nothing, fails, edges);
        let turns = fan.finish();
        assert_eq!(turns[0], MANY - 1);
        assert_eq!(turns.len(), if fails.is_some() { 1 } else { MANY });
        assert_eq!(fan.s.metrics().in_scheduler, 0);
    }
}
