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

#[test]
fn states_that_say_something_else() {
    let (root, state) = (File::Root, File::State(nth(7)));
    let replaced = |file: File, from: &str, to: &str| {
        with(file, changed(file, |text| text.replacen(from, to, 1)))
    };
    let beyond = replaced(root, "511", "575");
    let passphrase = "crankwork catchup example ; not a real network";
    let both = |to: &str| {
        let mut files = replaced(root, passphrase, to);
        files.insert(
            state,
            changed(state, |text| text.replacen(passphrase, to, 1)),
        );
        files
    };
    let long = "x".repeat(500_000);
    let spaces = changed(root, |text| {
        let room = (1 << 20) - text.len();
        text + &" ".repeat(room)
    });
    let header = File::Ledger(nth(7)).path();
    let other = Hash::of(b"other").to_string();
    let cases = [
        Case::fails(
            "an end beyond what is there",
            beyond,
            0,
            &["0000023f", "404"],
        ),
        Case::fails(
            "without end",
            replaced(root, "511", "4294967295"),
            0,
            &["67108864 checkpoints"],
        ),
        Case::passes(
            "an end before what is there",
            with(root, EIGHT.files[&File::State(nth(7))].clone()),
        ),
        Case::fails(
            "another checkpoint's state",
            with(state, EIGHT.files[&File::State(nth(6))].clone()),
            0,
            &[&state.path(), "it is that of checkpoint 000001bf"],
        ),
        Case::fails(
            "another bucket",
            replaced(state, &bucket(), &other),
            0,
            &[&state.path(), &header, "expected hash"],
        ),
        Case::fails(
            "a missing bucket",
            replaced(state, &bucket(), &Hash::ZERO.to_string()),
            0,
            &[&state.path(), "expected hash"],
        ),
        Case::fails(
            "two networks",
            replaced(state, passphrase, "another"),
            0,
            &[&state.path(), "of the network"],
        ),
        Case::fails(
            "two networks with long names",
            replaced(state, passphrase, &long),
            0,
            &[&state.path(), "of the network"],
        ),
        Case::fails(
            "another network",
            both("another"),
            0,
            &["cannot be applied", "which is not in it"],
        ),
        Case::passes("a megabyte", with(root, spaces)),
        Case::fails(
            "buckets of the root file only",
            replaced(root, &bucket(), "x"),
            0,
            &[&root.path(), "is not a hash"],
        ),
        Case::passes(
            "buckets of the root file that are others",
            replaced(root, &bucket(), &other),
        ),
    ];
    check("state, well-formed", 12, &cases);
}
