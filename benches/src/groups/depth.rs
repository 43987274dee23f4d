//! P12: the turn of a leaf, however deep it is.

use super::{Case, Group};
use crate::budgets::{Against, Budget};
use crate::measure::{Contender, timed};
use crate::ours::tree;

pub const GROUP: Group = Group {
    name: "depth",
    about: "the turn of the one leaf of a tree, to that of a tree of depth 1; ns per turn",
    cases,
    curve: None,
};

const DEPTHS: [(&str, u32); 5] = [
    ("depth 1", 1),
    ("depth 10", 10),
    ("depth 100", 100),
    ("depth 1,000", 1_000),
    ("depth 10,000", 10_000),
];

fn cases(quick: bool) -> Vec<Case> {
    let turns = if quick { 300_000 } else { 1_000_000 };
    let same = |&(row, _): &(&'static str, u32)| Budget {
        id: "P12",
        row,
        against: Against::Row("depth 1"),
        // Independent, give or take what a ratio is good for.
        at_most: 1.15,
    };
    let budgets = DEPTHS[1..].iter().map(same).collect();
    let make = move || {
        let contender = |(name, depth)| {
            let mut tree = tree(depth);
            Contender::new(name, move || timed(turns, || tree.run(turns)).0)
        };
        DEPTHS.map(contender).into_iter().collect()
    };
    vec![Case::timed("leaf turn", turns, budgets, make)]
}
