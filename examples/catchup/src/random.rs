//! Random numbers from a seed, the same on every machine. (SplitMix64; Steele, Lea, Flood: "Fast splittable
//! pseudorandom number generators", 2014.)

use crate::archive::Hash;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of this seed for one purpose: streams of different purposes know nothing of each other.
    pub fn of(seed: u64, purpose: &str, number: u64) -> Random {
        let parts = [
            &seed.to_be_bytes()[..],
            purpose.as_bytes(),
            &number.to_be_bytes(),
        ];
        let hash = Hash::of_parts(parts);
        let first: [u8; 8] = hash.0[..8].try_into().unwrap_or_default();
        Random(u64::from_be_bytes(first))
    }

    /// 64 random bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 for `n` = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        // 53 bits fill a float's mantissa exactly.
        (((self.next() >> 11) as f64) / (1u64 << 53) as f64) < probability
    }
}
