//! From a run that has failed to its failure: it is repeated, shrunk, and saved.

use super::replays::Reruns;
use super::running::{Failed, Program, Search};
use crate::explore::failure::Failure;
use crate::explore::given;
use crate::explore::shrink::{Form, Found, Outcome, Shrunk, shrink};
use crate::explore::trace::first_difference;
use crate::explore::verdict::Verdict;
use std::fmt::Display;

/// What a report says of the run in which a failure was found.
pub(super) struct About<'a> {
    pub number: u64,
    pub seed: u64,
    pub policy: &'a dyn Display,
    pub decisions: usize,
}

impl Search<'_> {
    /// Returns the failure of a run in the smallest form that is found.
    pub(super) fn failure(&mut self, failed: Failed, program: Program<'_>) -> Box<Failure> {
        let Failed {
            run,
            policy,
            verdict,
            answers,
        } = failed;
        let about = About {
            number: run.number,
            seed: run.seed,
            policy: &policy,
            decisions: answers.len(),
        };
        // Another thread may have had the run, and its faults are those of its seed.
        self.draw_faults(&run);
        let record = self.rerun_answers(run.seed, &answers, program);
        if let Verdict::Nondeterminism(..) = verdict {
            return self.report(about, verdict, Shrunk::not_back(&answers, record));
        }
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
        let budget = self.setup.shrink;
        let mut reruns = Reruns {
            search: self,
            program,
            seed: run.seed,
        };
        let shrunk = shrink(&mut reruns, found, budget);
        self.sim.limits = self.setup.limits;
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
            test: self.setup.name.to_owned(),
            verdict,
            run: about.number,
            runs: self.setup.runs,
            policy: about.policy.to_string(),
            seed: about.seed,
            stats: self.stats.clone(),
            decisions: about.decisions,
            answers,
            reruns: shrunk.reruns,
            reproduced: shrunk.repeats.0 == shrunk.repeats.1,
            repeats: shrunk.repeats,
            swap: shrunk
                .swap
                .map(|(one, other)| (one as u64 + 1, other as u64 + 1)),
            before: shrunk.before(),
            turns: shrunk.turns(),
            items: shrunk.explained(),
            end: shrunk.outcome.now,
            waived: shrunk.outcome.waived,
            difference: None,
            replay,
            saved: None,
            trace: self.setup.trace,
        })
    }
}
