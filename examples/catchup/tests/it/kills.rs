//! Kills at random moments: the program itself, killed and run again, ends right.

use crate::common::EIGHT;
use crate::program::{Program, archive, end_of, text};
use catchup::ledger::Ledger;
use crankwork::Stream;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

const KILLS: u32 = 30;
const SEED: u64 = 19;

fn started(program: &Program, archive: &Path, into: &Path, latency: &str) -> Child {
    let arguments = [
        "--archive",
        text(archive),
        "--into",
        text(into),
        "--latency",
        latency,
        "--slots",
        "3",
        "--json",
        "--quiet",
    ];
    let mut command = program.command(&arguments);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The last ledger written down, which can always be read.
fn written(into: &Path) -> u32 {
    match fs::read(into.join("ledger.json")) {
        Ok(json) => Ledger::parse(&json).unwrap().ledger,
        Err(_) => 0,
    }
}

#[test]
fn thirty_kills_at_random_moments_lose_nothing_written() {
    let (program, archive) = (Program::new(), archive(&EIGHT.files));
    let mut random = Stream::new(SEED);
    let (mut kills, mut begun) = (0, 0);
    while kills < KILLS {
        let into = tempfile::tempdir().unwrap();
        begun += 1;
        // Some die early, some late: a run takes about half a second of this latency.
        let most = 50 + 50 * random.below(12);
        for _ in 0..3 {
            let mut child = started(&program, archive.path(), into.path(), "20");
            thread::sleep(Duration::from_millis(random.below(most)));
            let before = written(into.path());
            let ended = child.try_wait().unwrap().is_some();
            child.kill().unwrap();
            child.wait().unwrap();
            kills += u32::from(!ended);
            assert!(written(into.path()) >= before, "kill {kills}");
        }
        let before = written(into.path());
        let output = end_of(
            started(&program, archive.path(), into.path(), "0"),
            Duration::from_secs(60),
        );
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "kill {kills}: {stderr}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["hash"], EIGHT.last_hash.to_string(), "kill {kills}");
        assert_eq!(json["applied_ledgers"], 511 - before, "kill {kills}");
    }
    println!("{kills} kills in {begun} folders");
}
