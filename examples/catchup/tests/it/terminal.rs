//! A terminal that goes away.

use crate::common::EIGHT;
use crate::program::{Program, archive, end_of, text};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

/// No child may hold our end open.
const FLAGS: OpenptFlags = OpenptFlags::RDWR
    .union(OpenptFlags::NOCTTY)
    .union(OpenptFlags::CLOEXEC);

/// Both ends of a terminal.
fn terminal() -> (File, OwnedFd) {
    let ours = openpt(FLAGS).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = open(
        name,
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .unwrap();
    (File::from(ours), theirs)
}

/// Slow enough that it is never done before its terminal has gone.
fn started(
    program: &Program,
    archive: &Path,
    into: &Path,
    terminal: OwnedFd,
    more: &[&str],
) -> Child {
    let arguments = [
        "--archive",
        text(archive),
        "--into",
        text(into),
        "--slots",
        "2",
    ];
    let mut command = program.command(&[&arguments, more].concat());
    let stderr = terminal.try_clone().unwrap();
    command
        .stdout(terminal)
        .stderr(stderr)
        .env("TERM", "xterm")
        .spawn()
        .unwrap()
}

/// Runs until it has drawn something; then its terminal goes, with a signal or without one.
fn left_alone(signal: Option<Signal>) {
    let (program, archive) = (Program::new(), archive(&EIGHT.files));
    let into = tempfile::tempdir().unwrap();
    let (mut ours, theirs) = terminal();
    let child = started(
        &program,
        archive.path(),
        into.path(),
        theirs,
        &["--latency", "2000"],
    );
    let mut seen = String::new();
    while !seen.contains("headers") {
        let mut buffer = [0; 1024];
        let length = ours.read(&mut buffer).unwrap();
        seen.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    drop(ours);
    if let Some(signal) = signal {
        kill_process(Pid::from_child(&child), signal).unwrap();
    }
    let output = end_of(child, Duration::from_secs(20));
    assert_eq!(output.status.code(), Some(130));
    program.assert_clean();
    let arguments = [
        "--archive",
        text(archive.path()),
        "--into",
        text(into.path()),
    ];
    let (code, json) = program.run_json(&arguments);
    assert_eq!(
        (code, &json["hash"]),
        (Some(0), &EIGHT.last_hash.to_string().into()),
        "{json}"
    );
}

#[test]
fn a_terminal_that_goes_away_is_an_interrupt() {
    left_alone(None);
}

#[test]
fn a_terminal_that_goes_away_with_a_signal_is_an_interrupt() {
    left_alone(Some(Signal::HUP));
}

#[test]
fn a_result_for_a_terminal_that_is_gone_is_an_interrupt() {
    let (program, archive) = (Program::new(), archive(&EIGHT.files));
    let into = tempfile::tempdir().unwrap();
    let (ours, theirs) = terminal();
    let arguments = ["--quiet", "--latency", "50"];
    let child = started(&program, archive.path(), into.path(), theirs, &arguments);
    while !into.path().join("lock").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    drop(ours);
    assert_eq!(
        end_of(child, Duration::from_secs(60)).status.code(),
        Some(130)
    );
    program.assert_clean();
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let (program, archive) = (Program::new(), archive(&EIGHT.files));
    let mut command = program.command(&["--archive", text(archive.path()), "--quiet"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(
        end_of(child, Duration::from_secs(60)).status.code(),
        Some(0)
    );
}
