//! Items: the single things by which a run differs from production.
//!
//! A failure is kept as a list of items, and a run that has nothing but them is in production's order otherwise. Items
//! name works by their paths, never by slots or by places in a list of answers, so they outlive edits of the program.

mod fault;
mod plan;
mod text;
mod words;

pub(super) use fault::Amount;
pub use fault::{Family, Fault};
pub(super) use plan::Plan;
pub(super) use words::words;

/// How far a work has to come for a hold to end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Until {
    /// It has had the turn with this number.
    Turn(u32),
    /// It has settled.
    End,
    /// Its attempt with this number has failed.
    Failed(u32),
    /// It has had a turn with this label: see [`WorkContext::step`](crate::WorkContext::step).
    Step(String),
}

impl From<u32> for Until {
    fn from(turn: u32) -> Self {
        Until::Turn(turn)
    }
}

/// A turn of a work.
///
/// The work is named by its path, as in `sync/fetch[3]`, with its node in front where a simulation has several, as in
/// `server:sync/fetch[3]`. A link counts as a work that has a turn for each message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Step {
    /// The work.
    pub work: String,
    /// The number of the turn, from 1.
    pub turn: u32,
}

impl Step {
    /// Returns the turn of a work.
    pub fn new(work: impl Into<String>, turn: u32) -> Step {
        Step {
            work: work.into(),
            turn,
        }
    }
}

/// A question that a work asks in a turn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Site {
    /// The turn.
    pub at: Step,
    /// The name of the choice or fault.
    pub name: String,
    /// How often the work has asked under that name in that turn, from 1.
    pub visit: u32,
}

/// The name of the choice of a message's latency.
pub(super) const LATENCY: &str = "latency";

/// What is ordered other than turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Tie {
    /// Works that wait for a permit.
    Permit,
    /// Timers of one instant.
    Timer,
    /// Senders of messages.
    Inbox,
    /// Messages of a link without an order.
    Message,
}

/// A single thing by which a run differs from production.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Item {
    /// A work waits before one of its turns.
    Hold {
        /// That turn.
        at: Step,
        /// The path of the work that it waits for.
        other: String,
        /// How far the other work has to come.
        until: Until,
    },
    /// Something goes wrong.
    Fault(Fault),
    /// A work is the first of those that could be next.
    First(Tie, Step),
    /// A choice has another answer than 0.
    Choice(Site, u32),
}

impl Item {
    /// Returns the turn that the item changes.
    pub(super) fn at(&self) -> &Step {
        match self {
            Item::Hold { at, .. } | Item::First(_, at) => at,
            Item::Fault(fault) => fault.at(),
            Item::Choice(site, _) => &site.at,
        }
    }

    /// Returns the turn that the item holds back, if it is a hold.
    pub(super) fn held(&self) -> Option<&Step> {
        match self {
            Item::Hold { at, .. } => Some(at),
            _ => None,
        }
    }
}
