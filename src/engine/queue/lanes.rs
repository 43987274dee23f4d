//! Lanes of the permit queue. A lane is the list of works with one place in the order and one need: equal permits of
//! equal pools.
//!
//! Invariant: the works of one lane have equal needs. What its head lacks, they all lack, so none of them can go before
//! it.
//!
//! To add a class, add it to [`Class`] at its place in the order, and raise [`CLASSES`].

use crate::engine::queue::list::List;
use crate::engine::store::record::{Needs, Pool};

/// A lane's place in the order: priority (higher first), then [`Class`]. Lower ranks are earlier. The ranks of 256
/// priorities fit into it easily.
pub type Rank = u16;

/// The order among works of one priority.
///
/// The numbers are part of the rank. L18 has the order.
#[derive(Clone, Copy)]
pub enum Class {
    /// A work in the middle of an attempt that comes back for its permit.
    Returner = 0,
    /// A retry whose spec says [`RetryPosition::Head`](crate::RetryPosition::Head).
    HeadRetry = 1,
    /// Any other work, in order of arrival.
    Arrival = 2,
}

/// The number of classes, and so of ranks per priority.
pub const CLASSES: Rank = 3;

/// The rank of a work without priority that joins at the tail. Priority 0 is in the middle of the range.
pub const PLAIN: Rank = i8::MAX as u16 * CLASSES + Class::Arrival as u16;

/// The works of one key that wait, in order of arrival.
pub(crate) struct Lane {
    /// Where the lane is in the order. Lanes are sorted by it first.
    pub rank: Rank,
    /// Whether its works need the general permit, besides `needs`.
    pub general: bool,
    /// The permits of named pools that its works need.
    pub needs: Needs,
    /// The works. It is empty only in the last lane that is left.
    pub list: List,
}

/// The values that decide in which lane a work waits. Lanes are sorted by them. A work's key must not change while it
/// waits, or its lane is not found again.
pub type Key<'a> = (Rank, bool, &'a [(Pool, u32)]);

impl Lane {
    /// Returns the lane's key.
    pub fn key(&self) -> Key<'_> {
        (self.rank, self.general, &self.needs)
    }

    /// Returns whether its works have the rank and general permit of that key and need permits of equal pools.
    pub fn has_pools_of(&self, (rank, general, needs): Key<'_>) -> bool {
        // Weights may differ: the works compete for these pools, however much each of them takes.
        let same_pools = || {
            self.needs
                .iter()
                .map(|need| need.0)
                .eq(needs.iter().map(|need| need.0))
        };
        (self.rank, self.general) == (rank, general) && same_pools()
    }
}
