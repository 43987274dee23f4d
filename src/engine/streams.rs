//! Seeded random streams, and the name paths that they are derived from.
//!
//! Every draw comes from a stream that is derived from (seed, purpose, name path with ordinals): one more work with
//! another name shifts nobody else's draws. The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable
//! pseudorandom number generators", 2014); bounded draws use Lemire's multiplication with rejection (2019).

use super::arena::{Arena, NONE};
use std::collections::BTreeMap;

/// A seeded stream of random numbers; the same on every machine.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Stream { state: seed }
    }

    /// The next 64 random bits. O(1).
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number below `n`, each as likely as any other; 0 if `n` is 0. Expected O(1).
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let reject_below = n.wrapping_neg() % n;
        loop {
            let wide = self.next_u64() as u128 * n as u128;
            if wide as u64 >= reject_below {
                return (wide >> 64) as u64;
            }
        }
    }

    /// True with a probability of `numerator / denominator`. O(1).
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }
}

/// What a stream is for; each purpose has a stream of its own.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Jitter = 1,
    Work = 2,
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Folds one more number into a hash.
pub(crate) fn fold(hash: u64, value: u64) -> u64 {
    mix(hash.rotate_left(23) ^ value.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// FNV-1a over the bytes, mixed. (Fowler, Noll and Vo.)
pub(crate) fn hash_text(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ b as u64).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
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
}

impl Ordinals {
    /// The ordinal of a new work: how many same-named siblings were added since there last was none.
    pub fn enter(&mut self, parent_serial: Option<u64>, name: &str) -> u32 {
        self.bring(group(parent_serial, name));
        let ordinal = self.count.next;
        self.count.next = self.count.next.wrapping_add(1);
        self.count.live += 1;
        ordinal
    }

    /// The work has left the engine.
    pub fn leave(&mut self, parent_serial: Option<u64>, name: &str) {
        self.bring(group(parent_serial, name));
        self.count.live -= 1;
        if self.count.live == 0 {
            self.count = Count::default();
        }
    }

    fn bring(&mut self, group: u64) {
        if group == self.hot {
            return;
        }
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
fn line<C: ?Sized>(arena: &Arena<C>, slot: u32) -> Vec<u32> {
    let mut line = vec![slot];
    let mut parent = arena.meta(slot).parent;
    while parent != NONE {
        line.push(parent);
        parent = arena.meta(parent).parent;
    }
    line.reverse();
    line
}

/// The name path as text: `sync/fetch[3]`. O(depth).
pub(crate) fn path<C: ?Sized>(arena: &Arena<C>, slot: u32) -> String {
    let step = |slot: &u32| {
        let meta = arena.meta(*slot);
        match meta.ordinal {
            0 => meta.name.to_string(),
            ordinal => format!("{}[{ordinal}]", meta.name),
        }
    };
    line(arena, slot)
        .iter()
        .map(step)
        .collect::<Vec<_>>()
        .join("/")
}

/// The name path as a number. O(depth).
pub(crate) fn path_key<C: ?Sized>(arena: &Arena<C>, slot: u32) -> u64 {
    line(arena, slot).iter().fold(0, |key, &slot| {
        let meta = arena.meta(slot);
        fold(fold(key, hash_text(&meta.name)), meta.ordinal as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_the_generator() {
        // The first outputs for seed 1234567, from the published reference implementation.
        let mut stream = Stream::new(1_234_567);
        assert_eq!(stream.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(stream.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn bounded_draws_reach_everything_and_nothing_else() {
        let mut stream = Stream::new(1);
        let mut seen = [0; 5];
        for _ in 0..1000 {
            seen[stream.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| n > 150), "{seen:?}");
        assert_eq!(stream.below(0), 0);
    }

    #[test]
    fn ordinals_count_within_a_name_and_start_again_when_all_have_left() {
        let mut ordinals = Ordinals::default();
        assert_eq!(ordinals.enter(None, "a"), 0);
        assert_eq!(ordinals.enter(None, "b"), 0);
        assert_eq!(ordinals.enter(None, "a"), 1);
        assert_eq!(ordinals.enter(Some(0), "a"), 0);
        ordinals.leave(None, "a");
        assert_eq!(ordinals.enter(None, "a"), 2);
        ordinals.leave(None, "b");
        assert_eq!(ordinals.enter(None, "b"), 0);
    }
}
