//! What happened in a run, turn by turn.

use crate::{Subject, Time, Turned, WorkState};
use std::collections::VecDeque;
use std::fmt;

/// The most turns that are kept.
pub(super) const KEPT: usize = 40;

/// One turn of a work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedTurn {
    /// The number of the turn in the run, from 1.
    pub number: u64,
    /// The virtual time.
    pub time: Time,
    /// The node, if there are several.
    pub node: Option<String>,
    /// The name path of the work.
    pub work: String,
    /// The number of the work's turn.
    pub turn: u32,
    /// The last label that the work gave in the turn.
    pub step: Option<&'static str>,
    /// The state of the work after the turn; `None` if the turn did not come to its end, or the work is gone.
    pub state: Option<WorkState>,
}

impl fmt::Display for TracedTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let work = match &self.node {
            Some(node) => format!("{node}:{}", self.work),
            None => self.work.clone(),
        };
        write!(
            f,
            "{:>7}  {}  {work:<20} turn {}",
            self.number, self.time, self.turn
        )?;
        if let Some(step) = self.step {
            write!(f, " ({step})")?;
        }
        match self.state {
            Some(state) => write!(f, " -> {state:?}"),
            None => Ok(()),
        }
    }
}

/// The turns of a run: the last ones, and all as text.
#[derive(Default)]
pub(super) struct Trace {
    nodes: Vec<String>,
    turns: VecDeque<TracedTurn>,
    count: u64,
    now: Time,
    /// All turns that came to their end, for a comparison.
    lines: Vec<String>,
}

impl Trace {
    pub fn add_node(&mut self, name: &str) {
        self.nodes.push(name.to_owned());
    }

    /// Enters a turn before it comes, since it may panic.
    pub fn turn_begins(&mut self, node: u64, work: &Subject<'_>) {
        self.count += 1;
        if self.turns.len() == KEPT {
            self.turns.pop_front();
        }
        let node = self
            .nodes
            .get(node as usize)
            .filter(|_| self.nodes.len() > 1);
        self.turns.push_back(TracedTurn {
            number: self.count,
            time: self.now,
            node: node.cloned(),
            work: work.path(),
            turn: work.candidate().turn,
            step: None,
            state: None,
        });
    }

    /// Sets the time of the turns that come.
    pub fn set_now(&mut self, now: Time) {
        self.now = now;
    }

    /// Notes what the turn led to.
    pub fn turned(&mut self, turn: Turned) {
        if let Some(last) = self.turns.back_mut() {
            (last.time, last.step, last.state) = (turn.now, turn.step, turn.state);
            self.lines.push(last.to_string());
        }
    }

    pub fn into_turns(self) -> Vec<TracedTurn> {
        self.turns.into()
    }
}

/// Returns the first turns in which two traces differ, as text.
pub(super) fn first_difference(one: &Trace, other: &Trace) -> (String, String) {
    let (one, other) = (&one.lines, &other.lines);
    let place = (0..one.len().max(other.len())).find(|&place| one.get(place) != other.get(place));
    let line = |lines: &[String]| {
        let line = place.and_then(|place| lines.get(place));
        line.map_or_else(|| String::from("(nothing)"), |line| line.trim().to_owned())
    };
    (line(one), line(other))
}
