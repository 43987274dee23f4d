//! *Ordered map*: timers as `BTreeMap<(deadline, seq), id>`.

use std::collections::BTreeMap;

#[derive(Default)]
pub struct OrderedMap {
    timers: BTreeMap<(u64, u64), u32>,
    seq: u64,
}

/// What cancels a timer.
pub type Key = (u64, u64);

impl OrderedMap {
    pub fn arm(&mut self, deadline: u64, owner: u32) -> Key {
        self.seq += 1;
        self.timers.insert((deadline, self.seq), owner);
        (deadline, self.seq)
    }

    pub fn cancel(&mut self, key: Key) -> Option<u32> {
        self.timers.remove(&key)
    }

    pub fn next_deadline(&self) -> Option<u64> {
        self.timers.first_key_value().map(|(&(at, _), _)| at)
    }

    pub fn pop_due(&mut self, now: u64) -> Option<u32> {
        let entry = self.timers.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
