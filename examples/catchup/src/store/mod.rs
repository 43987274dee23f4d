//! What stays between runs: verified files of the archive, and the ledger as far as it has been applied.
//!
//! Files are kept as they were sent and are verified again whenever they are read, so nothing is trusted because it
//! lies here. The ledger is written in one step: a process that is killed at any moment leaves the one before or the
//! one after.

mod folder;
mod memory;

pub use folder::{Folder, FolderError, NotAFile};
pub use memory::Memory;

use crate::archive::{Checkpoint, File};
use crate::ledger::{Ledger, LedgerFormatError};
use std::fmt;
use std::io::{self, BufRead, Cursor};
use thiserror::Error;

const LEDGER_PATH: &str = "ledger.json";

/// What can be kept. It knows its own path, so nothing can be written anywhere else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Item {
    /// A file of the archive, as it was sent.
    File(File),
    /// The ledger as far as it has been applied.
    Ledger,
}

impl Item {
    /// How many bytes it has at most.
    pub fn limit(&self) -> usize {
        match self {
            Item::File(file) => file.limits().packed,
            // A ledger with as many accounts as it may have is half as large.
            Item::Ledger => 64 << 20,
        }
    }

    /// Its path below the folder; parts are separated by slashes.
    pub fn path(&self) -> String {
        match self {
            Item::File(file) => file.path(),
            Item::Ledger => String::from(LEDGER_PATH),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Keeps items. Its calls block: they belong into offloaded jobs.
pub trait Disk: Send + Sync {
    /// The item, if it is there.
    ///
    /// # Errors
    /// The system's.
    fn read(&self, item: Item) -> io::Result<Option<Vec<u8>>>;

    /// The item as a stream, if it is there: a large one need not be in memory as a whole.
    ///
    /// # Errors
    /// The system's.
    fn open(&self, item: Item) -> io::Result<Option<Box<dyn BufRead>>> {
        let bytes = self.read(item)?;
        Ok(bytes.map(|bytes| Box::new(Cursor::new(bytes)) as Box<dyn BufRead>))
    }

    /// Puts the item there, wholly or not at all.
    ///
    /// # Errors
    /// The system's; what was there before is still there then.
    fn write(&self, item: Item, bytes: &[u8]) -> io::Result<()>;

    /// Takes the item away, if it is there.
    ///
    /// # Errors
    /// The system's.
    fn remove(&self, item: Item) -> io::Result<()>;
}

/// Why what an earlier run has applied cannot be used.
#[derive(Debug, Error)]
pub enum SavedLedgerError {
    /// It cannot be read from the disk.
    #[error("cannot read {LEDGER_PATH}: {0}")]
    Io(#[from] io::Error),
    /// It is not what is written there.
    #[error("{LEDGER_PATH} cannot be used ({0}); remove it to begin anew")]
    Format(#[from] LedgerFormatError),
    /// It does not end a checkpoint, as what is written there always does.
    #[error(
        "{LEDGER_PATH} ends with ledger {0}, which ends no checkpoint; remove it to begin anew"
    )]
    NoCheckpoint(u32),
}

/// The ledger as far as an earlier run has applied it.
///
/// # Errors
/// [`SavedLedgerError`].
pub fn saved_ledger(disk: &dyn Disk) -> Result<Option<Ledger>, SavedLedgerError> {
    let Some(bytes) = disk.read(Item::Ledger)? else {
        return Ok(None);
    };
    let ledger = Ledger::parse(&bytes)?;
    match Checkpoint::ending_with(ledger.ledger) {
        Some(_) => Ok(Some(ledger)),
        None => Err(SavedLedgerError::NoCheckpoint(ledger.ledger)),
    }
}
