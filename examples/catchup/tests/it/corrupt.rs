//! Archives that stay wrong however often they are asked: which file, expected and found, and nothing applied beyond
//! the last good ledger.

use crate::common::{EIGHT, catch_up, flip, flip_from_end, nth, simulation, with_changed};
use catchup::archive::{ArchiveState, File, Hash, gzip};
use catchup::maker::{self, Files};
use catchup::run::Ended;
use catchup::store::{Disk, Item, Memory};
use std::sync::Arc;

/// The run failed, says all of this, and has applied up to this ledger.
#[track_caller]
fn assert_failed(ended: &Ended, ledger: u32, says: &[&str]) {
    let failure = ended.failure.as_deref().unwrap();
    for part in says {
        assert!(failure.contains(part), "{part:?} is not in {failure:?}");
    }
    assert_eq!(ended.ledger, ledger, "{failure}");
}

fn a_bucket() -> Hash {
    ArchiveState::parse(&EIGHT.files[&File::Root])
        .unwrap()
        .buckets()[0]
}

#[test]
fn a_bucket_with_other_contents() {
    let bucket = a_bucket();
    let files = with_changed(File::Bucket(bucket), flip);
    let bytes = gzip::unpack(&files[&File::Bucket(bucket)], 1 << 30).unwrap();
    let (name, found) = (bucket.to_string(), Hash::of(&bytes).to_string());
    let ended = catch_up(&files);
    let path = File::Bucket(bucket).path();
    assert_failed(
        &ended,
        0,
        &[
            &path,
            &format!("expected hash {name}"),
            &format!("found {found}"),
        ],
    );
    // The first attempt and ten more, for this one file.
    assert_eq!(ended.tally.retries, 10);
}

#[test]
fn transactions_that_do_not_match_their_header() {
    let file = File::Transactions(nth(5));
    // The lowest byte of the last transaction's amount.
    let ended = catch_up(&with_changed(file, |bytes| flip_from_end(bytes, 17)));
    let last_good = nth(4).last();
    assert_failed(&ended, last_good, &[&file.path(), "expected hash", "found"]);
    assert_eq!(ended.target, Some(511));
}

#[test]
fn results_that_do_not_match_their_header() {
    let file = File::Results(nth(0));
    // The last byte of the last transaction's hash.
    let ended = catch_up(&with_changed(file, |bytes| flip_from_end(bytes, 37)));
    assert_failed(&ended, 0, &[&file.path(), "expected hash", "found"]);
}

#[test]
fn a_header_that_does_not_hash_to_what_it_says() {
    let file = File::Ledger(nth(3));
    // In the list of hashes at the header's end.
    let ended = catch_up(&with_changed(file, |bytes| flip_from_end(bytes, 20)));
    assert_failed(&ended, 0, &[&file.path(), "expected hash", "found"]);
}

#[test]
fn a_file_whose_records_cannot_be_read() {
    let file = File::Transactions(nth(3));
    let ended = catch_up(&with_changed(file, |bytes| bytes[0] = 0));
    assert_failed(&ended, nth(2).last(), &[&file.path(), "byte 0"]);
}

#[test]
fn a_packed_file_with_a_flipped_bit() {
    let mut files = EIGHT.files.clone();
    let file = File::Transactions(nth(2));
    flip(files.get_mut(&file).unwrap());
    let ended = catch_up(&files);
    assert_failed(&ended, nth(1).last(), &[&file.path()]);
}

#[test]
fn headers_of_another_chain() {
    let other = maker::make(8, 2);
    let mut files = EIGHT.files.clone();
    let file = File::Ledger(nth(4));
    files.insert(file, other.files[&file].clone());
    let disk = Arc::new(Memory::new());
    let mut run = simulation(&files, 0.0, 1);
    run.disk = disk.clone();
    let ended = run.run(false).unwrap().ended;
    let next = File::Ledger(nth(5)).path();
    assert_failed(&ended, 0, &[&file.path(), &next, "expected hash", "found"]);
    // The chain is followed from its end, so it is this one that is wrong.
    let kept = |at| {
        disk.read(Item::File(File::Ledger(nth(at))))
            .unwrap()
            .is_some()
    };
    assert_eq!([3, 4, 5].map(kept), [true, false, true]);
}

/// Changes the state at the last checkpoint and the root file alike.
fn with_state(change: impl Fn(String) -> String) -> Files {
    let mut files = EIGHT.files.clone();
    for file in [File::Root, File::State(nth(7))] {
        let text = String::from_utf8(files[&file].clone()).unwrap();
        files.insert(file, change(text).into_bytes());
    }
    files
}

#[test]
fn a_state_with_malformed_hashes() {
    let bucket = a_bucket().to_string();
    let long = "0".repeat(1 << 16);
    for wrong in ["../../../../tmp/x", "", "0", &bucket.to_uppercase(), &long] {
        let files = with_state(|text| text.replacen(&bucket, wrong, 1));
        let disk = Arc::new(Memory::new());
        let mut run = simulation(&files, 0.0, 1);
        run.disk = disk;
        let ended = run.run(false).unwrap().ended;
        assert_failed(&ended, 0, &["stellar-history.json", "is not a hash"]);
        assert!(ended.failure.unwrap().len() < 500);
        assert_eq!(ended.tally.files, 0);
    }
}

#[test]
fn a_state_with_other_buckets_than_the_header_says() {
    let bucket = a_bucket().to_string();
    let other = Hash::of(b"other").to_string();
    let files = with_state(|text| text.replacen(&bucket, &other, 1));
    let ended = catch_up(&files);
    let file = File::State(nth(7));
    assert_failed(&ended, 0, &[&file.path(), "expected hash", "found"]);
}

#[test]
fn an_archive_that_claims_to_have_no_end() {
    let files = with_state(|text| text.replacen("511", &u32::MAX.to_string(), 1));
    let ended = catch_up(&files);
    assert_failed(&ended, 0, &["67108864 checkpoints"]);
    assert_eq!(ended.tally.attempts, 1);
}

#[test]
fn accounts_that_are_not_those_of_the_buckets() {
    // All hashes fit, but the ledger that this run begins with has one coin more.
    let files = &EIGHT.files;
    let disk = Arc::new(Memory::new());
    let mut some = simulation(files, 0.0, 1);
    some.disk = disk.clone();
    some.settings.checkpoints = Some(6);
    assert_eq!(some.run(false).unwrap().ended.failure, None);
    let text = String::from_utf8(disk.read(Item::Ledger).unwrap().unwrap()).unwrap();
    let (head, accounts) = text.split_once("\"accounts\":[[\"").unwrap();
    let (key, rest) = accounts.split_once("\",").unwrap();
    let changed = format!("{head}\"accounts\":[[\"{key}\",1{rest}");
    disk.write(Item::Ledger, changed.as_bytes()).unwrap();
    let mut rest = simulation(files, 0.0, 1);
    rest.disk = disk;
    let ended = rest.run(false).unwrap().ended;
    assert_failed(&ended, 383, &["ledger.json", "coins in accounts and fees"]);
}

#[test]
fn a_bomb_is_refused_at_its_limit() {
    let file = File::Ledger(nth(1));
    let limit = file.limits().unpacked;
    let mut files = EIGHT.files.clone();
    files.insert(file, gzip::pack(&vec![0; limit + 1]));
    let ended = catch_up(&files);
    assert_failed(
        &ended,
        0,
        &[&file.path(), &format!("more than the {limit} bytes")],
    );
    assert_eq!(ended.tally.retries, 0);
}

#[test]
fn a_body_beyond_its_limit_is_refused_at_once() {
    let mut files = EIGHT.files.clone();
    let limit = File::Root.limits().packed;
    files.insert(File::Root, vec![b' '; limit + 1]);
    let ended = catch_up(&files);
    assert_failed(
        &ended,
        0,
        &["stellar-history.json", &format!("{limit} bytes")],
    );
    assert_eq!(ended.tally.retries, 0);
    assert!(ended.tally.bytes < 100_000, "{}", ended.tally.bytes);
}

#[test]
fn a_file_that_is_missing_is_not_asked_for_again() {
    let mut files = EIGHT.files.clone();
    let file = File::Results(nth(6));
    files.remove(&file);
    let ended = catch_up(&files);
    assert_failed(&ended, nth(5).last(), &[&file.path(), "404"]);
    assert_eq!(ended.tally.retries, 0);
}

#[test]
fn a_full_disk() {
    for capacity in [0, 20_000, 100_000] {
        let mut run = simulation(&EIGHT.files, 0.0, 1);
        run.disk = Arc::new(Memory::with_capacity(capacity));
        let ended = run.run(false).unwrap().ended;
        let failure = ended.failure.unwrap();
        assert!(failure.contains("cannot keep"), "{failure}");
        assert_eq!(ended.tally.retries, 0);
    }
}
