//! A SHA-256 hash, and its one spelling: 64 lower-case hexadecimal digits.

use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

/// A text that is no hash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not a hash: 64 digits from 0-9 and a-f are expected")]
pub struct HashError(String);

impl Hash {
    /// What an archive writes where there is no bucket, and the hash before the first ledger.
    pub const ZERO: Hash = Hash([0; 32]);

    /// The hash of these parts, one after the other.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Hash(hasher.finalize().into())
    }

    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash::of_parts([bytes])
    }

    /// Reads the one spelling. What it accepts holds neither a dot nor a slash, so it is safe in a file's name.
    ///
    /// # Errors
    /// [`HashError`], with at most the first 80 characters of the text.
    pub fn parse(text: &str) -> Result<Hash, HashError> {
        let refused = || HashError(text.chars().take(80).collect());
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = digit(pair[0]).ok_or_else(refused)?;
            let low = digit(pair[1]).ok_or_else(refused)?;
            *byte = high << 4 | low;
        }
        Ok(Hash(bytes))
    }

    /// The first 8 digits: enough for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Hash> for stellar_xdr::Hash {
    fn from(hash: Hash) -> Self {
        stellar_xdr::Hash(hash.0)
    }
}

impl From<&stellar_xdr::Hash> for Hash {
    fn from(hash: &stellar_xdr::Hash) -> Self {
        Hash(hash.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_and_no_other() {
        let hash = Hash::of(b"abc");
        let text = hash.to_string();
        assert_eq!(
            text,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(Hash::parse(&text), Ok(hash));
        let upper = text.to_uppercase();
        let dots = format!("../../{}", &text[6..]);
        for wrong in ["", "00", &upper, &dots, &text[1..], &format!("{text}0")] {
            assert!(Hash::parse(wrong).is_err(), "{wrong}");
        }
    }
}
