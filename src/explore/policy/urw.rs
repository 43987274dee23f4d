//! Uniform random walk: see [`Policy::Urw`].
//!
//! The first runs count each work's turns, and which work had the turn in which another was first seen. The weight of a
//! work is the number of turns that it has left by that count, with those of the works that it has still to add.

use super::pct::ESTIMATING;
use super::{Machine, Policy, Run, draw};
use crate::Stream;
use crate::explore::point::{Kind, Point};
use std::collections::BTreeMap;

/// What is known of one work.
#[derive(Clone, Copy, Default)]
struct Known {
    /// The most turns that it had in a run.
    turns: u64,
    /// The work in whose turn it came up; 0 for none.
    added_by: u64,
    /// The turns of the work and of all works below it.
    total: u64,
}

/// A work in the present run.
#[derive(Clone, Copy, Default)]
struct Seen {
    turns: u64,
    added_by: u64,
    /// The turns of the works that it has still to add.
    to_come: u64,
}

/// See the file's page.
#[derive(Default)]
pub(super) struct Urw {
    known: BTreeMap<u64, Known>,
    seen: BTreeMap<u64, Seen>,
    last: u64,
    run: u64,
}

impl Urw {
    /// Notes that a work is there.
    fn see(&mut self, key: u64) {
        if self.seen.contains_key(&key) {
            return;
        }
        let known = self.known.get(&key).copied().unwrap_or_default();
        let seen = Seen {
            turns: 0,
            added_by: self.last,
            to_come: known.total.saturating_sub(known.turns),
        };
        self.seen.insert(key, seen);
        if let Some(adder) = self.seen.get_mut(&known.added_by) {
            adder.to_come = adder.to_come.saturating_sub(known.total);
        }
    }

    /// Notes which works are there at a point where another policy picks. Without it, a work would seem to have come up
    /// just before its first turn.
    pub fn look(&mut self, point: &Point<'_>) {
        if point.kind == Kind::Turn {
            (0..point.arity).for_each(|index| self.see(point.key(index)));
        }
    }

    fn weight(&self, key: u64) -> u64 {
        let known = self.known.get(&key).map_or(1, |known| known.turns);
        let seen = self.seen.get(&key).copied().unwrap_or_default();
        (known.saturating_sub(seen.turns) + seen.to_come).max(1)
    }

    /// Takes the turns of the run into account.
    fn estimate(&mut self) {
        for (&key, seen) in &self.seen {
            let known = self.known.entry(key).or_default();
            if seen.turns > known.turns || known.added_by == 0 {
                known.turns = known.turns.max(seen.turns);
                known.added_by = seen.added_by;
            }
        }
        self.known
            .values_mut()
            .for_each(|known| known.total = known.turns);
        for key in self.known.keys().copied().collect::<Vec<_>>() {
            let turns = self.known[&key].turns;
            let mut above = self.known[&key].added_by;
            // A work may seem to have come up in a turn of a work that it added itself, so the walk is bounded.
            for _ in 0..self.known.len() {
                let Some(adder) = self.known.get_mut(&above).filter(|_| above != key) else {
                    break;
                };
                adder.total += turns;
                above = adder.added_by;
            }
        }
    }
}

impl Machine for Urw {
    fn begin(&mut self, run: &Run, _: &mut Stream) -> bool {
        self.seen.clear();
        self.last = 0;
        self.run = run.number;
        true
    }

    fn pick(&mut self, point: &Point<'_>, stream: &mut Stream) -> usize {
        if point.kind != Kind::Turn {
            return draw(point, stream);
        }
        let keys: Vec<u64> = (0..point.arity).map(|index| point.key(index)).collect();
        keys.iter().for_each(|&key| self.see(key));
        let weights: Vec<u64> = keys.iter().map(|&key| self.weight(key)).collect();
        let mut drawn = stream.below(weights.iter().sum());
        let place = weights.iter().position(|&weight| {
            let here = drawn < weight;
            drawn = drawn.saturating_sub(weight);
            here
        });
        place.unwrap_or(0)
    }

    fn wants_turns(&self) -> bool {
        true
    }

    fn turn(&mut self, key: u64) {
        self.see(key);
        if let Some(seen) = self.seen.get_mut(&key) {
            seen.turns += 1;
        }
        self.last = key;
    }

    fn end(&mut self) {
        if self.run < ESTIMATING {
            self.estimate();
        }
    }

    fn learns_from(&self, number: u64) -> bool {
        number < ESTIMATING
    }

    fn policy(&self) -> Policy {
        Policy::Urw
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::point::Answers;

    #[test]
    fn a_work_counts_for_the_one_in_whose_turn_it_came_up() {
        let mut urw = Urw::default();
        let run = Run { number: 0, seed: 0 };
        urw.begin(&run, &mut Stream::new(0));
        let at = |parts| Point {
            kind: Kind::Turn,
            arity: 2,
            answers: Answers::Parts(parts),
        };
        // Work 1 adds 2 and 3 in its only turn. Then 2 has both its turns before 3 has its own.
        urw.turn(1);
        urw.look(&at(&[2, 3]));
        [2, 2, 3].into_iter().for_each(|key| urw.turn(key));
        urw.end();
        assert_eq!((urw.known[&2].added_by, urw.known[&3].added_by), (1, 1));
        let totals = [1, 2, 3].map(|key| urw.known[&key].total);
        assert_eq!(totals, [4, 2, 1]);
    }
}
