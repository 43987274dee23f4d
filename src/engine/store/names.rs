//! Name paths, and the random streams that are derived from them.
//!
//! Every draw comes from a stream that is derived from (seed, purpose, name path with ordinals): one more work with
//! another name shifts nobody else's draws.

use crate::engine::rng::{Stream, fold, hash_text, mix};
use crate::engine::store::arena::Arena;

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

/// A work's ancestors and itself, from the root.
fn line(arena: &Arena, slot: u32) -> Vec<u32> {
    let mut line: Vec<u32> =
        std::iter::successors(Some(slot), |&slot| arena.parent(slot)).collect();
    line.reverse();
    line
}

/// The number of an ancestor's present attempt where that is not the first, counted over restarts.
fn retry_of(arena: &Arena, slot: u32, line: &[u32]) -> Option<u32> {
    let attempt = arena.attempt_number(slot);
    (line.last() != Some(&slot) && attempt > 1).then_some(attempt)
}

/// The name path as text: `sync#2/fetch[3]` is a fourth child in its parent's second attempt. O(depth).
pub(crate) fn path(arena: &Arena, slot: u32) -> String {
    let line = line(arena, slot);
    let step = |&slot: &u32| {
        let cold = arena.cold(slot);
        let mut step = cold.name.to_string();
        if cold.ordinal > 0 {
            step += &format!("[{}]", cold.ordinal);
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
        let cold = arena.cold(slot);
        let mut key = fold(fold(key, hash_text(cold.name)), cold.ordinal as u64);
        if let Some(run) = cold.extension.map(|extension| extension.extras.run_number)
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
