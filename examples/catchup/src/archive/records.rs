//! XDR record marking, as in history files: before each record its length, four bytes, most significant first, with
//! the highest bit set (RFC 5531, section 11: the last fragment of a record; history files have no others).

use super::Corrupt;
use stellar_xdr::{Limits, ReadXdr, WriteXdr};

const LAST_FRAGMENT: u32 = 1 << 31;

/// How deep XDR types may be nested. Transactions nest less than 50 deep.
const DEPTH: u32 = 200;

/// Appends one record.
pub fn push(file: &mut Vec<u8>, record: &impl WriteXdr) {
    let bytes = encode(record);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX) & !LAST_FRAGMENT;
    file.extend((length | LAST_FRAGMENT).to_be_bytes());
    file.extend(bytes);
}

/// All records of a file.
///
/// # Errors
/// [`Corrupt::Format`]: a length that does not fit, or a record that is not of this type.
pub fn read<T: ReadXdr>(file: &[u8]) -> Result<Vec<T>, Corrupt> {
    let mut records = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let at = file.len() - rest.len();
        let (record, after) = split(rest).ok_or_else(|| {
            Corrupt::Format(format!(
                "the mark at byte {at} of {} fits no record",
                file.len()
            ))
        })?;
        records.push(decode(record).map_err(|error| {
            Corrupt::Format(format!(
                "record {} at byte {at} cannot be read: {error}",
                records.len()
            ))
        })?);
        rest = after;
    }
    Ok(records)
}

/// The first record and what is after it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mark, rest) = bytes.split_first_chunk::<4>()?;
    let mark = u32::from_be_bytes(*mark);
    let length = (mark & !LAST_FRAGMENT) as usize;
    (mark & LAST_FRAGMENT != 0 && length <= rest.len()).then(|| rest.split_at(length))
}

/// The XDR of a value.
pub fn encode(value: &impl WriteXdr) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut out = stellar_xdr::Limited::new(&mut bytes, Limits::none());
    value
        .write_xdr(&mut out)
        .expect("values of this program fit their types, and a vector takes all bytes");
    bytes
}

fn decode<T: ReadXdr>(bytes: &[u8]) -> Result<T, stellar_xdr::Error> {
    let limits = Limits {
        depth: DEPTH,
        len: bytes.len(),
    };
    T::from_xdr(bytes, limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_was_cut_is_refused() {
        let mut file = Vec::new();
        push(&mut file, &7u64);
        push(&mut file, &8u64);
        assert_eq!(&file[..4], [0x80, 0, 0, 8]);
        assert_eq!(read::<u64>(&file).unwrap(), [7, 8]);
        for cut in 1..file.len() {
            let whole = cut == 12;
            assert_eq!(read::<u64>(&file[..cut]).is_ok(), whole, "{cut} bytes");
        }
        file[0] = 0;
        assert!(read::<u64>(&file).is_err(), "not a last fragment");
    }
}
