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
use super::item::{Item, Plan, Step, words};
use super::trace::{Trace, TracedTurn};
use super::verdict::Verdict;
use crate::Time;
use lab::{Lab, Tried};

/// So many runs look for works that the record does not know.
const COMPLETED: u32 = 3;

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
    /// A turn, from 0, and one that the run never comes to: with the latter in front, the run passes.
    pub before: Option<(usize, Step)>,
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
            before: None,
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
                sentence: words(item, |name| self.outcome.trace.is_link(name)),
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
        if let Some((place, _)) = self.before {
            turns[place].is_marked = true;
        }
        turns
    }

    /// Returns the number of a turn, from 1, and in words the one that has to be in front of it.
    pub fn before(&self) -> Option<(u64, String)> {
        let (place, Step { work, turn }) = self.before.as_ref()?;
        let words = match self.outcome.trace.is_link(work) {
            true => format!("arrival {turn} of {work}"),
            false => format!("turn {turn} of {work}"),
        };
        Some((*place as u64 + 1, words))
    }
}

/// Shrinks a failure, with so many re-runs besides the last two.
pub(super) fn shrink(runs: &mut dyn Runs, found: Found<'_>, budget: u32) -> Shrunk {
    let mut lab = Lab::new(runs, found.verdict, budget);
    // The record is a re-run, too.
    lab.used = 1;
    if let Some(all) = all_items(&mut lab, &found.record.trace, found.seed) {
        return by_items(lab, all);
    }
    if !lab.has_budget() {
        return as_answers(lab, found.answers.to_vec(), Some(found.record));
    }
    let answers = answers::shrink(&mut lab, found.answers);
    if lab.has_budget() {
        // With fewer answers the run is closer to production order, and may need no order at all.
        let nearer = lab.rerun_answers(&answers);
        if let Some(all) = all_items(&mut lab, &nearer.trace, found.seed) {
            return by_items(lab, all);
        }
    }
    as_answers(lab, answers, None)
}

fn by_items(mut lab: Lab<'_>, all: Vec<Item>) -> Shrunk {
    let items = smallest(&mut lab, all);
    explained(lab, items)
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

/// Returns items with which the run fails. The usual seed is tried before its own, so that the text need not have one.
fn all_items(lab: &mut Lab<'_>, trace: &Trace, own: u64) -> Option<Vec<Item>> {
    let lists = lists(trace);
    for seed in [None, Some(own)] {
        lab.set_seed(seed);
        let mut lists = lists.iter();
        if let Some(items) = lists.find_map(|items| completed(lab, trace, items.clone())) {
            return Some(items);
        }
    }
    None
}

/// Returns the lists of items that may give the recorded run, the best first.
fn lists(trace: &Trace) -> Vec<Vec<Item>> {
    let pending = items::of_pending(trace);
    let mut lists = Vec::new();
    let few = (!trace.has_passed_parts).then(|| items::of_passed(trace));
    for order in few.into_iter().chain([items::of_all(trace)]) {
        // Works of a node that is down have turns coming, too, and a hold of these may change what faults alone give.
        lists.push([order.clone(), pending.clone()].concat());
        lists.push(order);
    }
    let mut kept: Vec<Vec<Item>> = Vec::new();
    for items in lists {
        if !kept.contains(&items) {
            kept.push(items);
        }
    }
    kept
}

/// Returns the items, and holds for works that the record does not know, if the run fails with them. A node that was
/// not picked before the failure was never asked for its works, but without holds they have turns in front of it.
fn completed(lab: &mut Lab<'_>, record: &Trace, mut items: Vec<Item>) -> Option<Vec<Item>> {
    for _ in 0..COMPLETED {
        let more = match lab.tried(&items) {
            Tried::Fails => return Some(items),
            Tried::Not(trace) => items::of_unknown(record, &trace, &items),
            Tried::NoBudget => return None,
        };
        if more.is_empty() {
            return None;
        }
        items.extend(more);
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
        weaken::advance(lab, &mut items);
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
    let first = swap.as_ref().and_then(|swap| swap.first(&outcome.trace));
    let second = swap.and_then(|swap| Some((first?, swap.second)));
    let found = second.as_ref().and_then(|(first, second)| {
        let place = outcome.trace.find(&second.work, second.turn)?;
        Some((*first, place))
    });
    Shrunk {
        without,
        swap: found,
        before: second.filter(|_| found.is_none()),
        reruns: lab.used,
        repeats: (back[0] + back[1], 2),
        outcome,
        form: Form::Plan(Plan {
            seed: lab.seed,
            items,
        }),
    }
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
        before: None,
        reruns: lab.used,
        repeats,
        outcome,
    }
}
