//! The runs of a search: one program under a policy, and what comes of it.

use super::division::{Part, Shareable, all_runs};
use super::setup::Setup;
use crate::explore::core::{Core, Shared};
use crate::explore::env::Determinism;
use crate::explore::failure::Failure;
use crate::explore::panics::caught;
use crate::explore::policy::{self, Policy, Run};
use crate::explore::sim::Sim;
use crate::explore::stats::Stats;
use crate::explore::trace::first_difference;
use crate::explore::verdict::Verdict;
use crate::{Draws, Stream, Time};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One run in so many is repeated, to see whether the program does the same with the same answers.
const REPEATED: u64 = 64;

/// The most kinds of failures that one search tells apart.
const KINDS: usize = 64;

pub(super) type Program<'a> = &'a dyn Fn(&mut Sim);

/// When a search ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// With the first failure.
    Failure,
    /// With the last run; the first failure of each kind counts.
    Kinds,
    /// With the last run; failures are only counted.
    Count,
}

impl Ending {
    /// Returns how many failures it wants.
    pub fn most(self) -> usize {
        match self {
            Ending::Failure => 1,
            Ending::Kinds => KINDS,
            Ending::Count => 0,
        }
    }
}

/// A run that has failed, with all that repeats it.
pub(super) struct Failed {
    pub run: Run,
    pub policy: Policy,
    pub verdict: Verdict,
    pub answers: Vec<u32>,
}

impl Failed {
    pub fn is_like(&self, other: &Failed) -> bool {
        self.verdict.is_like(&other.verdict)
    }
}

/// A search under way, on one thread.
pub(super) struct Search<'a> {
    pub(super) setup: &'a Setup<'a>,
    pub(super) core: Shared,
    pub(super) sim: Sim,
    pub(super) stats: Stats,
}

impl<'a> Search<'a> {
    pub fn new(setup: &'a Setup<'a>) -> Self {
        let draws = Draws::recorded(Stream::default());
        let mut core = Core::new(setup.policy.machine(), draws);
        core.faults.allow(setup.faults.clone());
        let core = Rc::new(RefCell::new(core));
        Search {
            setup,
            sim: Sim::new(Rc::clone(&core), setup.limits),
            core,
            stats: Stats::default(),
        }
    }

    pub fn go(&mut self, program: Shareable<'_>) -> Result<Stats, Box<Failure>> {
        if let Some(given) = self.setup.given.clone() {
            self.replay_given(given, program)?;
            return Ok(self.stats_at_the_end());
        }
        self.replay_saved(program)?;
        let ending = match self.setup.keeps_going {
            true => Ending::Kinds,
            false => Ending::Failure,
        };
        let mut first = None;
        for failed in all_runs(self, ending, program) {
            let failure = self.failure(failed, program);
            if ending == Ending::Kinds {
                println!("{}", failure.json_line());
            }
            first.get_or_insert(failure);
        }
        match first {
            Some(failure) => Err(failure),
            None => Ok(self.stats_at_the_end()),
        }
    }

    /// Goes through all runs, and counts those that fail.
    pub fn survey(&mut self, program: Shareable<'_>) -> Stats {
        match self.setup.given.clone() {
            Some(given) => self.survey_given(given, program),
            None => drop(all_runs(self, Ending::Count, program)),
        }
        self.stats_at_the_end()
    }

    /// Does the runs of one thread, and those from which its policy learns. `first` has the number of the first run
    /// that has failed on any thread.
    pub fn own_runs(
        &mut self,
        part: Part,
        ending: Ending,
        first: &AtomicU64,
        program: Program<'_>,
    ) -> Vec<Failed> {
        let mut failed: Vec<Failed> = Vec::new();
        self.stats.reserve(self.setup.runs);
        for number in 0..self.setup.runs {
            if ending == Ending::Failure && first.load(Ordering::Relaxed) < number {
                break;
            }
            if self.setup.is_out_of_time() {
                self.stats.is_cut_short = true;
                break;
            }
            let is_own = part.owns(number);
            if !is_own && !self.core.borrow().machine.learns_from(number) {
                continue;
            }
            let run = self.setup.run(number);
            let Some(verdict) = self.next_run(&run, program) else {
                break;
            };
            if !is_own {
                continue;
            }
            self.count();
            let Some(it) = self.judged(run, verdict, ending, program) else {
                continue;
            };
            self.stats.count_failure(number, it.verdict.clone());
            first.fetch_min(number, Ordering::Relaxed);
            if failed.len() < ending.most() && !failed.iter().any(|known| known.is_like(&it)) {
                failed.push(it);
            }
        }
        self.stats.sum_up();
        failed
    }

    /// Does the run with this number. Returns `None` if there is no order left, and else how it failed, if it did.
    #[inline]
    fn next_run(&mut self, run: &Run, program: Program<'_>) -> Option<Option<Box<Verdict>>> {
        if !self.begin(run) {
            return None;
        }
        let verdict = self.play(run.seed, program);
        let core = &mut *self.core.borrow_mut();
        core.machine.end();
        core.faults.ended(run.number);
        Some(verdict)
    }

    /// Returns what is to be kept of a run that has failed, or that differs from itself.
    #[inline]
    fn judged(
        &mut self,
        run: Run,
        verdict: Option<Box<Verdict>>,
        ending: Ending,
        program: Program<'_>,
    ) -> Option<Failed> {
        let is_repeated = match self.setup.determinism {
            Determinism::Off => false,
            Determinism::Sample => run.number.is_multiple_of(REPEATED),
            Determinism::All => true,
        };
        if verdict.is_none() && (!is_repeated || ending == Ending::Count) {
            return None;
        }
        let policy = self.core.borrow().machine.policy();
        let answers = self.core.borrow().draws.answers();
        let verdict = match verdict {
            Some(verdict) => *verdict,
            None => self.difference(&run, &answers, program)?,
        };
        Some(Failed {
            run,
            policy,
            verdict,
            answers,
        })
    }

    /// Draws the faults of a run, and begins it. Returns false if there is no order left.
    #[inline]
    fn begin(&mut self, run: &Run) -> bool {
        self.draw_faults(run);
        self.core.borrow_mut().begin(run)
    }

    #[inline]
    pub(super) fn draw_faults(&mut self, run: &Run) {
        let faults = &mut self.core.borrow_mut().faults;
        match &self.setup.given_faults {
            Some(given) => faults.fix(given),
            None => faults.swarm(run.number, run.seed),
        }
    }

    pub fn stats_at_the_end(&mut self) -> Stats {
        let sometimes = std::mem::take(&mut self.sim.sometimes);
        self.stats.meet(sometimes);
        self.stats.coverage = self.core.borrow().machine.coverage();
        self.stats.sum_up();
        std::mem::take(&mut self.stats)
    }

    /// Runs the program once.
    #[inline]
    pub(super) fn play(&mut self, seed: u64, program: Program<'_>) -> Option<Box<Verdict>> {
        self.sim.reset(seed);
        let sim = &mut self.sim;
        caught(|| {
            program(sim);
            sim.finish();
        })
    }

    #[inline]
    pub(super) fn count(&mut self) {
        let draws = &self.core.borrow().draws;
        self.stats
            .count(draws.digest(), draws.len() as u64, self.sim.turns);
    }

    fn signature(&self) -> Signature {
        let draws = &self.core.borrow().draws;
        let (turns, now) = (self.sim.turns, self.sim.now);
        (draws.digest(), draws.len() as u64, turns, now)
    }

    /// Repeats a run that has passed. Returns how it differs, if it does.
    fn difference(&mut self, run: &Run, answers: &[u32], program: Program<'_>) -> Option<Verdict> {
        let first = self.signature();
        let outcome = self.rerun_answers(run.seed, answers, program);
        if outcome.verdict.is_none() && same(first, self.signature()) {
            return None;
        }
        // Twice with a record shows where they part, unless they have come to agree.
        let other = self.rerun_answers(run.seed, answers, program);
        let (one, two) = first_difference(&outcome.trace, &other.trace);
        Some(Verdict::Nondeterminism(one, two))
    }
}

/// What tells two runs apart: the hash and number of the answers, the turns, and the time at the end.
type Signature = (u64, u64, u64, Time);

/// Returns whether two runs were alike. A crank of many turns counts an empty round otherwise than many cranks do, so
/// only the answers and the time count.
fn same(one: Signature, other: Signature) -> bool {
    (one.0, one.1, one.3) == (other.0, other.1, other.3)
}

/// Returns a policy at the beginning of a run, for hosts with a loop of their own.
pub(in crate::explore) fn begun(policy: &Policy, seed: u64) -> Core {
    // Nobody replays it, and a host may go on for ever.
    let mut core = Core::new(policy.machine(), Draws::new(Stream::default()));
    // Policies that learn have nothing to learn from, and draw.
    let number = policy::LATER;
    core.begin(&Run { number, seed });
    core
}
