//! Failures that are kept as files, and come first in the next search.
//!
//! A file is `FOLDER/TEST/HASH.sched`: a comment that says what failed, and the text that repeats the run. Nothing is
//! written unless the test or `CRANK_CORPUS` names a folder.

use super::seed::hash;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The ending of the files.
const ENDING: &str = "sched";

/// The folder of one test.
#[derive(Clone, Debug)]
pub(super) struct Corpus {
    folder: PathBuf,
}

impl Corpus {
    pub fn new(folder: &Path, test: &str) -> Corpus {
        Corpus {
            folder: folder.join(file_name(test)),
        }
    }

    /// Returns the saved failures, each with its file, in the order of their names.
    ///
    /// # Errors
    /// A folder or file that cannot be read. A folder that is not there holds nothing.
    pub fn read(&self) -> io::Result<Vec<(PathBuf, String)>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let paths = entries.map(|entry| entry.map(|it| it.path()));
        let mut paths: Vec<PathBuf> = paths.collect::<io::Result<_>>()?;
        paths.retain(|path| path.extension().is_some_and(|it| it == ENDING));
        // The order of a folder differs from machine to machine.
        paths.sort();
        let files = paths.into_iter().map(|path| {
            let text = fs::read_to_string(&path)?;
            Ok((path, text))
        });
        files.collect()
    }

    /// Saves the text of a failure, and returns its file.
    ///
    /// # Errors
    /// A file or folder that cannot be written.
    pub fn save(&self, text: &str, comment: &str) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        let contents = format!("# {}\n{text}\n", comment.replace(['\n', '\r'], " "));
        let digits = format!("{:016x}", hash(0, text.as_bytes()));
        // Four digits are easy to name; more are needed where another failure has these four.
        for len in [4, 8, 16] {
            let path = self.folder.join(format!("{}.{ENDING}", &digits[..len]));
            match fs::read_to_string(&path) {
                Ok(other) if !other.lines().any(|line| line == text) => continue,
                Ok(_) => return Ok(path),
                Err(_) => {}
            }
            fs::write(&path, contents)?;
            return Ok(path);
        }
        Err(io::Error::other("the hashes of two failures are equal"))
    }
}

/// Returns the name of a test as the name of a folder on every system.
fn file_name(test: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
    let name = test.replace("::", ".");
    let name: String = name
        .chars()
        .map(|it| if plain(it) { it } else { '_' })
        .collect();
    match name.trim_start_matches('.') {
        "" => String::from("exploration"),
        rest => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_folder_and_nothing_else() {
        assert_eq!(
            file_name("explore::edits::all_of_them"),
            "explore.edits.all_of_them"
        );
        assert_eq!(file_name("../../etc/a b"), "_.._etc_a_b");
        assert_eq!(file_name("::"), "exploration");
    }
}
