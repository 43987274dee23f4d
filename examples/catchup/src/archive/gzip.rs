//! Packing and unpacking, within a bound.

use super::{Corrupt, Hash};
use crankwork::CancelToken;
use flate2::Compression;
use flate2::bufread::{GzDecoder, GzEncoder};
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read};

/// How a gzip member begins.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that are unpacked at a time.
const PIECE: usize = 32 << 10;

/// Packs `bytes` without a name or a time in the header, so that one input always gives one output.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzEncoder::new(bytes, Compression::new(6))
        .read_to_end(&mut packed)
        .expect("reading from a slice does not fail");
    packed
}

/// Unpacks one gzip stream into memory; never makes more than `limit` bytes, whatever the stream claims.
///
/// # Errors
/// As [`Unpacked::finish`].
pub fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, Corrupt> {
    let mut unpacked = Unpacked::new(packed, limit, CancelToken::new());
    let mut bytes = Vec::new();
    // A stream that is broken says so again at its end, and better.
    let _ = unpacked.read_to_end(&mut bytes);
    unpacked.finish().map(|_| bytes)
}

/// One gzip stream, unpacked while it is read: a piece of it is in memory at a time. What comes out is hashed.
pub struct Unpacked<R> {
    decoder: GzDecoder<R>,
    piece: Box<[u8]>,
    /// What of the piece has been read, and how much of it is filled.
    read: usize,
    filled: usize,
    hasher: Sha256,
    bytes: usize,
    limit: usize,
    stop: CancelToken,
    /// Nothing comes after this.
    ended: Option<Result<(), Corrupt>>,
}

impl<R: BufRead> Unpacked<R> {
    /// Unpacks at most `limit` bytes, and none once `stop` is cancelled.
    pub fn new(packed: R, limit: usize, stop: CancelToken) -> Unpacked<R> {
        Unpacked {
            decoder: GzDecoder::new(packed),
            piece: vec![0; PIECE].into(),
            read: 0,
            filled: 0,
            hasher: Sha256::new(),
            bytes: 0,
            limit,
            stop,
            ended: None,
        }
    }

    /// Reads whatever is left, and returns the hash of all that was unpacked.
    ///
    /// # Errors
    /// [`Corrupt`]: not a gzip stream, a broken or cut one, something after it, more bytes than are allowed, or `stop`
    /// has been cancelled. A broken stream's error names the hash of what could be unpacked.
    pub fn finish(mut self) -> Result<Hash, Corrupt> {
        while self.ended.is_none() {
            self.fill();
        }
        match self.ended {
            Some(Err(corrupt)) => Err(corrupt),
            _ => Ok(Hash(self.hasher.finalize().into())),
        }
    }

    /// Unpacks the next piece, or notes why there is none.
    fn fill(&mut self) {
        (self.read, self.filled) = (0, 0);
        if self.stop.is_cancelled() {
            self.ended = Some(Err(Corrupt::stopped()));
            return;
        }
        match self.decoder.read(&mut self.piece) {
            Ok(0) => self.ended = Some(self.end()),
            Ok(length) if length > self.limit - self.bytes => {
                let limit = self.limit;
                self.ended = Some(Err(Corrupt::TooLarge { limit }));
            }
            Ok(length) => {
                self.hasher.update(&self.piece[..length]);
                self.filled = length;
                self.bytes += length;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.ended = Some(Err(self.broken(error.to_string()))),
        }
    }

    /// Whether the file ends where its gzip stream does.
    fn end(&mut self) -> Result<(), Corrupt> {
        match self.decoder.get_mut().fill_buf() {
            Ok([]) => Ok(()),
            Ok(rest) if rest.starts_with(&MAGIC[..rest.len().min(2)]) => Err(Corrupt::Members),
            Ok(_) => Err(self.broken(String::from("something follows the gzip stream"))),
            Err(error) => Err(self.broken(error.to_string())),
        }
    }

    fn broken(&self, why: String) -> Corrupt {
        Corrupt::Packed {
            why,
            found: Hash(self.hasher.clone().finalize().into()),
            bytes: self.bytes,
        }
    }
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.filled {
            match &self.ended {
                None => self.fill(),
                Some(Ok(())) => return Ok(0),
                Some(Err(corrupt)) => return Err(io::Error::other(corrupt.clone())),
            }
        }
        let length = buffer.len().min(self.filled - self.read);
        buffer[..length].copy_from_slice(&self.piece[self.read..self.read + length]);
        self.read += length;
        Ok(length)
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

    #[test]
    fn what_is_told_to_stop_stops_at_the_next_piece() {
        let packed = pack(&vec![0; 10 * PIECE]);
        let stop = CancelToken::new();
        let mut unpacked = Unpacked::new(&packed[..], 10 * PIECE, stop.clone());
        unpacked.read_exact(&mut [0; PIECE]).unwrap();
        stop.cancel();
        assert!(unpacked.read_exact(&mut [0; 2 * PIECE]).is_err());
        assert!(matches!(unpacked.finish(), Err(Corrupt::Unreadable(_))));
    }
}
