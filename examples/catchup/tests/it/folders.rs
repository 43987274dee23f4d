//! The folder that things are kept in, with something else in it: each of these ends well or is refused, at once.

use crate::common::{EIGHT, nth};
use crate::program::{Program, archive, end_of, text};
use catchup::archive::{ArchiveState, File};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// A folder: its name, what is done to it before a run, and what is said; nothing if the run must end well.
struct Folder {
    name: &'static str,
    prepare: fn(&Path),
    says: &'static str,
}

const fn well(name: &'static str, prepare: fn(&Path)) -> Folder {
    Folder {
        name,
        prepare,
        says: "",
    }
}

const fn refused(name: &'static str, prepare: fn(&Path), says: &'static str) -> Folder {
    Folder {
        name,
        prepare,
        says,
    }
}

const LEDGER: &str = "ledger.json";

fn kept() -> String {
    File::Ledger(nth(2)).path()
}

fn fifo(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn folder(path: &Path) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.join("x")).unwrap();
}

fn link(path: &Path, to: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(path);
    symlink(to, path).unwrap();
}

fn bytes(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn sparse(path: &Path, length: u64) {
    bytes(path, b"");
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(length)
        .unwrap();
}

/// Each is prepared in an empty folder, and in one in which a run has ended well.
const FOLDERS: [Folder; 28] = [
    well("nothing", |_| ()),
    refused(
        "a FIFO as the ledger",
        |p| fifo(&p.join(LEDGER)),
        "is no regular file",
    ),
    refused(
        "a folder as the ledger",
        |p| folder(&p.join(LEDGER)),
        "is no regular file",
    ),
    refused(
        "a link to a device as the ledger",
        |p| link(&p.join(LEDGER), "/dev/zero"),
        "is no regular file",
    ),
    refused(
        "a link to itself as the ledger",
        |p| link(&p.join(LEDGER), LEDGER),
        "cannot read ledger.json",
    ),
    well("a link to nothing as the ledger", |p| {
        link(&p.join(LEDGER), "nowhere")
    }),
    refused(
        "an empty ledger",
        |p| bytes(&p.join(LEDGER), b""),
        "cannot be used",
    ),
    refused(
        "half a ledger",
        |p| bytes(&p.join(LEDGER), b"{\"version\":1,\"ledger\":"),
        "cannot be used",
    ),
    refused(
        "a ledger of zeros",
        |p| bytes(&p.join(LEDGER), &[0; 100]),
        "cannot be used",
    ),
    refused(
        "a ledger of another version",
        |p| {
            bytes(&p.join(LEDGER), b"{\"version\":9,\"ledger\":63,\"hash\":\"\",\"total_coins\":0,\"fee_pool\":0,\"accounts\":[]}")
        },
        "version 9",
    ),
    refused(
        "a ledger without a hash",
        |p| {
            bytes(&p.join(LEDGER), b"{\"version\":1,\"ledger\":63,\"hash\":\"\",\"total_coins\":0,\"fee_pool\":0,\"accounts\":[]}")
        },
        "is not a hash",
    ),
    refused(
        "a ledger that is too large",
        |p| sparse(&p.join(LEDGER), 1 << 40),
        "cannot read ledger.json",
    ),
    refused(
        "a FIFO as a kept file",
        |p| fifo(&p.join(kept())),
        "is no regular file",
    ),
    refused(
        "a folder as a kept file",
        |p| folder(&p.join(kept())),
        "is no regular file",
    ),
    refused(
        "a link to a device as a kept file",
        |p| link(&p.join(kept()), "/dev/zero"),
        "is no regular file",
    ),
    well("a link to nothing as a kept file", |p| {
        link(&p.join(kept()), "nowhere")
    }),
    well("a link to itself as a kept file", |p| {
        let path = p.join(kept());
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        link(&path, &name)
    }),
    well("an empty kept file", |p| bytes(&p.join(kept()), b"")),
    well("a kept file of zeros", |p| {
        bytes(&p.join(kept()), &[0; 1000])
    }),
    well("a kept file that is too large", |p| {
        sparse(&p.join(kept()), 1 << 40)
    }),
    well("another kept file", |p| {
        bytes(&p.join(kept()), &EIGHT.files[&File::Ledger(nth(1))])
    }),
    well("another bucket", |p| {
        bytes(&p.join(bucket()), &EIGHT.files[&File::Ledger(nth(1))])
    }),
    refused(
        "a file where a folder belongs",
        |p| {
            let _ = fs::remove_dir_all(p.join("results"));
            bytes(&p.join("results"), b"x")
        },
        "cannot keep results/",
    ),
    refused(
        "a FIFO as the lock",
        |p| fifo(&p.join("lock")),
        "is no regular file",
    ),
    refused(
        "a folder as the lock",
        |p| folder(&p.join("lock")),
        "is no regular file",
    ),
    refused(
        "a folder as the ledger's draft",
        |p| {
            let _ = fs::remove_file(p.join(LEDGER));
            folder(&p.join("ledger.part"))
        },
        "cannot keep ledger.json",
    ),
    well("a draft of the ledger", |p| {
        bytes(&p.join("ledger.part"), b"{")
    }),
    well("other files", |p| {
        bytes(&p.join("x"), b"x");
        fifo(&p.join("y"));
        folder(&p.join("z"))
    }),
];

fn bucket() -> String {
    let state = ArchiveState::parse(&EIGHT.files[&File::Root]).unwrap();
    File::Bucket(state.buckets()[0]).path()
}

#[test]
fn whatever_lies_in_the_folder() {
    let program = Program::new();
    let archive = archive(&EIGHT.files);
    let mut count = 0;
    for used in [false, true] {
        for case in &FOLDERS {
            let into = tempfile::tempdir().unwrap();
            if used {
                let (code, json) = run(&program, archive.path(), into.path());
                assert_eq!(code, Some(0), "{json}");
                // What is kept is looked at only if it is needed.
                fs::remove_file(into.path().join(LEDGER)).unwrap();
            }
            (case.prepare)(into.path());
            let (code, text) = run(&program, archive.path(), into.path());
            let name = format!("{}, used: {used}", case.name);
            assert_eq!(
                code,
                Some(i32::from(!case.says.is_empty())),
                "{name}: {text}"
            );
            assert!(text.contains(case.says), "{name}: {text}");
            if case.says.is_empty() {
                assert!(
                    text.contains(&EIGHT.last_hash.to_string()),
                    "{name}: {text}"
                );
            }
            count += 1;
        }
    }
    println!("folders: {count} cases");
    program.assert_clean();
}

/// Runs within a minute; the answer is the exit code, and stdout and stderr.
fn run(program: &Program, archive: &Path, into: &Path) -> (Option<i32>, String) {
    let arguments = [
        "--archive",
        text(archive),
        "--into",
        text(into),
        "--json",
        "--quiet",
    ];
    let mut command = program.command(&arguments);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = end_of(child, Duration::from_secs(60));
    let json: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let peak = json
        .and_then(|json| json["peak_memory_bytes"].as_u64())
        .unwrap_or(0);
    assert!(peak < 100 << 20, "{peak} bytes");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn folders_that_cannot_be_made() {
    let program = Program::new();
    let archive = archive(&EIGHT.files);
    let into = tempfile::tempdir().unwrap();
    let file = into.path().join("file");
    fs::write(&file, "").unwrap();
    let cases = [
        (file.clone(), 1, "cannot use the folder"),
        (file.join("below"), 1, "cannot use the folder"),
        (
            into.path().join("x".repeat(300)),
            1,
            "cannot use the folder",
        ),
        (
            archive.path().to_owned(),
            2,
            "--into must be another folder",
        ),
        (
            archive.path().join("ledger/.."),
            2,
            "--into must be another folder",
        ),
        (into.path().join("a/b/c"), 0, ""),
    ];
    for (path, code, says) in cases {
        let (found, text) = run(&program, archive.path(), &path);
        assert_eq!(found, Some(code), "{}: {text}", path.display());
        assert!(text.contains(says), "{}: {text}", path.display());
    }
}
