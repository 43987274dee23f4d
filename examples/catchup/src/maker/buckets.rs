//! The bucket list: what has changed lately lies in small buckets, what has not in large ones.
//!
//! Level i passes its older bucket on every 2^i checkpoints (on the real network: every 2 * 4^i ledgers), so that each
//! entry moves a logarithmic number of times.

use super::network::{PASSPHRASE, PROTOCOL};
use crate::archive::{ArchiveState, BucketEntries, Checkpoint, Hash, LEVELS, Level, write_bucket};
use std::rc::Rc;

/// A bucket list with the contents of its buckets.
pub struct BucketList {
    levels: Vec<Pair>,
}

/// The two buckets of a level.
#[derive(Clone, Default)]
struct Pair {
    curr: Rc<Bucket>,
    snap: Rc<Bucket>,
}

#[derive(Default)]
struct Bucket {
    hash: Hash,
    file: Vec<u8>,
    entries: BucketEntries,
}

impl BucketList {
    /// Empty buckets only.
    pub fn new() -> BucketList {
        BucketList {
            levels: vec![Pair::default(); LEVELS],
        }
    }

    /// Adds what a checkpoint has changed.
    pub fn add(&mut self, at: Checkpoint, changes: BucketEntries) {
        for level in (0..LEVELS - 1).rev() {
            if at.index().is_multiple_of(1 << level) {
                let Pair { curr, snap } = std::mem::take(&mut self.levels[level]);
                self.levels[level].snap = curr;
                let below = &mut self.levels[level + 1].curr;
                *below = Bucket::merged(&snap, below);
            }
        }
        self.levels[0].curr = Bucket::of(changes);
    }

    /// What the archive says of the list.
    pub fn state(&self, at: Checkpoint) -> ArchiveState {
        let level = |pair: &Pair| Level {
            curr: pair.curr.hash,
            snap: pair.snap.hash,
        };
        ArchiveState {
            checkpoint: at,
            passphrase: PASSPHRASE.to_owned(),
            levels: self.levels.iter().map(level).collect(),
        }
    }

    /// The hash of the list.
    pub fn hash(&self) -> Hash {
        self.state(Checkpoint::nth(0)).bucket_list_hash()
    }

    /// The buckets that are not empty: name and contents.
    pub fn buckets(&self) -> impl Iterator<Item = (Hash, &[u8])> {
        let all = self.levels.iter().flat_map(|pair| [&pair.curr, &pair.snap]);
        all.filter(|bucket| bucket.hash != Hash::ZERO)
            .map(|bucket| (bucket.hash, bucket.file.as_slice()))
    }
}

impl Bucket {
    fn of(entries: BucketEntries) -> Rc<Bucket> {
        if entries.is_empty() {
            return Rc::default();
        }
        let file = write_bucket(&entries, PROTOCOL);
        Rc::new(Bucket {
            hash: Hash::of(&file),
            file,
            entries,
        })
    }

    /// Both, the newer over the older.
    fn merged(newer: &Rc<Bucket>, older: &Rc<Bucket>) -> Rc<Bucket> {
        match (newer.entries.is_empty(), older.entries.is_empty()) {
            (true, _) => older.clone(),
            (_, true) => newer.clone(),
            _ => {
                let mut entries = older.entries.clone();
                entries.extend(&newer.entries);
                Bucket::of(entries)
            }
        }
    }
}
