//! The wheel against an obvious model: a list of operations, its interpreter, and a decoder from bytes.
//!
//! The property test, the fuzz target and the corpus replay share this. The model is a map ordered by (deadline, arming
//! order). After each operation the wheel must agree with it on what was popped, the number of timers and the next
//! deadline.

use std::collections::BTreeMap;

use crankwork::time::{Time, TimerKey, TimerWheel};

/// Bytes beyond this are ignored: long inputs find nothing that short ones do not.
const MOST_OPS: usize = 200;

/// The wheel holds no more timers at once.
const MOST_TIMERS: usize = 256;

/// A moment relative to the last `advance`, or not. Saturates.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Nanoseconds after the last `advance`.
    In(u64),
    /// Nanoseconds before it.
    Ago(u64),
    /// Nanoseconds since the epoch.
    At(u64),
    /// The deadline of a timer that is armed.
    Like(u16),
}

/// One call on the wheel. Timers are picked by number among those that are armed.
#[derive(Clone, Copy, Debug)]
pub enum WheelOp {
    /// Arm a timer.
    Arm(When),
    /// Arm timers, each `step` nanoseconds after the one before.
    ArmMany {
        /// The first.
        when: When,
        /// Nanoseconds.
        step: u64,
        /// The number of timers.
        count: u8,
    },
    /// Cancel one.
    Cancel(u16),
    /// Cancel at most this many, first armed first.
    CancelOldest(u8),
    /// Re-arm one.
    Rearm(u16, When),
    /// Advance the clock.
    Advance(When),
    /// Advance the clock to the next deadline.
    AdvanceToNext,
    /// Pop at most this many.
    Pop(u8),
}

/// Decodes bytes to operations and checks the wheel with them.
///
/// # Panics
/// If the wheel and the model differ.
pub fn check_wheel_bytes(data: &[u8]) {
    let mut bytes = Bytes(data);
    let ops = std::iter::from_fn(|| bytes.op()).take(MOST_OPS);
    check(ops, MOST_TIMERS);
}

/// Runs operations on the wheel and on the model, then drains both.
///
/// # Panics
/// If the wheel and the model differ.
// The fuzz target has bytes only.
#[allow(dead_code)]
pub fn check_wheel_ops(ops: impl IntoIterator<Item = WheelOp>) {
    check(ops, usize::MAX);
}

fn check(ops: impl IntoIterator<Item = WheelOp>, most_timers: usize) {
    let mut pair = Pair {
        most_timers,
        ..Pair::default()
    };
    for op in ops {
        pair.run(op);
        pair.compare();
    }
    pair.advance(Time::MAX);
    while pair.pop() {
        pair.compare();
    }
    assert!(pair.wheel.is_empty());
    assert_eq!(pair.wheel.next_deadline(), None);
}

/// (deadline, arming order).
type Rank = (Time, u64);

/// The obvious implementation.
#[derive(Default)]
struct Model {
    now: Time,
    armed: u64,
    waiting: BTreeMap<Rank, u32>,
    due: BTreeMap<Rank, u32>,
}

impl Model {
    fn arm(&mut self, deadline: Time, owner: u32) -> Rank {
        let rank = (deadline, self.armed);
        self.armed += 1;
        self.waiting.insert(rank, owner);
        rank
    }

    fn cancel(&mut self, rank: Rank) -> Option<u32> {
        self.waiting
            .remove(&rank)
            .or_else(|| self.due.remove(&rank))
    }

    fn advance(&mut self, now: Time) {
        self.now = self.now.max(now);
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= self.now
        {
            let (rank, owner) = first.remove_entry();
            self.due.insert(rank, owner);
        }
    }

    fn next_deadline(&self) -> Option<Time> {
        let first = |map: &BTreeMap<Rank, u32>| map.keys().next().map(|rank| rank.0);
        first(&self.due)
            .into_iter()
            .chain(first(&self.waiting))
            .min()
    }
}

/// Wheel and model, and the timers that both should have.
#[derive(Default)]
struct Pair {
    wheel: TimerWheel,
    model: Model,
    armed: Vec<Armed>,
    owners: u32,
    /// Beyond this none is armed.
    most_timers: usize,
}

struct Armed {
    owner: u32,
    key: TimerKey,
    rank: Rank,
}

impl Pair {
    fn run(&mut self, op: WheelOp) {
        match op {
            WheelOp::Arm(when) => self.arm(self.moment(when)),
            WheelOp::ArmMany { when, step, count } => {
                let first = self.moment(when).as_nanos();
                for n in 0..u64::from(count) {
                    let nanos = first.saturating_add(step.saturating_mul(n));
                    self.arm(Time::from_nanos(nanos));
                }
            }
            WheelOp::Cancel(pick) => self.cancel(pick),
            WheelOp::CancelOldest(count) => {
                for _ in 0..count {
                    self.cancel(0);
                    self.compare();
                }
            }
            WheelOp::Rearm(pick, when) => self.rearm(pick, self.moment(when)),
            WheelOp::Advance(when) => self.advance(self.moment(when)),
            WheelOp::AdvanceToNext => self.advance(self.model.next_deadline().unwrap_or_default()),
            WheelOp::Pop(count) => {
                let mut left = count;
                while left > 0 && self.pop() {
                    self.compare();
                    left -= 1;
                }
            }
        }
    }

    fn moment(&self, when: When) -> Time {
        let now = self.model.now.as_nanos();
        Time::from_nanos(match when {
            When::In(nanos) => now.saturating_add(nanos),
            When::Ago(nanos) => now.saturating_sub(nanos),
            When::At(nanos) => nanos,
            When::Like(pick) => self
                .picked(pick)
                .map_or(now, |at| self.armed[at].rank.0.as_nanos()),
        })
    }

    fn picked(&self, pick: u16) -> Option<usize> {
        usize::from(pick).checked_rem(self.armed.len())
    }

    fn arm(&mut self, deadline: Time) {
        if self.armed.len() >= self.most_timers {
            return;
        }
        let owner = self.owners;
        self.owners += 1;
        let key = self.wheel.arm(deadline, owner);
        let rank = self.model.arm(deadline, owner);
        self.armed.push(Armed { owner, key, rank });
    }

    fn cancel(&mut self, pick: u16) {
        let Some(at) = self.picked(pick) else { return };
        let timer = self.armed.remove(at);
        assert_eq!(self.wheel.deadline(timer.key), timer.rank.0);
        assert_eq!(self.model.cancel(timer.rank), Some(timer.owner));
        assert_eq!(self.wheel.cancel(timer.key), timer.owner);
    }

    fn rearm(&mut self, pick: u16, deadline: Time) {
        let Some(at) = self.picked(pick) else { return };
        let timer = &mut self.armed[at];
        self.model.cancel(timer.rank);
        timer.rank = self.model.arm(deadline, timer.owner);
        self.wheel.rearm(timer.key, deadline);
        assert_eq!(self.wheel.deadline(timer.key), deadline);
    }

    fn advance(&mut self, now: Time) {
        self.wheel.advance(now);
        self.model.advance(now);
    }

    fn pop(&mut self) -> bool {
        let expected = self.model.due.pop_first();
        let expected = expected.map(|((deadline, _), owner)| (deadline, owner));
        assert_eq!(self.wheel.pop_due(), expected);
        let Some((_, owner)) = expected else {
            return false;
        };
        // Owners are numbered as they are armed, and stay in that order.
        let at = self.armed.binary_search_by_key(&owner, |timer| timer.owner);
        self.armed.remove(at.expect("it was armed"));
        true
    }

    fn compare(&self) {
        assert_eq!(self.wheel.len(), self.armed.len());
        assert_eq!(self.wheel.is_empty(), self.armed.is_empty());
        assert_eq!(self.wheel.next_deadline(), self.model.next_deadline());
    }
}

/// The rest of the input. An operation that is cut short does not count.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn op(&mut self) -> Option<WheelOp> {
        let head = self.byte()?;
        Some(match head % 8 {
            0 | 1 => WheelOp::Arm(self.when(head >> 3)?),
            2 => WheelOp::ArmMany {
                when: self.when(head >> 3)?,
                step: self.nanos()?,
                count: self.byte()?,
            },
            3 if head >= 128 => WheelOp::CancelOldest(self.byte()?),
            3 => WheelOp::Cancel(self.pick()?),
            4 => WheelOp::Rearm(self.pick()?, self.when(head >> 3)?),
            5 => WheelOp::Advance(self.when(head >> 3)?),
            6 => WheelOp::AdvanceToNext,
            _ => WheelOp::Pop(self.byte()?),
        })
    }

    fn when(&mut self, kind: u8) -> Option<When> {
        Some(match kind % 8 {
            0..=3 => When::In(self.nanos()?),
            4 => When::Ago(self.nanos()?),
            5 => When::At(self.nanos()?),
            6 => When::At(u64::MAX - self.nanos()?),
            _ => When::Like(self.pick()?),
        })
    }

    /// A small number shifted by up to 63 bits, so that every level of the wheel is equally likely.
    fn nanos(&mut self) -> Option<u64> {
        let shift = self.byte()? & 63;
        Some(u64::from(self.pick()?) << shift)
    }

    fn pick(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }
}
