//! The reference data, if it is there: in `../shared/data`, or where `CRANKWORK_DATA` says.
//!
//! If `CRANKWORK_DATA` is set, a test fails when its file is not there.

use std::path::{Path, PathBuf};

/// Returns a file of the data, or prints a line that says that there is none.
///
/// # Panics
/// If `CRANKWORK_DATA` names a folder without the file.
pub fn file(name: &str, test: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let named = std::env::var_os("CRANKWORK_DATA").map(PathBuf::from);
    let file = named.as_ref().unwrap_or(&shared).join(name);
    if file.is_file() {
        return Some(file);
    }
    assert!(named.is_none(), "CRANKWORK_DATA: no {}", file.display());
    eprintln!("skipped {test}: no {} (set CRANKWORK_DATA)", file.display());
    None
}
