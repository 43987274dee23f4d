//! The application of a scenario: its clock, and all that a judge wants to know afterwards.

use super::script::{Hook, State, States};
use crate::units::at_ms;
use crankwork::{Time, WorkEvent, WorkId, WorkState};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Stage {
    /// The virtual clock; turns move it.
    pub clock_ms: u64,
    /// The works in the order of their turns.
    pub runs: Vec<String>,
    /// Attempts of each leaf in the whole entry.
    pub attempts: BTreeMap<String, u64>,
    pub backoffs: BTreeMap<String, Vec<u64>>,
    /// The most children of each parent that were unsettled at a time.
    pub most_in_flight: BTreeMap<String, usize>,
    in_flight: BTreeMap<String, BTreeSet<String>>,
    counts: BTreeMap<(String, Hook), u64>,
    states: BTreeMap<String, (WorkId, WorkState)>,
}

impl Stage {
    pub fn now(&self) -> Time {
        at_ms(self.clock_ms)
    }

    /// A hook has been called.
    pub fn count(&mut self, work: &str, hook: Hook) {
        *self.counts.entry((work.to_owned(), hook)).or_default() += 1;
        if hook == Hook::Run {
            self.runs.push(work.to_owned());
        }
    }

    pub fn counted(&self, work: &str, hook: Hook) -> u64 {
        let count = self.counts.get(&(work.to_owned(), hook));
        count.copied().unwrap_or(0)
    }

    /// Takes note of a change of state; `parent` is that of the work.
    pub fn saw(&mut self, event: &WorkEvent, parent: Option<&str>) {
        let name = event.name.to_string();
        if let Some(parent) = parent {
            let live = self.in_flight.entry(parent.to_owned()).or_default();
            match event.state.is_settled() {
                true => live.remove(&name),
                false => live.insert(name.clone()),
            };
            let most = self.most_in_flight.entry(parent.to_owned()).or_default();
            *most = live.len().max(*most);
        }
        self.states.insert(name, (event.id, event.state));
    }

    /// The last work of that name.
    pub fn id(&self, work: &str) -> Option<WorkId> {
        self.states.get(work).map(|&(id, _)| id)
    }

    /// Its state; `None` if it was never added.
    pub fn state(&self, work: &str) -> Option<WorkState> {
        self.states.get(work).map(|&(_, state)| state)
    }

    pub fn is_settled(&self, work: &str) -> bool {
        self.state(work).is_some_and(WorkState::is_settled)
    }

    /// Whether the work is in one of these states, in the words of the vocabulary.
    pub fn is_in(&self, work: &str, states: &States) -> bool {
        let state = self.state(work);
        let ran = self.counted(work, Hook::Run) > 0;
        states.0.iter().any(|&word| means(word, state, ran))
    }
}

/// Whether the word means that state; `ran` says whether the work ever had a turn.
fn means(word: State, state: Option<WorkState>, ran: bool) -> bool {
    use WorkState::*;
    match word {
        State::Success => state == Some(Success),
        State::Failed => state == Some(Failed),
        // Given up for another's failure is Cancelled there, and Blocked here.
        State::Cancelled => matches!(state, Some(Cancelled | Blocked)),
        State::Waiting => matches!(state, Some(Waiting | Joining | Retrying)),
        State::Running => matches!(state, Some(Running | Queued | Aborting)),
        State::Pending => !ran && !matches!(state, Some(Success | Failed)),
    }
}
