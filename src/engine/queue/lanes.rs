//! Lanes of the permit queue: works that need the same of the same pools and have one place in the order wait in one list.

use crate::engine::queue::list::List;
use crate::engine::store::record::{Needs, Pool};

/// A lane's place in the order: priority (higher first), then [`Class`]. Lower is earlier.
pub type Rank = u16;

/// The order among works of one priority.
#[derive(Clone, Copy)]
pub enum Class {
    /// A work in the middle of an attempt that comes back for its permit.
    Returner = 0,
    /// A retry whose spec says [`RetryPosition::Head`].
    HeadRetry = 1,
    Arrival = 2,
}

pub const CLASSES: Rank = 3;

/// The rank of a work without priority that joins at the tail.
pub const PLAIN: Rank = i8::MAX as u16 * CLASSES + Class::Arrival as u16;

pub(crate) struct Lane {
    pub rank: Rank,
    /// Whether the general permit is needed, besides what `needs` says.
    pub general: bool,
    pub needs: Needs,
    pub list: List,
}

/// What tells in which lane a work waits; lanes are in this order.
pub type Key<'a> = (Rank, bool, &'a [(Pool, u32)]);

impl Lane {
    pub fn key(&self) -> Key<'_> {
        (self.rank, self.general, &self.needs)
    }

    /// Whether its works need permits of the same pools as those of that key.
    pub fn has_pools_of(&self, (rank, general, needs): Key<'_>) -> bool {
        let same_pools = || {
            self.needs
                .iter()
                .map(|need| need.0)
                .eq(needs.iter().map(|need| need.0))
        };
        (self.rank, self.general) == (rank, general) && same_pools()
    }
}
