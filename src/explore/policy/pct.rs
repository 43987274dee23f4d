//! Probabilistic concurrency testing: see [`Policy::Pct`].
//!
//! Works are in one order of priority. A new work enters it at a random place. At each of the change points the work
//! that would go on moves below all others, to the slot with the number of the change point; so an earlier change point
//! leaves its work higher than a later one. (Slots with numbers, as in the paper. Moving to the very bottom instead
//! misses nested bugs.)
//!
//! Change points are drawn among as many decisions as the first runs had. The very first is in production order, which
//! has many.

use super::{Machine, Policy, Run, draw};
use crate::Stream;
use crate::explore::point::{Kind, Point};

/// So many turns of one work in a row, while others are ready, are no progress: the run goes on at random.
const STARVING: u32 = 1_000;

/// See the file's page.
pub(super) struct Pct {
    depth: u32,
    /// Keys by priority, highest first; then one slot for each change point, by number.
    order: Vec<u64>,
    slots: Vec<Option<u64>>,
    /// The decisions about turns at which priorities change.
    changes: Vec<u64>,
    /// Decisions about turns in this run so far, and the most in any run that estimates count.
    decisions: u64,
    most: u64,
    /// The number of the run.
    run: u64,
    /// The last pick, and how often it was picked in a row.
    last: (u64, u32),
}

/// Estimates come from so many runs at the beginning, so that a search is the same wherever it is repeated.
pub(super) const ESTIMATING: u64 = 4;

/// What is assumed of a program before its first run.
const DECISIONS: u64 = 30;

impl Pct {
    pub fn new(depth: u32) -> Self {
        Pct {
            depth: depth.max(1),
            order: Vec::new(),
            slots: Vec::new(),
            changes: Vec::new(),
            decisions: 0,
            most: 0,
            run: 0,
            last: (0, 0),
        }
    }

    /// Sets the depth of the runs from now on.
    pub fn set_depth(&mut self, depth: u32) {
        self.depth = depth.max(1);
    }

    /// Counts the decisions of a run of another policy.
    pub fn learn(&mut self, decisions: u64) {
        self.most = self.most.max(decisions);
    }

    /// Returns the answer of the highest priority.
    fn highest(&self, keys: &[u64]) -> usize {
        let slots = self.slots.iter().flatten();
        let by_priority = self.order.iter().chain(slots);
        let mut found = by_priority.filter_map(|key| keys.iter().position(|other| other == key));
        found.next().unwrap_or(0)
    }

    /// Enters works that are new at random places.
    fn enter(&mut self, keys: &[u64], stream: &mut Stream) {
        for &key in keys {
            let known = self.order.contains(&key) || self.slots.contains(&Some(key));
            if !known {
                let place = stream.below(self.order.len() as u64 + 1);
                self.order.insert(place as usize, key);
            }
        }
    }
}

impl Machine for Pct {
    fn begin(&mut self, run: &Run, stream: &mut Stream) -> bool {
        self.run = run.number;
        self.order.clear();
        self.slots = vec![None; self.depth as usize - 1];
        let most = if self.most == 0 { DECISIONS } else { self.most };
        // Between the most that was seen and half as many again: runs differ in length.
        let decisions = most + stream.below(most / 2 + 1);
        self.changes = (1..self.depth)
            .map(|_| 1 + stream.below(decisions))
            .collect();
        self.decisions = 0;
        self.last = (0, 0);
        true
    }

    fn pick(&mut self, point: &Point<'_>, stream: &mut Stream) -> usize {
        if point.kind != Kind::Turn || self.last.1 >= STARVING {
            return draw(point, stream);
        }
        if self.run == 0 {
            // With priorities a long work may be left alone at once, and a run has few decisions.
            self.decisions += 1;
            return 0;
        }
        let keys: Vec<u64> = (0..point.arity).map(|index| point.key(index)).collect();
        self.enter(&keys, stream);
        self.decisions += 1;
        let mut answer = self.highest(&keys);
        for change in 0..self.changes.len() {
            if self.changes[change] == self.decisions {
                let key = keys[answer];
                self.order.retain(|&other| other != key);
                self.slots
                    .iter_mut()
                    .filter(|slot| **slot == Some(key))
                    .for_each(|slot| *slot = None);
                // The first change point has the highest of the low slots.
                self.slots[change] = Some(key);
                answer = self.highest(&keys);
            }
        }
        let count = if self.last.0 == keys[answer] {
            self.last.1 + 1
        } else {
            1
        };
        self.last = (keys[answer], count);
        answer
    }

    fn end(&mut self) {
        if self.run < ESTIMATING {
            self.learn(self.decisions);
        }
    }

    fn learns_from(&self, number: u64) -> bool {
        number < ESTIMATING
    }

    fn policy(&self) -> Policy {
        Policy::Pct(self.depth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::point::Answers;

    #[test]
    fn the_first_run_is_that_of_production_and_counts_decisions() {
        for seed in 0..20 {
            let mut pct = Pct::new(3);
            let mut run = Run { number: 0, seed };
            let stream = &mut Stream::new(seed);
            let point = Point {
                kind: Kind::Turn,
                arity: 2,
                answers: Answers::Parts(&[1, 2]),
            };
            pct.begin(&run, stream);
            assert!((0..40).all(|_| pct.pick(&point, stream) == 0));
            pct.end();
            run.number = 1;
            pct.begin(&run, stream);
            assert!(pct.changes.iter().all(|&at| (1..=60).contains(&at)));
            assert_eq!(pct.most, 40);
        }
    }
}
