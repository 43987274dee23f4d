//! Why a download failed, and whether another attempt may help.

use crate::archive::{Corrupt, File};
use crate::http::HttpError;
use crate::store::Item;
use crankwork::{Failure, FailureKind, WorkOutcome};
use std::io;
use std::time::Duration;
use thiserror::Error;

/// A server that says when to come back is not believed beyond this.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// Why a file could not be had.
#[derive(Debug, Error)]
pub enum FetchError {
    /// It did not come.
    #[error("{}: {error}", file.path())]
    Http {
        /// The file.
        file: File,
        /// What went wrong.
        error: HttpError,
    },
    /// Nobody listens where the very first file should be.
    #[error("no server answers at {host}: {error}")]
    NoServer {
        /// Host and port.
        host: String,
        /// What the system says.
        error: io::Error,
    },
    /// It came, but is not what it should be.
    #[error("{}: {error}", file.path())]
    Corrupt {
        /// The file.
        file: File,
        /// What is wrong with it.
        error: Corrupt,
    },
    /// It was kept, and is needed again.
    #[error("{}: it was verified and kept, but is not there any more", .0.path())]
    Gone(File),
    /// It came too slowly.
    #[error("{}: the attempt took longer than {limit:?}", file.path())]
    TooSlow {
        /// The file.
        file: File,
        /// How long an attempt may take.
        limit: Duration,
    },
    /// It could not be kept, or read where it was kept.
    #[error("cannot keep {item}: {error}")]
    Disk {
        /// What.
        item: Item,
        /// What the system says.
        error: io::Error,
    },
}

impl FetchError {
    /// The outcome of a download, by its file: the engine does not know for which one an attempt took too long.
    pub fn named(file: File, outcome: &WorkOutcome) -> WorkOutcome {
        match outcome {
            WorkOutcome::Failed(failure) => match *failure.kind() {
                FailureKind::AttemptTimeout(limit) => {
                    WorkOutcome::Failed(Failure::new(FetchError::TooSlow { file, limit }))
                }
                _ => outcome.clone(),
            },
            _ => outcome.clone(),
        }
    }

    /// Whether another attempt may help.
    pub fn may_pass(&self) -> bool {
        match self {
            FetchError::Http { error, .. } => error.may_pass(),
            FetchError::Corrupt { error, .. } => error.may_pass(),
            FetchError::TooSlow { .. } => true,
            FetchError::NoServer { .. } | FetchError::Gone(_) | FetchError::Disk { .. } => false,
        }
    }

    /// For good, if another attempt could not help.
    pub fn into_failure(self) -> Failure {
        let delay = match &self {
            FetchError::Http { error, .. } => error.retry_after(),
            _ => None,
        };
        match delay {
            _ if !self.may_pass() => Failure::fatal(self),
            Some(delay) => Failure::retry_after(self, delay.min(LONGEST_DELAY)),
            None => Failure::new(self),
        }
    }
}
