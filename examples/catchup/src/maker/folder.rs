//! Archives in folders.

use super::Files;
use crate::archive::{ArchiveState, Checkpoint, File};
use crate::server::{Found, Shelf};
use std::fs;
use std::io::{self, Read};
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
/// The system's, a root file that is none, and a file that is no regular one or larger than it may be.
pub fn read(root: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let bytes = read_file(root, File::Root)?.ok_or(io::ErrorKind::NotFound)?;
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
    if let Some(bytes) = read_file(root, file)? {
        files.insert(file, bytes);
    }
    Ok(())
}

/// The file's bytes, if it is there: no more than a file of its kind may have.
fn read_file(root: &Path, file: File) -> io::Result<Option<Vec<u8>>> {
    let refused = |why: String| io::Error::other(format!("{}: {why}", file.path()));
    let (length, mut content) = match Shelf::Folder(root.to_owned()).open(file)? {
        Found::Nothing => return Ok(None),
        Found::NoFile => return Err(refused(String::from("it is no regular file"))),
        Found::File { length, content } => (length, content),
    };
    let limit = file.limits().packed as u64;
    if length > limit {
        let why = format!("it has {length} bytes, more than the {limit} that are allowed");
        return Err(refused(why));
    }
    let mut bytes = Vec::new();
    content.by_ref().take(length).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
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
