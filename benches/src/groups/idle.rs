//! P13: nothing to do.

use super::{Case, Group};
use crate::budgets::absolute;
use crate::measure::{Contender, timed};
use crate::ours::Sleepers;

pub const GROUP: Group = Group {
    name: "idle",
    about: "calls with nothing to do beside N sleepers, to `next()`; ns per call",
    cases,
    curve: None,
};

fn cases(_: bool) -> Vec<Case> {
    let calls = 1_000_000;
    let case = |n| {
        let budgets = ["next()", "crank_work"].map(|row| absolute("P13", row, 10.0));
        Case::timed("nothing to do", n, budgets.to_vec(), move || {
            let (mut one, mut other) = (Sleepers::new(n), Sleepers::new(n));
            vec![
                Contender::new("next()", move || timed(calls, || one.next(calls)).0),
                Contender::new("crank_work", move || {
                    timed(calls, || other.crank_idle(calls)).0
                }),
            ]
        })
    };
    [0, 100, 10_000, 1_000_000].map(case).into_iter().collect()
}
