//! Packing and unpacking, within a bound.

use super::{Corrupt, Hash};
use flate2::Compression;
use flate2::bufread::{GzDecoder, GzEncoder};
use sha2::{Digest, Sha256};
use std::io::Read;

/// Bytes that are unpacked at a time.
const PIECE: usize = 32 << 10;

/// The same bytes for the same input, always: no name and no time in the header.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(bytes, Compression::new(6))
        .read_to_end(&mut packed)
        .expect("reading from a slice does not fail");
    packed
}

/// How a gzip member begins.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Unpacks one gzip stream; never makes more than `limit` bytes, whatever the stream claims.
///
/// # Errors
/// [`Corrupt`]: not a gzip stream, a broken or cut one, something after it, or more than `limit` bytes. It names the
/// hash of what could be unpacked.
pub fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Corrupt> {
    // Unpacked twice: what is refused takes no memory, and what is not takes no more than it has.
    let mut bytes = Vec::with_capacity(check(packed, limit)?);
    let mut decoder = GzDecoder::new(packed);
    decoder
        .read_to_end(&mut bytes)
        .expect("it has been unpacked before");
    Ok(bytes)
}

/// The length of what is packed.
fn check(packed: &[u8], limit: usize) -> Result<usize, Corrupt> {
    let mut decoder = GzDecoder::new(packed);
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; PIECE];
    let ended = loop {
        match decoder.read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(length) => {
                hasher.update(&piece[..length]);
                bytes += length;
            }
            Err(error) => break Err(error.to_string()),
        }
        if bytes > limit {
            return Err(Corrupt::TooLarge { limit });
        }
    };
    let rest = decoder.into_inner();
    let ended = match ended {
        Ok(()) if rest.starts_with(&MAGIC) => return Err(Corrupt::Members),
        Ok(()) if !rest.is_empty() => Err(format!("{} bytes follow the gzip stream", rest.len())),
        ended => ended,
    };
    let found = Hash(hasher.finalize().into());
    ended
        .map(|()| bytes)
        .map_err(|why| Corrupt::Packed { why, found, bytes })
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
