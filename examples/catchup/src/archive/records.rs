//! XDR record marking, as in history files: before each record its length, four bytes, most significant first, with
//! the highest bit set (RFC 5531, section 11: the last fragment of a record; history files have no others).
//!
//! A file is read value by value. What is in memory is one value, never a record or a file: decoded, they take some
//! twenty times their bytes.

use super::{Corrupt, Hash};
use sha2::{Digest, Sha256};
use std::io::{self, Read};
use stellar_xdr::{Limited, Limits, ReadXdr, WriteXdr};

const LAST_FRAGMENT: u32 = 1 << 31;

/// How deep XDR types may be nested. Transactions nest less than 50 deep.
const DEPTH: u32 = 200;

/// How many bytes a value has at most: twice the largest transaction of the real network.
const VALUE_LIMIT: usize = 256 << 10;

/// Appends one record.
pub fn push(file: &mut Vec<u8>, record: &impl WriteXdr) {
    let bytes = encode(record);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX) & !LAST_FRAGMENT;
    file.extend((length | LAST_FRAGMENT).to_be_bytes());
    file.extend(bytes);
}

/// The XDR of a value.
pub fn encode(value: &impl WriteXdr) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = Limited::new(&mut bytes, Limits::none());
    value
        .write_xdr(&mut out)
        .expect("values of this program fit their types, and a vector takes all bytes");
    bytes
}

/// The records of a file, read one value at a time.
pub struct Records<R> {
    input: R,
    /// How many bytes have been read.
    at: u64,
    /// Where the current record begins, which it is, and what is left of it.
    begins: u64,
    number: u64,
    left: usize,
    /// Hashes what is read, while somebody wants that.
    hasher: Option<Sha256>,
}

impl<R: Read> Records<R> {
    /// The records of `input`.
    pub fn new(input: R) -> Records<R> {
        Records {
            input,
            at: 0,
            begins: 0,
            number: 0,
            left: 0,
            hasher: None,
        }
    }

    /// Goes to the next record; `false` at the end of the file.
    ///
    /// # Errors
    /// [`Corrupt`]: the record before has bytes left, or no record begins here.
    pub fn advance(&mut self) -> Result<bool, Corrupt> {
        if self.left > 0 {
            return Err(self.wrong(&format!("has {} bytes too many", self.left)));
        }
        self.number += u64::from(self.begins < self.at);
        self.begins = self.at;
        let mut mark = [0; 4];
        let length = self.read_mark(&mut mark)?;
        let mark = u32::from_be_bytes(mark);
        match length {
            0 => Ok(false),
            4 if mark & LAST_FRAGMENT != 0 => {
                self.left = (mark & !LAST_FRAGMENT) as usize;
                Ok(true)
            }
            _ => Err(Corrupt::Format(format!(
                "the mark at byte {} fits no record",
                self.begins
            ))),
        }
    }

    /// Reads a mark, or as much of it as is there.
    fn read_mark(&mut self, mark: &mut [u8; 4]) -> Result<usize, Corrupt> {
        let mut length = 0;
        while length < mark.len() {
            match self.input.read(&mut mark[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) => return Err(corrupt(error)),
            }
        }
        self.at += length as u64;
        Ok(length)
    }

    /// Reads the next value of the current record.
    ///
    /// # Errors
    /// [`Corrupt`]: the record holds no such value here, or a larger one than is allowed.
    pub fn value<T: ReadXdr>(&mut self) -> Result<T, Corrupt> {
        let limits = Limits {
            depth: DEPTH,
            len: self.left.min(VALUE_LIMIT),
        };
        let mut limited = Limited::new(&mut *self, limits);
        match T::read_xdr(&mut limited) {
            Ok(value) => Ok(value),
            Err(stellar_xdr::Error::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                Err(corrupt(error))
            }
            Err(error) => Err(self.wrong(&format!("cannot be read: {error}"))),
        }
    }

    /// Reads the only value of the current record.
    ///
    /// # Errors
    /// As [`Records::value`].
    pub fn only<T: ReadXdr>(&mut self) -> Result<T, Corrupt> {
        let value = self.value()?;
        match self.left {
            0 => Ok(value),
            left => Err(self.wrong(&format!("has {left} bytes too many"))),
        }
    }

    /// Hashes what is read from now on, after what `hasher` has hashed already.
    pub fn hash_into(&mut self, hasher: Sha256) {
        self.hasher = Some(hasher);
    }

    /// Ends the hashing, and returns what has been hashed so far.
    pub fn take_hasher(&mut self) -> Sha256 {
        self.hasher.take().unwrap_or_default()
    }

    /// Ends the hashing, and returns the hash.
    pub fn take_hash(&mut self) -> Hash {
        Hash(self.take_hasher().finalize().into())
    }

    fn wrong(&self, what: &str) -> Corrupt {
        let (number, begins) = (self.number, self.begins);
        Corrupt::Format(format!("record {number} at byte {begins} {what}"))
    }
}

impl<R: Read> Read for Records<R> {
    /// Reads within the current record.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(self.left);
        let length = self.input.read(&mut buffer[..wanted])?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..length]);
        }
        self.left -= length;
        self.at += length as u64;
        Ok(length)
    }
}

/// Why the input of records failed.
fn corrupt(error: io::Error) -> Corrupt {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let known: Option<&Corrupt> = inner;
    known
        .cloned()
        .unwrap_or_else(|| Corrupt::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &[u8]) -> Result<Vec<u64>, Corrupt> {
        let mut records = Records::new(file);
        let mut values = Vec::new();
        while records.advance()? {
            values.push(records.only()?);
        }
        Ok(values)
    }

    #[test]
    fn what_was_written_is_read_and_what_was_cut_is_refused() {
        let mut file = Vec::new();
        push(&mut file, &7u64);
        push(&mut file, &8u64);
        assert_eq!(&file[..4], [0x80, 0, 0, 8]);
        assert_eq!(read(&file).unwrap(), [7, 8]);
        for cut in 1..file.len() {
            let whole = cut == 12;
            assert_eq!(read(&file[..cut]).is_ok(), whole, "{cut} bytes");
        }
        file[0] = 0;
        assert!(read(&file).is_err(), "not a last fragment");
    }

    #[test]
    fn a_record_of_another_length_is_named() {
        let mut file = Vec::new();
        push(&mut file, &7u64);
        for (length, says) in [(4, "cannot be read"), (12, "record 0 at byte 0")] {
            file[3] = length;
            file.resize(4 + usize::from(length), 0);
            let error = read(&file).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn what_is_hashed_is_what_is_read_meanwhile() {
        let mut file = Vec::new();
        push(&mut file, &[1u64, 2, 3]);
        let mut records = Records::new(&file[..]);
        assert!(records.advance().unwrap());
        let _: u64 = records.value().unwrap();
        records.hash_into(Sha256::new());
        let _: u64 = records.value().unwrap();
        assert_eq!(records.take_hash(), Hash::of(&2u64.to_be_bytes()));
        let _: u64 = records.value().unwrap();
        assert!(!records.advance().unwrap());
    }
}
