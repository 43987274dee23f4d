//! Policies: how the runs of a search go through the orders.
//!
//! No policy wins everywhere. Each is a state machine that is told when a run begins and ends, and picks at each point.
//! What the first runs have shown, estimates included, is the same wherever a search is repeated.

mod bytes;
mod deviations;
mod exhaustive;
mod mix;
mod pct;
mod simple;
mod urw;

use super::point::Point;
use crate::{Decider, Stream};
use std::fmt;
use std::sync::Arc;

/// How a search goes through the orders of a program.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Policy {
    /// Production order.
    Fifo,
    /// The last candidate always.
    Lifo,
    /// The work that had the last turn goes on while it can.
    Continue,
    /// Each answer equally likely. The engine draws turns itself.
    Random,
    /// The work that had the last turn goes on with this probability in percent, else as [`Policy::Random`].
    Sticky(u8),
    /// Probabilistic concurrency testing for bugs of this depth: priorities, and one change point fewer than the
    /// depth. With n works and k decisions a run finds such a bug with probability 1 / (n k^(depth - 1)) at least.
    ///
    /// Burckhardt, Kothari, Musuvathi and Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding
    /// Bugs", 2010.
    Pct(u32),
    /// Uniform random walk: a work is as likely as it has turns left, as far as the first runs have shown. If they were
    /// right, every order is equally likely.
    Urw,
    /// Production order, or who ran last goes on, but for one turn that another work takes; every such order once. Then
    /// those with two such turns, and so on.
    OneDeviation,
    /// Every order once, depth first.
    Exhaustive,
    /// Every order with at most so many departures from production order, those with fewer first.
    ExhaustiveUpTo(u32),
    /// One byte an answer, two where there are more than 256; 0 once there are no more.
    Bytes(Vec<u8>),
    /// The answers of an earlier run; 0 once there are no more.
    Replay(Vec<u32>),
    /// In order: production, last first, continue, ties reversed; then in turn [`Policy::Urw`], [`Policy::Pct`] with a
    /// depth of 1 to 3, [`Policy::Random`], [`Policy::Sticky`], [`Policy::OneDeviation`].
    #[default]
    Mix,
    /// A decider for each run, made from the run's seed. Only its answers count.
    Custom(Custom),
}

/// Makes a decider from a seed: see [`Policy::Custom`].
pub type Custom = Arc<dyn Fn(u64) -> Box<dyn Decider> + Send + Sync>;

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Policy::Fifo => f.write_str("fifo"),
            Policy::Lifo => f.write_str("lifo"),
            Policy::Continue => f.write_str("continue"),
            Policy::Random => f.write_str("random"),
            Policy::Sticky(percent) => write!(f, "sticky({percent})"),
            Policy::Pct(depth) => write!(f, "pct({depth})"),
            Policy::Urw => f.write_str("urw"),
            Policy::OneDeviation => f.write_str("one-deviation"),
            Policy::Exhaustive => f.write_str("exhaustive"),
            Policy::ExhaustiveUpTo(bound) => write!(f, "exhaustive({bound})"),
            Policy::Bytes(_) => f.write_str("bytes"),
            Policy::Replay(_) => f.write_str("replay"),
            Policy::Mix => f.write_str("mix"),
            Policy::Custom(_) => f.write_str("custom"),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Policy {
    /// Returns the policy of that name, as [`Policy`] prints it: `pct(2)`, `sticky(90)`, `exhaustive(3)`.
    pub fn from_name(name: &str) -> Option<Policy> {
        let (word, number) = match name.strip_suffix(')').and_then(|rest| rest.split_once('(')) {
            Some((word, number)) => (word, Some(number.parse::<u32>().ok()?)),
            None => (name, None),
        };
        Some(match (word, number) {
            ("fifo", None) => Policy::Fifo,
            ("lifo", None) => Policy::Lifo,
            ("continue", None) => Policy::Continue,
            ("random", None) => Policy::Random,
            ("sticky", percent) => Policy::Sticky(u8::try_from(percent.unwrap_or(90)).ok()?),
            ("pct", depth) => Policy::Pct(depth.unwrap_or(3).max(1)),
            ("urw", None) => Policy::Urw,
            ("one-deviation", None) => Policy::OneDeviation,
            ("exhaustive", None) => Policy::Exhaustive,
            ("exhaustive", Some(bound)) => Policy::ExhaustiveUpTo(bound),
            ("mix", None) => Policy::Mix,
            _ => return None,
        })
    }

    /// Returns whether each run follows from the ones before it.
    pub(super) fn is_enumeration(&self) -> bool {
        matches!(
            self,
            Policy::Exhaustive | Policy::ExhaustiveUpTo(_) | Policy::OneDeviation
        )
    }

    /// Returns the state machine of the policy.
    pub(super) fn machine(&self) -> Box<dyn Machine> {
        match self {
            Policy::Fifo => Box::new(simple::Fifo),
            Policy::Lifo => Box::new(simple::Lifo),
            Policy::Continue => Box::new(simple::Continue::default()),
            Policy::Random => Box::new(simple::Random),
            Policy::Sticky(percent) => Box::new(simple::Sticky::new(*percent)),
            Policy::Pct(depth) => Box::new(pct::Pct::new(*depth)),
            Policy::Urw => Box::new(urw::Urw::default()),
            Policy::OneDeviation => Box::new(deviations::OneDeviation::default()),
            Policy::Exhaustive => Box::new(exhaustive::Exhaustive::default()),
            Policy::ExhaustiveUpTo(bound) => Box::new(deviations::Deviations::fifo(Some(*bound))),
            Policy::Bytes(bytes) => Box::new(bytes::Bytes::new(bytes.clone())),
            Policy::Replay(answers) => Box::new(bytes::Replay::new(answers.clone())),
            Policy::Mix => Box::new(mix::Mix::default()),
            Policy::Custom(make) => Box::new(simple::Own::new(Arc::clone(make))),
        }
    }
}

/// The number of a run that no estimate counts.
pub(super) const LATER: u64 = pct::ESTIMATING;

/// Where a run stands in its search.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The number of the run, from 0.
    pub number: u64,
    /// The seed of the stream from which policies draw.
    pub seed: u64,
}

/// What a search has come through, for policies that can say so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coverage {
    /// Every order has had a run.
    Exhaustive,
    /// Every order with at most so many departures from production order has had a run.
    ExhaustiveUpTo(u32),
    /// Some orders have.
    #[default]
    Sampled,
}

/// A policy at work.
pub(super) trait Machine {
    /// Begins a run, whose stream is at its beginning. Returns false if there is no order left.
    fn begin(&mut self, run: &Run, stream: &mut Stream) -> bool;

    /// Returns the index of the answer. `stream` is that of the run.
    fn pick(&mut self, point: &Point<'_>, stream: &mut Stream) -> usize;

    /// Returns whether all answers of the present run are equally likely. The engine then draws them itself.
    fn is_even(&self) -> bool {
        false
    }

    /// Returns whether the machine wants to hear of turns without a choice, too.
    fn wants_turns(&self) -> bool {
        false
    }

    /// Hears that the work with this key has its turn.
    fn turn(&mut self, key: u64) {
        let _ = key;
    }

    /// Returns whether later runs depend on the run with this number. Every shard and thread does those.
    fn learns_from(&self, number: u64) -> bool {
        let _ = number;
        false
    }

    /// Ends a run that came to its end.
    fn end(&mut self) {}

    /// Returns what the search has come through.
    fn coverage(&self) -> Coverage {
        Coverage::Sampled
    }

    /// Returns the policy of the present run.
    fn policy(&self) -> Policy;
}

/// Returns the answer at a point that is no turn, for policies that draw.
pub(super) fn draw(point: &Point<'_>, stream: &mut Stream) -> usize {
    stream.below(point.arity as u64) as usize
}
