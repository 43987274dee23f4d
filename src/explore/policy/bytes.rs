//! Answers as bytes: from a fuzzer, and from an earlier run.

use super::{Machine, Policy, Run};
use crate::Stream;
use crate::explore::point::Point;

/// Above so many answers, an answer takes two bytes.
const ONE_BYTE: usize = 256;

/// Takes the answers from bytes.
pub(super) struct Bytes {
    bytes: Vec<u8>,
    place: usize,
}

impl Bytes {
    pub fn new(bytes: Vec<u8>) -> Self {
        Bytes { bytes, place: 0 }
    }

    fn next(&mut self) -> usize {
        let byte = self.bytes.get(self.place).copied().unwrap_or(0);
        self.place += 1;
        usize::from(byte)
    }
}

impl Machine for Bytes {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        self.place = 0;
        true
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        let first = self.next();
        let number = match point.arity > ONE_BYTE {
            true => first << 8 | self.next(),
            false => first,
        };
        number % point.arity
    }

    fn policy(&self) -> Policy {
        Policy::Bytes(self.bytes.clone())
    }
}

/// Takes the answers of an earlier run.
pub(super) struct Replay {
    answers: Vec<u32>,
    place: usize,
}

impl Replay {
    pub fn new(answers: Vec<u32>) -> Self {
        Replay { answers, place: 0 }
    }
}

impl Machine for Replay {
    fn begin(&mut self, _: &Run, _: &mut Stream) -> bool {
        self.place = 0;
        true
    }

    fn pick(&mut self, point: &Point<'_>, _: &mut Stream) -> usize {
        let answer = self.answers.get(self.place).copied().unwrap_or(0);
        self.place += 1;
        (answer as usize).min(point.arity - 1)
    }

    fn policy(&self) -> Policy {
        Policy::Replay(self.answers.clone())
    }
}
