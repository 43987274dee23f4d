//! One run of a test's program: nodes on one clock, and what must hold.

mod after;
mod hold;
mod network;
mod nodes;
mod processes;
mod running;
mod settle;
mod world;

pub use hold::Hold;
pub use processes::{ProcessFate, ProcessFaults};
pub use world::World;

use super::core::Shared;
use super::item::{Fault, Item, Step};
use super::link::AnyLink;
use super::node::{AnyNode, Node};
use crate::{Time, Wants};
use settle::Settling;
use std::fmt;
use std::time::Duration;

/// A simulation: one or several schedulers on one virtual clock, whose decisions a search makes.
///
/// A test's closure gets it, adds nodes and works, and says what must hold. The run goes on to its end after the
/// closure, unless the closure has called [`Sim::run`] itself.
pub struct Sim {
    pub(super) core: Shared,
    pub(super) nodes: Vec<Box<dyn AnyNode>>,
    /// Nodes of earlier runs, whose memory is used again.
    spare: Vec<Box<dyn AnyNode>>,
    links: Vec<Box<dyn AnyLink>>,
    /// Room for the parts that can go on, so that a step allocates nothing.
    ready: Vec<u64>,
    conditions: Vec<Condition>,
    guards: Vec<(usize, Check)>,
    pub(super) now: Time,
    pub(super) turns: u64,
    /// Nodes with a work that a hold no longer keeps: their engines cannot know.
    freed: Vec<usize>,
    /// Nodes that start again, and when.
    restarts: Vec<(Time, usize)>,
    /// The last progress of the run.
    settling: Settling,
    /// Cranks in a row that gave no turn.
    idle: u32,
    pub(super) limits: Limits,
    pub(super) seed: u64,
    /// Whether the closure has run the simulation.
    has_run: bool,
    /// The names of `sometimes` conditions, and whether any run has met them.
    pub(super) sometimes: Vec<(String, bool)>,
}

/// What bounds one run.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub turns: u64,
    /// Whether a run that has so many turns has failed.
    pub fails: bool,
    pub free_rounds: bool,
    /// How long `eventually` conditions may take without progress once no fault happens any more.
    pub settle: Option<Duration>,
}

type Check = Box<dyn Fn(&World<'_>) -> bool>;

/// When a condition has to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Sometimes(usize),
    AtTheEnd,
}

struct Condition {
    name: String,
    when: When,
    check: Check,
}

/// Prints how far the run is.
impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("nodes", &self.nodes.len())
            .field("now", &self.now)
            .field("turns", &self.turns)
            .finish_non_exhaustive()
    }
}

impl Sim {
    pub(super) fn new(core: Shared, limits: Limits) -> Self {
        Sim {
            core,
            nodes: Vec::new(),
            spare: Vec::new(),
            links: Vec::new(),
            ready: Vec::new(),
            conditions: Vec::new(),
            guards: Vec::new(),
            now: Time::ZERO,
            turns: 0,
            freed: Vec::new(),
            restarts: Vec::new(),
            settling: Settling::default(),
            idle: 0,
            limits,
            seed: 0,
            has_run: false,
            sometimes: Vec::new(),
        }
    }

    /// Forgets the last run, but keeps the memory of its schedulers.
    pub(super) fn reset(&mut self, seed: u64) {
        self.links.clear();
        self.conditions.clear();
        self.guards.clear();
        // What the last run had no use for goes, or programs whose nodes differ from run to run would pile them up.
        self.spare.clear();
        std::mem::swap(&mut self.spare, &mut self.nodes);
        for (number, node) in (0..).zip(&mut self.spare) {
            // Most often the node comes back under its number, and is not reset once more.
            node.clear(seed.wrapping_add(number));
        }
        // The nodes come back in the order in which they were made.
        self.spare.reverse();
        (self.now, self.turns, self.seed) = (Time::ZERO, 0, seed);
        self.has_run = false;
        self.freed.clear();
        self.restarts.clear();
        self.settling = Settling::default();
        self.core.borrow_mut().reset();
    }

    #[inline]
    fn wants(&self) -> Wants {
        let core = self.core.borrow();
        let mut wants = core.rules.wants(core.wants);
        wants.free_rounds = self.limits.free_rounds;
        wants.turns |= core.machine.wants_turns();
        core.faults.add_wants(&mut wants);
        match core.trace {
            Some(_) => wants.turns().guards().interference(),
            None => wants,
        }
    }

    /// Returns the virtual time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Returns the seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    // ---- what must hold ----

    /// Fails the run unless the condition holds after every turn.
    pub fn always(
        &mut self,
        name: impl Into<String>,
        check: impl Fn(&World<'_>) -> bool + 'static,
    ) {
        self.condition(name.into(), When::Always, Box::new(check));
    }

    /// Notes whether the condition holds after any turn of any run. [`Stats`](super::Stats) names those that never did.
    pub fn sometimes(
        &mut self,
        name: impl Into<String>,
        check: impl Fn(&World<'_>) -> bool + 'static,
    ) {
        let name = name.into();
        let known = self.sometimes.iter().position(|(other, _)| *other == name);
        let place = known.unwrap_or_else(|| {
            self.sometimes.push((name.clone(), false));
            self.sometimes.len() - 1
        });
        self.condition(name, When::Sometimes(place), Box::new(check));
    }

    /// Fails the run unless the condition holds at its end. A run whose works never end is over once all conditions of
    /// this kind hold.
    pub fn eventually(
        &mut self,
        name: impl Into<String>,
        check: impl Fn(&World<'_>) -> bool + 'static,
    ) {
        self.condition(name.into(), When::AtTheEnd, Box::new(check));
    }

    fn condition(&mut self, name: String, when: When, check: Check) {
        self.conditions.push(Condition { name, when, check });
    }

    /// Lets a work of this node have a turn only while the condition holds. `work` is its name path. If only works
    /// without a turn are left in this way, the run has failed: a deadlock.
    pub fn guard<C: 'static>(
        &mut self,
        node: Node<C>,
        work: &str,
        check: impl Fn(&World<'_>) -> bool + 'static,
    ) {
        let is_known = self.core.borrow().wants.guards;
        let before = (!is_known).then(|| self.wants());
        let guard = self.core.borrow_mut().rules.guard(node.number as u64, work);
        self.guards.push((guard, Box::new(check)));
        if let Some(before) = before {
            self.update_wants(before);
        }
    }

    /// Holds the work with this name path back before its turn with this number: see [`Hold::until`].
    pub fn hold(&mut self, work: &str, turn: u32) -> Hold<'_> {
        Hold {
            sim: self,
            work: work.to_owned(),
            turn,
        }
    }

    /// Lets the attempt of a work fail instead of its turn with this number. `work` is its name path.
    pub fn fail(&mut self, work: &str, turn: u32) {
        self.fault(Fault::Fail(Step::new(work, turn)));
    }

    /// Plans a fault for this run, besides those of the search. If the run has no such place, nothing happens.
    pub fn fault(&mut self, fault: Fault) {
        let before = self.wants();
        self.core.borrow_mut().faults.by_hand(fault);
        self.update_wants(before);
    }

    /// Adds an item of the test.
    fn add(&mut self, item: Item) {
        let before = self.wants();
        self.core.borrow_mut().rules.add(item);
        self.update_wants(before);
    }

    /// Wants more of the engines, if the rules have come to need it.
    fn update_wants(&mut self, before: Wants) {
        if self.wants() == before {
            return;
        }
        let mut core = self.core.borrow_mut();
        // The next run most often needs it, too, and then each decider is set once.
        core.wants = core.rules.wants(core.wants);
        drop(core);
        let wants = self.wants();
        for (number, node) in (0..).zip(&mut self.nodes) {
            node.decide_by(&self.core, number, wants);
        }
    }
}
