//! Answers that are drawn without a look at any candidate. The engine draws them itself, which costs no call.

use crate::engine::rng::{Stream, mix};
use std::cell::RefCell;
use std::fmt;

/// Random answers, all equally likely, and a record of what was answered. A decider that only draws shares them with
/// the engine: see [`Decider::draws`](super::Decider::draws).
///
/// ```
/// use crankwork::{Draws, Stream};
///
/// let draws = Draws::recorded(Stream::new(7));
/// let answers = [draws.draw(3) as u32, draws.draw(2) as u32];
/// draws.record(4, 5);
/// assert_eq!(draws.answers(), [answers[0], answers[1], 4]);
/// ```
#[derive(Default)]
pub struct Draws(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    stream: Stream,
    is_recorded: bool,
    record: Record,
}

impl Draws {
    /// Returns draws from `stream` without a record, for a host that goes on for ever.
    pub fn new(stream: Stream) -> Self {
        Draws(RefCell::new(Inner {
            stream,
            ..Inner::default()
        }))
    }

    /// Returns draws from `stream` with a record of all answers, which takes two bytes for each.
    pub fn recorded(stream: Stream) -> Self {
        Draws(RefCell::new(Inner {
            stream,
            is_recorded: true,
            record: Record::default(),
        }))
    }

    /// Draws one of so many answers, and records it. Returns its index; 0 if there is none. Expected O(1).
    #[inline(always)]
    pub fn draw(&self, arity: usize) -> usize {
        let inner = &mut *self.0.borrow_mut();
        let answer = inner.stream.below(arity as u64) as usize;
        inner.record(answer, arity);
        answer
    }

    /// Draws as [`Draws::draw`] does, and returns what `then` makes of the answer. Returns `None` and has drawn nothing
    /// if `then` makes nothing of it, or if more than a few steps are needed.
    ///
    /// It makes no call but that of `then`, so its caller keeps all in registers.
    #[inline(always)]
    pub(crate) fn draw_quickly<R>(
        &self,
        arity: usize,
        then: impl FnOnce(usize) -> Option<R>,
    ) -> Option<R> {
        let inner = &mut *self.0.try_borrow_mut().ok()?;
        let mut stream = inner.stream.clone();
        let answer = stream.below_at_once(arity as u64)? as usize;
        let pairs = &mut inner.record.pairs;
        if inner.is_recorded {
            let pair = [answer as u8, u8::try_from(arity).ok()?];
            if pairs.len() == pairs.capacity() {
                return None;
            }
            pairs.push(pair);
        }
        let made = then(answer);
        match made {
            Some(_) => inner.stream = stream,
            None if inner.is_recorded => drop(pairs.pop()),
            None => {}
        }
        made
    }

    /// Records an answer that was found otherwise, one of `arity`; a larger one counts as the last. Amortised O(1).
    pub fn record(&self, answer: usize, arity: usize) {
        let answer = answer.min(arity.saturating_sub(1));
        self.0.borrow_mut().record(answer, arity);
    }

    /// Takes the stream, for a draw of another kind. [`Draws::set_stream`] puts it back.
    pub fn take_stream(&self) -> Stream {
        std::mem::take(&mut self.0.borrow_mut().stream)
    }

    /// Draws from `stream` from now on.
    pub fn set_stream(&self, stream: Stream) {
        self.0.borrow_mut().stream = stream;
    }

    /// Forgets what was answered, but keeps the room and the stream.
    pub fn clear(&self) {
        self.0.borrow_mut().record.clear();
    }

    /// Returns the answers of the record. O(answers), allocates.
    pub fn answers(&self) -> Vec<u32> {
        self.0.borrow().record.answers()
    }

    /// Returns how many answers there are in the record. O(1).
    pub fn len(&self) -> usize {
        self.0.borrow().record.pairs.len()
    }

    /// Returns whether nothing is recorded. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a hash of the recorded answers and of how many there were to choose from each time: it tells orders
    /// apart. It is equal on every machine. O(answers).
    #[inline]
    pub fn digest(&self) -> u64 {
        self.0.borrow().record.digest()
    }
}

impl Inner {
    #[inline(always)]
    fn record(&mut self, answer: usize, arity: usize) {
        if self.is_recorded {
            self.record.push(answer, arity);
        }
    }
}

/// Prints how many answers are recorded.
impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draws")
            .field("answers", &self.len())
            .finish_non_exhaustive()
    }
}

/// What was answered: an answer and the number of answers, a byte each.
#[derive(Default)]
struct Record {
    /// The number of answers is 0 if `wide` has it.
    pairs: Vec<[u8; 2]>,
    /// Answers among more than 255, and how many there were. Most runs have none.
    wide: Vec<(u32, u32)>,
}

/// Pairs that are hashed together.
const TOGETHER: usize = 4;

/// 2^64 divided by the golden ratio, made odd.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Record {
    #[inline(always)]
    fn push(&mut self, answer: usize, arity: usize) {
        match u8::try_from(arity) {
            Ok(arity @ 1..) => self.pairs.push([answer as u8, arity]),
            _ => self.push_wide(answer, arity),
        }
    }

    #[cold]
    fn push_wide(&mut self, answer: usize, arity: usize) {
        self.pairs.push([0, 0]);
        self.wide.push((answer as u32, arity as u32));
    }

    fn clear(&mut self) {
        self.pairs.clear();
        self.wide.clear();
    }

    fn answers(&self) -> Vec<u32> {
        let mut wide = self.wide.iter();
        let answer = |&[answer, arity]: &[u8; 2]| match arity {
            0 => wide.next().map_or(0, |&(answer, _)| answer),
            _ => u32::from(answer),
        };
        self.pairs.iter().map(answer).collect()
    }

    #[inline]
    fn digest(&self) -> u64 {
        let (groups, rest) = self.pairs.as_chunks::<TOGETHER>();
        let groups = groups.iter().map(|&[a, b, c, d]| {
            u64::from_le_bytes([a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]])
        });
        let rest = rest.iter().map(|&pair| u64::from(u16::from_le_bytes(pair)));
        let wide = self.wide.iter();
        let wide = wide.map(|&(answer, arity)| u64::from(answer) << 32 | u64::from(arity));
        // Each step can be undone, so two orders of one length that differ once have different hashes. Nobody attacks
        // them, and one good mix at the end is enough.
        let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(ODD).rotate_left(29);
        let hash = wide.fold(rest.fold(groups.fold(0, step), step), step);
        mix(hash ^ self.pairs.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_gives_its_answers_back() {
        let draws = Draws::recorded(Stream::default());
        let answers = [
            (3, 4),
            (254, 255),
            (255, 256),
            (300, 301),
            (0, 70_000),
            (0, 0),
            (1, 2),
        ];
        for (answer, arity) in answers {
            draws.record(answer, arity);
        }
        let expected: Vec<u32> = answers.iter().map(|&(answer, _)| answer as u32).collect();
        assert_eq!((draws.answers(), draws.len()), (expected, answers.len()));
        draws.clear();
        assert!(draws.is_empty() && draws.answers().is_empty());
    }

    #[test]
    fn every_answer_and_every_number_of_answers_shows_in_the_digest() {
        let plain = [(0, 2), (1, 3), (2, 4), (0, 2), (1, 300), (1, 2)];
        let digest = |answers: &[(usize, usize)]| {
            let draws = Draws::recorded(Stream::default());
            answers
                .iter()
                .for_each(|&(answer, arity)| draws.record(answer, arity));
            draws.digest()
        };
        let mut seen = vec![digest(&plain), digest(&plain[..5]), digest(&plain[..4])];
        for place in 0..plain.len() {
            let mut other = plain;
            other[place].0 ^= 1;
            seen.push(digest(&other));
            other = plain;
            other[place].1 += 1;
            seen.push(digest(&other));
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all);
    }
}
