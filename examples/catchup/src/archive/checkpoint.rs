//! Checkpoints: an archive holds its ledgers in files of 64.

use std::fmt;

/// Ledgers in a checkpoint. The first has one fewer: there is no ledger 0.
pub const LEDGERS_PER_CHECKPOINT: u32 = 64;

/// One checkpoint; prints as the sequence number of its last ledger in hexadecimal, as in the archive's file names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Checkpoint(u32);

impl Checkpoint {
    /// The checkpoint with this number, counted from 0; ledger numbers end at 2^32 - 1, and so do checkpoints.
    pub fn nth(index: u32) -> Checkpoint {
        Checkpoint(index.min(u32::MAX / LEDGERS_PER_CHECKPOINT))
    }

    /// The checkpoint whose last ledger this is, if it is one's last.
    pub fn ending_with(ledger: u32) -> Option<Checkpoint> {
        (ledger % LEDGERS_PER_CHECKPOINT == LEDGERS_PER_CHECKPOINT - 1)
            .then_some(Checkpoint(ledger / LEDGERS_PER_CHECKPOINT))
    }

    /// Its number, counted from 0.
    pub fn index(self) -> u32 {
        self.0
    }

    /// Its first ledger.
    pub fn first(self) -> u32 {
        (self.0 * LEDGERS_PER_CHECKPOINT).max(1)
    }

    /// Its last ledger.
    pub fn last(self) -> u32 {
        self.0 * LEDGERS_PER_CHECKPOINT + (LEDGERS_PER_CHECKPOINT - 1)
    }

    /// The ledgers in it.
    pub fn ledgers(self) -> impl ExactSizeIterator<Item = u32> {
        let first = self.first();
        (0..(self.last() - first) as usize + 1).map(move |n| first + n as u32)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_has_63_ledgers_and_the_last_ends_the_numbers() {
        assert!(Checkpoint::nth(0).ledgers().eq(1..=63));
        assert!(Checkpoint::nth(1).ledgers().eq(64..=127));
        assert_eq!(Checkpoint::nth(1).to_string(), "0000007f");
        assert_eq!(Checkpoint::nth(u32::MAX).last(), u32::MAX);
        assert_eq!(Checkpoint::nth(u32::MAX).ledgers().len(), 64);
        assert_eq!(Checkpoint::ending_with(127), Some(Checkpoint::nth(1)));
        assert_eq!(Checkpoint::ending_with(0), None);
        assert_eq!(Checkpoint::ending_with(128), None);
    }
}
