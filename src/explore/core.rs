//! What the simulation and the deciders of its nodes share: the policy at work, the recording, and the rules of the
//! test.

use super::faults::Injector;
use super::item::Item;
use super::names::Names;
use super::point::{Answers, Kind, Point, key_in};
use super::policy::{Machine, Recording};
use super::rules::{Led, NO_NODE, Rules};
use super::trace::Trace;
use crate::{Decider, Decision, DecisionKind, Interference, Subject, Turned, Wants, WorkState};
use std::cell::RefCell;
use std::collections::BTreeSet;
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
    /// The faults of the present run.
    pub faults: Injector,
    /// The nodes that can start again after a crash.
    pub restartable: BTreeSet<usize>,
    /// The names of works, as far as anybody has asked for them.
    pub names: Names,
    /// What happened, if somebody will read it.
    pub trace: Option<Trace>,
    /// What the deciders want.
    pub wants: Wants,
    /// Whether answers of the present run come from items, or go into a record.
    is_by_name: bool,
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
            faults: Injector::default(),
            restartable: BTreeSet::new(),
            names: Names::default(),
            trace: None,
            wants: Wants::NOTHING,
            is_by_name: false,
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
        // The test has no items that answer, so this is known at the beginning.
        self.is_by_name = self.rules.has_answers || self.trace.is_some();
        self.faults.rewind();
        // An empty tree is dropped in more steps than this takes.
        if !self.restartable.is_empty() {
            self.restartable.clear();
        }
        self.names.clear();
    }

    /// Lets the runs that come have these items and no other faults, until that is taken back.
    pub fn set_plan(&mut self, items: Option<&[Item]>) {
        self.faults.plan(items);
        self.rules.set_plan(items.unwrap_or_default().to_vec());
    }

    /// Returns the answers of the present run.
    pub fn answers(&self) -> Vec<u32> {
        let recording = self.recording.as_ref();
        recording.map_or_else(Vec::new, Recording::answers)
    }

    /// Picks an answer, and records it.
    #[inline(always)]
    pub fn pick(&mut self, point: &Point<'_>) -> usize {
        let mut answer = self.machine.pick(point).min(point.arity - 1);
        if self.is_by_name {
            answer = self.pick_by_name(point, answer);
        }
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

    /// Returns the answer that an item gives, or else that of the policy. Notes it for the record.
    #[cold]
    fn pick_by_name(&mut self, point: &Point<'_>, answer: usize) -> usize {
        let said = match self.rules.has_answers {
            true => self.rules.answer(point, &mut self.names),
            false => None,
        };
        let answer = said.map_or(answer, |said| said.min(point.arity - 1));
        if let Some(trace) = &mut self.trace {
            trace.answered(point, answer, &mut self.names);
        }
        answer
    }

    /// Returns the number of a work's name.
    fn work(&mut self, node: u64, work: &Subject<'_>) -> usize {
        let key = work.candidate().key;
        self.names.work(node, key, || work.path())
    }

    /// Returns whether a hold keeps the next message of a link.
    pub fn is_link_held(&mut self, link: usize, name: &str, message: u32) -> bool {
        let work = self.names.link(link, name);
        if let Some(trace) = &mut self.trace {
            trace.is_ready(work, message);
        }
        !self.rules.is_free(NO_NODE, work, message, &self.names)
    }

    /// Notes a message that is about to be handed out.
    pub fn delivery_begins(&mut self, link: usize, name: &str, message: u32) {
        let work = self.names.link(link, name);
        if let Some(trace) = &mut self.trace {
            trace.turn_begins(work, message, 1, true);
        }
    }

    /// Ends the holds that waited for the message of a link.
    pub fn delivered(&mut self, link: usize, name: &str, message: u32) {
        let work = self.names.link(link, name);
        if let Some(trace) = &mut self.trace {
            trace.delivered();
        }
        if self.rules.has_holds {
            let led = Led {
                turn: message,
                attempt: 1,
                has_ended: false,
                has_failed: false,
                step: None,
            };
            self.rules.turned(NO_NODE, work, &led, &self.names);
        }
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
        if decision.kind() == DecisionKind::Fault {
            return usize::from(self.core.borrow_mut().is_faulty(self.node, decision));
        }
        match Point::of(self.node, decision) {
            Some(point) => self.core.borrow_mut().pick(&point),
            None => 0,
        }
    }

    fn wants(&self) -> Wants {
        self.wants
    }

    fn is_enabled(&mut self, work: &Subject<'_>) -> bool {
        let core = &mut *self.core.borrow_mut();
        let (number, turn) = (core.work(self.node, work), work.candidate().turn);
        if let Some(trace) = &mut core.trace {
            trace.is_ready(number, turn);
        }
        if core.rules.has_holds {
            let id = work.candidate().id;
            core.rules.await_end(self.node, number, id, &core.names);
        }
        let key = core.key(self.node, &work.candidate());
        // Both are asked, since both take note of the works that are ready.
        let is_awake = core.faults.is_awake(self.node, key, turn);
        core.rules.is_free(self.node, number, turn, &core.names) && is_awake
    }

    fn interfere(&mut self, work: &Subject<'_>) -> Option<Interference> {
        let core = &mut *self.core.borrow_mut();
        let kind = core.interference(self.node, work);
        let is_told = kind == Some(Interference::Fail) && core.rules.has_holds;
        if !is_told && core.trace.is_none() {
            return kind;
        }
        let (number, candidate) = (core.work(self.node, work), work.candidate());
        let turn = candidate.turn;
        if is_told {
            let led = Led {
                turn: 0,
                attempt: candidate.attempt,
                has_ended: false,
                has_failed: true,
                step: None,
            };
            core.rules.turned(self.node, number, &led, &core.names);
        }
        if let Some(trace) = &mut core.trace {
            trace.turn_begins(number, turn, candidate.attempt, false);
            if let Some(kind) = kind {
                trace.interfered(kind);
            }
        }
        kind
    }

    fn turned(&mut self, work: &Subject<'_>, turn: Turned) {
        let core = &mut *self.core.borrow_mut();
        let candidate = work.candidate();
        core.machine.turn(key_in(self.node, &candidate));
        if core.rules.has_holds {
            let number = core.work(self.node, work);
            let failed = [WorkState::Retrying, WorkState::Failed];
            let led = Led {
                turn: candidate.turn,
                attempt: candidate.attempt,
                has_ended: turn.state.is_none_or(WorkState::is_settled),
                has_failed: turn.state.is_some_and(|state| failed.contains(&state)),
                step: turn.step,
            };
            core.rules.turned(self.node, number, &led, &core.names);
        }
        if let Some(trace) = &mut core.trace {
            trace.turned(turn);
        }
        core.faults_after(self.node, work, turn);
    }
}
