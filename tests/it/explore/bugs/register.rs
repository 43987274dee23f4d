//! The register of the example `bugs`: it survives all its faults, and a search finds both mistakes.

#[path = "../../../../examples/bugs/register.rs"]
mod example;

use super::search;
use crankwork::explore::{Explore, Failure, Policy, Verdict};
use example::{Mistake, faults, program};

/// Searches with the faults that the register survives.
fn with_faults() -> Explore {
    search().faults(faults()).runs(10_000)
}

/// Returns the failures that some seeds find.
fn found(mistake: Mistake) -> Vec<Failure> {
    let production = search().runs(1).policy(Policy::Fifo);
    production.run(|sim| program(sim, Some(mistake)));
    let seeds = 0..4;
    let found = seeds.map(|seed| {
        let search = with_faults().seed(seed);
        let found = search.check(|sim| program(sim, Some(mistake)));
        *found.expect_err("the mistake is found")
    });
    found.collect()
}

/// Checks that the failure is an old version, that it came back, and that few items say why.
fn is_old(failure: &Failure) {
    println!("{failure}");
    let Verdict::Panic(message, _) = &failure.verdict else {
        panic!("another failure: {failure}");
    };
    assert_eq!(message, "version 0 is read after 1");
    assert!(failure.reproduced);
    assert_eq!(failure.answers, None, "{failure}");
    assert!((1..=5).contains(&failure.items.len()), "{failure}");
}

#[test]
fn it_survives_crashes_losses_and_partitions() {
    let stats = with_faults().runs(3_000).run(|sim| program(sim, None));
    assert!(stats.distinct > 2_000, "{stats}");
}

#[test]
fn a_read_of_one_phase_is_followed_by_an_older_one() {
    found(Mistake::OnePhase).iter().for_each(is_old);
}

#[test]
fn a_replica_that_answers_too_early_forgets_what_it_has_said() {
    let failures = found(Mistake::EarlyAnswer);
    failures.iter().for_each(is_old);
    let mut reports = failures.iter().map(Failure::to_string);
    assert!(reports.any(|report| report.contains("crashes after")));
}
