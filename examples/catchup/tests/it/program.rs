//! The program itself, run as a child.

use catchup::maker::{self, Files};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program, with a folder of its own for temporary things.
pub struct Program {
    pub temporary: TempDir,
}

impl Program {
    pub fn new() -> Program {
        let temporary = tempfile::tempdir().unwrap();
        Program { temporary }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_catchup"));
        command
            .args(arguments)
            .env("TMPDIR", self.temporary.path())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        self.assert_clean();
        output
    }

    /// Runs, and reads the line of JSON.
    pub fn run_json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.run(&[arguments, &["--json", "--quiet"]].concat());
        let json = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), json)
    }

    /// Runs something that is refused: one line on stderr, nothing on stdout.
    #[track_caller]
    pub fn refused(&self, arguments: &[&str], code: i32, says: &str) {
        let output = self.run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("catchup: "), "{arguments:?}: {stderr}");
        assert!(stderr.contains(says), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }

    pub fn assert_clean(&self) {
        let left = fs::read_dir(self.temporary.path()).unwrap().count();
        assert_eq!(left, 0, "something is left in the temporary folder");
    }
}

/// The files in a folder, which must not be the program's temporary one.
pub fn archive(files: &Files) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    maker::write(files, folder.path()).unwrap();
    folder
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Waits for the end of a child that must not hang.
#[track_caller]
pub fn end_of(mut child: Child, within: Duration) -> Output {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > within {
            child.kill().unwrap();
            panic!("it hangs: {:?}", child.wait_with_output());
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}
