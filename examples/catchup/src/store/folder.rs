//! A folder of the real file system.

use super::{Disk, Item};
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A folder that one process at a time uses.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Holds the lock: the system takes it back when the process ends, however it ends.
    _lock: fs::File,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It cannot be made or opened.
    #[error("cannot use the folder {}: {error}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Another process uses it.
    #[error("the folder {} is in use by another catchup; wait for it, or give another --into", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

/// Something that is no regular file lies where one should.
#[derive(Debug, Error)]
#[error("{} is no regular file; remove it", .0.display())]
pub struct NotAFile(PathBuf);

impl Folder {
    /// Makes the folder if it is not there, and locks it.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn open(path: &Path) -> Result<Folder, FolderError> {
        let failed = |error| FolderError::Io {
            path: path.to_owned(),
            error,
        };
        fs::create_dir_all(path).map_err(failed)?;
        let lock = open_lock(&path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let path = path.to_owned();
                return Err(FolderError::InUse { path });
            }
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Folder {
            root: path.to_owned(),
            _lock: lock,
        })
    }

    fn path(&self, item: Item) -> PathBuf {
        self.root.join(item.path())
    }
}

impl Disk for Folder {
    fn read(&self, item: Item) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = open_file(&self.path(item))? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(item.limit() as u64 + 1).read_to_end(&mut bytes)?;
        match bytes.len() > item.limit() {
            true => Err(ErrorKind::FileTooLarge.into()),
            false => Ok(Some(bytes)),
        }
    }

    fn open(&self, item: Item) -> io::Result<Option<Box<dyn BufRead>>> {
        let file = open_file(&self.path(item))?;
        Ok(file.map(|file| {
            Box::new(BufReader::new(file.take(item.limit() as u64))) as Box<dyn BufRead>
        }))
    }

    fn write(&self, item: Item, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(item);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        // One writer per item: the name need not be unique, and what a killed process left is written over.
        let draft = path.with_extension("part");
        let written = write_draft(&draft, bytes, item).and_then(|()| fs::rename(&draft, &path));
        if let Err(error) = written {
            // The draft is worth nothing; should it stay, it will be written over.
            let _ = fs::remove_file(&draft);
            return Err(error);
        }
        match item {
            Item::Ledger => fs::File::open(folder)?.sync_all(),
            Item::File(_) => Ok(()),
        }
    }

    fn remove(&self, item: Item) -> io::Result<()> {
        match fs::remove_file(self.path(item)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Opens a regular file, if it is there. To open anything else may take for ever.
fn open_file(path: &Path) -> io::Result<Option<fs::File>> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() => fs::File::open(path).map(Some),
        Ok(_) => Err(io::Error::new(
            ErrorKind::InvalidInput,
            NotAFile(path.to_owned()),
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn open_lock(path: &Path) -> io::Result<fs::File> {
    open_file(path)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).open(path)
}

/// The ledger must outlive a power failure, too; a file of the archive is verified whenever it is read.
fn write_draft(draft: &Path, bytes: &[u8], item: Item) -> io::Result<()> {
    let mut file = fs::File::create(draft)?;
    file.write_all(bytes)?;
    match item {
        Item::Ledger => file.sync_all(),
        Item::File(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Checkpoint, File};

    #[test]
    fn items_come_back_and_drafts_do_not_stay() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("into");
        let folder = Folder::open(&root).unwrap();
        let item = Item::File(File::Ledger(Checkpoint::nth(0)));
        assert_eq!(folder.read(item).unwrap(), None);
        folder.remove(item).unwrap();
        folder.write(item, b"one").unwrap();
        folder.write(item, b"two").unwrap();
        folder.write(Item::Ledger, b"three").unwrap();
        assert_eq!(folder.read(item).unwrap().as_deref(), Some(&b"two"[..]));
        let parent = root.join("ledger/00/00/00");
        assert_eq!(fs::read_dir(parent).unwrap().count(), 1);
        folder.remove(item).unwrap();
        assert_eq!(folder.read(item).unwrap(), None);
    }

    #[test]
    fn one_process_at_a_time() {
        let temporary = tempfile::tempdir().unwrap();
        let first = Folder::open(temporary.path()).unwrap();
        let second = Folder::open(temporary.path());
        assert!(matches!(second, Err(FolderError::InUse { .. })));
        drop(first);
        Folder::open(temporary.path()).unwrap();
    }
}
