//! P1-P3: a turn that yields.

use super::{Case, Group, counted};
use crate::baselines::BareLoop;
use crate::budgets::{OURS, ratio, slower};
use crate::measure::{Contender, timed};
use crate::{ours, peers};

pub const GROUP: Group = Group {
    name: "turns",
    about: "a turn that yields, to a bare loop over boxed steps; ns per turn",
    cases,
    curve: Some(|n| {
        let turns = n.max(100_000);
        vec![Case::timed("yield", n, Vec::new(), move || {
            vec![bare(n as u32, turns), many(n as u32, turns)]
        })]
    }),
};

fn cases(quick: bool) -> Vec<Case> {
    let budgets = |id: &'static str, bare: f64| {
        vec![
            ratio(id, "bare loop", bare),
            ratio(id, "stakker actor", 1.0),
            slower(id, "tokio", 4.0),
        ]
    };
    let mut cases = Vec::new();
    for n in [1, 100, 10_000] {
        let turns = if quick { 300_000 } else { 1_000_000 };
        cases.push(Case::timed("yield", n, budgets("P1", 2.2), move || {
            all(n as u32, turns)
        }));
    }
    let turns = if quick { 1_000_000 } else { 2_000_000 };
    cases.push(Case::timed(
        "yield",
        1_000_000,
        budgets("P3", 2.5),
        move || all(1_000_000, turns),
    ));
    for n in [1, 100, 10_000] {
        let turns = if quick { 300_000 } else { 1_000_000 };
        let budgets = vec![ratio("P2", "bare loop", 3.0)];
        cases.push(Case::timed("one crank per turn", n, budgets, move || {
            vec![bare(n as u32, turns), one_by_one(n as u32, turns)]
        }));
    }
    cases
}

fn bare(works: u32, turns: u64) -> Contender {
    let mut own = BareLoop::new(works);
    Contender::new("bare loop", move || timed(turns, || own.run(turns)).0)
}

fn many(works: u32, turns: u64) -> Contender {
    let mut own = ours::Turns::new(works);
    Contender::new(OURS, move || timed(turns, || own.run(turns)).0)
}

fn one_by_one(works: u32, turns: u64) -> Contender {
    let mut own = ours::Turns::new(works);
    Contender::new(OURS, move || timed(turns, || own.run_one_by_one(turns)).0)
}

fn all(works: u32, turns: u64) -> Vec<Contender> {
    let mut stakker = peers::stakker::Turns::new(works);
    let mut tokio = peers::tokio::Turns::new(works);
    let mut executor = peers::async_executor::Turns::new(works);
    let mut futures = peers::futures::Turns::new(works);
    vec![
        bare(works, turns),
        many(works, turns),
        counted("stakker actor", move || stakker.run(turns)),
        counted("tokio", move || tokio.run(turns)),
        Contender::new("async-executor", move || {
            timed(turns, || executor.run(turns)).0
        }),
        counted("FuturesUnordered", move || futures.run(turns)),
    ]
}
