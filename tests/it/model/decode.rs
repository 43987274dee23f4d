//! Operations from bytes. The fuzzer and the property test share this.
//!
//! Where bytes run out, zeros follow: every byte string decodes, and a shorter one is simpler. The weights are such
//! that every change of state occurs in some tens of thousands of operations.

use super::ops::{Abort, Action, End, Hook, Input, Nanos, Op, Script, Setup, Step, Terms, Turn};

/// Operations beyond this are ignored: long inputs find nothing that short ones do not.
const MOST_OPS: usize = 100;

/// An operation that begins with this byte adds a graph.
pub const GRAPH: u8 = 176;

/// Decodes a whole input: the set-up, then operations to its end.
pub fn decode(data: &[u8]) -> Input {
    let mut bytes = Bytes(data);
    let setup = bytes.setup();
    let mut ops = Vec::new();
    while !bytes.0.is_empty() && ops.len() < MOST_OPS {
        ops.push(bytes.op());
    }
    Input { setup, ops }
}

/// Decodes a set-up.
pub fn decode_setup(data: &[u8]) -> Setup {
    Bytes(data).setup()
}

/// Decodes one operation.
pub fn decode_op(data: &[u8]) -> Op {
    Bytes(data).op()
}

const SECOND: Nanos = 1_000_000_000;

/// The rest of the input.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    fn below(&mut self, n: u8) -> u8 {
        self.byte() % n
    }

    fn one_in(&mut self, n: u8) -> bool {
        self.below(n) == n - 1
    }

    fn option<T>(&mut self, n: u8, f: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(n).then(|| f(self))
    }

    /// Few different ones, so that things often happen at one instant.
    fn nanos(&mut self) -> Nanos {
        match self.below(16) {
            n @ 0..=9 => Nanos::from(n) * SECOND / 2,
            10 => 1,
            11 => 0,
            n @ 12..=14 => Nanos::from(n) * SECOND,
            _ => 3_600 * SECOND,
        }
    }

    fn setup(&mut self) -> Setup {
        let (permits, pools, retain) =
            (self.below(4), [self.below(3), self.below(3)], self.below(5));
        let rest = self.byte();
        Setup {
            permits: 1 + u32::from(permits),
            pools: pools.map(|pool| 1 + u32::from(pool)),
            retain: retain.saturating_sub(2),
            reversed: rest & 0x03 == 0x03,
            asked: rest & 0x03 == 0x02,
            reset: rest & 0x10 != 0,
            unheard: rest & 0x04 != 0,
            alike: rest & 0x08 != 0,
        }
    }

    fn op(&mut self) -> Op {
        match self.byte() {
            0..=24 => Op::Crank(None),
            25..=69 => Op::Crank(Some([1, 1, 2, 7][usize::from(self.below(4))])),
            70..=84 => Op::Clock(Step::By(self.nanos())),
            85..=107 => Op::Clock(Step::ToNext),
            108..=109 => Op::Clock(Step::By(1_000_000 * SECOND)),
            110..=175 => Op::Add(Box::new(self.terms(0))),
            GRAPH..=179 => self.graph(),
            180..=195 => Op::AddDependency(self.byte(), self.byte()),
            196..=203 => Op::Wake(self.byte()),
            204..=219 => Op::Cancel(self.byte()),
            220 => Op::CancelAll,
            221..=235 => Op::Restart(self.byte()),
            236..=245 => Op::Reap(self.byte()),
            246..=254 => Op::Capacity(self.below(3), u32::from(self.below(4))),
            255 => match self.below(3) {
                2 => Op::Shutdown,
                _ => Op::Crank(None),
            },
        }
    }

    /// Its edges come first. Where the bytes run out, works become simple, but they still depend on each other.
    fn graph(&mut self) -> Op {
        let works = [0, 1, 2, 3, 3, 4, 5, 6][usize::from(self.below(8))];
        let (edges, order) = (self.below(9), self.below(8));
        let edges = (0..edges).map(|_| self.edge(works, order)).collect();
        Op::AddGraph((0..works).map(|_| self.member()).collect(), edges)
    }

    /// Mostly from the one to the other as `order` has them, so that few graphs have a cycle: with 0 as they are
    /// added, with 7 the other way round, and with others this and that.
    fn edge(&mut self, works: u8, order: u8) -> (u8, u8) {
        let (any, a, b) = (self.one_in(32), self.byte(), self.byte());
        if any || works < 2 {
            return (a, b);
        }
        let a = a % works;
        let b = (a + 1 + b % (works - 1)) % works;
        match a ^ order < b ^ order {
            true => (a, b),
            false => (b, a),
        }
    }

    /// A work that cannot be refused.
    fn member(&mut self) -> Terms {
        Terms {
            parent: None,
            pools: [0, 0],
            ..self.terms(0)
        }
    }

    fn terms(&mut self, depth: u8) -> Terms {
        let mut terms = Terms {
            script: self.script(depth),
            ..Terms::default()
        };
        terms.after = (0..[0, 0, 0, 0, 1, 1, 1, 2][usize::from(self.below(8))])
            .map(|_| (self.byte(), self.one_in(3)))
            .collect();
        if depth == 0 {
            terms.parent = self.option(6, Self::byte);
        }
        terms.collect = self.one_in(2);
        terms.no_permit = self.one_in(4);
        terms.retries = [0, 0, 0, 1, 1, 2][usize::from(self.below(6))];
        if terms.retries > 0 {
            terms.backoff = self.nanos();
        }
        let odd = self.byte();
        if odd & 0x03 == 0x03 {
            let order = self.byte();
            terms.priority = [1, -1, 0, 0][usize::from(order % 4)];
            terms.head = order & 0x04 != 0;
            terms.retry_fatal = order & 0x08 != 0;
        }
        if odd & 0x0c == 0x0c {
            terms.pools = [u32::from(self.below(3)), u32::from(self.below(3))];
        }
        if odd & 0x30 == 0x30 {
            terms.attempt_timeout = self.option(2, Self::nanos);
            terms.deadline = self.option(2, Self::nanos);
        }
        if odd & 0x40 != 0 {
            terms.grace = Some(self.nanos());
        }
        terms.callback = odd & 0x80 != 0;
        terms
    }

    fn script(&mut self, depth: u8) -> Script {
        let turns = [0, 1, 1, 2, 2, 3, 4, 5][usize::from(self.below(8))];
        Script {
            turns: (0..turns).map(|_| self.turn(depth)).collect(),
            rewind: self.one_in(2),
            abort: self.abort(),
            panics_in: self.option(16, Self::hook),
        }
    }

    fn hook(&mut self) -> Hook {
        [Hook::Reset, Hook::Success, Hook::Retry, Hook::Raise][usize::from(self.below(4))]
    }

    fn abort(&mut self) -> Abort {
        match self.below(12) {
            0..=3 => Abort::Ready,
            4..=5 => Abort::Yield(1 + u32::from(self.below(2))),
            6..=8 => Abort::Sleep(1 + u32::from(self.below(3)), self.nanos()),
            9 => Abort::Hang,
            10 => Abort::Bare,
            _ => Abort::Panic,
        }
    }

    fn turn(&mut self, depth: u8) -> Turn {
        let actions = [0, 1, 1, 1, 2, 3][usize::from(self.below(6))];
        Turn {
            actions: (0..actions).map(|_| self.action(depth)).collect(),
            end: self.end(),
        }
    }

    fn end(&mut self) -> End {
        match self.below(32) {
            0..=4 => End::Succeed,
            5..=11 => End::Yield,
            12..=23 => End::Pending,
            24..=26 => End::Fail,
            27 => End::Fatal,
            28..=29 => End::RetryAfter(self.nanos()),
            30 => End::Cancelled,
            _ => End::Panic,
        }
    }

    fn action(&mut self, depth: u8) -> Action {
        match self.below(32) {
            0..=5 => Action::WakeAfter(self.nanos()),
            6 => Action::WakeInThePast(self.nanos()),
            7..=10 => Action::ExpectWake,
            11..=12 => Action::Watch(self.byte()),
            13..=18 if depth < 2 => Action::Spawn(Box::new(self.terms(depth + 1))),
            13..=20 => Action::Sleep(self.nanos()),
            21..=22 => Action::AddDependency(self.byte(), self.byte()),
            23..=24 => Action::Wake(self.byte()),
            25 => Action::WakeSelf,
            26..=27 => Action::Cancel(self.byte()),
            28 => Action::CancelSelf,
            29 => Action::CancelChildren,
            _ => Action::ReleasePermit,
        }
    }
}
