//! The runs of a search: one program under a policy, and what comes of it.

use super::Explore;
use super::replays::Reruns;
use crate::explore::core::{Core, Shared};
use crate::explore::corpus::Corpus;
use crate::explore::env::Environment;
use crate::explore::failure::{Failure, TraceForm};
use crate::explore::given::{self, Given};
use crate::explore::item::Item;
use crate::explore::panics::caught;
use crate::explore::policy::{self, Machine, Policy, Run};
use crate::explore::seed::hash;
use crate::explore::shrink::{Form, Found, Outcome, Shrunk, shrink};
use crate::explore::sim::{Limits, Sim};
use crate::explore::stats::Stats;
use crate::explore::trace::first_difference;
use crate::explore::verdict::Verdict;
use crate::{Stream, Time};
use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;

/// One run in so many is repeated, to see whether the program does the same with the same answers.
const REPEATED: u64 = 64;

pub(super) type Program<'a> = &'a dyn Fn(&mut Sim);

/// A run, and how it failed.
type Played = (Run, Option<Verdict>);

/// A search under way.
pub(super) struct Search<'a> {
    settings: &'a Explore,
    pub(super) name: &'a str,
    seed: u64,
    runs: u64,
    policy: Policy,
    pub(super) core: Shared,
    pub(super) sim: Sim,
    pub(super) stats: Stats,
    /// The items of a replay, if one is asked for, or why they cannot be read.
    pub(super) given: Option<Result<Given, String>>,
    /// The faults of a replay by answers.
    given_faults: Option<Vec<Item>>,
    /// The budget of shrinking, in re-runs.
    pub(super) shrink: u32,
    pub(super) corpus: Option<Corpus>,
    trace: TraceForm,
}

impl<'a> Search<'a> {
    pub fn new(settings: &'a Explore, name: &'a str, environment: Environment) -> Self {
        let given = environment.replay.as_ref().or(settings.replay.as_ref());
        let mut given = given.map(|text| Given::read(text));
        let mut seed = environment.seed.or(settings.seed);
        let mut given_faults = None;
        let policy = match &mut given {
            Some(Ok(Given::Answers(own, answers, of_run))) => {
                given_faults = Some(std::mem::take(of_run));
                seed = own.or(seed);
                Policy::Replay(std::mem::take(answers))
            }
            _ => environment
                .policy
                .unwrap_or_else(|| settings.policy.clone()),
        };
        let runs = match (&policy, &given) {
            (Policy::Replay(_) | Policy::Bytes(_), _) | (_, Some(_)) => 1,
            _ => environment.runs.unwrap_or(settings.runs),
        };
        let corpus = environment.corpus.as_ref().or(settings.corpus.as_ref());
        let mut core = Core::new(policy.machine());
        let faults = environment.faults.as_ref().unwrap_or(&settings.faults);
        core.faults.allow(faults.clone());
        let core = Rc::new(RefCell::new(core));
        let limits = Limits {
            turns: settings.turns,
            fails: settings.limit_fails,
            free_rounds: settings.free_rounds,
            settle: settings.settle,
        };
        Search {
            settings,
            name,
            seed: seed.unwrap_or_else(|| hash(0, name.as_bytes())),
            runs,
            policy,
            sim: Sim::new(Rc::clone(&core), limits),
            core,
            stats: Stats::default(),
            given: given.filter(|given| !matches!(given, Ok(Given::Answers(..)))),
            given_faults,
            shrink: environment.shrink.unwrap_or(settings.shrink),
            corpus: corpus.map(|folder| Corpus::new(folder, name)),
            trace: environment.trace.unwrap_or_default(),
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

    pub fn go(&mut self, program: Program<'_>) -> Result<Stats, Box<Failure>> {
        if let Some(given) = self.given.take() {
            self.replay_given(given, program)?;
            return Ok(self.stats_at_the_end());
        }
        self.replay_saved(program)?;
        for number in 0..self.runs {
            let Some((run, verdict)) = self.next_run(number, program) else {
                break;
            };
            let policy = self.core.borrow().machine.policy();
            if let Some(verdict) = verdict {
                return Err(self.failure(&run, &policy, verdict, program));
            }
            if self.settings.checks_determinism && number.is_multiple_of(REPEATED) {
                self.check_determinism(&run, &policy, program)?;
            }
        }
        Ok(self.stats_at_the_end())
    }

    /// Goes through all runs, and counts those that fail.
    pub fn survey(&mut self, program: Program<'_>) -> Stats {
        if let Some(given) = self.given.take() {
            self.shrink = 0;
            if let Err(failure) = self.replay_given(given, program) {
                self.stats.count_failure(0, failure.verdict);
            }
            return self.stats_at_the_end();
        }
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
        if !self.begin(&run) {
            return None;
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

    /// Draws the faults of a run, and begins it. Returns false if there is no order left.
    fn begin(&mut self, run: &Run) -> bool {
        let core = &mut *self.core.borrow_mut();
        match &self.given_faults {
            Some(faults) => core.faults.fix(faults),
            None => core.faults.swarm(run.number, run.seed),
        }
        core.machine.begin(run)
    }

    fn stats_at_the_end(&mut self) -> Stats {
        self.stats.coverage = self.core.borrow().machine.coverage();
        let never = self.sim.sometimes.iter().filter(|it| !it.1);
        self.stats.never = never.map(|it| it.0.clone()).collect();
        std::mem::take(&mut self.stats)
    }

    /// Runs the program once.
    pub(super) fn play(&mut self, seed: u64, program: Program<'_>) -> Option<Verdict> {
        self.sim.reset(seed);
        let sim = &mut self.sim;
        caught(|| {
            program(sim);
            sim.finish();
        })
    }

    pub(super) fn count(&mut self) {
        let core = self.core.borrow();
        self.stats
            .count(core.digest, core.decisions, self.sim.turns);
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
        let outcome = self.rerun_answers(run.seed, &answers, program);
        if outcome.verdict.is_none() && same(first, self.signature()) {
            return Ok(());
        }
        // Twice with a record shows where they part, unless they have come to agree.
        let other = self.rerun_answers(run.seed, &answers, program);
        let (one, two) = first_difference(&outcome.trace, &other.trace);
        let verdict = Verdict::Nondeterminism(one, two);
        let about = About::new(run, policy, &answers);
        Err(self.report(about, verdict, Shrunk::not_back(&answers, outcome)))
    }

    /// Returns the failure of a run in the smallest form that is found.
    fn failure(
        &mut self,
        run: &Run,
        policy: &Policy,
        verdict: Verdict,
        program: Program<'_>,
    ) -> Box<Failure> {
        let answers = self.core.borrow().answers();
        let about = About::new(run, policy, &answers);
        let record = self.rerun_answers(run.seed, &answers, program);
        let is_back = |outcome: &Outcome| {
            let again = outcome.verdict.as_ref();
            again.is_some_and(|again| again.is_like(&verdict))
        };
        if !is_back(&record) {
            let other = self.rerun_answers(run.seed, &answers, program);
            let difference = first_difference(&record.trace, &other.trace);
            let mut failure = self.report(about, verdict, Shrunk::not_back(&answers, record));
            failure.difference = Some(difference).filter(|(one, other)| one != other);
            return failure;
        }
        self.bound_reruns(&verdict);
        let found = Found {
            verdict: &verdict,
            seed: run.seed,
            answers: &answers,
            record,
        };
        let budget = self.shrink;
        let mut reruns = Reruns {
            search: self,
            program,
            seed: run.seed,
        };
        let shrunk = shrink(&mut reruns, found, budget);
        let mut failure = self.report(about, verdict, shrunk);
        self.save(&mut failure);
        failure
    }

    pub(super) fn report(
        &self,
        about: About<'_>,
        verdict: Verdict,
        shrunk: Shrunk,
    ) -> Box<Failure> {
        let replay = match &shrunk.form {
            Form::Plan(plan) => plan.to_string(),
            Form::Answers(answers) => {
                given::print(about.seed, answers, &shrunk.outcome.trace.faults())
            }
        };
        let answers = match &shrunk.form {
            Form::Plan(_) => None,
            Form::Answers(answers) => Some(answers.iter().filter(|&&it| it > 0).count()),
        };
        Box::new(Failure {
            test: self.name.to_owned(),
            verdict,
            run: about.number,
            runs: self.runs,
            policy: about.policy.to_string(),
            seed: about.seed,
            distinct: self.stats.distinct,
            decisions: about.decisions,
            answers,
            reruns: shrunk.reruns,
            reproduced: shrunk.repeats.0 == shrunk.repeats.1,
            repeats: shrunk.repeats,
            swap: shrunk
                .swap
                .map(|(one, other)| (one as u64 + 1, other as u64 + 1)),
            turns: shrunk.turns(),
            items: shrunk.explained(),
            end: shrunk.outcome.now,
            waived: shrunk.outcome.waived,
            difference: None,
            replay,
            saved: None,
            trace: self.trace,
        })
    }
}

/// What a report says of the run in which a failure was found.
pub(super) struct About<'a> {
    pub number: u64,
    pub seed: u64,
    pub policy: &'a dyn Display,
    pub decisions: usize,
}

impl<'a> About<'a> {
    fn new(run: &Run, policy: &'a Policy, answers: &[u32]) -> Self {
        About {
            number: run.number,
            seed: run.seed,
            policy,
            decisions: answers.len(),
        }
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
pub(in crate::explore) fn begun(policy: &Policy, seed: u64) -> Box<dyn Machine> {
    let mut machine = policy.machine();
    machine.begin(&Run {
        // Policies that learn have nothing to learn from, and draw.
        number: policy::LATER,
        stream: Stream::new(seed),
        seed,
    });
    machine
}
