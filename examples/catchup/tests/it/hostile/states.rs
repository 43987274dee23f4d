//! State files: JSON that no hash protects. The root file, and that of the checkpoint to catch up to.

use super::{Case, check, with};
use crate::common::{EIGHT, nth};
use catchup::archive::{ArchiveState, File, Hash};

/// A corruption: its name, what it makes of the text, and what is said.
type Corruption = (&'static str, fn(String) -> String, &'static str);

const CORRUPTIONS: [Corruption; 23] = [
    ("empty", |_| String::new(), "EOF"),
    ("cut", |t| t[..t.len() - 2].to_owned(), "EOF"),
    ("a list", |_| String::from("[]"), "invalid"),
    ("null", |_| String::from("null"), "invalid type"),
    (
        "a page",
        |_| String::from("<html></html>"),
        "expected value",
    ),
    ("something after it", |t| t + "{}", "trailing characters"),
    (
        "nested without end",
        |_| "[".repeat(100_000),
        "invalid type",
    ),
    (
        "unknown fields nested without end",
        |t| t.replacen('{', &format!("{{\"x\": {}", "[".repeat(1000)), 1),
        "expected `,` or `]`",
    ),
    (
        "another version",
        |t| t.replacen("\"version\": 1", "\"version\": 2", 1),
        "version 2",
    ),
    (
        "no version",
        |t| t.replacen("\"version\": 1,", "", 1),
        "missing field",
    ),
    (
        "two versions",
        |t| t.replacen("\"version\": 1", "\"version\": 1, \"version\": 1", 1),
        "duplicate field",
    ),
    (
        "a ledger that ends no checkpoint",
        |t| t.replacen("511", "510", 1),
        "does not end a checkpoint",
    ),
    (
        "ledger 0",
        |t| t.replacen("511", "0", 1),
        "does not end a checkpoint",
    ),
    (
        "a negative ledger",
        |t| t.replacen("511", "-1", 1),
        "invalid value",
    ),
    (
        "a ledger that is no whole number",
        |t| t.replacen("511", "511.5", 1),
        "invalid type",
    ),
    (
        "a ledger in quotes",
        |t| t.replacen("511", "\"511\"", 1),
        "invalid type",
    ),
    (
        "a ledger of 20 digits",
        |t| t.replacen("511", "99999999999999999999", 1),
        "invalid",
    ),
    (
        "without buckets",
        |t| t.replacen("\"currentBuckets\"", "\"buckets\"", 1),
        "missing field",
    ),
    (
        "too many levels",
        |t| {
            t.replacen(
                "\"currentBuckets\": [",
                &format!("\"currentBuckets\": [{},", level()),
                1,
            )
        },
        "12 levels",
    ),
    (
        "a hash that leads elsewhere",
        |t| t.replacen(&bucket(), "../../../../etc/passwd", 1),
        "is not a hash",
    ),
    (
        "a hash in capitals",
        |t| t.replacen(&bucket(), &bucket().to_uppercase(), 1),
        "is not a hash",
    ),
    (
        "a hash of 64 thousand digits",
        |t| t.replacen(&bucket(), &"0".repeat(64_000), 1),
        "is not a hash",
    ),
    (
        "a hash that is a number",
        |t| t.replacen(&format!("\"{}\"", bucket()), "7", 1),
        "invalid type",
    ),
];

fn bucket() -> String {
    ArchiveState::parse(&EIGHT.files[&File::Root])
        .unwrap()
        .buckets()[0]
        .to_string()
}

fn level() -> String {
    let zero = Hash::ZERO;
    format!("{{\"curr\": \"{zero}\", \"snap\": \"{zero}\", \"next\": {{\"state\": 0}}}}")
}

/// Changes the text of one of the two files.
fn changed(file: File, change: impl FnOnce(String) -> String) -> Vec<u8> {
    change(String::from_utf8(EIGHT.files[&file].clone()).unwrap()).into_bytes()
}

#[test]
fn states_that_cannot_be_read() {
    let mut cases = Vec::new();
    for file in [File::Root, File::State(nth(7))] {
        for (name, corrupt, says) in CORRUPTIONS {
            let files = with(file, changed(file, corrupt));
            let name = format!("{file} {name}");
            cases.push(Case::fails(name, files, 0, &[&file.path(), says]));
        }
    }
    check("state", 46, &cases);
}

fn replaced(file: File, from: &str, to: &str) -> Vec<u8> {
    changed(file, |text| text.replacen(from, to, 1))
}

const PASSPHRASE: &str = "crankwork catchup example ; not a real network";

#[test]
fn root_files_that_say_something_else() {
    let root = File::Root;
    let spaces = changed(root, |text| {
        let room = (1 << 20) - text.len();
        text + &" ".repeat(room)
    });
    let other = Hash::of(b"other").to_string();
    let rows: [(&str, Vec<u8>, &[&str]); 7] = [
        (
            "an end beyond what is there",
            replaced(root, "511", "575"),
            &["0000023f", "404"],
        ),
        (
            "without end",
            replaced(root, "511", "4294967295"),
            &["67108864 checkpoints"],
        ),
        (
            "the last checkpoint's state",
            EIGHT.files[&File::State(nth(7))].clone(),
            &[],
        ),
        ("a megabyte", spaces, &[]),
        (
            "a bucket that is none",
            replaced(root, &bucket(), "x"),
            &[&root.path(), "is not a hash"],
        ),
        (
            "buckets that are others",
            replaced(root, &bucket(), &other),
            &[],
        ),
        (
            "merges",
            replaced(root, "\"state\": 0", "\"state\": 2"),
            &[],
        ),
    ];
    let cases = rows.map(|(name, bytes, says)| match says {
        [] => Case::passes(name, with(root, bytes)),
        _ => Case::fails(name, with(root, bytes), 0, says),
    });
    check("state, the root file", 7, &cases);
}

#[test]
fn states_that_say_something_else() {
    let state = File::State(nth(7));
    let (path, header) = (state.path(), File::Ledger(nth(7)).path());
    let other = Hash::of(b"other").to_string();
    let long = "x".repeat(500_000);
    let rows: [(&str, Vec<u8>, &[&str]); 6] = [
        (
            "another checkpoint's state",
            EIGHT.files[&File::State(nth(6))].clone(),
            &[&path, "it is that of checkpoint 000001bf"],
        ),
        (
            "another bucket",
            replaced(state, &bucket(), &other),
            &[&path, &header, "expected hash"],
        ),
        (
            "a missing bucket",
            replaced(state, &bucket(), &Hash::ZERO.to_string()),
            &[&path, "expected hash"],
        ),
        (
            "another network",
            replaced(state, PASSPHRASE, "another"),
            &[&path, "of the network"],
        ),
        (
            "no network",
            replaced(state, PASSPHRASE, ""),
            &[&path, "of the network"],
        ),
        (
            "a network with a long name",
            replaced(state, PASSPHRASE, &long),
            &[&path, "of the network"],
        ),
    ];
    let mut cases = rows
        .map(|(name, bytes, says)| Case::fails(name, with(state, bytes), 0, says))
        .to_vec();
    let mut both = with(state, replaced(state, PASSPHRASE, "another"));
    both.insert(File::Root, replaced(File::Root, PASSPHRASE, "another"));
    let says = ["cannot be applied", "which is not in it"];
    cases.push(Case::fails("another network in both", both, 0, &says));
    check("state, well-formed", 7, &cases);
}
