//! Every order once, depth first: the answers of the last run, with the last one that can be higher by one higher, and
//! without those behind it.

use super::{Coverage, Machine, Policy, Run};
use crate::Stream;
use crate::explore::point::Point;

/// See the file's page.
#[derive(Default)]
pub(super) struct Exhaustive {
    /// The answers of the present run, and how many answers there were.
    taken: Vec<(u32, u32)>,
    /// The place of the next answer.
    place: usize,
    begun: bool,
    done: bool,
}

impl Machine for Exhaustive {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        self.place = 0;
        if !std::mem::replace(&mut self.begun, true) {
            return true;
        }
        while let Some((answer, arity)) = self.taken.pop() {
            if answer + 1 < arity {
                self.taken.push((answer + 1, arity));
                return true;
            }
        }
        self.done = true;
        false
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        if self.place == self.taken.len() {
            self.taken.push((0, point.arity as u32));
        }
        let (answer, _) = self.taken[self.place];
        self.place += 1;
        // A program that is not determined may have fewer answers than it had.
        (answer as usize).min(point.arity - 1)
    }

    fn end(&mut self) {
        self.taken.truncate(self.place);
    }

    fn learns_from(&self, _: u64) -> bool {
        true
    }

    fn coverage(&self) -> Coverage {
        match self.done {
            true => Coverage::Exhaustive,
            false => Coverage::Sampled,
        }
    }

    fn policy(&self) -> Policy {
        Policy::Exhaustive
    }
}
