//! The ordinals of same-named siblings.
//!
//! A program that runs for ever gives each work a name of its own, so each work enters a group and leaves one. The
//! groups are in a hash table with seven places per bucket, at most three quarters of them taken. A group that finds
//! its bucket full goes into an ordered map. So names that are chosen to collide cost O(log n), and nothing depends
//! on the order of the table.
//!
//! Invariant: a group in the table or in the map has a living work, and is in only one of the two. The group that was
//! used last is in neither.
//!
//! Limit: groups are told apart by a hash of 64 bits. Two groups of one hash share their numbers, which stays
//! deterministic: ordinals only come out higher.

use crate::engine::rng::{fold, hash_text};
use crate::work::Name;
use std::collections::BTreeMap;

/// The counts of a group of same-named siblings. `live` is 0 if no work of the group is left.
#[derive(Clone, Copy, Default)]
struct Count {
    /// The ordinal of the next work of the group. It counts the works that have left, too, until the group is empty.
    next: u32,
    /// How many works of the group have not left.
    live: u32,
}

/// Places per bucket.
const PLACES: usize = 7;

/// The groups whose hash leads here.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// Groups and their counts. A place is free if its count has no living work. The number of a group in a free place
    /// means nothing.
    places: [(u64, Count); PLACES],
    /// How many groups of this bucket are in the ordered map.
    beyond: u32,
}

/// Counts by group. [`Ordinals`] keeps those that have living works, except for the group that was used last.
#[derive(Default)]
pub(crate) struct Groups {
    /// None, or as many as a power of two.
    buckets: Vec<Bucket>,
    /// Groups that found their bucket full. Few find a full bucket, unless names are chosen to collide.
    beyond: BTreeMap<u64, Count>,
    /// How many groups there are in both.
    len: usize,
}

impl Groups {
    /// Returns the bucket of a group, unless the table has none. The number of buckets is a power of two, so a mask of
    /// bits finds one.
    fn bucket(&mut self, group: u64) -> Option<&mut Bucket> {
        let mask = self.buckets.len().wrapping_sub(1);
        self.buckets.get_mut(group as usize & mask)
    }

    /// Takes a group out; a count of none if it is not there. Expected O(1). The caller puts it back unless it has
    /// become empty.
    #[inline]
    fn take(&mut self, group: u64) -> Count {
        self.find_and_take(group).unwrap_or_default()
    }

    #[inline(always)]
    fn find_and_take(&mut self, group: u64) -> Option<Count> {
        let bucket = self.bucket(group)?;
        let mut places = bucket.places.iter_mut();
        let place = places.find(|place| place.0 == group && place.1.live > 0);
        let count = match place {
            Some(place) => std::mem::take(&mut place.1),
            // The count spares a search of the map, which is empty nearly always.
            None if bucket.beyond == 0 => return None,
            None => self.take_from_beyond(group)?,
        };
        self.len -= 1;
        Some(count)
    }

    /// Takes a group out of the ordered map.
    #[cold]
    fn take_from_beyond(&mut self, group: u64) -> Option<Count> {
        let count = self.beyond.remove(&group)?;
        self.bucket(group)?.beyond -= 1;
        Some(count)
    }

    /// Enters a group that is not there and has living works. Expected and amortised O(1).
    #[inline]
    fn put(&mut self, group: u64, count: Count) {
        if self.len >= self.buckets.len() * PLACES * 3 / 4 {
            self.grow();
        }
        self.len += 1;
        // The table has just grown if it had no bucket, so this is never taken.
        let Some(bucket) = self.bucket(group) else {
            return;
        };
        let mut places = bucket.places.iter_mut();
        if let Some(place) = places.find(|place| place.1.live == 0) {
            *place = (group, count);
        } else {
            bucket.beyond += 1;
            self.beyond.insert(group, count);
        }
    }

    /// Counts one more of a group that never leaves, and returns how many there have been. Expected and amortised
    /// O(1).
    pub fn count(&mut self, group: u64) -> u32 {
        let before = self.take(group);
        let next = before.next.saturating_add(1);
        self.put(group, Count { next, live: 1 });
        next
    }

    /// Forgets all groups, but keeps the room.
    pub fn clear(&mut self) {
        if self.len > 0 {
            self.buckets.fill(Bucket::default());
            if !self.beyond.is_empty() {
                self.beyond.clear();
            }
            self.len = 0;
        }
    }

    /// Doubles the table and enters all groups anew, so that many of the ordered map get a place.
    #[cold]
    fn grow(&mut self) {
        let buckets = (2 * self.buckets.len()).max(1);
        let old = std::mem::replace(&mut self.buckets, vec![Bucket::default(); buckets]);
        let beyond = std::mem::take(&mut self.beyond);
        self.len = 0;
        let places = old.into_iter().flat_map(|bucket| bucket.places);
        for (group, count) in places.chain(beyond) {
            // A free place is told by its count. No number of a group is reserved for it.
            if count.live > 0 {
                self.put(group, count);
            }
        }
    }
}

/// Numbers same-named siblings. It keeps the group used last outside the table, since programs add many works of one
/// name.
#[derive(Default)]
pub(crate) struct Ordinals {
    /// The group that was used last.
    hot: u64,
    /// The counts of that group.
    count: Count,
    /// All other groups.
    rest: Groups,
    /// The last static name and its parent. A caller that adds the same name again is spared the look into the table.
    last: Option<(Option<u64>, &'static str)>,
    /// The group of that name.
    last_group: u64,
    /// The hashes of static names.
    hashes: Hashes,
}

impl Ordinals {
    /// Forgets all groups, but keeps the room.
    pub fn clear(&mut self) {
        self.rest.clear();
        (self.hot, self.count) = (0, Count::default());
        self.last = None;
    }

    /// Returns the ordinal of a new work: how many same-named siblings were added since the group was last empty.
    ///
    /// `parent_serial` is `None` for a root. Expected and amortised O(1).
    #[inline]
    pub fn enter(&mut self, parent_serial: Option<u64>, name: &Name) -> u32 {
        let group = self.group(parent_serial, name);
        self.bring(group);
        let ordinal = self.count.next;
        // After 2^32 siblings in one group numbers repeat, and then two works draw alike. No memory is at stake.
        self.count.next = self.count.next.wrapping_add(1);
        self.count.live += 1;
        ordinal
    }

    /// Notes that the work has left the engine.
    ///
    /// The caller names the parent and name with which the work was entered. Expected and amortised O(1).
    #[inline]
    pub fn leave(&mut self, parent_serial: Option<u64>, name: &Name) {
        let group = self.group(parent_serial, name);
        self.bring(group);
        self.count.live -= 1;
        if self.count.live == 0 {
            // An empty group starts again from 0, and the table need not keep it.
            self.count = Count::default();
        }
    }

    /// Returns the group of a name, and remembers it if the name is static. A shared name is hashed each time.
    #[inline]
    fn group(&mut self, parent_serial: Option<u64>, name: &Name) -> u64 {
        let Name::Static(text) = *name else {
            return group(parent_serial, hash_text(name));
        };
        match self.last {
            // Compared by address, since hashing the text costs more.
            Some((parent, last)) if parent == parent_serial && std::ptr::eq(last, text) => {}
            _ => {
                self.last = Some((parent_serial, text));
                self.last_group = group(parent_serial, self.hashes.of(text));
            }
        }
        self.last_group
    }

    /// Makes `group` the group that was used last.
    #[inline]
    fn bring(&mut self, group: u64) {
        if group != self.hot {
            self.swap(group);
        }
    }

    /// Puts the last group into the table and takes `group` out of it.
    #[inline(never)]
    fn swap(&mut self, group: u64) {
        // An empty group is forgotten: a program that names each work anew must not fill the table (L30).
        if self.count.live > 0 {
            self.rest.put(self.hot, self.count);
        }
        self.hot = group;
        self.count = self.rest.take(group);
    }
}

/// Returns the group of the names with this hash below a parent, or among the roots.
fn group(parent_serial: Option<u64>, hash: u64) -> u64 {
    match parent_serial {
        None => hash,
        Some(serial) => fold(serial, hash),
    }
}

/// The hashes of static names that came up lately, each where the address of its text leads. Texts are compared by
/// address, since hashing one costs more.
#[derive(Default)]
struct Hashes {
    texts: [Option<&'static str>; 8],
    hashes: [u64; 8],
}

impl Hashes {
    fn of(&mut self, text: &'static str) -> u64 {
        let place = text.as_ptr().addr() % 8;
        match self.texts[place] {
            Some(known) if std::ptr::eq(known, text) => self.hashes[place],
            _ => {
                self.texts[place] = Some(text);
                self.hashes[place] = hash_text(text);
                self.hashes[place]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::Stream;

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

    #[test]
    fn groups_are_found_again_however_they_collide() {
        for collide in [u64::MAX, 0xffff_ffff_0000_0000, 0xff] {
            let mut draws = Stream::new(collide);
            let mut groups = Groups::default();
            let mut expected = BTreeMap::new();
            for round in 0..20_000 {
                let group = (draws.next_u64() % 500).wrapping_mul(0x9e37_79b9_7f4a_7c15) & collide;
                let before = expected.remove(&group).unwrap_or(0);
                assert_eq!(groups.take(group).next, before, "{group} in round {round}");
                if before == 0 || draws.chance(1, 2) {
                    let count = Count {
                        next: round + 1,
                        live: 1,
                    };
                    groups.put(group, count);
                    expected.insert(group, round + 1);
                }
                assert_eq!(groups.len, expected.len());
            }
            assert!(
                groups.buckets.len() * PLACES <= 4 * 512,
                "{}",
                groups.buckets.len()
            );
        }
    }
}
