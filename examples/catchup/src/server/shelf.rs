//! Where the server takes files from.

use crate::archive::File;
use crate::maker::Files;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// An archive: in a folder, or in memory.
#[derive(Clone, Debug)]
pub enum Shelf {
    /// The root of an archive.
    Folder(PathBuf),
    /// The files of one.
    Memory(Arc<Files>),
}

impl Shelf {
    /// The file's bytes, if it is there.
    ///
    /// # Errors
    /// The system's.
    pub fn get(&self, file: File) -> io::Result<Option<Vec<u8>>> {
        match self {
            Shelf::Memory(files) => Ok(files.get(&file).cloned()),
            Shelf::Folder(root) => match fs::read(root.join(file.path())) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            },
        }
    }
}
