//! Which tasks fail under `--failures`, and how long they back off.
//!
//! The choice depends on the key alone, so that a program in another language injects the same failures. The first
//! attempt fails if the CRC-32 of the key is a multiple of ten. It fails after its full runtime. Then the task waits
//! for [`BACKOFF_NS`] without a slot, and the second attempt succeeds.

/// The wait between the failed attempt and the retry, in nanoseconds: 1 s.
pub const BACKOFF_NS: u64 = 1_000_000_000;

/// The share of keys that fail is one in this number.
const ONE_IN: u32 = 10;

/// Returns whether the first attempt of the task with this key fails (IEEE CRC-32 of its UTF-8).
pub fn first_attempt_fails(key: &str) -> bool {
    crc32fast::hash(key.as_bytes()).is_multiple_of(ONE_IN)
}
