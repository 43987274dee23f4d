//! Seeds of runs, from the seed of their search.

use crate::Stream;

/// Returns a hash of the bytes and the number in front: FNV-1a by Fowler, Noll and Vo, mixed by a stream. The seed is
/// mixed first, too. Otherwise run 2 of seed 1 would be run 1 of seed 2.
pub(super) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let start = Stream::new(seed).next_u64();
    let fnv = bytes
        .iter()
        .fold(start ^ 0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    Stream::new(fnv).next_u64()
}

#[cfg(test)]
mod tests {
    use super::hash;
    use std::collections::BTreeSet;

    #[test]
    fn searches_with_seeds_close_by_share_nothing() {
        let of = |seed| (0..256_u64).map(move |number: u64| hash(seed, &number.to_le_bytes()));
        let seeds: BTreeSet<u64> = (0..4).flat_map(of).collect();
        assert_eq!(seeds.len(), 4 * 256);
    }
}
