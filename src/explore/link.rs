//! Links: how messages travel to a node.
//!
//! Invariant: when a message arrives follows from the latency, which is a decision, from faults, and from the order in
//! which the simulation hands out what is due. A link without a latency has all of its messages due at once.

use super::core::Shared;
use super::item::Family;
use super::node::{AnyNode, Node, Parts};
use super::point::{Answers, Kind, Point};
use crate::{Time, WorkScheduler};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

/// How many latencies there are to choose from: the least, the most, and two between them.
const LATENCIES: usize = 4;

/// What a link is like: by default it has no latency, keeps the order of its messages, and does not know its sender.
pub struct LinkConfig<M> {
    pub(super) name: Option<String>,
    from: Option<usize>,
    latency: RangeInclusive<Duration>,
    keeps_order: bool,
    copy: Option<fn(&M) -> M>,
}

impl<M> Default for LinkConfig<M> {
    fn default() -> Self {
        LinkConfig::new()
    }
}

impl<M> LinkConfig<M> {
    /// Returns the default: no latency, messages in order, an unknown sender.
    pub fn new() -> Self {
        LinkConfig {
            name: None,
            from: None,
            latency: Duration::ZERO..=Duration::ZERO,
            keeps_order: true,
            copy: None,
        }
    }

    /// Sets the name in reports. Without it, the name is that of the node with a number, as in `server<0`.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the node that sends, so that a partition between both nodes cuts the link.
    pub fn from<C>(mut self, sender: Node<C>) -> Self {
        self.from = Some(sender.number);
        self
    }

    /// Sets how long messages take, in virtual time. Which of four times in the range it is, both ends included, is a
    /// decision; production has the least.
    pub fn latency(mut self, range: RangeInclusive<Duration>) -> Self {
        self.latency = range;
        self
    }

    /// Lets messages overtake each other. Which of those that are due arrives first is a decision.
    pub fn unordered(mut self) -> Self {
        self.keeps_order = false;
        self
    }
}

impl<M: Clone> LinkConfig<M> {
    /// Lets messages arrive twice, by [`Family::Twice`].
    pub fn doubling(mut self) -> Self {
        self.copy = Some(M::clone);
        self
    }
}

impl<M> fmt::Debug for LinkConfig<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkConfig({:?}, {:?})", self.name, self.latency)
    }
}

/// A message under way.
struct Travelling<M> {
    /// Its number in the order in which messages were sent, from 1.
    number: u32,
    due: Time,
    message: M,
}

/// The shared part of a link.
pub(super) struct Wire<M> {
    name: String,
    to: usize,
    config: LinkConfig<M>,
    sent: Cell<u32>,
    queue: RefCell<VecDeque<Travelling<M>>>,
    core: Shared,
}

impl<M> Wire<M> {
    pub fn new(name: String, to: usize, config: LinkConfig<M>, core: Shared) -> Self {
        Wire {
            name,
            to,
            config,
            sent: Cell::new(0),
            queue: RefCell::default(),
            core,
        }
    }

    fn is_cut(&self) -> bool {
        let faults = &self.core.borrow().faults;
        let from = self.config.from;
        from.is_some_and(|from| faults.cuts.is_cut(from, self.to, faults.now))
    }

    /// Puts a message on its way, unless a fault takes it.
    fn send(&self, message: M) {
        let number = self.sent.get().saturating_add(1);
        self.sent.set(number);
        let Some((due, is_doubled)) = self.fate(number) else {
            return;
        };
        let mut queue = self.queue.borrow_mut();
        let due = match queue.back() {
            Some(last) if self.config.keeps_order => due.max(last.due),
            _ => due,
        };
        let copy = self.config.copy.filter(|_| is_doubled);
        let copy = copy.map(|copy| copy(&message));
        for message in [Some(message), copy].into_iter().flatten() {
            queue.push_back(Travelling {
                number,
                due,
                message,
            });
        }
    }

    /// Returns when a message arrives, and whether it does so twice; `None` if it is lost.
    fn fate(&self, number: u32) -> Option<(Time, bool)> {
        let core = &mut *self.core.borrow_mut();
        let now = core.faults.now;
        let latency = match self.config.latency.start() < self.config.latency.end() {
            true => self.choose_latency(core.pick(&Point {
                kind: Kind::Choice,
                arity: LATENCIES,
                answers: Answers::Latency(&self.name, number),
            })),
            false => *self.config.latency.start(),
        };
        if let Some(from) = self.config.from {
            if let Some(amount) = core.fire(Family::Cut, &self.name, number) {
                let until = now.saturating_add(amount.time);
                core.faults.cuts.cut(from, self.to, Some(until));
            }
            if core.faults.cuts.is_cut(from, self.to, now) {
                return None;
            }
        }
        if core.fire(Family::Lose, &self.name, number).is_some() {
            return None;
        }
        let longer = core.fire(Family::Delay, &self.name, number);
        let can_double = self.config.copy.is_some();
        let is_doubled = can_double && core.fire(Family::Twice, &self.name, number).is_some();
        let latency = latency.saturating_add(longer.unwrap_or_default().time);
        Some((now.saturating_add(latency), is_doubled))
    }

    fn choose_latency(&self, answer: usize) -> Duration {
        let (least, most) = (*self.config.latency.start(), *self.config.latency.end());
        least + (most - least) * answer as u32 / (LATENCIES as u32 - 1)
    }

    /// Returns the place of the message that is handed out next: the first, or a due one that is decided on.
    fn first(&self) -> usize {
        if self.config.keeps_order {
            return 0;
        }
        let queue = self.queue.borrow();
        let core = &mut *self.core.borrow_mut();
        let now = core.faults.now;
        let due = queue.iter().enumerate().filter(|(_, it)| it.due <= now);
        let due: Vec<(usize, u64)> = due.map(|(at, it)| (at, u64::from(it.number))).collect();
        let numbers: Vec<u64> = due.iter().map(|&(_, number)| number).collect();
        let answer = match numbers.len() {
            0 | 1 => 0,
            arity => core.pick(&Point {
                kind: Kind::Order,
                arity,
                answers: Answers::Messages(&self.name, &numbers),
            }),
        };
        due.get(answer).map_or(0, |&(at, _)| at)
    }

    fn take_first(&self) -> Option<M> {
        let place = self.first();
        let taken = self.queue.borrow_mut().remove(place);
        taken.map(|travelling| travelling.message)
    }
}

/// Sends messages to a node. When they arrive is a decision.
pub struct Link<M> {
    pub(super) wire: Rc<Wire<M>>,
}

impl<M> Clone for Link<M> {
    fn clone(&self) -> Self {
        Link {
            wire: Rc::clone(&self.wire),
        }
    }
}

impl<M> fmt::Debug for Link<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, under_way) = (&self.wire.name, self.wire.queue.borrow().len());
        write!(f, "Link({name}, {under_way} under way)")
    }
}

impl<M> Link<M> {
    /// Sends a message.
    pub fn send(&self, message: M) {
        self.wire.send(message);
    }
}

/// A link whose types are not known.
pub(super) trait AnyLink {
    /// Returns when the next message is due.
    fn next(&self) -> Option<Time>;
    /// Returns when the last message under way is due.
    fn last(&self) -> Option<Time>;
    /// Hands the next message to the node.
    fn deliver(&mut self, node: &mut dyn AnyNode);
    /// Loses the next message.
    fn drop_first(&mut self);
    /// Returns whether sender and receiver are cut off from each other.
    fn is_cut(&self) -> bool;
    fn node(&self) -> usize;
    /// Returns the name by which reports and items call the link.
    fn name(&self) -> &str;
    /// Returns how many messages have been handed out.
    fn taken(&self) -> u32;
}

/// What a node does with a message.
type Handler<C, M> = Box<dyn FnMut(&mut C, &mut WorkScheduler<C>, M)>;

pub(super) struct Delivery<C, M> {
    pub wire: Rc<Wire<M>>,
    pub taken: u32,
    pub handler: Handler<C, M>,
}

impl<C: 'static, M> AnyLink for Delivery<C, M> {
    fn next(&self) -> Option<Time> {
        let queue = self.wire.queue.borrow();
        match self.wire.config.keeps_order {
            true => queue.front().map(|first| first.due),
            false => queue.iter().map(|it| it.due).min(),
        }
    }

    fn last(&self) -> Option<Time> {
        let queue = self.wire.queue.borrow();
        queue.iter().map(|it| it.due).max()
    }

    fn deliver(&mut self, node: &mut dyn AnyNode) {
        let message = self.wire.take_first();
        let parts = node.as_any_mut().downcast_mut::<Parts<C>>();
        let (Some(message), Some(parts)) = (message, parts) else {
            return;
        };
        self.taken += 1;
        if let Some(app) = &mut parts.app {
            (self.handler)(app, &mut parts.work, message);
        }
    }

    fn drop_first(&mut self) {
        self.wire.take_first();
    }

    fn is_cut(&self) -> bool {
        self.wire.is_cut()
    }

    fn node(&self) -> usize {
        self.wire.to
    }

    fn name(&self) -> &str {
        &self.wire.name
    }

    fn taken(&self) -> u32 {
        self.taken
    }
}
