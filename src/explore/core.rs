//! What the simulation and the deciders of its nodes share: the policy at work, the recording, and the rules of the
//! test.

use super::point::{Answers, Kind, Point, key_in};
use super::policy::{Machine, Recording};
use super::rules::Rules;
use super::trace::Trace;
use crate::{Decider, Decision, Interference, Subject, Turned, Wants};
use std::cell::RefCell;
use std::rc::Rc;

/// The shared part of one search.
pub(super) struct Core {
    /// The policy at work.
    pub machine: Box<dyn Machine>,
    /// The answers of the present run, or nothing for a host that goes on for ever.
    pub recording: Option<Recording>,
    /// A hash of the answers, and of how many there were each time.
    pub digest: u64,
    /// Decisions in the present run.
    pub decisions: u64,
    /// What the test says about single works.
    pub rules: Rules,
    /// What happened, if somebody will read it.
    pub trace: Option<Trace>,
    /// What the deciders want.
    pub wants: Wants,
}

pub(super) type Shared = Rc<RefCell<Core>>;

impl Core {
    pub fn new(machine: Box<dyn Machine>) -> Self {
        Core {
            machine,
            recording: Some(Recording::default()),
            digest: 0,
            decisions: 0,
            rules: Rules::default(),
            trace: None,
            wants: Wants::NOTHING,
        }
    }

    /// Prepares a run.
    pub fn reset(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.clear();
        }
        self.digest = 0;
        self.decisions = 0;
        self.rules.clear();
    }

    /// Returns the answers of the present run.
    pub fn answers(&self) -> Vec<u32> {
        let recording = self.recording.as_ref();
        recording.map_or_else(Vec::new, Recording::answers)
    }

    /// Picks an answer, and records it.
    #[inline]
    pub fn pick(&mut self, point: &Point<'_>) -> usize {
        let answer = self.machine.pick(point).min(point.arity - 1);
        if let Some(recording) = &mut self.recording {
            recording.push(answer, point.arity);
        }
        // A hash of the kind of FNV, since the order of answers matters and nobody attacks it.
        let both = (answer as u64) << 32 | point.arity as u64;
        self.digest = (self.digest ^ both)
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(29);
        self.decisions += 1;
        answer
    }

    /// Picks one of several nodes or links, by their numbers.
    pub fn pick_part(&mut self, parts: &[u64]) -> usize {
        if parts.len() < 2 {
            return 0;
        }
        self.pick(&Point {
            kind: Kind::Turn,
            arity: parts.len(),
            answers: Answers::Parts(parts),
        })
    }
}

/// The decider of one node.
pub(super) struct Hook {
    pub core: Shared,
    /// The number of the node; 0 for the first.
    pub node: u64,
    pub wants: Wants,
}

impl Decider for Hook {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        match Point::of(self.node, decision) {
            Some(point) => self.core.borrow_mut().pick(&point),
            None => 0,
        }
    }

    fn wants(&self) -> Wants {
        self.wants
    }

    fn is_enabled(&mut self, work: &Subject<'_>) -> bool {
        self.core.borrow_mut().rules.is_enabled(self.node, work)
    }

    fn is_held(&mut self, work: &Subject<'_>) -> bool {
        self.core.borrow_mut().rules.is_held(self.node, work)
    }

    fn waived(&mut self, work: &Subject<'_>) {
        self.core.borrow_mut().rules.waived.push(work.path());
    }

    fn interfere(&mut self, work: &Subject<'_>) -> Option<Interference> {
        let core = &mut *self.core.borrow_mut();
        if let Some(trace) = &mut core.trace {
            trace.turn_begins(self.node, work);
        }
        core.rules.interfere(self.node, work)
    }

    fn turned(&mut self, work: &Subject<'_>, turn: Turned) {
        let core = &mut *self.core.borrow_mut();
        core.machine.turn(key_in(self.node, &work.candidate()));
        core.rules.turned(self.node, work, turn);
        if let Some(trace) = &mut core.trace {
            trace.turned(turn);
        }
    }
}
