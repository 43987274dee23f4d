//! P11: a wait/wake cycle beside many other sleepers.

use super::{Case, Group};
use crate::budgets::absolute;
use crate::measure::{Contender, timed};
use crate::ours::Sleepers;

pub const GROUP: Group = Group {
    name: "sleepers",
    about: "one wait/wake cycle, with a crank of its own, beside N sleepers at distinct deadlines, to that beside 100; ns per cycle",
    cases,
};

const SIZES: [(&str, u64); 3] = [
    ("100 sleepers", 100),
    ("10k sleepers", 10_000),
    ("1M sleepers", 1_000_000),
];

fn cases(quick: bool) -> Vec<Case> {
    let cycles = if quick { 100_000 } else { 300_000 };
    let budgets = || SIZES.map(|(row, _)| absolute("P11", row, 150.0)).to_vec();
    vec![
        Case::timed("woken by the host", cycles, budgets(), move || {
            all(cycles, Sleepers::wake)
        }),
        Case::timed("woken by its alarm", cycles, budgets(), move || {
            all(cycles, Sleepers::let_fire)
        }),
    ]
}

fn all(cycles: u64, cycle: fn(&mut Sleepers, u64)) -> Vec<Contender> {
    let contender = |(name, works)| {
        let mut sleepers = Sleepers::new(works);
        Contender::new(name, move || {
            timed(cycles, || cycle(&mut sleepers, cycles)).0
        })
    };
    SIZES.map(contender).into_iter().collect()
}
