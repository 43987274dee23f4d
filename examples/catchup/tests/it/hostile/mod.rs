//! Hostile archives: each ends as it must, with the message that names the wrong file, within bounds of memory and of
//! virtual time. The program itself runs, in a simulation of each archive.

mod chains;
mod contents;
mod forge;
mod packed;
mod states;
mod xdr;

pub use forge::{Forge, forked, unpacked};

use crate::common::EIGHT;
use catchup::archive::{ArchiveState, File, gzip};
use catchup::maker::{self, Files};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// One archive, and how a catch-up from it must end.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub files: Files,
    /// Words of the message; empty if the run must end well.
    pub says: Vec<String>,
    /// The last ledger that is applied.
    pub ledger: u32,
}

impl Case {
    /// It fails with this in its message, after this ledger.
    pub fn fails(name: impl Into<String>, files: Files, ledger: u32, says: &[&str]) -> Case {
        Case {
            name: name.into(),
            files,
            says: says.iter().map(|text| (*text).to_owned()).collect(),
            ledger,
        }
    }

    /// It ends well.
    pub fn passes(name: impl Into<String>, files: Files) -> Case {
        Case::fails(name, files, 511, &[])
    }
}

/// No archive of this size may take more memory than this, in MiB.
const MEMORY_MIB: u64 = 32;

/// Ten retries a quarter of a second apart, for one file after the other: the state, and one more.
const VIRTUAL_SECONDS: f64 = 12.0;

/// The eight checkpoints with this file replaced.
pub fn with(file: File, bytes: Vec<u8>) -> Files {
    let mut files = EIGHT.files.clone();
    files.insert(file, bytes);
    files
}

/// The eight checkpoints with this file's contents changed.
pub fn with_contents(file: File, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Files {
    with(file, gzip::pack(&change(unpacked(file))))
}

/// The newest bucket of the eight checkpoints.
pub fn a_bucket() -> File {
    File::Bucket(
        ArchiveState::parse(&EIGHT.files[&File::Root])
            .unwrap()
            .buckets()[0],
    )
}

/// The worst of a class.
#[derive(Clone, Debug, Default)]
struct Worst {
    memory: (u64, String),
    seconds: (f64, String),
}

/// Runs all cases of a class, on two threads.
#[track_caller]
pub fn check(class: &str, least: usize, cases: &[Case]) {
    assert!(cases.len() >= least, "{} cases", cases.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut wrong, mut worst) = (Vec::new(), Worst::default());
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            wrong.extend(run(case, &mut worst).err());
        }
        (wrong, worst)
    };
    let (one, two) = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        let [one, two] = threads.map(|thread| thread.join().unwrap());
        (one, two)
    });
    let memory = if one.1.memory > two.1.memory {
        &one.1.memory
    } else {
        &two.1.memory
    };
    let seconds = if one.1.seconds > two.1.seconds {
        &one.1.seconds
    } else {
        &two.1.seconds
    };
    println!(
        "{class}: {} cases; at most {} MiB ({}), {:.2} virtual s ({})",
        cases.len(),
        memory.0 >> 20,
        memory.1,
        seconds.0,
        seconds.1
    );
    let wrong = [one.0, two.0].concat();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Runs one case; the error says what is wrong with how it ended.
fn run(case: &Case, worst: &mut Worst) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    maker::write(&case.files, folder.path()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_catchup"))
        .args(["--simulate", "--json", "--quiet", "--archive"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let wrong = |what: String| Err(format!("{}: {what}; stderr: {stderr}", case.name));
    let Ok(json) = serde_json::from_slice::<Value>(&output.stdout) else {
        return wrong(String::from("no JSON"));
    };
    let code = i32::from(!case.says.is_empty());
    if output.status.code() != Some(code) {
        return wrong(format!(
            "exit code {:?} instead of {code}: {json}",
            output.status.code()
        ));
    }
    if stderr.lines().count() != code as usize || stderr.len() > 2_100 {
        return wrong(String::from("not one short line"));
    }
    if let Some(missing) = case.says.iter().find(|text| !stderr.contains(*text)) {
        return wrong(format!("{missing:?} is not said"));
    }
    if json["ledger"] != case.ledger {
        return wrong(format!(
            "ledger {} instead of {}",
            json["ledger"], case.ledger
        ));
    }
    let seconds = json["elapsed_s"].as_f64().unwrap();
    if seconds > VIRTUAL_SECONDS {
        return wrong(format!("{seconds} virtual seconds"));
    }
    // Where the system does not say, nothing is known.
    let memory = json["peak_memory_bytes"].as_u64().unwrap_or(0);
    if memory > MEMORY_MIB << 20 {
        return wrong(format!("{} MiB", memory >> 20));
    }
    if memory > worst.memory.0 {
        worst.memory = (memory, case.name.clone());
    }
    if seconds > worst.seconds.0 {
        worst.seconds = (seconds, case.name.clone());
    }
    Ok(())
}
