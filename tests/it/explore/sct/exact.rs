//! Exact figures: how many schedules there are, how many fail, and how often a random walk fails.

use super::play::{play, search};
use super::programs_with_figures;
use crankwork::explore::{Coverage, Policy};

/// Programs with more schedules are not gone through.
const SCHEDULES: u64 = 100_000;

#[test]
fn sct_every_schedule_is_played_once() {
    let Some(programs) = programs_with_figures("sct_every_schedule_is_played_once") else {
        return;
    };
    for (program, figures) in programs {
        let exact = &figures["exact"];
        let number = |name: &str| exact[name].as_u64();
        let Some(schedules) = number("schedules").filter(|&count| count <= SCHEDULES) else {
            continue;
        };
        let search = search(&program, Policy::Exhaustive, 0).runs(schedules + 1);
        let stats = search.survey(|sim| play(sim, &program, None));
        let found = (stats.runs, Some(stats.failures));
        assert_eq!(found, (schedules, number("failing")), "{}", program.name);
        assert_eq!(stats.distinct, schedules, "{}", program.name);
        assert_eq!(stats.coverage, Coverage::Exhaustive, "{}", program.name);
    }
}

/// About so many turns are played of each program.
const TURNS: f64 = 15_000.0;

#[test]
fn sct_a_random_walk_fails_as_often_as_it_has_to() {
    let Some(programs) = programs_with_figures("sct_a_random_walk_fails_as_often_as_it_has_to")
    else {
        return;
    };
    for (program, figures) in programs {
        let Some(expected) = figures["exact"]["p_random"].as_f64() else {
            continue;
        };
        let turns = figures["turns_mean"].as_f64().unwrap_or(100.0);
        let runs = (TURNS / turns.max(1.0)).clamp(200.0, 4_000.0) as u64;
        let search = search(&program, Policy::Random, 1).runs(runs);
        let stats = search.survey(|sim| play(sim, &program, None));
        let found = stats.failures as f64 / runs as f64;
        let error = (expected * (1.0 - expected) / runs as f64).sqrt();
        // For rare failures the distribution is no bell, so one failure is always allowed.
        let bound = (4.0 * error).max(1.0 / runs as f64);
        let is_near = (found - expected).abs() <= bound;
        let is_sure = expected == 0.0 || expected == 1.0;
        let agrees = if is_sure { found == expected } else { is_near };
        assert!(agrees, "{}: {found} for {expected} of {runs}", program.name);
    }
}
