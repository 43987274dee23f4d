//! A survey: every run counts, failing ones included.

use crankwork::explore::{Coverage, Explore, Policy, Sim, Verdict};
use crankwork::{Spec, WorkContext};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

/// Adds two works that each put their number behind those before, and fails if the second was first.
fn race(sim: &mut Sim) {
    let node = sim.node("race", Vec::new());
    for (name, number) in [("one", 1), ("two", 2)] {
        let work = move |cx: &mut WorkContext<'_, Vec<u32>>| {
            cx.app.push(number);
            Poll::Ready(Ok(()))
        };
        sim.work(node).add(Spec::new(name, work)).unwrap();
    }
    sim.run();
    assert_eq!(sim.app(node)[0], 1, "the second was first");
}

#[test]
fn a_survey_counts_failing_runs_and_repeats_none() {
    let runs = AtomicU64::new(0);
    let search = Explore::new().on_its_own().policy(Policy::Exhaustive);
    let stats = search.survey(|sim| {
        runs.fetch_add(1, Ordering::Relaxed);
        race(sim);
    });
    assert_eq!((stats.runs, stats.failures, runs.into_inner()), (2, 1, 2));
    assert_eq!(stats.coverage, Coverage::Exhaustive);
    let (first, verdict) = stats.first_failure.clone().unwrap();
    assert_eq!(first, 1);
    assert!(matches!(verdict, Verdict::Panic(message, _) if message.contains("was first")));
    assert!(
        stats
            .to_string()
            .contains("1 failed, first run 1: panicked")
    );
    // A check of the same search stops there.
    assert_eq!(search.check(race).unwrap_err().run, first);
}

#[test]
fn a_survey_runs_a_replay_once() {
    let search = Explore::new().on_its_own().policy(Policy::Exhaustive);
    let failure = search.check(race).unwrap_err();
    let runs = AtomicU64::new(0);
    let stats = search.replay(failure.replay.clone()).survey(|sim| {
        runs.fetch_add(1, Ordering::Relaxed);
        race(sim);
    });
    assert_eq!((stats.failures, runs.into_inner()), (1, 1));
}

/// Adds two works with three turns each: 20 orders.
fn small(sim: &mut Sim) {
    let node = sim.node("small", ());
    for name in ["one", "two"] {
        let mut turns = 0;
        let work = move |cx: &mut WorkContext<'_, ()>| {
            turns += 1;
            match turns {
                3 => Poll::Ready(Ok(())),
                _ => cx.yield_now(),
            }
        };
        sim.work(node).add(Spec::new(name, work)).unwrap();
    }
}

#[test]
fn policies_that_can_come_to_the_end_stop_there() {
    for policy in [Policy::Exhaustive, Policy::OneDeviation, Policy::Mix] {
        let search = Explore::new().on_its_own().policy(policy.clone());
        let stats = search.runs(10_000).survey(small);
        let found = (stats.distinct, stats.coverage);
        assert_eq!(found, (20, Coverage::Exhaustive), "{policy}");
        assert!(stats.runs < 250, "{policy}: {}", stats.runs);
    }
}
