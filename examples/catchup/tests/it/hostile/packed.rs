//! Files as they are sent: cut, broken, exchanged, missing. Each kind of file with each of these.

use super::{Case, check, with};
use crate::common::{EIGHT, flip, nth};
use catchup::archive::{ArchiveState, File, gzip};

/// A kind of file, and the last ledger that can be applied without it.
pub fn kinds() -> Vec<(File, u32)> {
    let buckets = ArchiveState::parse(&EIGHT.files[&File::Root])
        .unwrap()
        .buckets();
    vec![
        (File::Ledger(nth(0)), 0),
        (File::Ledger(nth(4)), 0),
        (File::Ledger(nth(7)), 0),
        (File::Transactions(nth(2)), nth(1).last()),
        (File::Results(nth(5)), nth(4).last()),
        (File::Bucket(buckets[0]), 0),
    ]
}

/// A corruption: its name, what it makes of a file's bytes, and what is said of it.
type Corruption = (&'static str, fn(File, Vec<u8>) -> Vec<u8>, &'static str);

const CORRUPTIONS: [Corruption; 9] = [
    ("empty", |_, _| Vec::new(), "cannot be unpacked"),
    (
        "cut by a byte",
        |_, mut b| {
            b.pop();
            b
        },
        "cannot be unpacked",
    ),
    (
        "cut in half",
        |_, mut b| {
            b.truncate(b.len() / 2);
            b
        },
        "cannot be unpacked",
    ),
    (
        "a flipped bit",
        |_, mut b| {
            flip(&mut b);
            b
        },
        "",
    ),
    (
        "not packed",
        |file, _| super::unpacked(file),
        "cannot be unpacked",
    ),
    ("packed twice", |_, b| gzip::pack(&b), ""),
    (
        "something after it",
        |_, b| [&b[..], b"!"].concat(),
        "follows the gzip stream",
    ),
    (
        "text",
        |_, _| b"<html>Not Found</html>".to_vec(),
        "cannot be unpacked",
    ),
    (
        "a bomb",
        |file, _| gzip::pack(&vec![0; file.limits().unpacked + 1]),
        "bytes that are allowed",
    ),
];

#[test]
fn files_that_are_broken_as_they_are_sent() {
    let mut cases = Vec::new();
    for (file, ledger) in kinds() {
        let path = file.path();
        for (name, corrupt, says) in CORRUPTIONS {
            let bytes = corrupt(file, EIGHT.files[&file].clone());
            let name = format!("{file} {name}");
            cases.push(Case::fails(name, with(file, bytes), ledger, &[&path, says]));
        }
        let mut missing = EIGHT.files.clone();
        missing.remove(&file);
        let name = format!("{file} missing");
        cases.push(Case::fails(name, missing, ledger, &[&path, "status 404"]));
    }
    check("packed", 60, &cases);
}
