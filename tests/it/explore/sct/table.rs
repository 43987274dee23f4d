//! Which policy finds which bug in how many runs, and to how many items the failure shrinks in how many re-runs.
//! Programs without a bug must not fail under any policy.

use super::play::{play, search};
use super::program::Program;
use super::{is_full, programs};
use crankwork::explore::Policy;
use std::sync::Arc;

/// The medians over all failures that shrinking has to reach: of items and of re-runs.
const ITEMS: usize = 3;
const REPEATS: u32 = 60;

/// How much is tried.
struct Effort {
    seeds: u64,
    /// The most runs of a policy by itself.
    runs: u64,
    /// The most runs of the mix.
    mix: u64,
    /// The runs of a program without a bug: of a policy by itself, and of the mix.
    twins: (u64, u64),
}

const NORMAL: Effort = Effort {
    seeds: 2,
    runs: 300,
    mix: 20_000,
    twins: (100, 500),
};

const FULL: Effort = Effort {
    seeds: 20,
    runs: 3_000,
    mix: 20_000,
    twins: (500, 20_000),
};

/// The policies of the table, and whether their runs depend on the seed.
fn policies() -> [(Policy, bool); 10] {
    [
        (Policy::Fifo, false),
        (Policy::Lifo, false),
        (Policy::Continue, false),
        (Policy::Random, true),
        (Policy::Sticky(90), true),
        (Policy::Pct(1), true),
        (Policy::Pct(2), true),
        (Policy::Pct(3), true),
        (Policy::Urw, true),
        (Policy::OneDeviation, false),
    ]
}

/// Returns the number of the first failing run, from 1.
fn first_failure(program: &Arc<Program>, policy: &Policy, seed: u64, runs: u64) -> Option<u64> {
    let search = search(program, policy.clone(), seed).runs(runs);
    let result = search
        .shrink_budget(0)
        .check(|sim| play(sim, program, None));
    result.err().map(|failure| failure.run + 1)
}

/// What failures have shrunk to.
#[derive(Default)]
struct Shrunk {
    items: Vec<usize>,
    reruns: Vec<u32>,
}

impl Shrunk {
    /// Shrinks the first failure that the mix finds, and returns a text for the table.
    fn shrink(&mut self, program: &Arc<Program>, runs: u64) -> String {
        let search = search(program, Policy::Mix, 1).runs(runs);
        let Err(failure) = search.check(|sim| play(sim, program, None)) else {
            return String::from("-");
        };
        assert!(failure.reproduced && failure.answers.is_none(), "{failure}");
        // The text alone fails in the same way.
        let replay = search.replay(failure.replay.clone()).shrink_budget(0);
        let again = replay.check(|sim| play(sim, program, None));
        let again = again.map(|stats| stats.to_string()).unwrap_err();
        assert!(
            again.verdict.is_like(&failure.verdict),
            "{failure}\n{again}"
        );
        self.items.push(failure.items.len());
        self.reruns.push(failure.reruns);
        format!("{} in {}", failure.items.len(), failure.reruns)
    }

    /// Returns the medians of items and re-runs.
    fn medians(&mut self) -> (usize, u32) {
        self.items.sort_unstable();
        self.reruns.sort_unstable();
        let middle = self.items.len() / 2;
        (self.items[middle], self.reruns[middle])
    }
}

/// The numbers of the first failing runs over the seeds, and the most runs there were to be.
struct Cell {
    firsts: Vec<Option<u64>>,
    runs: u64,
}

impl Cell {
    fn new(program: &Arc<Program>, policy: &Policy, seeds: u64, runs: u64) -> Cell {
        let seeds = 1..=seeds;
        let firsts = seeds.map(|seed| first_failure(program, policy, seed, runs));
        Cell {
            firsts: firsts.collect(),
            runs,
        }
    }

    fn found(&self) -> usize {
        self.firsts.iter().flatten().count()
    }

    /// Returns the quantile in percent, by the nearest rank.
    fn quantile(&self, percent: usize) -> Option<u64> {
        let mut sorted = self.firsts.clone();
        // A search without a failure would have needed more runs than any other.
        sorted.sort_by_key(|first| first.unwrap_or(u64::MAX));
        sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
    }

    fn text(&self) -> String {
        let text = |percent| match self.quantile(percent) {
            Some(first) => first.to_string(),
            None => format!(">{}", self.runs),
        };
        match self.found() {
            0 => String::from("-"),
            _ if self.quantile(50) == self.quantile(90) => text(50),
            _ => format!("{}/{}", text(50), text(90)),
        }
    }
}

/// Returns the cells of a program: of all policies by themselves, and of the mix at the end.
fn row(program: &Arc<Program>, effort: &Effort) -> Vec<Cell> {
    let (runs, mix) = match program.fails {
        true => (effort.runs, effort.mix),
        false => effort.twins,
    };
    let cell = |(policy, draws): (Policy, bool)| {
        let plain = matches!(policy, Policy::Fifo | Policy::Lifo | Policy::Continue);
        let seeds = if draws { effort.seeds } else { 1 };
        Cell::new(program, &policy, seeds, if plain { 1 } else { runs })
    };
    let mut cells: Vec<Cell> = policies().into_iter().map(cell).collect();
    cells.push(Cell::new(program, &Policy::Mix, effort.seeds, mix));
    cells
}

fn line(name: &str, words: impl Iterator<Item = String>) -> String {
    words.fold(format!("{name:<26}"), |line, word| {
        line + &format!(" {word:>13}")
    })
}

#[test]
fn sct_the_mix_finds_every_bug() {
    let Some(programs) = programs("sct_the_mix_finds_every_bug") else {
        return;
    };
    let effort = if is_full() { FULL } else { NORMAL };
    let names = policies().into_iter().map(|(policy, _)| policy.to_string());
    println!(
        "runs to the first failure: median/90th percentile of {} seeds",
        effort.seeds
    );
    let last = ["mix", "items in runs"].map(String::from);
    println!("{}", line("program", names.chain(last)));
    let mut shrunk = Shrunk::default();
    let (mut bugs, mut found, mut twins, mut failed) = (0, 0, 0, 0);
    let mut missed = Vec::new();
    for program in &programs {
        let cells = row(program, &effort);
        let any = cells.iter().any(|cell| cell.found() > 0);
        let mix = cells.last().map_or(0, Cell::found) as u64;
        if program.fails {
            let items = shrunk.shrink(program, effort.mix);
            let words = cells.iter().map(Cell::text).chain([items]);
            println!("{}", line(&program.name, words));
            (bugs, found) = (bugs + 1, found + u64::from(mix > 0));
        } else {
            println!(
                "{:<26} {}",
                program.name,
                if any { "FAILED" } else { "no failure" }
            );
            (twins, failed) = (twins + 1, failed + u64::from(any));
        }
        if any != program.fails || program.fails && mix < effort.seeds {
            missed.push(&program.name);
        }
    }
    let (items, reruns) = shrunk.medians();
    println!("shrunk, all confirmed: medians of {items} items and {reruns} re-runs");
    println!("{found} of {bugs} bugs found, {failed} of {twins} twins failed");
    assert!(items <= ITEMS && reruns <= REPEATS, "{items} in {reruns}");
    assert!(missed.is_empty(), "missed: {missed:?}");
}
