//! Where the server takes files from.

use crate::archive::File;
use crate::maker::Files;
use std::fs;
use std::io::{self, Cursor, Read};
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

/// What is where a file should be.
pub enum Found {
    /// The file.
    File {
        /// Its length in bytes.
        length: u64,
        /// What is in it.
        content: Box<dyn Read + Send>,
    },
    /// Nothing.
    Nothing,
    /// A folder, a pipe, a device: what has no length, and perhaps no end.
    NoFile,
}

impl Shelf {
    /// Opens a file. Links are followed, wherever they lead; nothing but a regular file is opened.
    ///
    /// # Errors
    /// The system's.
    pub fn open(&self, file: File) -> io::Result<Found> {
        match self {
            Shelf::Memory(files) => Ok(match files.get(&file) {
                Some(bytes) => Found::File {
                    length: bytes.len() as u64,
                    content: Box::new(Cursor::new(bytes.clone())),
                },
                None => Found::Nothing,
            }),
            Shelf::Folder(root) => {
                let path = root.join(file.path());
                match fs::metadata(&path) {
                    // Before it is opened: opening a pipe waits for somebody to write.
                    Ok(about) if !about.is_file() => Ok(Found::NoFile),
                    Ok(_) => opened(fs::File::open(path)?),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
                    Err(error) => Err(error),
                }
            }
        }
    }
}

/// Another file may have come to its place meanwhile: what counts is what has been opened.
fn opened(file: fs::File) -> io::Result<Found> {
    let about = file.metadata()?;
    Ok(match about.is_file() {
        true => Found::File {
            length: about.len(),
            content: Box::new(file),
        },
        false => Found::NoFile,
    })
}
