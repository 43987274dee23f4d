//! A file for one test.

use std::path::PathBuf;

/// A file of this process, removed when it is dropped. Tests run side by side: each needs its own name.
pub struct TempFile(pub PathBuf);

impl TempFile {
    /// Writes the file. Its name ends in `name`, for the end of the name tells the format.
    pub fn new(name: &str, bytes: impl AsRef<[u8]>) -> TempFile {
        let path = std::env::temp_dir().join(format!("crankwork-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).expect("the temporary folder is writable");
        TempFile(path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0); // what is left over does no harm
    }
}
