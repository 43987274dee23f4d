//! Composites: what a member costs more than a bare work.

use super::{Case, Group};
use crate::budgets::{Against, Budget};
use crate::graphs::Dag;
use crate::measure::{Contender, timed};
use crate::ours;
use crankwork::Retain;

pub const GROUP: Group = Group {
    name: "compose",
    about: "members of a batch, to works without dependencies that are added, run and freed by themselves; ns per member",
    cases,
    curve: None,
};

const WIDTH: usize = 64;

/// A work by itself, as in `dag`.
const BARE: &str = "bare work";

fn cases(quick: bool) -> Vec<Case> {
    let sizes: &[usize] = if quick {
        &[100_000]
    } else {
        &[100_000, 1_000_000]
    };
    let budget = Budget {
        id: "batch",
        row: "batch of 64",
        against: Against::Row(BARE),
        at_most: 2.0,
    };
    let case = |&n: &usize| {
        Case::timed("members", n as u64, vec![budget], move || {
            vec![
                bare(BARE, n, Retain::All),
                bare("bare work, none kept", n, Retain::Nothing),
                batch(n),
            ]
        })
    };
    sizes.iter().map(case).collect()
}

fn bare(name: &'static str, n: usize, retain: Retain) -> Contender {
    let dag = Dag::independent(n);
    Contender::new(name, move || {
        let (sample, done) = timed(n as u64, || ours::run_one_by_one(&dag, retain));
        assert_eq!(done, n);
        sample
    })
}

fn batch(n: usize) -> Contender {
    Contender::new("batch of 64", move || {
        let (sample, done) = timed(n as u64, || ours::batch(n, WIDTH));
        assert_eq!(done, n + 1, "the members and the batch");
        sample
    })
}
