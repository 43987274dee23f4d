//! Files whose packing is right and whose records are not. Each kind of file with each of these.

use super::packed::kinds;
use super::{Case, check, with_contents};
use catchup::archive::File;

/// A corruption of a file's contents: its name, what it makes of them, and what is said of headers, of transactions and
/// results. Of a bucket it is always that its hash is another.
type Corruption = (
    &'static str,
    fn(Vec<u8>) -> Vec<u8>,
    &'static str,
    &'static str,
);

const CORRUPTIONS: [Corruption; 14] = [
    (
        "without records",
        |_| Vec::new(),
        "0 ledger headers",
        "expected hash",
    ),
    (
        "a first mark that is not the last fragment",
        |mut b| {
            b[0] = 0;
            b
        },
        "byte 0 fits no record",
        "byte 0 fits no record",
    ),
    (
        "a first record longer than the file",
        |mut b| {
            b[0] = 0xff;
            b
        },
        "record 0 at byte 0",
        "record 0 at byte 0",
    ),
    (
        "a first record of no bytes",
        |mut b| {
            b[..4].copy_from_slice(&[0x80, 0, 0, 0]);
            b
        },
        "record 0 at byte 0 cannot be read",
        "record 0 at byte 0 cannot be read",
    ),
    (
        "a first record a word shorter",
        |b| resized(b, -4),
        "record 0 at byte 0",
        "",
    ),
    (
        "a first record a word longer",
        |b| resized(b, 4),
        "4 bytes too many",
        "",
    ),
    (
        "a cut last record",
        |mut b| {
            b.truncate(b.len() - 4);
            b
        },
        "cannot be read",
        "cannot be read",
    ),
    (
        "half a mark at the end",
        |b| [&b[..], &[0x80, 0]].concat(),
        "fits no record",
        "fits no record",
    ),
    (
        "the first record twice",
        |b| {
            let first = first(&b);
            [first, b].concat()
        },
        "the header of ledger",
        "expected hash",
    ),
    (
        "without the first record",
        |b| b[first(&b).len()..].to_vec(),
        "where that of",
        "expected hash",
    ),
    (
        "the first record at the end",
        |b| {
            let first = first(&b);
            [&b[first.len()..], &first].concat()
        },
        "where that of",
        "expected hash",
    ),
    (
        "zeros",
        |b| vec![0; b.len()],
        "byte 0 fits no record",
        "byte 0 fits no record",
    ),
    (
        "ones",
        |b| vec![0xff; b.len()],
        "cannot be read",
        "expected hash",
    ),
    (
        "sixteen megabytes of marks",
        |_| [0x80, 0, 0, 0].repeat(4 << 20),
        "cannot be read",
        "cannot be read",
    ),
];

/// The first record, with its mark.
fn first(file: &[u8]) -> Vec<u8> {
    let mark = u32::from_be_bytes(file[..4].try_into().unwrap()) & !(1 << 31);
    file[..4 + mark as usize].to_vec()
}

/// The file with a first record of another length, filled up with zeros.
fn resized(file: Vec<u8>, by: isize) -> Vec<u8> {
    let mut record = first(&file);
    let rest = file[record.len()..].to_vec();
    let length = (record.len() as isize + by) as usize;
    record.resize(length, 0);
    let mark = (length as u32 - 4) | 1 << 31;
    record[..4].copy_from_slice(&mark.to_be_bytes());
    [record, rest].concat()
}

#[test]
fn files_whose_records_are_broken() {
    let mut cases = Vec::new();
    for (file, ledger) in kinds() {
        for (name, corrupt, of_headers, of_others) in CORRUPTIONS {
            let files = with_contents(file, corrupt);
            let says = match file {
                File::Ledger(_) => of_headers,
                File::Bucket(_) => "the bucket: expected hash",
                _ => of_others,
            };
            let name = format!("{file} {name}");
            cases.push(Case::fails(name, files, ledger, &[&file.path(), says]));
        }
    }
    check("XDR", 80, &cases);
}
