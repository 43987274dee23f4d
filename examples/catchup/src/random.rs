//! Random numbers from a seed, for the parts that are made up: the network that an archive is of, faults, connections.

use crate::archive::Hash;
use crankwork::Stream;

/// The stream of this seed for one purpose: streams of different purposes know nothing of each other.
pub fn stream(seed: u64, purpose: &str, number: u64) -> Stream {
    let parts = [
        &seed.to_be_bytes()[..],
        purpose.as_bytes(),
        &number.to_be_bytes(),
    ];
    let hash = Hash::of_parts(parts);
    let first: [u8; 8] = hash.0[..8].try_into().unwrap_or_default();
    Stream::new(u64::from_be_bytes(first))
}

/// True with this probability, to a millionth.
pub fn chance(stream: &mut Stream, probability: f64) -> bool {
    const MILLION: u64 = 1_000_000;
    stream.chance((probability * MILLION as f64).round() as u64, MILLION)
}
