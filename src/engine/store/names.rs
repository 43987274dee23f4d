//! Name paths, the ordinals of same-named siblings, and the random streams that are derived from them.
//!
//! Every draw comes from a stream that is derived from (seed, purpose, name path with ordinals): one more work with
//! another name shifts nobody else's draws.

use crate::engine::rng::{Stream, fold, hash_text, mix};
use crate::engine::store::arena::Arena;
use crate::work::Name;
use std::collections::BTreeMap;

/// What a stream is for; each purpose has a stream of its own.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Jitter = 1,
    Work = 2,
    Offload = 3,
}

/// The stream for one purpose of one work, or of the engine itself.
pub(crate) fn stream(seed: u64, purpose: Purpose, key: u64, more: u64) -> Stream {
    Stream::new(fold(fold(fold(mix(seed), purpose as u64), key), more))
}

#[derive(Clone, Copy, Default)]
struct Count {
    next: u32,
    live: u32,
}

/// Numbers same-named siblings. The group used last is kept outside the map: programs add many works of one name.
#[derive(Default)]
pub(crate) struct Ordinals {
    hot: u64,
    count: Count,
    rest: BTreeMap<u64, Count>,
    /// The last name that the program contains, its parent, and their group: who adds the same again is spared the hash.
    last: Option<(Option<u64>, &'static str)>,
    last_group: u64,
}

impl Ordinals {
    /// The ordinal of a new work: how many same-named siblings were added since there last was none.
    #[inline]
    pub fn enter(&mut self, parent_serial: Option<u64>, name: &Name) -> u32 {
        let group = self.group(parent_serial, name);
        self.bring(group);
        let ordinal = self.count.next;
        self.count.next = self.count.next.wrapping_add(1);
        self.count.live += 1;
        ordinal
    }

    /// The work has left the engine.
    #[inline]
    pub fn leave(&mut self, parent_serial: Option<u64>, name: &Name) {
        let group = self.group(parent_serial, name);
        self.bring(group);
        self.count.live -= 1;
        if self.count.live == 0 {
            self.count = Count::default();
        }
    }

    #[inline]
    fn group(&mut self, parent_serial: Option<u64>, name: &Name) -> u64 {
        let Name::Static(text) = *name else {
            return group(parent_serial, name);
        };
        match self.last {
            Some((parent, last)) if parent == parent_serial && std::ptr::eq(last, text) => {}
            _ => {
                self.last = Some((parent_serial, text));
                self.last_group = group(parent_serial, text);
            }
        }
        self.last_group
    }

    #[inline]
    fn bring(&mut self, group: u64) {
        if group != self.hot {
            self.swap(group);
        }
    }

    fn swap(&mut self, group: u64) {
        if self.count.live > 0 {
            self.rest.insert(self.hot, self.count);
        }
        self.hot = group;
        self.count = self.rest.remove(&group).unwrap_or_default();
    }
}

fn group(parent_serial: Option<u64>, name: &str) -> u64 {
    fold(
        parent_serial.map_or(0, |serial| serial + 1),
        hash_text(name),
    )
}

/// A work's ancestors and itself, from the root.
fn line(arena: &Arena, slot: u32) -> Vec<u32> {
    let mut line: Vec<u32> =
        std::iter::successors(Some(slot), |&slot| arena.parent(slot)).collect();
    line.reverse();
    line
}

/// The number of an ancestor's present attempt where that is not the first, counted over restarts.
fn retry_of(arena: &Arena, slot: u32, line: &[u32]) -> Option<u32> {
    let attempt = arena.attempt_id(slot);
    (line.last() != Some(&slot) && attempt > 1).then_some(attempt)
}

/// The name path as text: `sync#2/fetch[3]` is a fourth child in its parent's second attempt. O(depth).
pub(crate) fn path(arena: &Arena, slot: u32) -> String {
    let line = line(arena, slot);
    let step = |&slot: &u32| {
        let meta = arena.meta(slot);
        let mut step = meta.name.to_string();
        if meta.ordinal > 0 {
            step += &format!("[{}]", meta.ordinal);
        }
        if let Some(attempt) = retry_of(arena, slot, &line) {
            step += &format!("#{attempt}");
        }
        step
    };
    line.iter().map(step).collect::<Vec<_>>().join("/")
}

/// Told apart from each other, and from names, in a key.
const RETRY: u64 = 1 << 32;
const RUN: u64 = 1 << 33;

/// The name path as a number, with ordinals, ancestors' attempts after the first, and run numbers after the first. O(depth).
pub(crate) fn path_key(arena: &Arena, slot: u32) -> u64 {
    let line = line(arena, slot);
    line.iter().fold(0, |key, &slot| {
        let meta = arena.meta(slot);
        let mut key = fold(fold(key, hash_text(meta.name)), meta.ordinal as u64);
        if let Some(run) = meta.rare.map(|rare| rare.extras.run_number)
            && run > 1
        {
            key = fold(fold(key, RUN), run);
        }
        if let Some(attempt) = retry_of(arena, slot, &line) {
            key = fold(fold(key, RETRY), attempt as u64);
        }
        key
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_count_within_a_name_and_start_again_when_all_have_left() {
        let mut ordinals = Ordinals::default();
        assert_eq!(ordinals.enter(None, &"a".into()), 0);
        assert_eq!(ordinals.enter(None, &"b".into()), 0);
        assert_eq!(ordinals.enter(None, &"a".into()), 1);
        assert_eq!(ordinals.enter(Some(0), &"a".into()), 0);
        ordinals.leave(None, &"a".into());
        assert_eq!(ordinals.enter(None, &"a".into()), 2);
        ordinals.leave(None, &"b".into());
        assert_eq!(ordinals.enter(None, &"b".into()), 0);
    }
}
