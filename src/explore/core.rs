//! What the simulation and the deciders of its nodes share: the policy at work, the recording, and the rules of the
//! test.

use super::faults::Injector;
use super::item::Item;
use super::names::Names;
use super::point::{Answers, Kind, Point, key_in};
use super::policy::{Machine, Run};
use super::rules::{Led, NO_NODE, Rules};
use super::trace::Trace;
use crate::{
    Decider, Decision, DecisionKind, Draws, Interference, Stream, Subject, Turned, Wants, WorkState,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The shared part of one search.
pub(super) struct Core {
    /// The policy at work.
    pub machine: Box<dyn Machine>,
    /// The stream of the present run, and its answers unless the host goes on for ever.
    pub draws: Rc<Draws>,
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
    pub fn new(machine: Box<dyn Machine>, draws: Draws) -> Self {
        Core {
            machine,
            draws: Rc::new(draws),
            rules: Rules::default(),
            faults: Injector::default(),
            restartable: BTreeSet::new(),
            names: Names::default(),
            trace: None,
            wants: Wants::NOTHING,
            is_by_name: false,
        }
    }

    /// Lets the policy begin a run. Returns false if there is no order left.
    #[inline]
    pub fn begin(&mut self, run: &Run) -> bool {
        let mut stream = Stream::new(run.seed);
        let is_one = self.machine.begin(run, &mut stream);
        self.draws.set_stream(stream);
        is_one
    }

    /// Prepares a run.
    #[inline]
    pub fn reset(&mut self) {
        self.draws.clear();
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

    /// Returns whether engines draw orders themselves in the present run.
    #[inline]
    pub fn is_drawn(&self) -> bool {
        self.machine.is_even() && !self.is_by_name
    }

    /// Returns what engines draw orders from in the present run, if they do so themselves.
    pub fn draws(&self) -> Option<Rc<Draws>> {
        self.is_drawn().then(|| Rc::clone(&self.draws))
    }

    /// Picks an answer, and records it.
    #[inline]
    pub fn pick(&mut self, point: &Point<'_>) -> usize {
        let mut stream = self.draws.take_stream();
        let answer = self.machine.pick(point, &mut stream);
        self.draws.set_stream(stream);
        let mut answer = answer.min(point.arity - 1);
        if self.is_by_name {
            answer = self.pick_by_name(point, answer);
        }
        self.draws.record(answer, point.arity);
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
    /// What the engine draws orders from, if the policy looks at no candidate.
    pub draws: Option<Rc<Draws>>,
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

    fn draws(&self) -> Option<Rc<Draws>> {
        self.draws.clone()
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
