//! The reference data, if it is there: in `../shared/data`, or where `CRANKWORK_DATA` says.

use std::path::{Path, PathBuf};

/// A file of it, or a line that says that there is none.
pub fn file(name: &str, test: &str) -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("CRANKWORK_DATA").map_or(shared, PathBuf::from);
    let file = folder.join(name);
    if file.is_file() {
        return Some(file);
    }
    eprintln!("skipped {test}: no {} (set CRANKWORK_DATA)", file.display());
    None
}
