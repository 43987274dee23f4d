//! What happened in a run, turn by turn: the record from which a failure is explained.
//!
//! Only a failing run is repeated with a record, so other runs pay nothing for it. It is as long as the run, which has
//! a most of turns.

use super::item::{Fault, Item, LATENCY, Site, Step, Tie, Until};
use super::names::Names;
use super::point::{Answers, Point};
use super::rules::Led;
use crate::{Decision, DecisionKind, Interference, Time, Turned, WorkState};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One turn of a work, or one message of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedTurn {
    /// The number of the turn in the run, from 1.
    pub number: u64,
    /// The virtual time.
    pub time: Time,
    /// The name path of the work, with its node in front if there are several; the name of the link.
    pub work: String,
    /// The number of the work's turn, or of the link's message, from 1.
    pub turn: u32,
    /// The last label that the work gave in the turn.
    pub step: Option<&'static str>,
    /// The state of the work after the turn; `None` if the turn did not come to its end, or the work is gone.
    pub state: Option<WorkState>,
    /// What happened instead of the turn.
    pub instead: Option<Interference>,
    /// Whether it is a message of a link.
    pub is_message: bool,
    /// Whether an item of the failure names this turn.
    pub is_marked: bool,
}

impl TracedTurn {
    /// Returns what happened, in words.
    pub(super) fn what(&self) -> String {
        let turn = self.turn;
        let label = self.step.map_or_else(String::new, |it| format!(" ({it})"));
        match (self.instead, self.state) {
            (Some(Interference::Fail), _) => format!("fails instead of turn {turn}"),
            (Some(Interference::Cancel), _) => format!("is cancelled before turn {turn}"),
            (Some(Interference::Late), _) => format!("turn {turn} comes a round late"),
            (None, Some(state)) => format!("turn {turn}{label} -> {state:?}"),
            (None, None) if self.is_message => format!("message {turn}"),
            (None, None) => format!("turn {turn}{label}"),
        }
    }
}

/// A turn in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The number of the work's name.
    pub work: usize,
    pub turn: u32,
    pub attempt: u32,
    pub time: Time,
    pub step: Option<&'static str>,
    pub state: Option<WorkState>,
    pub instead: Option<Interference>,
    /// Whether it is a message of a link.
    pub is_link: bool,
    /// Whether the turn came to its end, which a panic prevents.
    pub is_over: bool,
}

/// The record of a run.
#[derive(Default)]
pub(super) struct Trace {
    pub events: Vec<Event>,
    /// Faults, and answers other than that of production to what is no turn: each with the number of events before it.
    pub answers: Vec<(usize, Item)>,
    /// The turns of works that were ready, each with the number of events before it was.
    pub ready: BTreeMap<(usize, u32), usize>,
    /// Turns that were passed over for one that production would have put later.
    pub passed: BTreeSet<(usize, u32)>,
    /// How many faults have been noted.
    faults: usize,
    /// Whether a node or link was passed over.
    pub has_passed_parts: bool,
    /// The names of works, set at the end.
    names: Names,
    now: Time,
}

impl Trace {
    /// Enters a turn before it comes, since it may panic.
    pub fn turn_begins(&mut self, work: usize, turn: u32, attempt: u32, is_link: bool) {
        self.events.push(Event {
            work,
            turn,
            attempt,
            time: self.now,
            step: None,
            state: None,
            instead: None,
            is_link,
            is_over: false,
        });
    }

    /// Notes that something else happens instead of the turn that was to begin.
    pub fn interfered(&mut self, kind: Interference) {
        if let Some(last) = self.events.last_mut() {
            (last.instead, last.is_over) = (Some(kind), true);
        }
    }

    /// Sets the time of the turns that come.
    pub fn set_now(&mut self, now: Time) {
        self.now = now;
    }

    /// Notes what the turn led to.
    pub fn turned(&mut self, turn: Turned) {
        if let Some(last) = self.events.last_mut() {
            (last.time, last.step, last.state) = (turn.now, turn.step, turn.state);
            last.is_over = true;
        }
    }

    /// Notes that a message has been handed out.
    pub fn delivered(&mut self) {
        if let Some(last) = self.events.last_mut() {
            last.is_over = true;
        }
    }

    /// Notes that a work is ready for a turn.
    pub fn is_ready(&mut self, work: usize, turn: u32) {
        let events = self.events.len();
        self.ready.entry((work, turn)).or_insert(events);
    }

    /// Notes an answer.
    pub fn answered(&mut self, point: &Point<'_>, answer: usize, names: &mut Names) {
        if answer == 0 {
            return;
        }
        let item = match &point.answers {
            Answers::Works(node, decision) => {
                return self.decided(*node, decision, answer, names);
            }
            Answers::Parts(_) => {
                self.has_passed_parts = true;
                return;
            }
            Answers::Messages(link, numbers) => {
                let at = Step::new(*link, numbers[answer] as u32);
                Item::First(Tie::Message, at)
            }
            Answers::Latency(link, number) => {
                let site = Site {
                    at: Step::new(*link, *number),
                    name: String::from(LATENCY),
                    visit: 1,
                };
                Item::Choice(site, answer as u32)
            }
        };
        self.answers.push((self.events.len(), item));
    }

    /// Notes an answer to a decision of an engine.
    fn decided(&mut self, node: u64, decision: &Decision<'_>, answer: usize, names: &mut Names) {
        let mut number = |index: usize| {
            let candidate = decision.candidate(index);
            let work = names.work(node, candidate.key, || decision.path(&candidate));
            (work, candidate)
        };
        let tie = match decision.kind() {
            DecisionKind::Turn => {
                for passed in 0..answer {
                    let (work, candidate) = number(passed);
                    self.passed.insert((work, candidate.turn));
                }
                return;
            }
            DecisionKind::Permit => Some(Tie::Permit),
            DecisionKind::TimerTie => Some(Tie::Timer),
            DecisionKind::Inbox => Some(Tie::Inbox),
            _ => None,
        };
        let (work, candidate) = number(if tie.is_some() { answer } else { 0 });
        let at = names.step(work, candidate.turn);
        let item = match tie {
            Some(tie) => Item::First(tie, at),
            None => {
                let (name, visit) = (decision.site().to_owned(), candidate.visit);
                Item::Choice(Site { at, name, visit }, answer as u32)
            }
        };
        self.answers.push((self.events.len(), item));
    }

    /// Notes the faults that have happened since the last call, given all of the run.
    pub fn note_faults(&mut self, fired: &[Fault]) {
        for fault in fired.iter().skip(self.faults) {
            let item = Item::Fault(fault.clone());
            self.answers.push((self.events.len(), item));
        }
        self.faults = fired.len();
    }

    /// Returns the faults of the run.
    pub fn faults(&self) -> Vec<Item> {
        let items = self.answers.iter().map(|(_, item)| item);
        let faults = items.filter(|item| matches!(item, Item::Fault(_)));
        faults.cloned().collect()
    }

    /// Ends the record: there are no more names.
    pub fn end(&mut self, names: Names) {
        self.names = names;
    }

    /// Returns the full name of a work.
    pub fn name(&self, work: usize) -> &str {
        &self.names.get(work).full
    }

    /// Returns whether a link has that name, as far as the run had to do with it.
    pub fn is_link(&self, name: &str) -> bool {
        self.names.is_link(name)
    }

    /// Returns a turn of a work.
    pub fn step(&self, work: usize, turn: u32) -> Step {
        self.names.step(work, turn)
    }

    /// Returns the full name of the work that an item calls by that name.
    pub fn any_name(&self, name: &str) -> Option<&str> {
        let mut events = self.events.iter();
        let event = events.find(|event| self.names.get(event.work).is(name))?;
        Some(self.name(event.work))
    }

    /// Returns the number of the event with that turn of a work.
    pub fn find(&self, work: &str, turn: u32) -> Option<usize> {
        let mut events = self.events.iter();
        events.position(|event| event.turn == turn && self.names.get(event.work).is(work))
    }

    /// Returns the number of the event at which a hold with that end is over.
    pub fn find_end(&self, other: &str, until: &Until) -> Option<usize> {
        let mut events = self.events.iter();
        events.position(|event| {
            let is_like = event.led().is_some_and(|led| led.reaches(until));
            is_like && self.names.get(event.work).is(other)
        })
    }

    /// Returns the number of events before the work was ready for that turn.
    pub fn ready_for(&self, work: &str, turn: u32) -> usize {
        let mut ready = self.ready.iter();
        let is_this = |of: usize| self.names.get(of).is(work);
        let found = ready.find(|&(&(of, which), _)| which == turn && is_this(of));
        found.map_or(0, |(_, &events)| events)
    }

    /// Returns the turns for a report.
    pub fn turns(&self) -> Vec<TracedTurn> {
        let turns = (1..).zip(&self.events);
        turns
            .map(|(number, event)| TracedTurn {
                number,
                time: event.time,
                work: self.name(event.work).to_owned(),
                turn: event.turn,
                step: event.step,
                state: event.state,
                instead: event.instead,
                is_message: event.is_link,
                is_marked: false,
            })
            .collect()
    }
}

impl Event {
    /// Returns what the turn led to, as the rules heard of it.
    pub fn led(&self) -> Option<Led> {
        let failed = [WorkState::Retrying, WorkState::Failed];
        let is_turn = self.instead.is_none();
        let has_failed = match is_turn {
            true => self.state.is_some_and(|state| failed.contains(&state)),
            false => self.instead == Some(Interference::Fail),
        };
        let is_told = self.is_over && (is_turn || has_failed);
        is_told.then(|| Led {
            turn: if is_turn { self.turn } else { 0 },
            attempt: self.attempt,
            has_ended: is_turn && !self.is_link && self.state.is_none_or(WorkState::is_settled),
            has_failed,
            step: self.step,
        })
    }

    /// Returns the end of a hold that is over with this event; `None` if no hold can wait for it.
    pub fn until(&self) -> Option<Until> {
        match self.instead {
            Some(Interference::Fail) => Some(Until::Failed(self.attempt)),
            Some(_) => None,
            None => self.is_over.then_some(Until::Turn(self.turn)),
        }
    }
}

impl fmt::Display for TracedTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, time, work) = (self.number, self.time, &self.work);
        write!(f, "{number:>5}  {time}  {work:<20}  {}", self.what())
    }
}

/// Returns the first turns in which two traces differ, as text.
pub(super) fn first_difference(one: &Trace, other: &Trace) -> (String, String) {
    let turns = [one.turns(), other.turns()];
    let [one, other] = [&turns[0], &turns[1]];
    let place = (0..one.len().max(other.len())).find(|&place| one.get(place) != other.get(place));
    let line = |turns: &[TracedTurn]| {
        let turn = place.and_then(|place| turns.get(place));
        turn.map_or_else(
            || String::from("(nothing)"),
            |it| it.to_string().trim().to_owned(),
        )
    };
    (line(one), line(other))
}
