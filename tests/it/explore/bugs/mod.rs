//! The programs of the example `bugs`: each bug is found, production order does not show it, and the program without
//! it passes.

mod edits;
mod register;

#[path = "../../../../examples/bugs/cancel_race.rs"]
mod cancel_race;
#[path = "../../../../examples/bugs/deaf_back_off.rs"]
mod deaf_back_off;
#[path = "../../../../examples/bugs/last_one_out.rs"]
mod last_one_out;
#[path = "../../../../examples/bugs/leaked_permit.rs"]
mod leaked_permit;
#[path = "../../../../examples/bugs/lost_update.rs"]
mod lost_update;

use crate::sources::read;
use crankwork::explore::{Explore, Failure, Policy, Sim, Until, Verdict};

/// How many seeds are tried, and how many of them may miss the bug.
const SEEDS: u64 = 20;
const MISSES: u64 = 1;

/// How many runs the program without its bug has.
const RUNS: u64 = 2_000;

type Program = fn(&mut Sim, bool);

fn search() -> Explore {
    Explore::new().on_its_own().named("bug")
}

/// Checks that production order passes, and that the search finds the bug with nearly every seed. Returns the failures.
fn found(search: &Explore, program: Program) -> Vec<Failure> {
    let production = search.clone().runs(1).policy(Policy::Fifo);
    if let Err(failure) = production.check(|sim| program(sim, true)) {
        panic!("production order shows the bug: {failure}");
    }
    let tried = (0..SEEDS).map(|seed| search.clone().seed(seed));
    let failures = tried.filter_map(|search| search.check(|sim| program(sim, true)).err());
    let failures: Vec<Failure> = failures.map(|failure| *failure).collect();
    let mut runs: Vec<u64> = failures.iter().map(|failure| failure.run).collect();
    runs.sort_unstable();
    println!("runs to the failure: {runs:?}");
    assert!(
        failures.len() as u64 >= SEEDS - MISSES,
        "{} found",
        failures.len()
    );
    assert!(failures.iter().all(|failure| failure.reproduced));
    failures
}

/// Checks that no run fails without the bug, and that every `sometimes` condition has been met.
fn passes(program: Program) {
    let stats = search().runs(RUNS).run(|sim| program(sim, false));
    assert!(stats.never.is_empty(), "{stats}");
    assert!(stats.distinct > 1, "{stats}");
}

#[test]
fn an_update_is_lost_in_the_noise() {
    for failure in found(&search(), lost_update::program) {
        let lost = Verdict::Eventually("both transfers count".into());
        assert_eq!(failure.verdict, lost);
    }
    passes(lost_update::program);
}

#[test]
fn a_cancel_is_accepted_after_the_parcel_has_left() {
    for failure in found(&search(), cancel_race::program) {
        let both = Verdict::Always("nobody has both parcel and money".into());
        assert_eq!(failure.verdict, both);
    }
    passes(cancel_race::program);
}

#[test]
fn a_connection_leaks_when_a_back_off_is_cancelled() {
    for failure in found(&search(), leaked_permit::program) {
        let leaked = Verdict::Eventually("all connections are back".into());
        assert_eq!(failure.verdict, leaked);
    }
    passes(leaked_permit::program);
}

#[test]
fn a_back_off_ignores_the_cancel() {
    for failure in found(&search(), deaf_back_off::program) {
        let Verdict::Panic(message, place) = &failure.verdict else {
            panic!("another failure: {failure}");
        };
        assert_eq!(message, "the upload is not over in time");
        assert!(place.contains("deaf_back_off.rs"), "{place}");
    }
    passes(deaf_back_off::program);
}

#[test]
fn the_listener_comes_last_and_waits_for_ever() {
    for failure in found(&search(), last_one_out::program) {
        let Verdict::Stall(report) = &failure.verdict else {
            panic!("another failure: {failure}");
        };
        assert!(report.to_string().contains("listener"), "{report}");
    }
    passes(last_one_out::program);
}

#[test]
fn the_leak_takes_a_fault_and_an_order() {
    let fails = |has_fault: bool, has_order: bool| {
        let production = search().runs(1).policy(Policy::Fifo);
        let found = production.check(|sim| {
            leaked_permit::program(sim, true);
            if has_fault {
                sim.fail("query-1", 2);
            }
            if has_order {
                sim.hold("user", 1).until("query-1", Until::Failed(1));
            }
        });
        found.is_err()
    };
    assert_eq!([fails(true, false), fails(false, true)], [false, false]);
    assert!(fails(true, true));
}

/// The page shows what the search prints, so that a reader who does the same sees the same.
#[test]
fn the_page_of_the_first_bug_has_its_report() {
    let page = read("src/ten_minutes.md");
    let search = search().named("both_transfers_count");
    let failure = search.check(|sim| lost_update::program(sim, true));
    let report = failure.expect_err("an update is lost").to_string();
    assert!(
        page.contains(&report),
        "the page has another report:\n{report}"
    );
    let stats = search.run(|sim| lost_update::program(sim, false));
    assert!(page.contains(&stats.to_string()), "{stats}");
}
