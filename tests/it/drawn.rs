//! Indices and orders that tests draw: crankwork's own stream of random numbers, in the types of lists.

use crankwork::Stream;

/// A number below `n`, each as likely as any other; 0 if `n` is 0.
pub fn below(rng: &mut Stream, n: usize) -> usize {
    rng.below(n as u64) as usize
}

/// Puts the list into a random order (Fisher and Yates).
pub fn shuffle<T>(rng: &mut Stream, list: &mut [T]) {
    for end in (1..list.len()).rev() {
        list.swap(end, below(rng, end + 1));
    }
}
