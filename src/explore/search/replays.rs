//! Runs that are repeated: for shrinking, from a text, and from a corpus.

use super::reports::About;
use super::running::{Program, Search};
use crate::explore::failure::Failure;
use crate::explore::given::Given;
use crate::explore::item::Plan;
use crate::explore::policy::{Machine, Policy, Run};
use crate::explore::shrink::{Outcome, Runs, Shrunk, explain_only};
use crate::explore::trace::Trace;
use crate::explore::verdict::Verdict;

/// The seed of a run by items, unless its text has another. A text may be pasted into a test of another name, so the
/// seed is always this one.
const USUAL: u64 = 0;

/// A re-run may have this many times the turns of the run that has failed, and `MORE` besides. A longer one does not
/// fail as that one did, and a program that goes round and round would take all the time there is.
const TIMES: u64 = 4;
const MORE: u64 = 1_000;

/// What a report calls the policy of such runs.
const REPLAY: &str = "replay";

/// Repeats one program for shrinking.
pub(super) struct Reruns<'s, 'a> {
    pub search: &'s mut Search<'a>,
    pub program: Program<'s>,
    /// The seed of the run that has failed.
    pub seed: u64,
}

impl Runs for Reruns<'_, '_> {
    fn plan(&mut self, plan: &Plan) -> Outcome {
        self.search.rerun_plan(plan, self.program)
    }

    fn answers(&mut self, answers: &[u32]) -> Outcome {
        self.search.rerun_answers(self.seed, answers, self.program)
    }
}

impl Search<'_> {
    /// Runs the program in production order but for the items, with a record.
    fn rerun_plan(&mut self, plan: &Plan, program: Program<'_>) -> Outcome {
        self.core.borrow_mut().set_plan(Some(&plan.items));
        let seed = plan.seed.unwrap_or(USUAL);
        let outcome = self.rerun(seed, Policy::Fifo.machine(), program);
        self.core.borrow_mut().set_plan(None);
        outcome
    }

    /// Bounds the re-runs of a run that has failed in so many turns.
    pub(super) fn bound_reruns(&mut self, verdict: &Verdict) {
        let limits = &mut self.sim.limits;
        // A run that is cut off passes if the test says so, and then nothing can be told from it.
        if limits.fails && !matches!(verdict, Verdict::TurnLimit(_)) {
            limits.turns = limits.turns.min(TIMES * self.sim.turns + MORE);
        }
    }

    /// Repeats a run by its answers, with a record.
    pub(super) fn rerun_answers(
        &mut self,
        seed: u64,
        answers: &[u32],
        program: Program<'_>,
    ) -> Outcome {
        let machine = Policy::Replay(answers.to_vec()).machine();
        self.rerun(seed, machine, program)
    }

    fn rerun(&mut self, seed: u64, machine: Box<dyn Machine>, program: Program<'_>) -> Outcome {
        let own = {
            let mut core = self.core.borrow_mut();
            core.trace = Some(Trace::default());
            let own = std::mem::replace(&mut core.machine, machine);
            core.begin(&Run { number: 0, seed });
            own
        };
        let verdict = self.play(seed, program).map(|verdict| *verdict);
        let core = &mut *self.core.borrow_mut();
        core.machine = own;
        let mut trace = core.trace.take().unwrap_or_default();
        trace.note_faults(core.faults.fired());
        trace.end(std::mem::take(&mut core.names));
        Outcome {
            verdict,
            trace,
            waived: core.rules.waived.clone(),
            stale: core.rules.stale(&core.faults.unmatched()),
            now: self.sim.now,
        }
    }

    /// Runs what a text says.
    pub(super) fn replay_given(
        &mut self,
        given: Result<Given, String>,
        program: Program<'_>,
    ) -> Result<(), Box<Failure>> {
        match given {
            Ok(given) => self.replay(&given, REPLAY, program),
            Err(why) => Err(self.unreadable(why)),
        }
    }

    /// Runs what a text says, once, and counts a failure.
    pub(super) fn survey_given(&mut self, given: Result<Given, String>, program: Program<'_>) {
        let verdict = match &given {
            Ok(given) => {
                let (outcome, _) = self.run_given(given, program);
                self.note_stale(given, &outcome);
                outcome.verdict
            }
            Err(why) => Some(Verdict::Unreadable(why.clone())),
        };
        if let Some(verdict) = verdict {
            self.stats.count_failure(0, verdict);
        }
    }

    /// Runs what is given, and counts the run. Returns the seed, too.
    fn run_given(&mut self, given: &Given, program: Program<'_>) -> (Outcome, u64) {
        let (outcome, seed) = match given {
            Given::Plan(plan) => (self.rerun_plan(plan, program), plan.seed.unwrap_or(USUAL)),
            Given::Answers(seed, answers, faults) => {
                let seed = seed.unwrap_or(USUAL);
                self.core.borrow_mut().faults.fix(faults);
                (self.rerun_answers(seed, answers, program), seed)
            }
        };
        self.count();
        (outcome, seed)
    }

    /// Runs the saved failures of the test.
    pub(super) fn replay_saved(&mut self, program: Program<'_>) -> Result<(), Box<Failure>> {
        let Some(corpus) = self.setup.corpus.clone() else {
            return Ok(());
        };
        let saved = corpus.read();
        let saved = saved.map_err(|why| self.unreadable(format!("the corpus: {why}")))?;
        for (path, text) in saved {
            let given = Given::of_file(&text);
            let given =
                given.map_err(|why| self.unreadable(format!("{}: {why}", path.display())))?;
            let replayed = self.replay(&given, &format!("saved in {}", path.display()), program);
            replayed.map_err(|mut failure| {
                failure.saved = Some(path);
                failure
            })?;
        }
        Ok(())
    }

    fn replay(
        &mut self,
        given: &Given,
        policy: &str,
        program: Program<'_>,
    ) -> Result<(), Box<Failure>> {
        let (outcome, seed) = self.run_given(given, program);
        let about = About {
            number: 0,
            seed,
            policy: &policy,
            decisions: self.core.borrow().draws.len(),
        };
        let Some(verdict) = outcome.verdict.clone() else {
            self.note_stale(given, &outcome);
            return Ok(());
        };
        self.bound_reruns(&verdict);
        let budget = self.setup.shrink;
        let shrunk = match given {
            Given::Plan(plan) => {
                let mut reruns = Reruns {
                    search: self,
                    program,
                    seed,
                };
                explain_only(&mut reruns, &verdict, plan, budget)
            }
            Given::Answers(_, answers, _) => Shrunk::unchanged(answers, outcome),
        };
        Err(self.report(about, verdict, shrunk))
    }

    fn note_stale(&mut self, given: &Given, outcome: &Outcome) {
        if let Given::Plan(plan) = given {
            let stale = outcome
                .stale
                .iter()
                .map(|&number| plan.items[number].clone());
            self.stats.stale.extend(stale);
        }
        for item in &self.stats.stale {
            eprintln!(
                "{}: nothing matches the item of its replay: {item}",
                self.setup.name
            );
        }
    }

    fn unreadable(&self, why: String) -> Box<Failure> {
        let about = About {
            number: 0,
            seed: USUAL,
            policy: &REPLAY,
            decisions: 0,
        };
        let outcome = Outcome::default();
        self.report(
            about,
            Verdict::Unreadable(why),
            Shrunk::unchanged(&[], outcome),
        )
    }

    /// Saves a failure in the corpus, if there is one.
    pub(super) fn save(&self, failure: &mut Failure) {
        let (Some(corpus), true) = (&self.setup.corpus, failure.reproduced) else {
            return;
        };
        let comment = format!("{}: {}", failure.test, failure.verdict);
        match corpus.save(&failure.replay, &comment) {
            Ok(path) => failure.saved = Some(path),
            Err(why) => eprintln!("{}: the failure cannot be saved: {why}", failure.test),
        }
    }
}
