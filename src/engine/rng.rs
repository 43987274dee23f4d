//! The random number generator, and the hashes from which seeds are made.
//!
//! The generator is SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
//! Bounded draws use Lemire's multiplication with rejection (2019).
//!
//! Trap: recorded seeds and event logs rest on every number here (L27, L28). A change of a constant, of a hash or of
//! the number of draws breaks them.

/// A seeded stream of random numbers, equal on every machine.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The state: each draw adds a constant to it.
    state: u64,
}

impl Stream {
    /// Returns the stream that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Stream { state: seed }
    }

    /// Returns the next 64 random bits. O(1).
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        // The constant is 2^64 divided by the golden ratio, made odd, so that the state comes back only after 2^64
        // draws.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// Returns a number below `n`, each as likely as any other; 0 if `n` is 0. Expected O(1).
    #[inline(always)]
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        // The upper half of the product is the draw, which spares a division for each.
        let wide = self.next_u64() as u128 * n as u128;
        match wide as u64 >= n {
            true => (wide >> 64) as u64,
            false => self.below_with_care(n, wide),
        }
    }

    /// Returns a number below `n`, where `wide` may be one of the 2^64 mod `n` products that are too many for equal
    /// shares. Those are drawn anew.
    #[cold]
    fn below_with_care(&mut self, n: u64, mut wide: u128) -> u64 {
        // That number is below n, so the division is hardly ever made.
        while (wide as u64) < n.wrapping_neg() % n {
            wide = self.next_u64() as u128 * n as u128;
        }
        (wide >> 64) as u64
    }

    /// Does what [`Stream::below`] does, unless that may take more than one draw: then the stream is worth nothing.
    #[inline(always)]
    pub(crate) fn below_at_once(&mut self, n: u64) -> Option<u64> {
        let wide = self.next_u64() as u128 * n as u128;
        (wide as u64 >= n).then_some((wide >> 64) as u64)
    }

    /// Returns true with a probability of `numerator / denominator`. O(1).
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }
}

/// Returns `z` with its bits mixed: the finaliser of SplitMix64. Different numbers have different results.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns `hash` with one more number folded in. The order in which numbers are folded in counts.
pub(crate) fn fold(hash: u64, value: u64) -> u64 {
    mix(hash.rotate_left(23) ^ value.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Returns the FNV-1a hash of the text's bytes, mixed. (Fowler, Noll and Vo.) It is no defence against names that are
/// chosen to collide: `Ordinals` bounds what they cost.
pub(crate) fn hash_text(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ b as u64).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
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
}
