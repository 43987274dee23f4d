//! Policies with little memory: production order, its reverse, who ran last goes on, random, and a program's own.

use super::{Custom, Machine, Policy, Run, draw};
use crate::explore::point::{Answers, Kind, Point};
use crate::{Decider, Stream};

/// Production order.
pub(super) struct Fifo;

impl Machine for Fifo {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        true
    }

    fn pick(&mut self, _: &Point<'_>, _: &mut Stream) -> usize {
        0
    }

    fn policy(&self) -> Policy {
        Policy::Fifo
    }
}

/// The last candidate always. A work's own choice stays that of production.
pub(super) struct Lifo;

impl Machine for Lifo {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        true
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        match point.kind {
            Kind::Choice => 0,
            Kind::Turn | Kind::Order => point.arity - 1,
        }
    }

    fn policy(&self) -> Policy {
        Policy::Lifo
    }
}

/// Turns in production order, and everything else last first.
pub(super) struct TiesReversed;

impl Machine for TiesReversed {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        true
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        match point.kind {
            Kind::Order => point.arity - 1,
            Kind::Turn | Kind::Choice => 0,
        }
    }

    fn policy(&self) -> Policy {
        Policy::Fifo
    }
}

/// The work that had the last turn goes on while it can.
#[derive(Default)]
pub(super) struct Continue {
    last: Option<u64>,
}

impl Continue {
    /// Returns the answer that lets the last work go on.
    pub fn answer(&self, point: &Point<'_>) -> usize {
        match point.kind {
            Kind::Turn => self.last.and_then(|last| point.find(last)).unwrap_or(0),
            Kind::Order | Kind::Choice => 0,
        }
    }

    pub fn forget(&mut self) {
        self.last = None;
    }

    pub fn had_turn(&mut self, key: u64) {
        self.last = Some(key);
    }
}

impl Machine for Continue {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        self.forget();
        true
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        self.answer(point)
    }

    fn wants_turns(&self) -> bool {
        true
    }

    fn turn(&mut self, key: u64) {
        self.had_turn(key);
    }

    fn policy(&self) -> Policy {
        Policy::Continue
    }
}

/// Each answer equally likely.
pub(super) struct Random;

impl Machine for Random {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        true
    }

    fn pick(&mut self, point: &Point<'_>, stream: &mut Stream) -> usize {
        draw(point, stream)
    }

    fn is_even(&self) -> bool {
        true
    }

    fn policy(&self) -> Policy {
        Policy::Random
    }
}

/// The work that had the last turn goes on with some probability.
pub(super) struct Sticky {
    percent: u8,
    last: Continue,
}

impl Sticky {
    pub fn new(percent: u8) -> Self {
        Sticky {
            percent,
            last: Continue::default(),
        }
    }
}

impl Machine for Sticky {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        self.last.forget();
        true
    }

    fn pick(&mut self, point: &Point<'_>, stream: &mut Stream) -> usize {
        let stays = point.kind == Kind::Turn && stream.chance(u64::from(self.percent), 100);
        let last = self.last.last.filter(|_| stays);
        last.and_then(|last| point.find(last))
            .unwrap_or_else(|| draw(point, stream))
    }

    fn wants_turns(&self) -> bool {
        true
    }

    fn turn(&mut self, key: u64) {
        self.last.had_turn(key);
    }

    fn policy(&self) -> Policy {
        Policy::Sticky(self.percent)
    }
}

/// A program's own deciders, one for each run.
pub(super) struct Own {
    make: Custom,
    decider: Option<Box<dyn Decider>>,
}

impl Own {
    pub fn new(make: Custom) -> Self {
        Own {
            make,
            decider: None,
        }
    }
}

impl Machine for Own {
    fn begin(&mut self, run: &Run, _: &mut Stream) -> bool {
        self.decider = Some((self.make)(run.seed));
        true
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        match (&mut self.decider, &point.answers) {
            (Some(decider), Answers::Works(_, decision)) => decider.decide(decision),
            _ => 0,
        }
    }

    fn policy(&self) -> Policy {
        Policy::Custom(self.make.clone())
    }
}
