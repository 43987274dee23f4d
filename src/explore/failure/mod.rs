//! A failed run, as data and as the report that a person reads.

mod json;
mod report;

use super::item::Item;
use super::shrink::Without;
use super::stats::Stats;
use super::trace::TracedTurn;
use super::verdict::Verdict;
use crate::Time;
use std::path::PathBuf;

/// A run that has failed, in the smallest form that was found. Its text is the report: equal for equal seeds, byte for
/// byte.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// The name of the test.
    pub test: String,
    /// What failed.
    pub verdict: Verdict,
    /// The number of the run, from 0.
    pub run: u64,
    /// How many runs there were to be.
    pub runs: u64,
    /// The policy of the run.
    pub policy: String,
    /// The seed of the run.
    pub seed: u64,
    /// What this process had come through by then. It differs where a search is divided, and is no part of the report.
    pub stats: Stats,
    /// How many decisions the run had.
    pub decisions: usize,
    /// By what the smallest form differs from production; empty if production order fails. See [`Failure::replay`]
    /// where items cannot express the failure.
    pub items: Vec<Explained>,
    /// How many answers of the smallest form are not that of production, if items cannot express it.
    pub answers: Option<usize>,
    /// The re-runs that shrinking took.
    pub reruns: u32,
    /// Whether the failure came back whenever its smallest form was run.
    pub reproduced: bool,
    /// How often it came back, and of how many times.
    pub repeats: (u32, u32),
    /// The numbers of two turns, from 1: if they are swapped, the run passes.
    pub swap: Option<(u64, u64)>,
    /// The number of a turn, from 1, and in words a turn that the run never comes to: with the latter in front, the
    /// run passes.
    pub before: Option<(u64, String)>,
    /// The first turns that differ in two runs with the same answers, if the failure did not come back.
    pub difference: Option<(String, String)>,
    /// Held works that had a turn nevertheless, because nothing else could go on, in order.
    pub waived: Vec<String>,
    /// The turns of the smallest form.
    pub turns: Vec<TracedTurn>,
    /// The virtual time at its end.
    pub end: Time,
    /// The smallest form as text, for `CRANK_REPLAY` or [`Explore::replay`](super::Explore::replay).
    pub replay: String,
    /// The file in which the failure is kept, if there is a corpus.
    pub saved: Option<PathBuf>,
    pub(super) trace: TraceForm,
}

/// An item of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explained {
    /// The item.
    pub item: Item,
    /// The item in words, in which messages of a link arrive and works have turns.
    pub sentence: String,
    /// What happens without it.
    pub without: Without,
    /// Whether nothing in the run matched it: the program has changed since it was saved.
    pub is_stale: bool,
}

impl std::error::Error for Failure {}

/// How much of a trace a report has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TraceForm {
    None,
    /// The turns that matter, and what is next to them.
    #[default]
    Short,
    Full,
    Json,
}

impl TraceForm {
    pub fn from_name(name: &str) -> Option<TraceForm> {
        Some(match name {
            "none" => TraceForm::None,
            "short" => TraceForm::Short,
            "full" => TraceForm::Full,
            "json" => TraceForm::Json,
            _ => return None,
        })
    }
}
