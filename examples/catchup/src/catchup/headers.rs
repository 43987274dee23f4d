//! Ledger headers: one file per checkpoint, each consistent in itself.

use super::kept::Check;
use super::{App, FetchError, Goods};
use crate::archive::{Checkpoint, Corrupt, File, Hash, Header, read_headers};
use std::sync::Arc;

/// What the chain needs of a checkpoint's headers; the others are read again where they are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The hash of the ledger before the checkpoint, as its first header has it.
    pub previous: Hash,
    /// The checkpoint's last header.
    pub last: Header,
    /// Whether an earlier run had kept the file.
    pub kept: bool,
}

/// A checkpoint's headers.
pub struct Headers {
    at: Checkpoint,
    /// Whether the archive is asked, whatever an earlier run has kept.
    anew: bool,
}

impl Headers {
    /// From the disk if they are there, else from the archive.
    pub fn of(at: Checkpoint) -> Headers {
        Headers { at, anew: false }
    }

    /// From the archive.
    pub fn anew(at: Checkpoint) -> Headers {
        Headers { at, anew: true }
    }
}

impl Goods for Headers {
    type Output = (Hash, Header);

    fn file(&self) -> File {
        File::Ledger(self.at)
    }

    fn may_be_kept(&self) -> bool {
        !self.anew
    }

    fn check(&self, _: &App) -> Check<Self::Output> {
        let (at, file) = (self.at, self.file());
        Arc::new(move |bytes, _| {
            let corrupt = |error| FetchError::Corrupt { file, error };
            let headers = read_headers(bytes, at).map_err(corrupt)?;
            match (headers.first(), headers.last()) {
                (Some(first), Some(last)) => Ok((first.previous, last.clone())),
                _ => Err(corrupt(Corrupt::Format(String::from("no ledger headers")))),
            }
        })
    }

    fn deliver(&self, app: &mut App, (previous, last): &Self::Output, kept: bool) {
        let link = Link {
            previous: *previous,
            last: last.clone(),
            kept,
        };
        app.chain.insert(self.at, link);
    }
}
