//! The catch-up in small, in many orders: drawn, from the fuzz target's corpus, and from a crash file of libFuzzer.

use super::catch_up::{Care, catch_up, check};
use crankwork::explore::{Explore, Policy, Verdict};

/// The test that repeats a report.
const REPEATS: &str = "explore::orders::every_order_applies_all_files_in_order";

#[test]
fn every_order_applies_all_files_in_order() {
    let stats = Explore::new()
        .named(REPEATS)
        .run(|sim| catch_up(sim, Care::Takes));
    assert!(stats.distinct > 1 || stats.runs == 1, "{stats}");
}

#[test]
fn an_application_that_does_not_wait_is_found() {
    let explore = Explore::new().on_its_own();
    let failure = explore
        .check(|sim| catch_up(sim, Care::Forgets))
        .unwrap_err();
    let early = Verdict::Always(String::from("verified before applied"));
    assert_eq!(failure.verdict, early, "{failure}");
}

#[test]
fn fuzz_corpus_applies_all_files() {
    crate::corpus::replay("orders", check);
}

/// Plays the crash file that `CRANKWORK_CRASH` names, and prints the report: see `CONTRIBUTING.md`.
#[test]
fn crash() {
    let Some(path) = std::env::var_os("CRANKWORK_CRASH") else {
        println!("CRANKWORK_CRASH names no crash file of the fuzz target `orders`");
        return;
    };
    let data = std::fs::read(path).expect("CRANKWORK_CRASH names a file");
    let explore = Explore::new().named(REPEATS).on_its_own();
    match explore
        .policy(Policy::Bytes(data))
        .check(|sim| catch_up(sim, Care::Takes))
    {
        Ok(stats) => println!("the file no longer fails: {stats}"),
        Err(failure) => panic!("{failure}"),
    }
}
