//! Archives in folders.

use super::Files;
use crate::archive::File;
use crate::server::{Found, Shelf};
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

/// Reads an archive from a folder: the files that lie where files of an archive do.
///
/// # Errors
/// The system's, and a file that is no regular one or larger than it may be.
pub fn read(root: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let path = folder.join(entry?.file_name());
            if let Some(file) = at(&path) {
                files.extend(read_file(root, file)?.map(|bytes| (file, bytes)));
            } else if path.components().count() < DEEPEST
                && fs::metadata(root.join(&path)).is_ok_and(|found| found.is_dir())
            {
                folders.push(path);
            }
        }
    }
    Ok(files)
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
        fs::write(folder.path().join(File::Root.path()), "{").unwrap();
        fs::write(folder.path().join("ledger/x"), "").unwrap();
        let read = read(folder.path()).unwrap();
        assert_eq!(read.len(), made.files.len() - 1);
        assert!(!read.contains_key(&at));
    }
}
