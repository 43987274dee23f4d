//! L10 and L11: a graph runs as if its works had been added one by one, and then each of its edges.

use super::{Edge, Works, graph};
use crate::drawn::{below, shuffle};
use crate::units::ms;
use crate::workbench::Step::{Cancel, Done, Fail, Nap, Yield};
use crate::workbench::*;
use crankwork::{Retry, Spec, Stream};

/// A graph that can be made again and again: how each work behaves, and the edges.
struct Plan {
    kinds: Vec<usize>,
    edges: Vec<Edge>,
}

const NAMES: [&str; 14] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n",
];

impl Plan {
    fn new(rng: &mut Stream) -> Plan {
        let works = 1 + below(rng, NAMES.len());
        let failing = below(rng, 3);
        let kinds = (0..works).map(|_| {
            // Some graphs have no failing works, some few, some many.
            let fails = below(rng, 8) < 2 * failing;
            if fails {
                5 + below(rng, 4)
            } else {
                below(rng, 5)
            }
        });
        let kinds = kinds.collect();
        let edges = Plan::edges(works, rng);
        Plan { kinds, edges }
    }

    /// From earlier ones to later ones in some order of the works, some of them twice.
    fn edges(works: usize, rng: &mut Stream) -> Vec<Edge> {
        let mut order: Vec<usize> = (0..works).collect();
        match below(rng, 4) {
            0 => {}
            1 => order.reverse(),
            _ => shuffle(rng, &mut order),
        }
        let wanted = if works < 2 { 0 } else { below(rng, 2 * works) };
        let edge = |_| {
            let high = 1 + below(rng, works - 1);
            (order[below(rng, high)], order[high])
        };
        let mut edges: Vec<Edge> = (0..wanted).map(edge).collect();
        match below(rng, 3) {
            0 => edges.sort(),
            1 => edges.sort_by_key(|&(before, after)| (after, before)),
            _ => {}
        }
        edges
    }

    fn works(&self) -> Works {
        let named = NAMES.into_iter().zip(&self.kinds);
        named.map(|(name, &kind)| work(name, kind)).collect()
    }

    fn fails(&self) -> bool {
        self.kinds.iter().any(|&kind| kind >= 6)
    }
}

/// The first six kinds succeed in the end.
fn work(name: &'static str, kind: usize) -> Spec<Log, Probe> {
    let steps: Vec<Step> = match kind {
        0 | 1 => vec![],
        2 => vec![Yield],
        3 => vec![Nap(1)],
        4 => vec![Nap(3), Yield],
        5 => vec![Fail("once"), Done],
        6 => vec![Fail("no luck")],
        7 => vec![Nap(2), Fail("later")],
        _ => vec![Cancel],
    };
    let retries = if kind == 5 { Retry::ONCE } else { Retry::NEVER };
    script(name, steps).retry(retries)
}

fn one_by_one(bench: &mut Bench, plan: &Plan) {
    let ids: Vec<_> = plan
        .works()
        .into_iter()
        .map(|work| bench.add_spec(work))
        .collect();
    for &(before, after) in &plan.edges {
        bench.s.add_dependency(ids[before], ids[after]).unwrap();
    }
}

/// From the first crank on: the turns, how and when each work settled, and all counters.
fn history(mut bench: Bench) -> (String, Vec<String>, crankwork::WorkSchedulerMetrics) {
    bench.events();
    bench.run();
    assert_eq!(bench.s.audit(), Ok(()));
    let events = std::iter::from_fn(|| bench.s.poll_event());
    let settled = events.filter(|event| event.state.is_settled());
    let settled = settled.map(|event| event.to_string()).collect();
    (bench.ran(), settled, bench.s.metrics())
}

#[test]
fn l10_a_graph_runs_as_if_its_works_and_edges_were_added_one_by_one() {
    let mut rng = Stream::new(1);
    let (mut blocked, mut backward) = (0, 0);
    for _ in 0..400 {
        let plan = Plan::new(&mut rng);
        backward += plan.edges.iter().any(|(before, after)| before > after) as u32;
        for permits in [1, 2, 99] {
            let [mut together, mut apart] = [
                Bench::with_back_off(permits, ms(10)),
                Bench::with_back_off(permits, ms(10)),
            ];
            graph(&mut together, plan.works(), &plan.edges);
            assert_eq!(together.s.audit(), Ok(()));
            one_by_one(&mut apart, &plan);
            let (together, apart) = (history(together), history(apart));
            assert_eq!(together, apart, "{:?} {:?}", plan.kinds, plan.edges);
            blocked += together.2.blocked;
            assert!(plan.fails() || together.2.success == plan.kinds.len() as u64);
        }
    }
    assert!(blocked > 400 && backward > 100, "{blocked}, {backward}");
}

/// The edges may also be those that the works have brought, where they can be.
#[test]
fn l10_a_graph_runs_as_if_each_work_had_named_those_before_it() {
    let mut rng = Stream::new(2);
    for _ in 0..400 {
        let mut plan = Plan::new(&mut rng);
        plan.edges.retain(|(before, after)| before < after);
        // `after` works are told in the order of the edges into them.
        plan.edges.sort_by_key(|&(_, after)| after);
        for permits in [1, 2, 99] {
            let [mut together, mut apart] = [
                Bench::with_back_off(permits, ms(10)),
                Bench::with_back_off(permits, ms(10)),
            ];
            graph(&mut together, plan.works(), &plan.edges);
            let mut ids = Vec::new();
            for (at, work) in plan.works().into_iter().enumerate() {
                let into = plan.edges.iter().filter(|&&(_, after)| after == at);
                let work = into.fold(work, |work, &(before, _)| work.after(ids[before]));
                ids.push(apart.add_spec(work));
            }
            // Here even the events of the adds are equal.
            assert_eq!(together.events(), apart.events());
            assert_eq!(together.s.next(), apart.s.next());
            let (together, apart) = (history(together), history(apart));
            assert_eq!(together, apart, "{:?} {:?}", plan.kinds, plan.edges);
        }
    }
}
