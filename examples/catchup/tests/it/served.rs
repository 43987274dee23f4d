//! The built-in server serves regular files of a folder, a piece at a time, and nothing else.

use crate::alone::{Peak, alone};
use crate::common::{EIGHT, nth};
use crate::server::sent;
use catchup::archive::File;
use catchup::maker;
use catchup::server::{Faults, Listener, Request, Responder, Shelf, Then};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Puts something where a file should be.
type Put = fn(&Path);

/// An archive in a folder, in which something else is where headers should be.
fn with_other(put: impl FnOnce(&Path)) -> (TempDir, File) {
    let folder = tempfile::tempdir().unwrap();
    maker::write(&EIGHT.files, folder.path()).unwrap();
    let file = File::Ledger(nth(2));
    let path = folder.path().join(file.path());
    fs::remove_file(&path).unwrap();
    put(&path);
    (folder, file)
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let others: &[(&str, Put)] = &[
        ("a link to a device without end", |path| {
            symlink("/dev/zero", path).unwrap();
        }),
        ("a pipe that nobody writes to", |path| {
            let mode = Mode::from_raw_mode(0o600);
            mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap();
        }),
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a link to a folder", |path| symlink("/", path).unwrap()),
    ];
    for (name, put) in others {
        let (folder, file) = with_other(put);
        let responder = Responder::new(Shelf::Folder(folder.path().to_owned()), Faults::default());
        let (bytes, then) = sent(responder.reply(&Request::Get(file.path())));
        assert!(bytes.starts_with(b"HTTP/1.1 403 "), "{name}");
        assert_eq!(then, Then::KeepOpen);
        let error = maker::read(folder.path()).unwrap_err().to_string();
        let expected = format!("{}: it is no regular file", file.path());
        assert_eq!(error, expected, "{name}");
    }
}

#[test]
fn a_link_to_a_regular_file_is_followed() {
    let (folder, file) = with_other(|path| {
        let other = path.with_extension("other");
        fs::write(&other, &EIGHT.files[&File::Ledger(nth(2))]).unwrap();
        symlink(other, path).unwrap();
    });
    let responder = Responder::new(Shelf::Folder(folder.path().to_owned()), Faults::default());
    let (bytes, _) = sent(responder.reply(&Request::Get(file.path())));
    assert!(bytes.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(maker::read(folder.path()).unwrap(), EIGHT.files);
}

#[test]
fn a_file_that_is_larger_than_allowed_is_not_read_into_memory() {
    let (folder, file) = with_other(|path| {
        fs::File::create(path).unwrap().set_len(5 << 20).unwrap();
    });
    let error = maker::read(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with(&file.path()), "{error}");
    assert!(
        error.contains("more than the 4194304 that are allowed"),
        "{error}"
    );
}

#[test]
fn a_large_file_is_sent_a_piece_at_a_time() {
    alone("served::a_large_file_is_sent_a_piece_at_a_time", || {
        const LENGTH: u64 = 1 << 30;
        // It has a hole, and takes no space.
        let (folder, file) = with_other(|path| {
            fs::File::create(path).unwrap().set_len(LENGTH).unwrap();
        });
        let shelf = Shelf::Folder(folder.path().to_owned());
        let listener = Listener::start(0, Responder::new(shelf, Faults::default())).unwrap();
        let peak = Peak::begin();
        let mut stream = TcpStream::connect(listener.address()).unwrap();
        let request = format!("GET /{} HTTP/1.1\r\n\r\n", file.path());
        stream.write_all(request.as_bytes()).unwrap();
        let received = io::copy(&mut stream.take(LENGTH), &mut io::sink()).unwrap();
        assert_eq!(received, LENGTH);
        assert!(peak.bytes() < 4 << 20, "{} bytes", peak.bytes());
    });
}

#[test]
fn a_device_in_an_archive_ends_the_program_at_once() {
    let folder = tempfile::tempdir().unwrap();
    maker::write(&EIGHT.files, folder.path()).unwrap();
    let file = File::Transactions(nth(3));
    let path = folder.path().join(file.path());
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    for (mode, says) in [
        (&[][..], "the server answered with status 403"),
        (&["--simulate"], "it is no regular file"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_catchup"))
            .args(["--quiet", "--archive"])
            .arg(folder.path())
            .args(mode)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.contains(&file.path()) && stderr.contains(says),
            "{stderr}"
        );
    }
}
