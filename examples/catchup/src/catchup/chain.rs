//! The chain: each checkpoint's first header names the last of the one before, from the last ledger applied onwards.

use super::{App, Cx};
use crate::archive::{Checkpoint, Corrupt, File, Hash, Header};
use crate::store::{Disk, Item};
use crankwork::{Failure, Ticket, Work};
use std::sync::Arc;
use std::task::{Poll, ready};
use thiserror::Error;

/// Where the chain breaks.
#[derive(Debug, Error)]
pub enum ChainError {
    /// A file's headers are not there.
    #[error("the headers of {} are not there", .0.path())]
    Missing(File),
    /// Between two files, both consistent in themselves: one of them is not of this chain.
    #[error("{} does not follow {}: {error}", next.path(), before.path())]
    Broken {
        /// The earlier file.
        before: File,
        /// The later one.
        next: File,
        /// What differs.
        error: Box<Corrupt>,
    },
    /// Right after what has been applied, or before the first ledger.
    #[error("{} does not follow what has been applied up to ledger {applied}: {error}; \
             is it of the same archive?", next.path())]
    Foreign {
        /// The last ledger applied; 0 is none.
        applied: u32,
        /// The file.
        next: File,
        /// What differs.
        error: Box<Corrupt>,
    },
}

/// The stage.
#[derive(Default)]
pub struct Chain {
    ticket: Option<Ticket<Result<(), ChainError>>>,
}

type Links = Vec<(Checkpoint, Arc<Vec<Header>>)>;

impl Work<App> for Chain {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let ticket = match &mut self.ticket {
            Some(ticket) => ticket,
            None => {
                let app = &*cx.app;
                let missing = app.missing().into_iter();
                let links: Links = missing.map(|at| (at, app.headers_of(at))).collect();
                let applied = app.ledger.as_ref();
                let start = applied.map_or((0, Hash::ZERO), |ledger| (ledger.ledger, ledger.hash));
                let disk = app.disk.clone();
                self.ticket
                    .insert(cx.offload(move || verify(&links, start, &*disk)))
            }
        };
        let verified = ready!(ticket.poll(cx))?;
        // The same files would come again: a retry would be of no use.
        Poll::Ready(verified.map_err(Failure::fatal))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.ticket = None;
    }
}

/// Follows the chain. Where it breaks, the files are not kept: another run downloads them anew.
fn verify(links: &Links, (applied, hash): (u32, Hash), disk: &dyn Disk) -> Result<(), ChainError> {
    let mut before: Option<Checkpoint> = None;
    let mut hash = hash;
    for (at, headers) in links {
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else {
            return Err(ChainError::Missing(File::Ledger(*at)));
        };
        let what = format!(
            "ledger {}, as ledger {} names it",
            at.first() - 1,
            at.first()
        );
        if let Err(error) = Corrupt::unless_equal(what, first.previous, hash) {
            let (error, next) = (Box::new(error), File::Ledger(*at));
            for file in before.map(File::Ledger).into_iter().chain([next]) {
                // One that cannot be removed is found again by the next run, with the same error.
                let _ = disk.remove(Item::File(file));
            }
            return Err(match before.map(File::Ledger) {
                Some(before) => ChainError::Broken {
                    before,
                    next,
                    error,
                },
                None => ChainError::Foreign {
                    applied,
                    next,
                    error,
                },
            });
        }
        (before, hash) = (Some(*at), last.hash);
    }
    Ok(())
}
