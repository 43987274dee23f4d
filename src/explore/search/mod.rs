//! The search: what it is set to, and its runs.

mod division;
mod replays;
mod reports;
mod running;
mod setup;

pub(super) use division::Shard;
pub(super) use running::begun;

use super::env::{Determinism, Environment, has_colours, test_name};
use super::failure::Failure;
use super::faults::Faults;
use super::policy::Policy;
use super::sim::{Limits, Sim};
use super::stats::Stats;
use running::Search;
use setup::Setup;
use std::path::PathBuf;
use std::time::Duration;

/// How many runs a search has unless it says otherwise.
const RUNS: u64 = 256;

/// How many turns a run has at most unless the search says otherwise.
const TURNS: u64 = 100_000;

/// How many re-runs shrinking takes at most unless the search says otherwise.
const REPEATS: u32 = 500;

/// A search over the orders of a program. [`explore`](super::explore) is one with all defaults.
#[derive(Clone, Debug)]
pub struct Explore {
    runs: u64,
    seed: Option<u64>,
    policy: Policy,
    name: Option<String>,
    faults: Faults,
    settle: Option<Duration>,
    turns: u64,
    limit_fails: bool,
    free_rounds: bool,
    determinism: Determinism,
    reads_environment: bool,
    shrink: u32,
    replay: Option<String>,
    corpus: Option<PathBuf>,
    jobs: u64,
}

impl Default for Explore {
    fn default() -> Self {
        Explore::new()
    }
}

impl Explore {
    /// Returns a search of 256 runs with [`Policy::Mix`], and a seed that depends on the test's name.
    pub fn new() -> Self {
        Explore {
            runs: RUNS,
            seed: None,
            policy: Policy::Mix,
            name: None,
            faults: Faults::none(),
            settle: None,
            turns: TURNS,
            limit_fails: true,
            free_rounds: true,
            determinism: Determinism::Sample,
            reads_environment: true,
            shrink: REPEATS,
            replay: None,
            corpus: None,
            jobs: 1,
        }
    }

    /// Sets the number of runs; with an exhaustive policy, the most.
    pub fn runs(mut self, runs: u64) -> Self {
        self.runs = runs;
        self
    }

    /// Sets the seed of the search. Equal seeds give equal runs, on every machine.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the policy.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the name of the test. Without it, the name is that of the thread, which is that of the test.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets which faults may happen: by default none. With some, three of four runs have faults, but never the first
    /// four. Each family is off in half of these runs, else it is drawn how often and when it happens.
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Sets how much virtual time `eventually` conditions may take without progress, once faults have ended. Progress
    /// is a work that settles, or another number of conditions that hold. Without this call it is ten minutes in a
    /// search with faults, and without end in others.
    pub fn settle(mut self, within: Duration) -> Self {
        self.settle = Some(within);
        self
    }

    /// Sets the most turns of a run, which then has failed.
    pub fn max_turns(mut self, turns: u64) -> Self {
        self.turns = turns.max(1);
        self.limit_fails = true;
        self
    }

    /// Ends each run after so many turns. That is no failure.
    pub fn stop_after(mut self, turns: u64) -> Self {
        self.turns = turns.max(1);
        self.limit_fails = false;
        self
    }

    /// Keeps to law L1: each ready work has one turn a round. That hides orders that production cannot have.
    pub fn lawful(mut self) -> Self {
        self.free_rounds = false;
        self
    }

    /// Does not repeat runs to see whether they differ.
    pub fn trusting(mut self) -> Self {
        self.determinism = Determinism::Off;
        self
    }

    /// Sets how many re-runs shrinking a failure takes at most; 500 by default. It is a count, so the result is the
    /// same everywhere. With 0 the failure stays as it was found.
    pub fn shrink_budget(mut self, runs: u32) -> Self {
        self.shrink = runs;
        self
    }

    /// Runs one run and no others: that of a text which a report has printed, or of a file with `@` in front. A text
    /// that cannot be read is a failure: [`Verdict::Unreadable`](super::Verdict::Unreadable). If the run passes,
    /// [`Stats::stale`] has the items that nothing in the program matches any more.
    pub fn replay(mut self, text: impl Into<String>) -> Self {
        self.replay = Some(text.into());
        self
    }

    /// Sets the folder in which failures are saved. Those of this test are run first next time.
    pub fn corpus(mut self, folder: impl Into<PathBuf>) -> Self {
        self.corpus = Some(folder.into());
        self
    }

    /// Does the runs on so many threads; 1 by default. What is found does not depend on it. An enumeration, as of
    /// [`Policy::Exhaustive`], stays on one thread.
    pub fn jobs(mut self, threads: u64) -> Self {
        self.jobs = threads;
        self
    }

    /// Takes nothing from the environment.
    pub fn on_its_own(mut self) -> Self {
        self.reads_environment = false;
        self
    }

    /// Runs the program under the policy, again and again.
    ///
    /// # Errors
    /// The first run that fails in its smallest form, boxed since it holds its turns.
    pub fn check(&self, program: impl Fn(&mut Sim) + Sync) -> Result<Stats, Box<Failure>> {
        let name = self.test_name();
        Search::new(&self.setup(&name)).go(&program)
    }

    /// Runs the program under the policy to the last run, and counts the runs that fail. No run is repeated; with the
    /// same seed, [`Explore::check`] stops at the first failure and has its report.
    pub fn survey(&self, program: impl Fn(&mut Sim) + Sync) -> Stats {
        let name = self.test_name();
        Search::new(&self.setup(&name)).survey(&program)
    }

    fn limits(&self) -> Limits {
        Limits {
            turns: self.turns,
            fails: self.limit_fails,
            free_rounds: self.free_rounds,
            settle: self.settle,
        }
    }

    fn test_name(&self) -> String {
        self.name.clone().unwrap_or_else(test_name)
    }

    fn setup<'a>(&'a self, name: &'a str) -> Setup<'a> {
        Setup::new(self, name, self.environment())
    }

    fn environment(&self) -> Environment {
        let environment = match self.reads_environment {
            true => Environment::read(),
            false => Environment::default(),
        };
        for warning in &environment.warnings {
            eprintln!("{warning}");
        }
        environment
    }

    /// Runs the program as [`Explore::check`] does.
    ///
    /// # Panics
    /// If a run fails, with the report.
    pub fn run(&self, program: impl Fn(&mut Sim) + Sync) -> Stats {
        let failure = match self.check(program) {
            Ok(stats) => return stats,
            Err(failure) => failure,
        };
        // The report is the same wherever the search is divided, and how far this process has come is not.
        eprintln!("until then: {}", failure.stats);
        match has_colours() {
            true => panic!("{}", failure.coloured()),
            false => panic!("{failure}"),
        }
    }
}
