//! A failure that was saved still fails after the program was edited.

use super::toys::{EDITS, Edit, TOYS};
use crankwork::explore::{Explore, Failure, Policy, Sim};

/// Failures of each toy.
const SEEDS: u64 = 20;

/// The least share of replays that fail as they did, in percent.
const LEAST: usize = 95;

fn search(name: &str) -> Explore {
    let search = Explore::new().on_its_own().named(name).trusting();
    search.max_turns(1_000)
}

/// Returns the failures that searches with different seeds find.
fn found(name: &str, program: fn(&mut Sim, Edit)) -> Vec<Box<Failure>> {
    let production = search(name).policy(Policy::Fifo).runs(1);
    production.run(|sim| program(sim, Edit::None));
    let seeds = (1..=SEEDS).map(|seed| search(name).seed(seed).runs(3_000));
    let found = seeds.map(|search| search.check(|sim| program(sim, Edit::None)));
    found.map(|it| it.expect_err("the bug is found")).collect()
}

#[test]
fn a_saved_failure_outlives_edits() {
    let (mut survived, mut played) = (0, 0);
    println!(
        "{:<14} {:>9}  {}",
        "toy",
        "items",
        EDITS.map(|it| format!("{it:?}")).join("  ")
    );
    for (name, program) in TOYS {
        let failures = found(name, program);
        let mut items: Vec<usize> = failures.iter().map(|it| it.items.len()).collect();
        items.sort_unstable();
        let shares = EDITS.map(|edit| {
            let still = failures.iter().filter(|failure| {
                let replay = search(name).replay(failure.replay.clone()).shrink_budget(0);
                let result = replay.check(|sim| program(sim, edit));
                result.is_err_and(|again| again.verdict.is_like(&failure.verdict))
            });
            let share = still.count();
            (survived, played) = (survived + share, played + failures.len());
            format!(
                "{:>w$} %",
                100 * share / failures.len(),
                w = format!("{edit:?}").len() - 2
            )
        });
        let (median, most) = (items[items.len() / 2], items[items.len() - 1]);
        println!("{name:<14} {median:>4}/{most:<4}  {}", shares.join("  "));
        assert!(median <= 3, "{name}: {items:?}");
    }
    println!("{survived} of {played} replays still fail after an edit");
    assert!(100 * survived >= LEAST * played, "{survived} of {played}");
}
