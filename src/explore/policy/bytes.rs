//! Answers as bytes: from a fuzzer, and from an earlier run.

use super::{Machine, Policy, Run};
use crate::explore::point::Point;

/// Above so many answers, an answer takes two bytes.
const ONE_BYTE: usize = 256;

/// The answers of a run as it goes on: one byte each, or two.
#[derive(Clone, Default, Debug)]
pub(in crate::explore) struct Recording {
    bytes: Vec<u8>,
    /// Where answers of two bytes begin. Most runs have none.
    wide: Vec<u32>,
}

impl Recording {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.wide.clear();
    }

    #[inline]
    pub fn push(&mut self, answer: usize, arity: usize) {
        if arity > ONE_BYTE {
            self.wide.push(self.bytes.len() as u32);
            self.bytes.push((answer >> 8) as u8);
        }
        self.bytes.push(answer as u8);
    }

    /// Returns the answers.
    pub fn answers(&self) -> Vec<u32> {
        let mut wide = self.wide.iter().peekable();
        let mut answers = Vec::new();
        let mut place = 0;
        while let Some(&byte) = self.bytes.get(place) {
            let is_wide = wide.next_if(|&&at| at as usize == place).is_some();
            let second = self.bytes.get(place + 1).copied().unwrap_or(0);
            answers.push(match is_wide {
                true => u32::from(byte) << 8 | u32::from(second),
                false => u32::from(byte),
            });
            place += 1 + usize::from(is_wide);
        }
        answers
    }
}

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
    fn begin(&mut self, _: &Run) -> bool {
        self.place = 0;
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> usize {
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
    fn begin(&mut self, _: &Run) -> bool {
        self.place = 0;
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> usize {
        let answer = self.answers.get(self.place).copied().unwrap_or(0);
        self.place += 1;
        (answer as usize).min(point.arity - 1)
    }

    fn policy(&self) -> Policy {
        Policy::Replay(self.answers.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_gives_its_answers_back() {
        let mut recording = Recording::default();
        let answers = [
            (3, 4),
            (255, 256),
            (300, 301),
            (0, 70_000),
            (7, 300),
            (1, 2),
        ];
        for (answer, arity) in answers {
            recording.push(answer, arity);
        }
        let expected: Vec<u32> = answers.iter().map(|&(answer, _)| answer as u32).collect();
        assert_eq!(recording.answers(), expected);
        assert_eq!(recording.bytes.len(), 9);
    }
}
