//! *By hand*: a search over the orders of boxed works. A random ready work has the next turn, and each draw is recorded
//! as a byte.

use crate::lives::{SEARCHED, YIELDS};
use crankwork::Stream;

/// A work that has turns until it is done.
trait Turn {
    /// Has a turn, and returns whether it was the last.
    fn turn(&mut self, app: &mut u64) -> bool;
}

struct Yields(u32);

impl Turn for Yields {
    fn turn(&mut self, app: &mut u64) -> bool {
        *app += 1;
        self.0 += 1;
        self.0 > YIELDS
    }
}

/// The memory that is kept from run to run.
#[derive(Default)]
pub struct Search {
    ready: Vec<Box<dyn Turn>>,
    recording: Vec<u8>,
}

impl Search {
    /// Does so many runs, and returns how many turns they had.
    pub fn run(&mut self, runs: u64) -> u64 {
        (0..runs).map(|seed| self.once(seed)).sum()
    }

    fn once(&mut self, seed: u64) -> u64 {
        let mut stream = Stream::new(seed);
        let mut turns = 0;
        self.recording.clear();
        for _ in 0..SEARCHED {
            self.ready.push(Box::new(Yields(0)));
        }
        while !self.ready.is_empty() {
            let mut picked = 0;
            if self.ready.len() > 1 {
                picked = stream.below(self.ready.len() as u64) as usize;
                self.recording.push(picked as u8);
            }
            if self.ready[picked].turn(&mut turns) {
                self.ready.remove(picked);
            }
        }
        turns
    }
}
