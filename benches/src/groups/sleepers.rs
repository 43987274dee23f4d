//! P11: a wait/wake cycle beside many other sleepers.

use super::{Case, Group};
use crate::baselines::SleepingLoop;
use crate::budgets::{Budget, OURS, absolute};
use crate::measure::{Contender, timed};
use crate::ours::Sleepers;

pub const GROUP: Group = Group {
    name: "sleepers",
    about: "one wait/wake cycle, with a crank of its own, beside N sleepers at distinct deadlines, to a loop with an ordered map; ns per cycle",
    cases,
    curve: Some(|n| sized(n, n.max(100_000), Vec::new)),
};

fn cases(quick: bool) -> Vec<Case> {
    let cycles = if quick { 100_000 } else { 300_000 };
    let budgets = || vec![absolute("P11", OURS, 150.0)];
    let cases = [100, 10_000, 1_000_000].map(|n| sized(n, cycles, budgets));
    cases.into_iter().flatten().collect()
}

fn sized(n: u64, cycles: u64, budgets: fn() -> Vec<Budget>) -> Vec<Case> {
    vec![
        Case::timed("woken by the host", n, budgets(), move || {
            both(n, cycles, SleepingLoop::wake, Sleepers::wake)
        }),
        Case::timed("woken by its alarm", n, budgets(), move || {
            both(n, cycles, SleepingLoop::let_fire, Sleepers::let_fire)
        }),
    ]
}

fn both(
    n: u64,
    cycles: u64,
    by_hand: fn(&mut SleepingLoop, u64),
    ours: fn(&mut Sleepers, u64),
) -> Vec<Contender> {
    let (mut hand, mut own) = (SleepingLoop::new(n as u32), Sleepers::new(n));
    vec![
        Contender::new("loop + ordered map", move || {
            timed(cycles, || by_hand(&mut hand, cycles)).0
        }),
        Contender::new(OURS, move || timed(cycles, || ours(&mut own, cycles)).0),
    ]
}
