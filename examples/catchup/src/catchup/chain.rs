//! The chain: each checkpoint's first header names the last of the one before.
//!
//! It is followed backwards, from the archive's last header, which this run has asked for, to the last ledger
//! applied. So the first file that does not fit is the wrong one. An earlier run may have kept it, and those before
//! it, from another server: they are asked for once more before anything is blamed.

use super::headers::Headers;
use super::kept::Kept;
use super::{App, Cx, Stage, downloads};
use crate::archive::{Checkpoint, Corrupt, File, Hash, Header};
use crate::ledger::Ledger;
use crankwork::{Failure, Ticket, Work};
use std::task::{Poll, ready};
use thiserror::Error;

/// Where the chain breaks.
#[derive(Debug, Error)]
pub enum ChainError {
    /// A file's headers are not there.
    #[error("the headers of {} are not there", .0.path())]
    Missing(File),
    /// Between two files, both consistent in themselves.
    #[error("{} is not of the chain that {} goes on with: {error}", file.path(), next.path())]
    Broken {
        /// The earlier file. It is the wrong one, unless the later one is.
        file: File,
        /// The later one.
        next: File,
        /// What differs.
        error: Box<Corrupt>,
    },
    /// Before the first ledger.
    #[error("{}: {error}", file.path())]
    Origin {
        /// The first file.
        file: File,
        /// What differs.
        error: Box<Corrupt>,
    },
    /// What an earlier run has written down is not what the archive has there.
    #[error(
        "ledger.json, written up to ledger {ledger}, is not what {} has there: {why}; is it of the same archive? \
         Give another --into, or remove it to begin anew", file.path()
    )]
    Recorded {
        /// The last ledger written down.
        ledger: u32,
        /// The file with its header.
        file: File,
        /// What differs.
        why: String,
    },
}

/// The stage.
#[derive(Default)]
pub struct Chain {
    discard: Option<Discard>,
}

/// Files that are not kept any longer.
struct Discard {
    ticket: Ticket<()>,
    wrong: Vec<Checkpoint>,
    /// The error, if there is no more to be tried.
    error: Option<ChainError>,
}

impl Chain {
    /// Goes through the chain; what to discard, unless it is whole.
    fn verify(cx: &mut Cx<'_>) -> Result<Option<Discard>, ChainError> {
        let Err((at, error)) = verify(cx.app) else {
            return Ok(None);
        };
        let Some(at) = at else { return Err(error) };
        let chain = cx.app.chain.range(..=at);
        let kept: Vec<Checkpoint> = chain
            .filter(|(_, link)| link.kept)
            .map(|(at, _)| *at)
            .collect();
        let (wrong, error) = match kept.is_empty() {
            true => (vec![at], Some(error)),
            false => (kept, None),
        };
        let files: Vec<File> = wrong.iter().map(|at| File::Ledger(*at)).collect();
        let disk = Kept::new(cx);
        let ticket = cx.offload(move || disk.discard(&files));
        Ok(Some(Discard {
            ticket,
            wrong,
            error,
        }))
    }
}

impl Work<App> for Chain {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if cx.children().any_running() {
            return Poll::Pending;
        }
        if self.discard.is_none() {
            self.discard = Chain::verify(cx).map_err(Failure::fatal)?;
        }
        let Some(discard) = &mut self.discard else {
            return Poll::Ready(Ok(()));
        };
        ready!(discard.ticket.poll(cx))?;
        if let Some(error) = discard.error.take() {
            // They have just come: a retry would be of no use.
            return Poll::Ready(Err(Failure::fatal(error)));
        }
        let wrong = std::mem::take(&mut discard.wrong);
        self.discard = None;
        cx.app.stage(Stage::Headers).total += wrong.len() as u64;
        cx.spawn(downloads("once more", wrong, Headers::anew, cx.app))?;
        Poll::Pending
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.discard = None;
    }
}

/// Follows the chain backwards; the error comes with the first checkpoint that does not fit, if one does not.
fn verify(app: &App) -> Result<(), (Option<Checkpoint>, ChainError)> {
    let mut next: Option<(Checkpoint, Hash)> = None;
    for at in app.linked().into_iter().rev() {
        let file = File::Ledger(at);
        let Some(link) = app.chain.get(&at) else {
            return Err((None, ChainError::Missing(file)));
        };
        if let Some((after, named)) = next {
            let what = format!("ledger {}, as ledger {} names it", at.last(), after.first());
            let next = File::Ledger(after);
            Corrupt::unless_equal(what, named, link.last.hash).map_err(|error| {
                let error = Box::new(error);
                (Some(at), ChainError::Broken { file, next, error })
            })?;
        }
        next = Some((at, link.previous));
    }
    let Some((first, named)) = next else {
        return Ok(());
    };
    match (&app.ledger, app.chain.get(&first)) {
        (Some(ledger), Some(link)) => recorded(ledger, &link.last, first).map_err(|e| (None, e)),
        _ => {
            let file = File::Ledger(first);
            Corrupt::unless_equal("what is before the first ledger", Hash::ZERO, named).map_err(
                |error| {
                    let error = Box::new(error);
                    (Some(first), ChainError::Origin { file, error })
                },
            )
        }
    }
}

/// What is written down against the header of the same ledger.
fn recorded(ledger: &Ledger, header: &Header, at: Checkpoint) -> Result<(), ChainError> {
    let differs = |why| ChainError::Recorded {
        ledger: ledger.ledger,
        file: File::Ledger(at),
        why,
    };
    let what = format!("the header of ledger {}", header.ledger);
    Corrupt::unless_equal(what, header.hash, ledger.hash).map_err(|e| differs(e.to_string()))?;
    let written = (ledger.total_coins, ledger.fee_pool);
    let right = (header.total_coins, header.fee_pool);
    if written != right {
        return Err(differs(format!(
            "expected (coins, fees) {right:?}, found {written:?}"
        )));
    }
    match ledger.counted_coins() {
        coins if coins == i128::from(header.total_coins) => Ok(()),
        coins => Err(differs(format!(
            "expected {} coins in accounts and fees, found {coins}",
            header.total_coins
        ))),
    }
}
