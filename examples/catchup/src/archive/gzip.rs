//! Packing and unpacking, within a bound.

use super::{Corrupt, Hash};
use flate2::Compression;
use flate2::bufread::{GzDecoder, GzEncoder};
use std::io::Read;

/// The same bytes for the same input, always: no name and no time in the header.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(bytes, Compression::new(6))
        .read_to_end(&mut packed)
        .expect("reading from a slice does not fail");
    packed
}

/// Unpacks one gzip stream; never makes more than `limit` bytes, whatever the stream claims.
///
/// # Errors
/// [`Corrupt`]: not a gzip stream, a broken or cut one, something after it, or more than `limit` bytes. It names the
/// hash of what could be unpacked.
pub fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Corrupt> {
    let mut decoder = GzDecoder::new(packed);
    let mut bytes = Vec::new();
    // One byte more than allowed tells "exactly full" from "too much".
    let read = decoder
        .by_ref()
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes);
    if bytes.len() > limit {
        return Err(Corrupt::TooLarge { limit });
    }
    let broken = |why: String| Corrupt::Packed {
        why,
        found: Hash::of(&bytes),
        bytes: bytes.len(),
    };
    read.map_err(|error| broken(error.to_string()))?;
    match decoder.into_inner().len() {
        0 => Ok(bytes),
        left => Err(broken(format!("{left} bytes follow the gzip stream"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = pack(&vec![0; 10 << 20]);
        assert!(bomb.len() < 11_000);
        let exact = unpack(&bomb, 10 << 20).unwrap();
        assert_eq!(exact.len(), 10 << 20);
        let error = unpack(&bomb, (10 << 20) - 1).unwrap_err();
        assert!(matches!(error, Corrupt::TooLarge { .. }), "{error}");
    }

    #[test]
    fn every_cut_and_every_tail_is_found() {
        let packed = pack(b"some ledger headers, some more ledger headers");
        for cut in 0..packed.len() {
            assert!(unpack(&packed[..cut], 1000).is_err(), "{cut} bytes");
        }
        let tail = [&packed[..], b"!"].concat();
        assert!(unpack(&tail, 1000).is_err());
    }
}
