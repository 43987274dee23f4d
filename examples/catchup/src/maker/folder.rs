//! Archives in folders.

use super::Files;
use crate::archive::{ArchiveState, Checkpoint, File};
use std::fs;
use std::io;
use std::path::Path;

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

/// Reads an archive from a folder: all files that its states name, as far as they are there.
///
/// # Errors
/// The system's, and a root file that is none.
pub fn read(root: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let bytes = fs::read(root.join(File::Root.path()))?;
    let state = ArchiveState::parse(&bytes).map_err(io::Error::other)?;
    files.insert(File::Root, bytes);
    for at in (0..=state.checkpoint.index()).map(Checkpoint::nth) {
        for file in [
            File::State(at),
            File::Ledger(at),
            File::Transactions(at),
            File::Results(at),
        ] {
            add(&mut files, root, file)?;
        }
        let state = files
            .get(&File::State(at))
            .map(|bytes| ArchiveState::parse(bytes));
        for hash in state
            .and_then(Result::ok)
            .map(|s| s.buckets())
            .unwrap_or_default()
        {
            add(&mut files, root, File::Bucket(hash))?;
        }
    }
    Ok(files)
}

fn add(files: &mut Files, root: &Path, file: File) -> io::Result<()> {
    if files.contains_key(&file) {
        return Ok(());
    }
    match fs::read(root.join(file.path())) {
        Ok(bytes) => files.insert(file, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let made = crate::maker::make(2, 3);
        write(&made.files, folder.path()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), made.files);
        let at = File::Ledger(Checkpoint::nth(1));
        fs::remove_file(folder.path().join(at.path())).unwrap();
        assert!(!read(folder.path()).unwrap().contains_key(&at));
    }
}
