//! What an earlier run has kept: it is checked against the archive before it is believed, and what was kept from
//! another server is asked for once more before anything is blamed.

use crate::common::{EIGHT, nth, simulation};
use crate::hostile::{Forge, forked};
use crate::program::{Program, archive, text};
use catchup::archive::{File, Hash};
use catchup::ledger::Ledger;
use catchup::maker::{self, Files};
use catchup::run::Ended;
use catchup::store::{Disk, Item, Memory};
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn run_on(disk: &Arc<Memory>, files: &Files) -> Ended {
    let mut run = simulation(files, 0.0, 1);
    run.disk = disk.clone();
    run.run(false).unwrap().ended
}

/// A disk on which a server has left its headers, and nothing has been applied.
fn left_by(mut files: Files) -> Arc<Memory> {
    let disk = Arc::new(Memory::new());
    files.remove(&File::Transactions(nth(0)));
    let ended = run_on(&disk, &files);
    assert!(ended.failure.is_some() && ended.ledger == 0);
    for at in (0..8).map(nth) {
        assert!(disk.read(Item::File(File::Ledger(at))).unwrap().is_some());
    }
    disk
}

/// A fork whose bucket list is another, too: the good archive's state contradicts it.
fn forked_with_other_buckets(from: u32) -> Files {
    let mut forge = Forge::new();
    for header in &mut forge.headers[from as usize - 1..510] {
        header.scp_value.close_time.0 += 1;
    }
    forge.change_accounts(|all| *all.values_mut().next().unwrap() = None);
    forge.build(from + 1)
}

#[test]
fn a_fork_that_was_kept_is_asked_for_once_more() {
    let forks = [
        ("from the first ledger", forked(1), 8),
        ("from the middle", forked(200), 8),
        ("of the last ledger", forked(511), 1),
        ("with other buckets", forked_with_other_buckets(200), 8),
        (
            "of its last ledger with other buckets",
            forked_with_other_buckets(511),
            1,
        ),
    ];
    for (name, files, most) in forks {
        let disk = left_by(files);
        let ended = run_on(&disk, &EIGHT.files);
        assert_eq!(ended.failure, None, "a fork {name}");
        assert_eq!(ended.hash, EIGHT.last_hash, "a fork {name}");
        // The states, the headers, transactions and results, and buckets: no header more than once.
        let rest = 2
            + 16
            + EIGHT
                .files
                .keys()
                .filter(|file| matches!(file, File::Bucket(_)))
                .count();
        assert!(
            ended.tally.files <= rest as u64 + most,
            "a fork {name}: {}",
            ended.tally.files
        );
        assert_eq!(ended.tally.retries, 0, "a fork {name}");
    }
}

#[test]
fn one_kept_file_of_a_fork_is_asked_for_once_more() {
    for at in 0..8 {
        let disk = left_by(EIGHT.files.clone());
        let file = File::Ledger(nth(at));
        disk.write(Item::File(file), &forked(1)[&file]).unwrap();
        let ended = run_on(&disk, &EIGHT.files);
        assert_eq!(
            (ended.failure, ended.hash),
            (None, EIGHT.last_hash),
            "{file}"
        );
        let kept = disk.read(Item::File(file)).unwrap().unwrap();
        assert_eq!(kept, EIGHT.files[&file], "{file}");
    }
}

#[test]
fn what_still_does_not_fit_is_blamed_by_its_name_and_not_kept() {
    let disk = left_by(forked(200));
    let mut files = EIGHT.files.clone();
    let file = File::Ledger(nth(4));
    files.insert(file, forked(1)[&file].clone());
    let failure = run_on(&disk, &files).failure.unwrap();
    assert!(failure.starts_with(&file.path()), "{failure}");
    assert_eq!(disk.read(Item::File(file)).unwrap(), None);
    let ended = run_on(&disk, &EIGHT.files);
    assert_eq!((ended.failure, ended.hash), (None, EIGHT.last_hash));
}

#[test]
fn a_kept_file_that_the_archive_has_no_more_is_named() {
    let disk = left_by(forked(200));
    let mut files = EIGHT.files.clone();
    let file = File::Ledger(nth(5));
    files.remove(&file);
    let failure = run_on(&disk, &files).failure.unwrap();
    assert!(
        failure.contains(&file.path()) && failure.contains("404"),
        "{failure}"
    );
}

/// The folder of a run that ended well after this many checkpoints.
fn folder(program: &Program, archive: &Path, checkpoints: u32) -> tempfile::TempDir {
    let into = tempfile::tempdir().unwrap();
    let checkpoints = checkpoints.to_string();
    let arguments = [
        "--archive",
        text(archive),
        "--into",
        text(into.path()),
        "--checkpoints",
        &checkpoints,
    ];
    let (code, json) = program.run_json(&arguments);
    assert_eq!(code, Some(0), "{json}");
    into
}

/// A change of what is written down, and what is said of it when nothing, and when something is missing.
type Change = (&'static str, fn(&mut Ledger), &'static str, &'static str);

const CHANGES: [Change; 12] = [
    (
        "another hash",
        |l| l.hash = Hash::of(b"x"),
        "expected hash",
        "expected hash",
    ),
    (
        "no hash",
        |l| l.hash = Hash::ZERO,
        "expected hash",
        "expected hash",
    ),
    (
        "a coin more",
        |l| first(l, 0, 1),
        "coins in accounts and fees",
        "coins in accounts and fees",
    ),
    (
        "a coin in another's place",
        |l| {
            first(l, 0, 1);
            first(l, 1, -1)
        },
        "in the buckets",
        "remove that to begin anew",
    ),
    (
        "another sequence number",
        |l| l.accounts.values_mut().next().unwrap().sequence += 1,
        "in the buckets",
        "remove that to begin anew",
    ),
    (
        "an account fewer",
        |l| assert!(l.accounts.pop_last().is_some()),
        "coins in accounts and fees",
        "coins in accounts and fees",
    ),
    (
        "more fees",
        |l| l.fee_pool += 1,
        "(coins, fees)",
        "(coins, fees)",
    ),
    (
        "more coins",
        |l| l.total_coins += 1,
        "(coins, fees)",
        "(coins, fees)",
    ),
    (
        "the last ledger there is",
        |l| l.ledger = u32::MAX,
        "goes up to ledger 4294967295",
        "goes up to ledger 4294967295",
    ),
    (
        "a ledger beyond the archive",
        |l| l.ledger = 575,
        "goes up to ledger 575",
        "goes up to ledger 575",
    ),
    (
        "a ledger before",
        |l| l.ledger = 63,
        "expected hash",
        "expected hash",
    ),
    (
        "a ledger that ends no checkpoint",
        |l| l.ledger = 64,
        "ends no checkpoint",
        "ends no checkpoint",
    ),
];

/// Adds coins to an account.
fn first(ledger: &mut Ledger, nth: usize, coins: i64) {
    ledger.accounts.values_mut().nth(nth).unwrap().balance += coins;
}

/// Expects a run to end because of what `ledger.json` says.
fn refused_by_the_ledger(
    program: &Program,
    archive: &tempfile::TempDir,
    into: &tempfile::TempDir,
    says: &str,
    case: &str,
) {
    let arguments = [
        "--archive",
        text(archive.path()),
        "--into",
        text(into.path()),
        "--json",
        "--quiet",
    ];
    let output = program.run(&arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{case}: {stderr}");
    assert!(
        stderr.contains("ledger.json") && stderr.contains(says),
        "{case}: {stderr}"
    );
}

#[test]
fn what_is_written_down_is_verified_before_it_is_believed() {
    let program = Program::new();
    let archive = archive(&EIGHT.files);
    for missing in [false, true] {
        let into = folder(&program, archive.path(), if missing { 6 } else { 8 });
        let written = into.path().join("ledger.json");
        let right = Ledger::parse(&fs::read(&written).unwrap()).unwrap();
        for (name, change, of_all, of_some) in CHANGES {
            let mut wrong = right.clone();
            change(&mut wrong);
            fs::write(&written, wrong.to_json()).unwrap();
            let says = if missing { of_some } else { of_all };
            refused_by_the_ledger(
                &program,
                &archive,
                &into,
                says,
                &format!("{name}, {missing}"),
            );
        }
        fs::write(&written, right.to_json()).unwrap();
        let (code, json) = program.run_json(&[
            "--archive",
            text(archive.path()),
            "--into",
            text(into.path()),
        ]);
        assert_eq!(
            (code, &json["ledger"]),
            (Some(0), &serde_json::json!(511)),
            "{json}"
        );
    }
}

#[test]
fn the_folder_of_another_network_or_chain_is_refused() {
    let program = Program::new();
    let into = folder(&program, archive(&EIGHT.files).path(), 8);
    let mut network = EIGHT.files.clone();
    for file in [File::Root, File::State(nth(7))] {
        let text = String::from_utf8(network[&file].clone()).unwrap();
        network.insert(file, text.replace("crankwork", "another").into_bytes());
    }
    let longer = maker::make(9, 3).files;
    let cases = [
        (network, "not of the archive's network"),
        (maker::make(8, 3).files, "is it of the same archive?"),
        (longer, "is it of the same archive?"),
        (
            maker::make(4, 1).files,
            "goes up to ledger 511, but the archive only to ledger 255",
        ),
    ];
    for (files, says) in cases {
        let other = archive(&files);
        refused_by_the_ledger(&program, &other, &into, says, "another archive");
    }
}

#[test]
fn fewer_checkpoints_than_the_folder_has_are_said_to_be() {
    let program = Program::new();
    let archive = archive(&EIGHT.files);
    let into = folder(&program, archive.path(), 4);
    let arguments = [
        "--archive",
        text(archive.path()),
        "--into",
        text(into.path()),
        "--checkpoints",
        "1",
        "--quiet",
    ];
    let says =
        "ledger.json goes up to ledger 255, further than ledger 63, where --checkpoints 1 ends";
    program.refused(&arguments, 1, says);
}
