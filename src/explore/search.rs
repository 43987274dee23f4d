//! The search: runs of one program under a policy, and what came of them.

use super::core::{Core, Shared};
use super::env::{Environment, test_name};
use super::failure::Failure;
use super::faults::Faults;
use super::panics::caught;
use super::policy::{Machine, Policy, Run};
use super::seed::hash;
use super::sim::{Limits, Sim};
use super::stats::Stats;
use super::trace::{Trace, first_difference};
use super::verdict::Verdict;
use crate::{Stream, Time};
use std::cell::RefCell;
use std::rc::Rc;

/// How many runs a search has unless it says otherwise.
const RUNS: u64 = 256;

/// How many turns a run has at most unless the search says otherwise.
const TURNS: u64 = 100_000;

/// One run in so many is repeated, to see whether the program does the same with the same answers.
const REPEATED: u64 = 64;

/// A search over the orders of a program. [`explore`](super::explore) is one with all defaults.
#[derive(Clone, Debug)]
pub struct Explore {
    runs: u64,
    seed: Option<u64>,
    policy: Policy,
    name: Option<String>,
    faults: Faults,
    turns: u64,
    limit_fails: bool,
    free_rounds: bool,
    checks_determinism: bool,
    reads_environment: bool,
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
            turns: TURNS,
            limit_fails: true,
            free_rounds: true,
            checks_determinism: true,
            reads_environment: true,
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
        self.checks_determinism = false;
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
    /// The first run that fails, boxed since it holds its last turns.
    pub fn check(&self, program: impl Fn(&mut Sim)) -> Result<Stats, Box<Failure>> {
        let name = self.name.clone().unwrap_or_else(test_name);
        Search::new(self, &name, self.environment()).go(&program)
    }

    /// Runs the program under the policy to the last run, and counts the runs that fail. No run is repeated; with the
    /// same seed, [`Explore::check`] stops at the first failure and has its report.
    pub fn survey(&self, program: impl Fn(&mut Sim)) -> Stats {
        let name = self.name.clone().unwrap_or_else(test_name);
        Search::new(self, &name, self.environment()).survey(&program)
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
    pub fn run(&self, program: impl Fn(&mut Sim)) -> Stats {
        match self.check(program) {
            Ok(stats) => stats,
            Err(failure) => panic!("{failure}"),
        }
    }
}

type Program<'a> = &'a dyn Fn(&mut Sim);

/// A run, and how it failed.
type Played = (Run, Option<Verdict>);

/// A search under way.
struct Search<'a> {
    settings: &'a Explore,
    name: &'a str,
    seed: u64,
    runs: u64,
    policy: Policy,
    core: Shared,
    sim: Sim,
    stats: Stats,
}

impl<'a> Search<'a> {
    fn new(settings: &'a Explore, name: &'a str, environment: Environment) -> Self {
        let policy = match environment.replay {
            Some(answers) => Policy::Replay(answers),
            None => environment
                .policy
                .unwrap_or_else(|| settings.policy.clone()),
        };
        let runs = match policy {
            Policy::Replay(_) | Policy::Bytes(_) => 1,
            _ => environment.runs.unwrap_or(settings.runs),
        };
        let mut core = Core::new(policy.machine());
        core.faults.allow(
            environment
                .faults
                .unwrap_or_else(|| settings.faults.clone()),
        );
        let core = Rc::new(RefCell::new(core));
        let limits = Limits {
            turns: settings.turns,
            fails: settings.limit_fails,
            free_rounds: settings.free_rounds,
        };
        let seed = environment.seed.or(settings.seed);
        Search {
            settings,
            name,
            seed: seed.unwrap_or_else(|| hash(0, name.as_bytes())),
            runs,
            policy,
            sim: Sim::new(Rc::clone(&core), limits),
            core,
            stats: Stats::default(),
        }
    }

    /// Returns the run with this number: equal wherever the search is repeated.
    fn run(&self, number: u64) -> Run {
        // A replay has the seed of the run that it repeats, given as the seed of the search.
        let seed = match self.policy {
            Policy::Replay(_) => self.seed,
            _ => hash(self.seed, &number.to_le_bytes()),
        };
        Run {
            number,
            stream: Stream::new(seed),
            seed,
        }
    }

    fn go(&mut self, program: Program<'_>) -> Result<Stats, Box<Failure>> {
        for number in 0..self.runs {
            let Some((run, verdict)) = self.next_run(number, program) else {
                break;
            };
            let policy = self.core.borrow().machine.policy();
            if let Some(verdict) = verdict {
                return Err(self.failure(&run, policy, verdict, program));
            }
            if self.settings.checks_determinism && number.is_multiple_of(REPEATED) {
                self.check_determinism(&run, &policy, program)?;
            }
        }
        Ok(self.stats_at_the_end())
    }

    /// Goes through all runs, and counts those that fail.
    fn survey(&mut self, program: Program<'_>) -> Stats {
        for number in 0..self.runs {
            let Some((_, verdict)) = self.next_run(number, program) else {
                break;
            };
            if let Some(verdict) = verdict {
                self.stats.count_failure(number, verdict);
            }
        }
        self.stats_at_the_end()
    }

    /// Does the run with this number, and counts it. Returns `None` if there is no order left.
    fn next_run(&mut self, number: u64, program: Program<'_>) -> Option<Played> {
        let run = self.run(number);
        {
            let core = &mut *self.core.borrow_mut();
            if !core.machine.begin(&run) {
                return None;
            }
            // A replay does not know the number of its run.
            let number = match self.policy {
                Policy::Replay(_) => u64::MAX,
                _ => number,
            };
            core.faults.swarm(number, run.seed);
        }
        let verdict = self.play(run.seed, program);
        {
            let core = &mut *self.core.borrow_mut();
            core.machine.end();
            core.faults.ended(number);
        }
        self.count();
        Some((run, verdict))
    }

    fn stats_at_the_end(&mut self) -> Stats {
        self.stats.coverage = self.core.borrow().machine.coverage();
        let never = self.sim.sometimes.iter().filter(|it| !it.1);
        self.stats.never = never.map(|it| it.0.clone()).collect();
        std::mem::take(&mut self.stats)
    }

    /// Runs the program once.
    fn play(&mut self, seed: u64, program: Program<'_>) -> Option<Verdict> {
        self.sim.reset(seed);
        let sim = &mut self.sim;
        caught(|| {
            program(sim);
            sim.finish();
        })
    }

    fn count(&mut self) {
        let core = self.core.borrow();
        self.stats
            .count(core.digest, core.decisions, self.sim.turns);
    }

    /// Repeats a run with a trace. Returns how it failed, its trace, and what it was like.
    fn repeat(
        &mut self,
        seed: u64,
        answers: &[u32],
        program: Program<'_>,
    ) -> (Option<Verdict>, Trace, Signature) {
        let machine = Policy::Replay(answers.to_vec()).machine();
        let own = {
            let mut core = self.core.borrow_mut();
            core.trace = Some(Trace::default());
            std::mem::replace(&mut core.machine, machine)
        };
        let run = Run {
            number: 0,
            stream: Stream::new(seed),
            seed,
        };
        self.core.borrow_mut().machine.begin(&run);
        let verdict = self.play(seed, program);
        let signature = self.signature();
        let mut core = self.core.borrow_mut();
        core.machine = own;
        let trace = core.trace.take().unwrap_or_default();
        (verdict, trace, signature)
    }

    fn signature(&self) -> Signature {
        let core = self.core.borrow();
        (core.digest, core.decisions, self.sim.turns, self.sim.now)
    }

    /// Repeats a run that has passed, and fails if it differs.
    fn check_determinism(
        &mut self,
        run: &Run,
        policy: &Policy,
        program: Program<'_>,
    ) -> Result<(), Box<Failure>> {
        let first = self.signature();
        let answers = self.core.borrow().answers();
        let (verdict, trace, second) = self.repeat(run.seed, &answers, program);
        if verdict.is_none() && same(first, second) {
            return Ok(());
        }
        // Twice with a trace shows where they part, unless they have come to agree.
        let (_, other, _) = self.repeat(run.seed, &answers, program);
        let (one, two) = first_difference(&trace, &other);
        let verdict = Verdict::Nondeterminism(one, two);
        Err(self.report(run, policy.clone(), verdict, &answers, trace, false))
    }

    /// Returns the failure of a run, which is repeated for its turns.
    fn failure(
        &mut self,
        run: &Run,
        policy: Policy,
        verdict: Verdict,
        program: Program<'_>,
    ) -> Box<Failure> {
        let answers = self.core.borrow().answers();
        let (again, trace, _) = self.repeat(run.seed, &answers, program);
        let is_back = again.is_some_and(|again| again.is_like(&verdict));
        self.report(run, policy, verdict, &answers, trace, is_back)
    }

    fn report(
        &self,
        run: &Run,
        policy: Policy,
        verdict: Verdict,
        answers: &[u32],
        trace: Trace,
        reproduced: bool,
    ) -> Box<Failure> {
        Box::new(Failure {
            test: self.name.to_owned(),
            verdict,
            run: run.number,
            runs: self.runs,
            policy: policy.to_string(),
            seed: run.seed,
            distinct: self.stats.distinct,
            decisions: answers.len(),
            waived: self.core.borrow().rules.waived.clone(),
            faults: self.core.borrow().faults.fired().to_vec(),
            turns: trace.into_turns(),
            replay: super::replay::print(answers),
            reproduced,
        })
    }
}

/// What tells two runs apart: the hash and number of the answers, the turns, and the time at the end.
type Signature = (u64, u64, u64, Time);

/// Returns whether two runs were alike. A crank of many turns counts an empty round otherwise than many cranks do, so
/// only the answers and the time count.
fn same(one: Signature, other: Signature) -> bool {
    (one.0, one.1, one.3) == (other.0, other.1, other.3)
}

/// Returns the machine of a policy at the beginning of a run, for hosts with a loop of their own.
pub(super) fn begun(policy: &Policy, seed: u64) -> Box<dyn Machine> {
    let mut machine = policy.machine();
    machine.begin(&Run {
        // Policies that learn have nothing to learn from, and draw.
        number: super::policy::LATER,
        stream: Stream::new(seed),
        seed,
    });
    machine
}
