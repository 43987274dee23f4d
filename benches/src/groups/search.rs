//! P10: a search over the orders of a small program.

use super::{Case, Group, counted};
use crate::baselines;
use crate::budgets::{Against, Budget};
use crate::measure::{Contender, timed};
use crate::ours::search::{Rounds, explored, own_loop};
use crate::peers;

pub const GROUP: Group = Group {
    name: "search",
    about: "runs of 3 works that yield 5 times each, in a random order, works made anew each run, to shuttle; ns per run",
    cases,
    curve: None,
};

const SHUTTLE: &str = "shuttle, random";
const FREE: &str = "crankwork, free rounds";
const WITHIN: &str = "crankwork, within rounds";
const OWN_FREE: &str = "crankwork, a loop of one's own, free rounds";
const OWN_WITHIN: &str = "crankwork, a loop of one's own, within rounds";

/// The most that a row of ours may take: so much of what shuttle takes.
const fn budget(row: &'static str, at_most: f64) -> Budget {
    Budget {
        id: "P10",
        row,
        against: Against::Row(SHUTTLE),
        at_most,
    }
}

fn cases(quick: bool) -> Vec<Case> {
    let runs: u64 = if quick { 10_000 } else { 50_000 };
    let budgets = vec![budget(FREE, 1.0 / 8.0), budget(WITHIN, 1.0 / 10.0)];
    vec![Case::timed(
        "3 works x 5 yields",
        runs,
        budgets,
        move || {
            vec![
                counted(SHUTTLE, move || peers::shuttle::search(runs)),
                counted(FREE, move || explored(runs, Rounds::Free)),
                counted(WITHIN, move || explored(runs, Rounds::Within)),
                counted(OWN_FREE, move || own_loop(runs, Rounds::Free)),
                counted(OWN_WITHIN, move || own_loop(runs, Rounds::Within)),
                by_hand(runs),
            ]
        },
    )]
}

fn by_hand(runs: u64) -> Contender {
    let mut search = baselines::Search::default();
    Contender::new("by hand", move || {
        let (sample, turns) = timed(runs, || search.run(runs));
        assert_eq!(turns, runs * crate::lives::search_turns());
        sample
    })
}
