//! What jobs read: files as they come or as they were kept, always as streams, until they are told to end.

use super::{Cx, FetchError};
use crate::archive::gzip::Unpacked;
use crate::archive::{Checkpoint, Corrupt, File, Hash, Header, read_headers};
use crate::store::{Disk, Item, NotAFile};
use crankwork::CancelToken;
use std::io::{self, BufRead, Read};
use std::sync::Arc;

/// Reads and checks a file's contents, on whatever thread. What it needs of other files it finds among the kept ones.
pub type Check<T> = Arc<dyn Fn(&mut dyn Read, &Kept) -> Result<T, FetchError> + Send + Sync>;

/// The disk, for a job of one attempt.
#[derive(Clone)]
pub struct Kept {
    disk: Arc<dyn Disk>,
    stop: CancelToken,
}

impl Kept {
    /// For jobs of this work's attempt: when it is aborted, they end with an error.
    pub fn new(cx: &mut Cx<'_>) -> Kept {
        Kept {
            disk: cx.app.disk.clone(),
            stop: cx.cancel_token(),
        }
    }

    /// Whether the job is to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Returns what the disk holds of the file, if that is what it should be. What is not is taken away: the file comes
    /// anew then, and if it cannot be taken away, it is written over.
    ///
    /// # Errors
    /// [`FetchError`]: something that is no file lies there, or the job is to end.
    pub fn look<T>(&self, file: File, check: &Check<T>) -> Result<Option<T>, FetchError> {
        let item = Item::File(file);
        let packed = match self.disk.open(item) {
            Ok(Some(packed)) => packed,
            Ok(None) => return Ok(None),
            Err(error) if is_no_file(&error) => return Err(FetchError::Disk { item, error }),
            Err(_) => return Ok(None),
        };
        match self.verify(file, packed, check) {
            Ok(output) => Ok(Some(output)),
            Err(error) if self.is_stopped() => Err(error),
            Err(FetchError::Corrupt { file: wrong, .. }) if wrong == file => {
                let _ = self.disk.remove(item);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Checks what has come, and keeps it.
    ///
    /// # Errors
    /// [`FetchError`].
    pub fn keep<T>(&self, file: File, packed: &[u8], check: &Check<T>) -> Result<T, FetchError> {
        let output = self.verify(file, packed, check)?;
        if file.is_packed() {
            let item = Item::File(file);
            self.disk
                .write(item, packed)
                .map_err(|error| FetchError::Disk { item, error })?;
        }
        Ok(output)
    }

    /// What is wrong with the packing or the hash comes before what is wrong with the contents: it is the reason.
    fn verify<T>(
        &self,
        file: File,
        packed: impl BufRead,
        check: &Check<T>,
    ) -> Result<T, FetchError> {
        let limits = file.limits();
        if !file.is_packed() {
            return check(&mut packed.take(limits.packed as u64), self);
        }
        let mut unpacked = Unpacked::new(packed, limits.unpacked, self.stop.clone());
        let checked = check(&mut unpacked, self);
        finish(file, unpacked)?;
        checked
    }

    /// The unpacked contents of a file that has been verified and kept.
    ///
    /// # Errors
    /// [`FetchError`]: it is not there any more, or cannot be read.
    pub fn open(&self, file: File) -> Result<Unpacked<Box<dyn BufRead>>, FetchError> {
        let item = Item::File(file);
        match self.disk.open(item) {
            Ok(Some(packed)) => {
                let limit = file.limits().unpacked;
                Ok(Unpacked::new(packed, limit, self.stop.clone()))
            }
            Ok(None) => Err(FetchError::Gone(file)),
            Err(error) => Err(FetchError::Disk { item, error }),
        }
    }

    /// The headers of a checkpoint, which have been verified and kept; the last has this hash.
    ///
    /// # Errors
    /// [`FetchError`]: they are not there any more, or others are.
    pub fn headers(&self, at: Checkpoint, hash: Hash) -> Result<Vec<Header>, FetchError> {
        let file = File::Ledger(at);
        let corrupt = |error| FetchError::Corrupt { file, error };
        let headers = read_headers(self.open(file)?, at).map_err(corrupt)?;
        let found = headers.last().map_or(Hash::ZERO, |header| header.hash);
        let what = format!("the header of ledger {}", at.last());
        Corrupt::unless_equal(what, hash, found).map_err(corrupt)?;
        Ok(headers)
    }

    /// Takes files away, as far as that is possible: one that stays is found again by the next run.
    pub fn discard(&self, files: &[File]) {
        for file in files {
            let _ = self.disk.remove(Item::File(*file));
        }
    }
}

/// Reads a file to its end, and compares its hash with its name if that is one.
///
/// # Errors
/// [`FetchError::Corrupt`].
pub fn finish(file: File, unpacked: Unpacked<impl BufRead>) -> Result<(), FetchError> {
    let corrupt = |error| FetchError::Corrupt { file, error };
    let found = unpacked.finish().map_err(corrupt)?;
    match file {
        File::Bucket(name) => Corrupt::unless_equal("the bucket", name, found).map_err(corrupt),
        _ => Ok(()),
    }
}

fn is_no_file(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<NotAFile>())
}
