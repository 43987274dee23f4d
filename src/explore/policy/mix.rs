//! The default: four plain runs, from which estimates come, and then one policy after the other.

use super::deviations::OneDeviation;
use super::pct::Pct;
use super::simple::{Continue, Fifo, Lifo, Random, Sticky, TiesReversed};
use super::urw::Urw;
use super::{Coverage, Machine, Policy, Run};
use crate::Stream;
use crate::explore::point::{Kind, Point};

/// The percentage of turns that stay with a work.
const STAYS: u8 = 90;

/// Which machine has the present run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Fifo,
    Lifo,
    Continue,
    TiesReversed,
    Urw,
    Pct,
    Random,
    Sticky,
    OneDeviation,
}

/// The runs at the beginning, each once.
const FIRST: [Part; 4] = [Part::Fifo, Part::Lifo, Part::Continue, Part::TiesReversed];

/// The other runs, again and again.
const ROTATION: [Part; 5] = [
    Part::Urw,
    Part::Pct,
    Part::Random,
    Part::Sticky,
    Part::OneDeviation,
];

/// Returns which machine has the run with this number.
fn part_of(number: u64) -> Part {
    let later = number.saturating_sub(FIRST.len() as u64);
    match FIRST.get(number as usize) {
        Some(part) => *part,
        None => ROTATION[later as usize % ROTATION.len()],
    }
}

/// See the file's page.
pub(super) struct Mix {
    part: Part,
    first: [Box<dyn Machine>; 4],
    urw: Urw,
    pct: Pct,
    random: Random,
    sticky: Sticky,
    deviations: OneDeviation,
    /// Decisions about turns in the present run.
    decisions: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Mix {
            part: Part::Fifo,
            first: [
                Box::new(Fifo),
                Box::new(Lifo),
                Box::new(Continue::default()),
                Box::new(TiesReversed),
            ],
            urw: Urw::default(),
            pct: Pct::new(1),
            random: Random,
            sticky: Sticky::new(STAYS),
            deviations: OneDeviation::default(),
            decisions: 0,
        }
    }
}

impl Mix {
    fn machine(&mut self) -> &mut dyn Machine {
        match self.part {
            Part::Fifo => &mut *self.first[0],
            Part::Lifo => &mut *self.first[1],
            Part::Continue => &mut *self.first[2],
            Part::TiesReversed => &mut *self.first[3],
            Part::Urw => &mut self.urw,
            Part::Pct => &mut self.pct,
            Part::Random => &mut self.random,
            Part::Sticky => &mut self.sticky,
            Part::OneDeviation => &mut self.deviations,
        }
    }

    fn is_estimating(&self) -> bool {
        FIRST.contains(&self.part)
    }
}

impl Machine for Mix {
    fn begin(&mut self, run: &Run, stream: &mut Stream) -> bool {
        self.part = part_of(run.number);
        self.decisions = 0;
        if self.is_estimating() {
            self.urw.begin(run, stream);
        }
        if self.part == Part::Pct {
            // The run goes on behind that draw, or the places of its change points would depend on the depth.
            self.pct.set_depth(1 + stream.below(3) as u32);
        }
        if self.machine().begin(run, stream) {
            return true;
        }
        if self.coverage() == Coverage::Exhaustive {
            // To go on would show nothing new.
            return false;
        }
        // The lists of departures have grown too many to be kept.
        self.part = Part::Random;
        true
    }

    fn pick(&mut self, point: &Point<'_>, stream: &mut Stream) -> usize {
        self.decisions += u64::from(point.kind == Kind::Turn);
        if self.is_estimating() {
            self.urw.look(point);
        }
        self.machine().pick(point, stream)
    }

    fn is_even(&self) -> bool {
        self.part == Part::Random
    }

    fn wants_turns(&self) -> bool {
        true
    }

    fn turn(&mut self, key: u64) {
        if self.is_estimating() {
            self.urw.turn(key);
        }
        self.machine().turn(key);
    }

    fn end(&mut self) {
        if self.is_estimating() {
            self.urw.end();
            self.pct.learn(self.decisions);
        }
        // The other machines learn nothing: only the first runs count.
    }

    fn learns_from(&self, number: u64) -> bool {
        FIRST.contains(&part_of(number)) || part_of(number) == Part::OneDeviation
    }

    fn coverage(&self) -> Coverage {
        self.deviations.coverage()
    }

    fn policy(&self) -> Policy {
        match self.part {
            Part::Fifo | Part::TiesReversed => Policy::Fifo,
            Part::Lifo => Policy::Lifo,
            Part::Continue => Policy::Continue,
            Part::Urw => Policy::Urw,
            Part::Pct => self.pct.policy(),
            Part::Random => Policy::Random,
            Part::Sticky => Policy::Sticky(STAYS),
            Part::OneDeviation => Policy::OneDeviation,
        }
    }
}
