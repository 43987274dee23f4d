//! A search that is divided among threads and processes finds what it finds on one.

use super::conditions::{App, add, search};
use super::environment::printed_by;
use crankwork::explore::{Explore, Policy, Sim, Stats};
use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;

/// Three works of three turns. Few of the 1,680 orders are wrong, in one of two ways.
fn two_bugs(sim: &mut Sim) {
    let node = sim.node("", App::new());
    for name in ["a", "b", "c"] {
        add(sim.work(node), name, 3);
    }
    sim.always("c does not come before the others", move |world| {
        world.app(node).join("") != "ccc"
    });
    sim.always("b and c do not take turns", move |world| {
        world.app(node).join("") != "bcbc"
    });
}

/// Searches as the environment says, and prints what comes of it. The other tests start it in a process of its own.
#[test]
fn searched_in_part() {
    match Explore::new().policy(Policy::Random).check(two_bugs) {
        Ok(stats) => println!("passed: {stats}"),
        Err(failure) => println!("{failure}"),
    }
}

fn printed(variables: &[(&str, &str)]) -> String {
    printed_by("explore::divided::searched_in_part", variables)
}

/// Returns the number of the run that a report names.
fn run_of(report: &str) -> u64 {
    let line = report.lines().find(|line| line.starts_with("  run "));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    let number = number.and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("no run in {report}"))
}

#[test]
fn l27_a_report_is_the_same_on_threads_and_in_shards() {
    for policy in ["mix", "random", "pct(3)"] {
        let all = |more: &[(&str, &str)]| {
            let variables = [("CRANK_RUNS", "3000"), ("CRANK_POLICY", policy)];
            printed(&[&variables, more].concat())
        };
        let whole = all(&[]);
        assert!(whole.contains("smallest form: "), "{whole}");
        assert_eq!(all(&[("CRANK_JOBS", "2")]), whole);
        assert_eq!(all(&[("CRANK_JOBS", "3")]), whole);
        let shards = ["1/2", "2/2"].map(|shard| all(&[("CRANK_SHARD", shard)]));
        let earliest = shards.iter().min_by_key(|report| run_of(report));
        assert_eq!(earliest, Some(&whole), "{policy}");
        assert_ne!(run_of(&shards[0]), run_of(&shards[1]));
    }
}

#[test]
fn threads_count_what_one_counts() {
    let counted = |stats: &Stats| {
        let first = stats.first_failure.as_ref().map(|(run, _)| *run);
        let (runs, orders) = (stats.runs, (stats.distinct, stats.once));
        (
            runs,
            orders,
            stats.failures,
            first,
            stats.decisions,
            stats.turns,
        )
    };
    for policy in [Policy::Mix, Policy::Random, Policy::Urw, Policy::Exhaustive] {
        let survey = |jobs: u64| {
            let search = search().runs(2_000).policy(policy.clone()).jobs(jobs);
            let threads = Mutex::new(HashSet::new());
            let stats = search.survey(|sim| {
                threads.lock().unwrap().insert(thread::current().id());
                two_bugs(sim);
                sim.sometimes("b is first", |_| false);
            });
            let expected = match policy {
                Policy::Exhaustive => 1,
                _ => jobs,
            };
            assert_eq!(threads.into_inner().unwrap().len() as u64, expected);
            stats
        };
        let one = survey(1);
        assert!(one.failures > 1, "{policy}");
        for jobs in 2..=4 {
            let several = survey(jobs);
            assert_eq!(counted(&several), counted(&one), "{policy}");
            assert_eq!(several.never, ["b is first"]);
            assert_eq!(several.coverage, one.coverage);
        }
    }
}

#[test]
fn a_search_that_keeps_going_has_a_line_for_each_kind() {
    let kinds = |jobs| {
        let keeps_going = ("CRANK_KEEP_GOING", "1");
        printed(&[("CRANK_RUNS", "3000"), keeps_going, ("CRANK_JOBS", jobs)])
    };
    let printed = kinds("1");
    assert_eq!(kinds("2"), printed);
    let lines: Vec<&str> = printed.lines().filter(|it| it.starts_with('{')).collect();
    assert_eq!(lines.len(), 2, "{printed}");
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(line["reproduced"], true);
        let replay = line["replay"].as_str().expect("a text");
        let failure = search().replay(replay).check(two_bugs);
        let failure = failure.expect_err("it fails again");
        assert_eq!(line["failed"], failure.verdict.to_string());
    }
}

#[test]
fn a_search_without_time_says_that_it_was_cut_short() {
    let printed = printed(&[("CRANK_TIME", "0"), ("CRANK_RUNS", "3000")]);
    assert!(printed.contains("passed: 0 runs"), "{printed}");
    assert!(printed.contains("cut short by CRANK_TIME"), "{printed}");
}

#[test]
fn a_random_seed_is_printed_and_repeats_the_search() {
    let drawn = printed(&[("CRANK_SEED", "random"), ("CRANK_RUNS", "3000")]);
    let seed = drawn.lines().find_map(|it| it.strip_prefix("CRANK_SEED="));
    let seed = seed.unwrap_or_else(|| panic!("no seed in {drawn}"));
    let again = printed(&[("CRANK_SEED", seed), ("CRANK_RUNS", "3000")]);
    assert!(drawn.ends_with(&again), "{drawn}\n{again}");
}
