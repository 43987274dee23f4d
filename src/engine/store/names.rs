//! Name paths, and the random streams that are derived from them.
//!
//! Every draw comes from a stream that is derived from (seed, purpose, name path with ordinals). So one more work
//! with another name does not shift the draws of any other work.

use crate::engine::rng::{Stream, fold, hash_text, mix};
use crate::engine::store::arena::Arena;

/// The purpose of a stream. Each purpose has a stream of its own.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    /// The jitter of back-offs.
    Jitter = 1,
    /// Draws of a work.
    Work = 2,
    /// Draws of an offload.
    Offload = 3,
}

/// Returns the stream for one purpose of one work, or of the engine itself.
pub(crate) fn stream(seed: u64, purpose: Purpose, key: u64, more: u64) -> Stream {
    Stream::new(fold(fold(fold(mix(seed), purpose as u64), key), more))
}

/// Returns a work's ancestors and the work itself, from the root.
fn line(arena: &Arena, slot: u32) -> Vec<u32> {
    let mut line: Vec<u32> =
        std::iter::successors(Some(slot), |&slot| arena.parent(slot)).collect();
    line.reverse();
    line
}

/// Returns the number of an ancestor's present attempt, counted over restarts, unless it is the first.
fn retry_of(arena: &Arena, slot: u32, line: &[u32]) -> Option<u32> {
    let attempt = arena.attempt_number(slot);
    // A work's own attempts do not count: its key has to be equal in each.
    (line.last() != Some(&slot) && attempt > 1).then_some(attempt)
}

/// Returns the name path as text: `sync#2/fetch[3]` is a fourth child in its parent's second attempt, and `job~2` the
/// second work of that name, if `incarnation` says so. O(depth).
pub(crate) fn path(arena: &Arena, slot: u32, incarnation: impl Fn(u32) -> u32) -> String {
    let line = line(arena, slot);
    let step = |&slot: &u32| {
        let cold = arena.cold(slot);
        let mut step = cold.name.to_string();
        if cold.ordinal > 0 {
            step += &format!("[{}]", cold.ordinal);
        }
        if incarnation(slot) > 1 {
            step += &format!("~{}", incarnation(slot));
        }
        if let Some(attempt) = retry_of(arena, slot, &line) {
            step += &format!("#{attempt}");
        }
        step
    };
    line.iter().map(step).collect::<Vec<_>>().join("/")
}

/// Tells the number of an attempt in a key from a name and from a run number.
const RETRY: u64 = 1 << 32;
/// Tells a run number in a key from a name and from the number of an attempt.
const RUN: u64 = 1 << 33;

/// Returns the name path as a number. It covers ordinals, ancestors' attempts after the first, and run numbers after
/// the first. O(depth).
pub(crate) fn path_key(arena: &Arena, slot: u32) -> u64 {
    let line = line(arena, slot);
    line.iter().fold(0, |key, &step| {
        let key = key_below(arena, step, key);
        match step == slot {
            // A work's own attempts do not count: its key has to be equal in each.
            true => key,
            false => key_of_children(arena, step, key),
        }
    })
}

/// Returns the key of a work without its ancestors' part, which `above` is.
pub(crate) fn key_below(arena: &Arena, slot: u32, above: u64) -> u64 {
    let cold = arena.cold(slot);
    let key = fold(fold(above, hash_text(cold.name)), cold.ordinal as u64);
    match cold.extension.map(|extension| extension.extras.run_number) {
        Some(run) if run > 1 => fold(fold(key, RUN), run),
        _ => key,
    }
}

/// Returns the part of its children's keys that a work with the key `key` is.
pub(crate) fn key_of_children(arena: &Arena, slot: u32, key: u64) -> u64 {
    match arena.attempt_number(slot) {
        attempt if attempt > 1 => fold(fold(key, RETRY), attempt as u64),
        _ => key,
    }
}
