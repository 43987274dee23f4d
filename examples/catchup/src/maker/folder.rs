//! Archives in folders.

use super::Files;
use crate::archive::File;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// How many folders deep an archive's files lie, themselves included: `ledger/ww/xx/yy/file`.
const DEEPEST: usize = 5;

/// Writes an archive into a folder, which is made if it is not there. The root file comes last: an archive that has one
/// is complete.
///
/// # Errors
/// The system's.
pub fn write(files: &Files, root: &Path) -> io::Result<()> {
    let (last, others): (Vec<_>, Vec<_>) = files.iter().partition(|(file, _)| **file == File::Root);
    for (file, bytes) in others.into_iter().chain(last) {
        let path = root.join(file.path());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// Reads an archive from a folder: the files that lie where files of an archive do. Of one that is larger than it may be
/// there is one byte more than that.
///
/// # Errors
/// The system's.
pub fn read(root: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let path = folder.join(entry?.file_name());
            let found = fs::metadata(root.join(&path));
            if found.as_ref().is_ok_and(fs::Metadata::is_dir) {
                if path.components().count() < DEEPEST {
                    folders.push(path);
                }
            } else if found.is_ok_and(|found| found.is_file())
                && let Some(file) = at(&path)
            {
                let limit = file.limits().packed as u64 + 1;
                let mut bytes = Vec::new();
                fs::File::open(root.join(&path))?
                    .take(limit)
                    .read_to_end(&mut bytes)?;
                files.insert(file, bytes);
            }
        }
    }
    Ok(files)
}

/// The file of an archive that lies at this path.
fn at(path: &Path) -> Option<File> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    File::at(&parts?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Checkpoint;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let made = crate::maker::make(2, 3);
        write(&made.files, folder.path()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), made.files);
        let at = File::Ledger(Checkpoint::nth(1));
        fs::remove_file(folder.path().join(at.path())).unwrap();
        // Whatever the root file says, and whatever else lies there.
        fs::create_dir_all(folder.path().join(at.path())).unwrap();
        fs::write(folder.path().join(File::Root.path()), "{").unwrap();
        fs::write(folder.path().join("ledger/x"), "").unwrap();
        let read = read(folder.path()).unwrap();
        assert_eq!(read.len(), made.files.len() - 1);
        assert!(!read.contains_key(&at));
    }
}
