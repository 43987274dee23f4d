//! P4, P5: graphs of works that have one turn each: add, run, settle.

use super::{Case, Group};
use crate::baselines::kahn;
use crate::budgets::{OURS, growth, ratio, slower};
use crate::graphs::Dag;
use crate::measure::{Contender, timed};
use crate::{ours, peers};
use crankwork::Retain;
use std::rc::Rc;

pub const GROUP: Group = Group {
    name: "dag",
    about: "graphs of works with one turn each: add + run + settle (and free), to Kahn's algorithm by hand; ns per node",
    cases,
    curve: Some(curve),
};

type Shape = (&'static str, fn(usize) -> Dag);

const SHAPES: [Shape; 4] = [
    ("independent", Dag::independent),
    ("chain", Dag::chain),
    ("100 layers x 3", Dag::layers),
    ("binary fan-in", Dag::fan_in),
];

fn cases(quick: bool) -> Vec<Case> {
    let sizes: &[usize] = if quick {
        &[1_000, 100_000, 1_000_000]
    } else {
        &[1_000, 100_000, 1_000_000, 10_000_000]
    };
    let mut cases = Vec::new();
    for &(name, shape) in &SHAPES {
        for &n in sizes {
            let (id, limit) = if n <= 100_000 {
                ("P4", 1.3)
            } else {
                ("P5", 1.5)
            };
            let mut budgets = vec![ratio(id, "Kahn", limit)];
            if n <= 100_000 {
                budgets.push(slower(id, "JoinSet", 6.0));
            }
            if n == 10_000_000 {
                budgets.push(growth(id, 100_000, 1.3));
            }
            let peers = n <= if quick { 100_000 } else { 1_000_000 };
            cases.push(Case::timed(name, n as u64, budgets, move || {
                all(shape(n), peers)
            }));
        }
    }
    cases
}

/// Small graphs are run several times a round, so that a round can be timed.
fn contender(
    name: &'static str,
    dag: &Rc<Dag>,
    run: impl Fn(&Dag) -> usize + 'static,
) -> Contender {
    let dag = dag.clone();
    let nodes = dag.len();
    let times = (20_000 / nodes).max(1);
    Contender::new(name, move || {
        let (sample, done) = timed((times * nodes) as u64, || {
            (0..times).map(|_| run(&dag)).sum::<usize>()
        });
        assert_eq!(done, times * nodes, "{name} has not run every node");
        sample
    })
}

fn curve(n: u64) -> Vec<Case> {
    let case = |(name, shape): Shape| {
        Case::timed(name, n, Vec::new(), move || {
            hand_and_ours(&Rc::new(shape(n as usize)))
        })
    };
    SHAPES.map(case).into_iter().collect()
}

fn hand_and_ours(dag: &Rc<Dag>) -> Vec<Contender> {
    vec![
        contender("Kahn", dag, kahn),
        contender(OURS, dag, |dag| ours::run(dag, Retain::All)),
    ]
}

fn all(dag: Dag, peers: bool) -> Vec<Contender> {
    let dag = Rc::new(dag);
    let mut all = hand_and_ours(&dag);
    all.push(contender("crankwork, one by one", &dag, |dag| {
        ours::run_one_by_one(dag, Retain::All)
    }));
    all.push(contender("crankwork, none kept", &dag, |dag| {
        ours::run(dag, Retain::Nothing)
    }));
    if peers {
        let tokio = peers::tokio::Join::new();
        all.push(contender("FuturesUnordered", &dag, peers::futures::run));
        all.push(contender("JoinSet", &dag, move |dag| tokio.run(dag)));
    }
    all
}
