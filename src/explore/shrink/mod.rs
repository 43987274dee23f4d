//! From a failing run to the few items that it needs.
//!
//! 1. The run is repeated with a record, and must fail in the same way.
//! 2. Nothing happens after its last event, and works that had a turn coming wait for that event.
//! 3. The order becomes items: see `items.rs`. With all of them the run must fail.
//! 4. Production order is tried, and then the smallest part of the items is looked for: see `minimal.rs`.
//! 5. Each hold gets the earliest end that is late enough, and an outcome for an end: see `retarget.rs`.
//! 6. Two holds become one, and 7. holds begin later and faults are shorter: see `weaken.rs`.
//! 8. Each item is explained by a run without it, and a swap is named: see `explain.rs`.
//!
//! Each step keeps only what a run has shown to fail in the same way. The budget is a count of re-runs, so the result
//! is the same everywhere. It does not say that the result is the smallest there is.

mod answers;
mod explain;
mod items;
mod lab;
mod minimal;
mod retarget;
mod weaken;

pub use explain::Without;

use super::failure::Explained;
use super::item::{Item, Plan};
use super::trace::{Trace, TracedTurn};
use super::verdict::Verdict;
use crate::Time;
use explain::Swap;
use lab::Lab;

/// What a re-run has come to.
#[derive(Default)]
pub(super) struct Outcome {
    /// How it failed, if it did.
    pub verdict: Option<Verdict>,
    pub trace: Trace,
    /// Held works that had a turn nevertheless.
    pub waived: Vec<String>,
    /// The items that nothing matched, by their numbers.
    pub stale: Vec<usize>,
    /// The virtual time at the end.
    pub now: Time,
}

/// Repeats the program.
pub(super) trait Runs {
    /// Runs the program in production order but for these items.
    fn plan(&mut self, plan: &Plan) -> Outcome;
    /// Runs the program with these answers and the seed of the failing run.
    fn answers(&mut self, answers: &[u32]) -> Outcome;
}

/// A run that has failed.
pub(super) struct Found<'a> {
    pub verdict: &'a Verdict,
    pub seed: u64,
    pub answers: &'a [u32],
    /// Its repeat with a record, which has failed in the same way.
    pub record: Outcome,
}

/// The form in which a failure is kept.
pub(super) enum Form {
    /// Production order but for these items.
    Plan(Plan),
    /// These answers, with the seed of the run.
    Answers(Vec<u32>),
}

/// What has come of shrinking.
pub(super) struct Shrunk {
    pub form: Form,
    /// What happens without each item.
    pub without: Vec<Without>,
    pub swap: Option<(usize, usize)>,
    /// The re-runs that it took.
    pub reruns: u32,
    /// How often the final form failed in the same way, and of how many times.
    pub repeats: (u32, u32),
    /// The last run of the final form.
    pub outcome: Outcome,
}

impl Shrunk {
    /// Returns answers that did not fail again.
    pub fn not_back(answers: &[u32], outcome: Outcome) -> Shrunk {
        Shrunk {
            repeats: (0, 1),
            ..Shrunk::unchanged(answers, outcome)
        }
    }

    /// Returns answers as they were given.
    pub fn unchanged(answers: &[u32], outcome: Outcome) -> Shrunk {
        Shrunk {
            form: Form::Answers(answers.to_vec()),
            without: Vec::new(),
            swap: None,
            reruns: 1,
            repeats: (1, 1),
            outcome,
        }
    }

    /// Returns the items with their explanations.
    pub fn explained(&self) -> Vec<Explained> {
        let Form::Plan(plan) = &self.form else {
            return Vec::new();
        };
        let items = (0..).zip(plan.items.iter().zip(&self.without));
        items
            .map(|(number, (item, without))| Explained {
                item: item.clone(),
                without: without.clone(),
                is_stale: self.outcome.stale.contains(&number),
            })
            .collect()
    }

    /// Returns the turns of the run, with those marked that an item names.
    pub fn turns(&self) -> Vec<TracedTurn> {
        let trace = &self.outcome.trace;
        let mut turns = trace.turns();
        let Form::Plan(plan) = &self.form else {
            return turns;
        };
        for item in &plan.items {
            let at = trace.find(&item.at().work, item.at().turn);
            let end = match item {
                Item::Hold { other, until, .. } => trace.find_end(other, until),
                _ => None,
            };
            for place in at.into_iter().chain(end) {
                turns[place].is_marked = true;
            }
        }
        turns
    }
}

/// Shrinks a failure, with so many re-runs besides the last two.
pub(super) fn shrink(runs: &mut dyn Runs, found: Found<'_>, budget: u32) -> Shrunk {
    let mut lab = Lab::new(runs, found.verdict, budget);
    // The record is a re-run, too.
    lab.used = 1;
    match all_items(&mut lab, &found) {
        Some(all) => {
            let items = smallest(&mut lab, all);
            explained(lab, items)
        }
        None if !lab.has_budget() => as_answers(lab, found.answers.to_vec(), Some(found.record)),
        None => {
            let answers = answers::shrink(&mut lab, found.answers);
            as_answers(lab, answers, None)
        }
    }
}

/// Explains items that have been given, and shrinks nothing.
pub(super) fn explain_only(
    runs: &mut dyn Runs,
    verdict: &Verdict,
    plan: &Plan,
    budget: u32,
) -> Shrunk {
    let mut lab = Lab::new(runs, verdict, budget);
    lab.seed = plan.seed;
    explained(lab, plan.items.clone())
}

/// Returns items with which the run fails. The usual seed is tried first, so that the text need not have one.
fn all_items(lab: &mut Lab<'_>, found: &Found<'_>) -> Option<Vec<Item>> {
    let trace = &found.record.trace;
    let few = match trace.has_passed_parts {
        true => None,
        false => Some(items::of_passed(trace)),
    };
    let all = items::of_all(trace);
    for seed in [None, Some(found.seed)] {
        lab.set_seed(seed);
        for items in few.iter().chain([&all]) {
            if lab.fails(items) {
                return Some(items.clone());
            }
        }
    }
    None
}

/// Steps 4 to 7. What a later step gives away may make an item needless, so they go on until nothing is gained.
fn smallest(lab: &mut Lab<'_>, mut items: Vec<Item>) -> Vec<Item> {
    loop {
        items = needed(lab, &items);
        let before = items.clone();
        retarget::retarget(lab, &mut items);
        retarget::prefer_participants(lab, &mut items);
        weaken::merge(lab, &mut items);
        weaken::weaken(lab, &mut items);
        weaken::shorten(lab, &mut items);
        if items == before || !lab.has_budget() {
            break;
        }
    }
    retarget::anchor(lab, &mut items);
    items
}

/// Returns a smallest part of the items with which the run fails.
fn needed(lab: &mut Lab<'_>, all: &[Item]) -> Vec<Item> {
    let some = |kept: &[usize]| -> Vec<Item> { kept.iter().map(|&it| all[it].clone()).collect() };
    let kept = minimal::minimal(all.len(), &mut |kept| lab.fails(&some(kept)));
    some(&kept)
}

/// Explains the items, and runs them twice more.
fn explained(mut lab: Lab<'_>, items: Vec<Item>) -> Shrunk {
    let without = explain::explain(&mut lab, &items);
    let swap = explain::swap(&mut lab, &items);
    let first = lab.rerun(&items);
    let outcome = lab.rerun(&items);
    let back = [&first, &outcome].map(|it| u32::from(lab.is_like(&it.verdict)));
    let places = swap.and_then(|swap| places(&outcome.trace, &swap));
    Shrunk {
        without,
        swap: places,
        reruns: lab.used,
        repeats: (back[0] + back[1], 2),
        outcome,
        form: Form::Plan(Plan {
            seed: lab.seed,
            items,
        }),
    }
}

/// Returns the numbers of the turns of a swap, from 0.
fn places(trace: &Trace, swap: &Swap) -> Option<(usize, usize)> {
    let first = trace.find_end(&swap.first.0, &swap.first.1)?;
    Some((first, trace.find(&swap.second.0, swap.second.1)?))
}

fn as_answers(mut lab: Lab<'_>, answers: Vec<u32>, record: Option<Outcome>) -> Shrunk {
    let (outcome, repeats) = match record {
        Some(record) => (record, (1, 1)),
        None => {
            let first = lab.rerun_answers(&answers);
            let outcome = lab.rerun_answers(&answers);
            let back = [&first, &outcome].map(|it| u32::from(lab.is_like(&it.verdict)));
            (outcome, (back[0] + back[1], 2))
        }
    };
    Shrunk {
        form: Form::Answers(answers),
        without: Vec::new(),
        swap: None,
        reruns: lab.used,
        repeats,
        outcome,
    }
}
