//! The ordinals of same-named siblings.
//!
//! A program that runs for ever gives each work a name of its own, so each work enters a group and leaves one. The
//! groups are in a hash table with seven places per bucket, at most three quarters of them taken. A group that finds
//! its bucket full goes into an ordered map. So names that are chosen to collide cost O(log n), and nothing depends
//! on the order of the table.
//!
//! Invariant: a group in the table or in the map has a living work, and is in only one of the two. The groups that came
//! up lately are in neither.
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

/// Counts by group. [`Ordinals`] keeps those that have living works, except for those that came up lately.
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

/// How many places static names share, by the addresses of their texts. One more place is for all other names.
const STATIC: usize = 8;

/// A group that came up lately.
#[derive(Clone, Copy, Default)]
struct Recent {
    /// The address and length of the static name with which the group came up, and the parent's serial number. The
    /// address is 0 for a shared name. Texts are told by their addresses, since hashing one costs more.
    key: (usize, usize, u64),
    /// The group; 0 if there is none.
    group: u64,
    count: Count,
}

/// Stands for the serial number of a root's parent. No work has it.
const NO_PARENT: u64 = u64::MAX;

/// Numbers same-named siblings. It keeps the groups that came up lately outside the table, since programs add many
/// works of few names.
#[derive(Default)]
pub(crate) struct Ordinals {
    /// Groups that came up lately. They keep their places when they have become empty.
    recent: [Recent; STATIC + 1],
    /// All other groups.
    rest: Groups,
}

impl Ordinals {
    /// Forgets all groups, but keeps the room.
    pub fn clear(&mut self) {
        self.rest.clear();
        for recent in &mut self.recent {
            recent.count = Count::default();
        }
    }

    /// Returns the ordinal of a new work: how many same-named siblings were added since the group was last empty.
    ///
    /// `parent_serial` is `None` for a root. Expected and amortised O(1).
    #[inline]
    pub fn enter(&mut self, parent_serial: Option<u64>, name: &Name) -> u32 {
        let count = self.count(parent_serial, name);
        let ordinal = count.next;
        // After 2^32 siblings in one group numbers repeat, and then two works draw alike. No memory is at stake.
        count.next = count.next.wrapping_add(1);
        count.live += 1;
        ordinal
    }

    /// Notes that the work has left the engine.
    ///
    /// The caller names the parent and name with which the work was entered. Expected and amortised O(1).
    #[inline]
    pub fn leave(&mut self, parent_serial: Option<u64>, name: &Name) {
        let count = self.count(parent_serial, name);
        count.live -= 1;
        if count.live == 0 {
            // An empty group starts again from 0, and the table need not keep it.
            *count = Count::default();
        }
    }

    /// Returns the counts of a group, which has a place among the recent ones from now on.
    #[inline(always)]
    fn count(&mut self, parent_serial: Option<u64>, name: &Name) -> &mut Count {
        let Name::Static(text) = *name else {
            return self.bring(STATIC, parent_serial, name);
        };
        let key = key(parent_serial, text);
        let place = key.0 % STATIC;
        match self.recent[place].key == key {
            true => &mut self.recent[place].count,
            false => self.bring(place, parent_serial, name),
        }
    }

    /// Returns the counts of a group. If it has no place, it gets `place`, and the group that was there goes into the
    /// table.
    #[inline(never)]
    fn bring(&mut self, place: usize, parent_serial: Option<u64>, name: &Name) -> &mut Count {
        let group = group(parent_serial, name);
        let mut all = self.recent.iter();
        // The text may have come from another address, or shared.
        if let Some(place) = all.position(|recent| recent.group == group) {
            return &mut self.recent[place].count;
        }
        let former = self.recent[place];
        // An empty group is forgotten: a program that names each work anew must not fill the table (L30).
        if former.count.live > 0 {
            self.rest.put(former.group, former.count);
        }
        self.recent[place] = Recent {
            key: match *name {
                Name::Static(text) => key(parent_serial, text),
                Name::Shared(_) => Default::default(),
            },
            group,
            count: self.rest.take(group),
        };
        &mut self.recent[place].count
    }
}

/// Returns what tells a static name below a parent, or among the roots.
fn key(parent_serial: Option<u64>, text: &'static str) -> (usize, usize, u64) {
    let parent = parent_serial.unwrap_or(NO_PARENT);
    (text.as_ptr().addr(), text.len(), parent)
}

/// Returns the group of a name below a parent, or among the roots: a hash, and never 0.
fn group(parent_serial: Option<u64>, name: &str) -> u64 {
    let hash = hash_text(name);
    let group = match parent_serial {
        None => hash,
        Some(serial) => fold(serial, hash),
    };
    group.max(1)
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
        ordinals.clear();
        for _ in 0..2 {
            assert_eq!(ordinals.enter(None, &"a".into()), 0);
            ordinals.leave(None, &"a".into());
        }
    }

    /// Names of one text come from several addresses and shared, and others come between.
    #[test]
    fn one_text_has_one_count_wherever_it_lies() {
        let all = "a a a a a a a a a a";
        let copies = (0..10).map(|place| Name::Static(&all[2 * place..=2 * place]));
        let mut copies: Vec<Name> = copies.collect();
        copies.push("a".to_owned().into());
        let mut ordinals = Ordinals::default();
        let mut draws = Stream::new(9);
        let mut live = 0;
        let mut next = 0;
        for round in 0..10_000 {
            let name = &copies[draws.below(copies.len() as u64) as usize];
            if live > 0 && draws.chance(1, 2) {
                ordinals.leave(None, name);
                live -= 1;
                next = if live == 0 { 0 } else { next };
            } else {
                assert_eq!(ordinals.enter(None, name), next, "in round {round}");
                (live, next) = (live + 1, next + 1);
            }
            // Other names take its place away.
            let other = Name::from(format!("{}", draws.below(40)));
            ordinals.enter(None, &other);
        }
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
