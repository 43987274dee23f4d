//! A disk in memory, for simulation.

use super::{Disk, Item};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps items in memory, up to a number of bytes.
#[derive(Debug)]
pub struct Memory {
    items: Mutex<BTreeMap<Item, Vec<u8>>>,
    capacity: usize,
}

impl Memory {
    /// An empty one without a bound.
    pub fn new() -> Memory {
        Memory::with_capacity(usize::MAX)
    }

    /// One that is full after so many bytes.
    pub fn with_capacity(capacity: usize) -> Memory {
        Memory {
            items: Mutex::default(),
            capacity,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Item, Vec<u8>>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory::new()
    }
}

impl Disk for Memory {
    fn read(&self, item: Item) -> io::Result<Option<Vec<u8>>> {
        Ok(self.lock().get(&item).cloned())
    }

    fn write(&self, item: Item, bytes: &[u8]) -> io::Result<()> {
        let mut items = self.lock();
        // The old one is there until the new one is complete, as on a real disk.
        let used: usize = items.values().map(Vec::len).sum();
        if used.saturating_add(bytes.len()) > self.capacity {
            return Err(io::ErrorKind::StorageFull.into());
        }
        items.insert(item, bytes.to_vec());
        Ok(())
    }

    fn remove(&self, item: Item) -> io::Result<()> {
        self.lock().remove(&item);
        Ok(())
    }
}
