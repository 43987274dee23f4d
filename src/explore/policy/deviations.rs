//! Orders with few departures from a plain one, those with fewer first: an enumeration, not a draw.
//!
//! An order is a list of departures: at this decision, this answer. A run with such a list shows which departures may
//! follow its last one, and these lists are appended to a queue. So each order comes up once.
//!
//! Delay bounding and preemption bounding are of this kind: Thomson, Donaldson and Betts, "Concurrency Testing Using
//! Controlled Schedulers: An Empirical Study", 2016.

use super::simple::Continue;
use super::{Coverage, Machine, Policy, Run};
use crate::Stream;
use crate::explore::point::{Kind, Point};
use std::collections::VecDeque;
use std::rc::Rc;

/// The most lists in the queue: what is behind them is not enumerated.
const QUEUE: usize = 1 << 20;

/// A departure from the plain order, and those before it.
struct Departure {
    /// The number of the decision.
    at: u32,
    answer: u32,
    before: Option<Rc<Departure>>,
    /// How many departures the list has.
    len: u32,
}

/// The plain order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Fifo,
    Continue,
}

/// See the file's page.
pub(super) struct Deviations {
    base: Base,
    /// The most departures; `None` for any number.
    bound: Option<u32>,
    last: Continue,
    queue: VecDeque<Rc<Departure>>,
    /// The departures of the present run, the last one first in `rest`.
    present: Option<Rc<Departure>>,
    rest: Vec<(u32, u32)>,
    /// The number of the next decision.
    place: u32,
    begun: bool,
    /// Whether the queue was too short.
    cut: bool,
    done: bool,
}

impl Deviations {
    /// Departures from production order, at decisions of every kind.
    pub fn fifo(bound: Option<u32>) -> Self {
        Deviations::from(Base::Fifo, bound)
    }

    /// Departures from the order in which the last work goes on.
    pub fn going_on() -> Self {
        Deviations::from(Base::Continue, None)
    }

    fn from(base: Base, bound: Option<u32>) -> Self {
        Deviations {
            base,
            bound,
            last: Continue::default(),
            queue: VecDeque::new(),
            present: None,
            rest: Vec::new(),
            place: 0,
            begun: false,
            cut: false,
            done: false,
        }
    }

    /// Appends the lists that depart once more, at this decision.
    fn branch(&mut self, plain: usize, arity: usize) {
        let len = 1 + self.present.as_ref().map_or(0, |present| present.len);
        if self.bound.is_some_and(|bound| len > bound) {
            return;
        }
        for answer in (0..arity).filter(|&answer| answer != plain) {
            if self.queue.len() >= QUEUE {
                self.cut = true;
                return;
            }
            self.queue.push_back(Rc::new(Departure {
                at: self.place,
                answer: answer as u32,
                before: self.present.clone(),
                len,
            }));
        }
    }
}

impl Machine for Deviations {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        self.place = 0;
        self.last.forget();
        if std::mem::replace(&mut self.begun, true) {
            self.present = self.queue.pop_front();
            if self.present.is_none() {
                self.done = true;
                return false;
            }
        }
        self.rest.clear();
        let mut departure = self.present.as_ref();
        while let Some(it) = departure {
            self.rest.push((it.at, it.answer));
            departure = it.before.as_ref();
        }
        true
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        let plain = match (self.base, point.kind) {
            (Base::Continue, Kind::Turn) => self.last.answer(point),
            _ => 0,
        };
        let answer = match self.rest.last() {
            Some(&(at, answer)) if at == self.place => {
                self.rest.pop();
                (answer as usize).min(point.arity - 1)
            }
            Some(_) => plain,
            None => {
                self.branch(plain, point.arity);
                plain
            }
        };
        self.place += 1;
        answer
    }

    fn wants_turns(&self) -> bool {
        self.base == Base::Continue
    }

    fn turn(&mut self, key: u64) {
        self.last.had_turn(key);
    }

    fn learns_from(&self, _: u64) -> bool {
        true
    }

    fn coverage(&self) -> Coverage {
        match (self.done && !self.cut, self.bound) {
            (false, _) => Coverage::Sampled,
            (true, None) => Coverage::Exhaustive,
            (true, Some(bound)) => Coverage::ExhaustiveUpTo(bound),
        }
    }

    fn policy(&self) -> Policy {
        match self.bound {
            Some(bound) => Policy::ExhaustiveUpTo(bound),
            None => Policy::OneDeviation,
        }
    }
}

/// Departures from both plain orders in turn.
pub(super) struct OneDeviation {
    bases: [Deviations; 2],
    /// Which of them has the present run.
    turn: usize,
}

impl Default for OneDeviation {
    fn default() -> Self {
        OneDeviation {
            bases: [Deviations::going_on(), Deviations::fifo(None)],
            turn: 1,
        }
    }
}

impl Machine for OneDeviation {
    fn begin(&mut self, run: &Run, stream: &mut Stream) -> bool {
        self.turn = 1 - self.turn;
        if self.bases[self.turn].begin(run, stream) {
            return true;
        }
        self.turn = 1 - self.turn;
        self.bases[self.turn].begin(run, stream)
    }

    fn pick(&mut self, point: &Point<'_>, stream: &mut Stream) -> usize {
        self.bases[self.turn].pick(point, stream)
    }

    fn wants_turns(&self) -> bool {
        true
    }

    fn turn(&mut self, key: u64) {
        self.bases[self.turn].turn(key);
    }

    fn learns_from(&self, _: u64) -> bool {
        true
    }

    fn coverage(&self) -> Coverage {
        let mut bases = self.bases.iter();
        match bases.any(|base| base.coverage() == Coverage::Exhaustive) {
            true => Coverage::Exhaustive,
            false => Coverage::Sampled,
        }
    }

    fn policy(&self) -> Policy {
        Policy::OneDeviation
    }
}
