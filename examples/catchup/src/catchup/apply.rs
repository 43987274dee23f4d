//! Applying a checkpoint: its ledgers in order, all of them or none. Its files are read as they are applied.

use super::kept::{Kept, finish};
use super::transactions::network;
use super::{App, Cx, FetchError, Stage};
use crate::archive::{Checkpoint, Corrupt, File, Hash, Header, ResultFile, TransactionFile};
use crate::ledger::{Applying, Ledger};
use crankwork::{Failure, StatusContext, Ticket, Work};
use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::task::{Poll, ready};

/// Applies one checkpoint.
pub struct Apply {
    at: Checkpoint,
    ticket: Option<Ticket<Result<Applied, Failure>>>,
}

struct Applied {
    ledger: Ledger,
    transactions: u64,
}

/// What the job needs to know.
struct Job {
    at: Checkpoint,
    /// The hash of the checkpoint's last header.
    last: Hash,
    network: Hash,
    kept: Kept,
    /// The ledger before the checkpoint, if that is not the first.
    ledger: Option<Arc<Ledger>>,
    /// The last ledger that an earlier run had applied.
    resumed: u32,
}

impl Apply {
    /// For this checkpoint.
    pub fn new(at: Checkpoint) -> Apply {
        Apply { at, ticket: None }
    }

    fn begin(at: Checkpoint, cx: &mut Cx<'_>) -> Ticket<Result<Applied, Failure>> {
        let job = Job {
            at,
            last: cx.app.last_hash(at),
            network: network(cx.app),
            kept: Kept::new(cx),
            ledger: cx.app.ledger.clone(),
            resumed: cx.app.resumed,
        };
        cx.offload(move || job.run())
    }

    fn applied(&self, app: &mut App, applied: Applied) {
        app.ledger = Some(Arc::new(applied.ledger));
        app.chain.remove(&self.at);
        let ledgers = self.at.ledgers().len() as u64;
        app.tally.ledgers += ledgers;
        app.tally.transactions += applied.transactions;
        app.stage(Stage::Ledgers).done += ledgers;
    }
}

impl Job {
    /// Applies the checkpoint to a copy of the ledger.
    fn run(&self) -> Result<Applied, Failure> {
        let headers = self.kept.headers(self.at, self.last)?;
        let mut ledger = match &self.ledger {
            Some(ledger) => Ledger::clone(ledger),
            None => Ledger::origin(self.network, headers[0].total_coins),
        };
        let (sets, results) = (File::Transactions(self.at), File::Results(self.at));
        let mut files = (self.kept.open(sets)?, self.kept.open(results)?);
        let transactions = self.apply(&mut ledger, &headers, &mut files.0, &mut files.1);
        finish(sets, files.0)?;
        finish(results, files.1)?;
        Ok(Applied {
            transactions: transactions?,
            ledger,
        })
    }

    /// Applies one ledger after the other; returns how many transactions there were.
    fn apply(
        &self,
        ledger: &mut Ledger,
        headers: &[Header],
        sets: impl Read,
        results: impl Read,
    ) -> Result<u64, Failure> {
        let mut sets = TransactionFile::new(sets, self.network);
        let mut results = ResultFile::new(results);
        let mut count = 0;
        for header in headers {
            if self.kept.is_stopped() {
                return Err(Failure::cancelled());
            }
            let mut transactions = Vec::new();
            sets.ledger(header, &mut |transaction| transactions.push(transaction))
                .map_err(|error| self.corrupt(File::Transactions(self.at), error))?;
            count += transactions.len() as u64;
            let applying = Applying::new(ledger, header, transactions);
            let mut applying = applying.map_err(|error| self.fatal(&error.to_string()))?;
            results
                .ledger(header, &mut |result| applying.result(&result))
                .map_err(|error| self.corrupt(File::Results(self.at), error))?;
            applying
                .close()
                .map_err(|error| self.fatal(&error.to_string()))?;
        }
        Ok(count)
    }

    fn corrupt(&self, file: File, error: Corrupt) -> Failure {
        Failure::fatal(FetchError::Corrupt { file, error })
    }

    /// A retry would apply these files again, to no use.
    fn fatal(&self, why: &str) -> Failure {
        Failure::fatal(match self.resumed {
            0 => why.to_owned(),
            ledger => format!(
                "{why}; this run goes on from ledger.json, written up to ledger {ledger}: \
                 if the archive is right, remove that to begin anew"
            ),
        })
    }
}

impl Work<App> for Apply {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let begin = || Apply::begin(self.at, cx);
        let ticket = self.ticket.get_or_insert_with(begin);
        let applied = ready!(ticket.poll(cx))??;
        self.applied(cx.app, applied);
        if let Some(recorder) = cx.app.recorder {
            cx.wake(recorder)?;
        }
        Poll::Ready(Ok(()))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.ticket = None;
    }

    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ledgers {} to {}", self.at.first(), self.at.last())
    }
}
