//! What the crate's integration tests take to be built again after a line of the engine has changed.

use crate::cargo::{cargo, timed, write};
use std::fs;
use std::path::{Path, PathBuf};

/// The line that changes: works that follow from one that settles, settle in another order. It compiles, no more.
const BEFORE: &str = "settling.pop_front()";
const AFTER: &str = "settling.pop_back()";

pub struct Rebuild {
    pub seconds: f64,
    /// The size of the binary, in bytes.
    pub bytes: u64,
}

/// Builds the tests of a copy of the crate at `root`, changes one line, and builds them again.
pub fn rebuild(root: &Path) -> Result<Rebuild, String> {
    let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
    let copy = directory.path();
    copy_folder(root, copy).map_err(|error| error.to_string())?;
    // Found before the first build, which takes minutes.
    let (path, text) = with_the_line(&copy.join("src/engine"))?;
    build(copy)?;
    write(&path, &text.replacen(BEFORE, AFTER, 1))?;
    let (seconds, binary) = build(copy)?;
    let bytes = fs::metadata(binary)
        .map_err(|error| error.to_string())?
        .len();
    Ok(Rebuild { seconds, bytes })
}

/// Copies everything but the history and builds.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

fn build(copy: &Path) -> Result<(f64, PathBuf), String> {
    let mut cargo = cargo(copy);
    cargo.args(["test", "--quiet", "--test", "it", "--no-run"]);
    let (seconds, output) = timed(cargo.arg("--message-format=json-render-diagnostics"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let binary = said.lines().find_map(executable);
    Ok((seconds, binary.ok_or("cargo named no test binary")?))
}

/// Returns the binary that a line of cargo's messages names.
fn executable(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(PathBuf::from(message.get("executable")?.as_str()?))
}

/// Returns the one file below `engine` that has the line, and its text.
fn with_the_line(engine: &Path) -> Result<(PathBuf, String), String> {
    let mut found = Vec::new();
    find(engine, &mut found).map_err(|error| error.to_string())?;
    match found.pop() {
        Some(only) if found.is_empty() => Ok(only),
        _ => Err(format!(
            "`{BEFORE}` is not in exactly one file of src/engine: name another line in benches/compile/engine_tests.rs"
        )),
    }
}

fn find(folder: &Path, found: &mut Vec<(PathBuf, String)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            find(&path, found)?;
        } else {
            let text = fs::read_to_string(&path)?;
            if text.contains(BEFORE) {
                found.push((path, text));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_changes_is_in_one_file_of_the_engine() {
        let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/engine");
        let (_, text) = with_the_line(&engine).unwrap();
        assert_eq!(text.matches(BEFORE).count(), 1);
        assert!(with_the_line(&engine.join("io")).is_err());
    }

    #[test]
    fn cargo_names_the_binary() {
        let line = r#"{"reason":"compiler-artifact","executable":"/target/debug/deps/it-1"}"#;
        assert_eq!(executable(line), Some("/target/debug/deps/it-1".into()));
        assert_eq!(executable(r#"{"executable":null}"#), None);
        assert_eq!(executable("no message"), None);
    }
}
