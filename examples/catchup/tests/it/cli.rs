//! The program itself.

use crate::common::{EIGHT, flip, nth};
use crate::program::{Program, archive, text};
use catchup::archive::{ArchiveState, File};
use catchup::maker;
use catchup::server::{Faults, Listener, Responder, Shelf};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

#[test]
fn wrong_arguments_are_one_line_and_exit_code_2() {
    let program = Program::new();
    let cases: &[(&[&str], &str)] = &[
        (&["--slots", "0"], "--slots"),
        (&["--slots", "257"], "--slots"),
        (&["--slots", "many"], "--slots"),
        (&["--faults", "2"], "0 to 1"),
        (&["--faults", "-0.1"], "0 to 1"),
        (&["--faults", "NaN"], "0 to 1"),
        (&["--checkpoints", "0"], "--checkpoints"),
        (&["--checkpoints", "9999999999"], "--checkpoints"),
        (&["--latency", "-1"], "--latency"),
        (&["--seed", "x"], "--seed"),
        (&["--port", "65536"], "--port"),
        (&["--runs", "3"], "--simulate"),
        (&["--simulate", "--runs", "0"], "--runs"),
        (&["--simulate", "--into", "x"], "--into"),
        (&["--make", "x", "--simulate"], "--make"),
        (&["--nonsense"], "--nonsense"),
        (&["an\nargument"], "argument"),
        (&["--archive", "/nowhere/at/all"], "no archive in"),
        (&["--archive", "ftp://localhost/"], "http://"),
        (&["--archive", "https://localhost/"], "TLS"),
        (
            &["--archive", "http://localhost/", "--faults", "0.1"],
            "--faults",
        ),
        (
            &["--archive", "http://localhost/", "--simulate"],
            "--simulate",
        ),
    ];
    for (arguments, says) in cases {
        program.refused(arguments, 2, says);
    }
}

#[test]
fn what_is_kept_does_not_lie_in_the_archive() {
    let folder = archive(&EIGHT.files);
    let archive = text(folder.path());
    let into = format!("{archive}/ledger/..");
    Program::new().refused(&["--archive", archive, "--into", &into], 2, "--into");
}

#[test]
fn help_is_no_error() {
    let output = Program::new().run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("--archive")
    );
}

#[test]
fn what_cannot_be_done_is_one_line_and_exit_code_1() {
    let program = Program::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    program.refused(
        &["--checkpoints", "1", "--port", &port.to_string()],
        1,
        "port",
    );
    // The port is taken, but nobody accepts there after this.
    drop(taken);
    let nobody = format!("http://127.0.0.1:{port}");
    let output = program.run(&["--archive", &nobody, "--quiet"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.contains("refused"), "{stderr}");
    let file = program.temporary.path().join("file");
    fs::write(&file, "").unwrap();
    let output = program
        .command(&["--checkpoints", "1", "--quiet", "--into", text(&file)])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    fs::remove_file(file).unwrap();
    program.assert_clean();
}

#[test]
fn an_archive_is_made_and_caught_up_from() {
    let program = Program::new();
    let (code, json) = program.run_json(&["--checkpoints", "4", "--faults", "0.1"]);
    assert_eq!(code, Some(0), "{json}");
    assert_eq!(json["status"], "ok");
    assert_eq!(json["applied_ledgers"], 255);
    assert_eq!(json["hash"], maker::make(4, 1).last_hash.to_string());
}

#[test]
fn an_archive_behind_a_path_of_a_server() {
    // The server knows no such path, so every answer is 404: what is asked for shows in the error.
    let shelf = Shelf::Memory(Arc::new(EIGHT.files.clone()));
    let listener = Listener::start(0, Responder::new(shelf, Faults::default())).unwrap();
    let url = format!("http://{}", listener.address());
    let program = Program::new();
    let (code, json) = program.run_json(&["--archive", &url]);
    assert_eq!(code, Some(0), "{json}");
    assert_eq!(json["hash"], EIGHT.last_hash.to_string());
    let (code, json) = program.run_json(&["--archive", &format!("{url}/prefix/")]);
    assert_eq!(code, Some(1), "{json}");
    assert!(json["failure"].as_str().unwrap().contains("404"), "{json}");
}

#[test]
fn a_corrupt_bucket_is_named_and_what_was_kept_is_used_again() {
    let mut files = EIGHT.files.clone();
    let state = ArchiveState::parse(&files[&File::Root]).unwrap();
    let file = File::Transactions(nth(6));
    let (bucket, good) = (File::Bucket(state.buckets()[1]), files[&file].clone());
    flip(files.get_mut(&file).unwrap());
    let (folder, into) = (archive(&files), tempfile::tempdir().unwrap());
    let program = Program::new();
    let arguments = [
        "--archive",
        text(folder.path()),
        "--into",
        text(into.path()),
    ];
    let (code, json) = program.run_json(&arguments);
    assert_eq!(code, Some(1));
    assert_eq!(
        (&json["status"], &json["ledger"]),
        (&Value::from("failed"), &Value::from(383))
    );
    assert!(
        json["failure"].as_str().unwrap().contains(&file.path()),
        "{json}"
    );
    fs::write(folder.path().join(file.path()), good).unwrap();
    fs::remove_file(folder.path().join(bucket.path())).unwrap();
    let (code, json) = program.run_json(&arguments);
    assert_eq!(code, Some(0), "{json}");
    assert_eq!(json["applied_ledgers"], 128);
    assert_eq!(json["hash"], EIGHT.last_hash.to_string());
}

#[test]
fn simulations_print_what_they_came_to() {
    let program = Program::new();
    let many = [
        "--simulate",
        "--checkpoints",
        "2",
        "--runs",
        "20",
        "--faults",
        "0.2",
    ];
    let (code, json) = program.run_json(&many);
    assert_eq!(code, Some(0));
    assert_eq!(
        (&json["runs"], &json["status"]),
        (&Value::from(20), &Value::from("ok"))
    );
    let (_, again) = program.run_json(&many);
    assert_eq!(json["events_hash"], again["events_hash"]);
    let output = program.run(&["--simulate", "--checkpoints", "2"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("all 127 ledgers verified and applied"),
        "{text}"
    );
}

#[cfg(unix)]
mod signals {
    use super::*;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use rustix::process::{Pid, Signal, kill_process};
    use std::io::{BufRead, BufReader};
    use std::path::Path;
    use std::process::{Child, Stdio};
    use std::thread;
    use std::time::Duration;

    /// Slow enough that it is never done before it is told to end.
    const SLOW: [&str; 8] = [
        "--checkpoints",
        "8",
        "--latency",
        "150",
        "--slots",
        "2",
        "--seed",
        "1",
    ];

    /// Starts it and waits until it has written a ledger down.
    fn started(program: &Program, into: &Path, arguments: &[&str]) -> Child {
        let written = into.join("ledger.json");
        let before = fs::read(&written).ok();
        let mut command = program.command(&[arguments, &["--json", "--into", text(into)]].concat());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while fs::read(&written).ok() == before {
            assert_eq!(child.try_wait().unwrap(), None, "it has ended already");
            thread::sleep(Duration::from_millis(2));
        }
        child
    }

    #[test]
    fn ctrl_c_ends_it_in_order_and_says_what_is_left() {
        let (program, into) = (Program::new(), tempfile::tempdir().unwrap());
        let child = started(&program, into.path(), &SLOW);
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["status"], "interrupted");
        program.assert_clean();
        let (code, rest) = program.run_json(&["--checkpoints", "8", "--into", text(into.path())]);
        assert_eq!(code, Some(0), "{rest}");
        assert_eq!(rest["hash"], EIGHT.last_hash.to_string());
        let sum = json["ledger"].as_u64().unwrap() + rest["applied_ledgers"].as_u64().unwrap();
        assert_eq!(sum, 511);
    }

    /// A disk that hangs: the draft of the ledger is a pipe that nobody reads. Started, and as far as it gets.
    fn hanging(program: &Program, into: &Path) -> Child {
        let mode = Mode::from_raw_mode(0o600);
        mknodat(CWD, into.join("ledger.part"), FileType::Fifo, mode, 0).unwrap();
        let arguments = ["--checkpoints", "2", "--json", "--into", text(into)];
        let mut command = program.command(&arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        // It says so once a second, for as long as it waits for the disk.
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let all_applied = |line: String| line.contains("ledgers 127/127");
        assert!(lines.map(Result::unwrap).any(all_applied));
        child
    }

    #[test]
    fn what_does_not_end_within_the_grace_is_not_waited_for() {
        let (program, into) = (Program::new(), tempfile::tempdir().unwrap());
        let child = hanging(&program, into.path());
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["status"], "interrupted");
        // The work that writes, and the one that owns it.
        assert_eq!(json["forced_aborts"], 2);
        program.assert_clean();
    }

    #[test]
    fn a_second_ctrl_c_ends_it_at_once() {
        let (program, into) = (Program::new(), tempfile::tempdir().unwrap());
        let mut child = hanging(&program, into.path());
        let pid = Pid::from_child(&child);
        while child.try_wait().unwrap().is_none() {
            kill_process(pid, Signal::INT).unwrap();
            thread::sleep(Duration::from_millis(50));
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130));
        assert!(
            output.stdout.is_empty(),
            "it did not wait for the grace and a summary"
        );
        program.assert_clean();
    }

    #[test]
    fn kill_9_again_and_again_loses_nothing_written() {
        let (program, into) = (Program::new(), tempfile::tempdir().unwrap());
        for _ in 0..3 {
            let mut child = started(&program, into.path(), &SLOW);
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let json = fs::read(into.path().join("ledger.json")).unwrap();
        let written = catchup::ledger::Ledger::parse(&json).unwrap().ledger;
        assert!(
            written >= 191,
            "three runs, each with a checkpoint at least: {written}"
        );
        let arguments = ["--checkpoints", "8", "--into", text(into.path()), "--json"];
        let output = program.command(&arguments).output().unwrap();
        let rest: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(rest["hash"], EIGHT.last_hash.to_string());
        assert_eq!(rest["applied_ledgers"], 511 - written);
    }
}
