//! What a test says about single works: guards, holds, and attempts that fail.
//!
//! Works are named by their paths, since most are not there yet when the test speaks of them. A path is text, so each
//! key is looked up once.

use super::item::Until;
use crate::{Interference, Subject, Turned, WorkState};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A work waits before one of its turns.
struct Hold {
    work: Rc<str>,
    turn: u32,
    other: Rc<str>,
    until: Until,
    is_over: bool,
}

/// The condition of a guard, as it was before the present turn.
struct Guard {
    node: u64,
    work: Rc<str>,
    is_open: bool,
}

/// The rules of one run.
#[derive(Default)]
pub(super) struct Rules {
    guards: Vec<Guard>,
    holds: Vec<Hold>,
    /// Works whose attempt fails instead of the turn with that number, and whether it has.
    fails: Vec<(Rc<str>, u32, bool)>,
    /// Held works that had their turn nevertheless.
    pub waived: Vec<String>,
    /// The paths of works by node and key.
    paths: BTreeMap<(u64, u64), Rc<str>>,
}

impl Rules {
    pub fn clear(&mut self) {
        // Most runs have no rules, and the drop of an empty map costs more than the look.
        if !self.guards.is_empty()
            || !self.paths.is_empty()
            || !self.holds.is_empty()
            || !self.fails.is_empty()
        {
            *self = Rules::default();
        }
    }

    /// Adds a guard, and returns its number.
    pub fn guard(&mut self, node: u64, work: &str) -> usize {
        self.guards.push(Guard {
            node,
            work: work.into(),
            is_open: true,
        });
        self.guards.len() - 1
    }

    pub fn set_open(&mut self, guard: usize, is_open: bool) {
        self.guards[guard].is_open = is_open;
    }

    pub fn hold(&mut self, work: &str, turn: u32, other: &str, until: Until) {
        self.holds.push(Hold {
            work: work.into(),
            turn,
            other: other.into(),
            until,
            is_over: false,
        });
    }

    pub fn fail(&mut self, work: &str, turn: u32) {
        self.fails.push((work.into(), turn, false));
    }

    fn path(&mut self, node: u64, work: &Subject<'_>) -> Rc<str> {
        let key = (node, work.candidate().key);
        Rc::clone(self.paths.entry(key).or_insert_with(|| work.path().into()))
    }

    pub fn is_enabled(&mut self, node: u64, work: &Subject<'_>) -> bool {
        let path = self.path(node, work);
        let mut guards = self.guards.iter();
        guards.all(|guard| guard.is_open || guard.node != node || guard.work != path)
    }

    pub fn is_held(&mut self, node: u64, work: &Subject<'_>) -> bool {
        let (path, turn) = (self.path(node, work), work.candidate().turn);
        let mut holds = self.holds.iter();
        holds.any(|hold| !hold.is_over && hold.turn == turn && hold.work == path)
    }

    pub fn interfere(&mut self, node: u64, work: &Subject<'_>) -> Option<Interference> {
        if self.fails.is_empty() {
            return None;
        }
        let (path, turn) = (self.path(node, work), work.candidate().turn);
        let mut fails = self.fails.iter_mut();
        let fail = fails.find(|fail| !fail.2 && fail.1 == turn && fail.0 == path)?;
        fail.2 = true;
        Some(Interference::Fail)
    }

    pub fn turned(&mut self, node: u64, work: &Subject<'_>, turn: Turned) {
        if self.holds.is_empty() {
            return;
        }
        let (path, candidate) = (self.path(node, work), work.candidate());
        for hold in self.holds.iter_mut().filter(|hold| hold.other == path) {
            hold.is_over |= match &hold.until {
                Until::Turn(number) => candidate.turn >= *number,
                Until::End => turn.state.is_none_or(WorkState::is_settled),
                Until::Step(label) => turn.step == Some(label),
                Until::Failed(attempt) => {
                    let failed =
                        matches!(turn.state, Some(WorkState::Retrying | WorkState::Failed));
                    candidate.attempt > *attempt || failed && candidate.attempt == *attempt
                }
            };
        }
    }

    /// Returns the guards that are shut, by the paths of their works.
    pub fn shut(&self) -> impl Iterator<Item = &str> {
        let shut = self.guards.iter().filter(|guard| !guard.is_open);
        shut.map(|guard| &*guard.work)
    }
}
