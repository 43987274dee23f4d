//! Applying a checkpoint: its ledgers in order, then the new ledger is written to the disk. Only when it is there does it
//! count.

use super::transactions::network;
use super::{App, Cx, FetchError, Stage};
use crate::archive::{Checkpoint, Header};
use crate::ledger::{ApplyError, Ledger, Transaction, TxResult};
use crate::store::{Disk, Item};
use crankwork::{Failure, Ticket, Work};
use std::fmt;
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

/// Everything that a checkpoint consists of.
struct Parts {
    headers: Arc<Vec<Header>>,
    transactions: Vec<Vec<Transaction>>,
    results: Vec<Vec<TxResult>>,
}

impl Apply {
    /// For this checkpoint.
    pub fn new(at: Checkpoint) -> Apply {
        Apply { at, ticket: None }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) -> Ticket<Result<Applied, Failure>> {
        let app = &mut *cx.app;
        let parts = Parts {
            headers: app.headers.remove(&self.at).unwrap_or_default(),
            transactions: app.transactions.remove(&self.at).unwrap_or_default(),
            results: app.results.remove(&self.at).unwrap_or_default(),
        };
        let coins = parts.headers.first().map_or(0, |header| header.total_coins);
        let ledger = app
            .ledger
            .clone()
            .unwrap_or_else(|| Arc::new(Ledger::origin(network(app), coins)));
        let disk = app.disk.clone();
        let last = self.at.last();
        cx.offload(move || apply(&ledger, &parts, last, &*disk))
    }

    fn applied(&self, app: &mut App, applied: Applied) {
        app.ledger = Some(Arc::new(applied.ledger));
        let ledgers = self.at.ledgers().len() as u64;
        app.tally.ledgers += ledgers;
        app.tally.transactions += applied.transactions;
        app.stage(Stage::Ledgers).done += ledgers;
    }
}

/// Applies everything up to ledger `last` to a copy of the ledger, and writes that down.
fn apply(ledger: &Ledger, parts: &Parts, last: u32, disk: &dyn Disk) -> Result<Applied, Failure> {
    let mut next = ledger.clone();
    let files = parts.transactions.iter().zip(&parts.results);
    for (header, (transactions, results)) in parts.headers.iter().zip(files) {
        next.apply(header, transactions, results)
            .map_err(Failure::fatal)?;
    }
    if next.ledger != last {
        let why = format!("it was to be the last, but ledger {} is", next.ledger);
        return Err(Failure::fatal(ApplyError { ledger: last, why }));
    }
    let item = Item::Ledger;
    disk.write(item, next.to_json().as_bytes())
        .map_err(|error| Failure::fatal(FetchError::Disk { item, error }))?;
    Ok(Applied {
        ledger: next,
        transactions: parts.transactions.iter().map(|set| set.len() as u64).sum(),
    })
}

impl Work<App> for Apply {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if self.ticket.is_none() {
            self.ticket = Some(self.begin(cx));
        }
        let Some(ticket) = &mut self.ticket else {
            return cx.yield_now();
        };
        let applied = ready!(ticket.poll(cx))??;
        self.applied(cx.app, applied);
        Poll::Ready(Ok(()))
    }

    /// A job that is writing the new ledger down is not left alone: what is on the disk must be what we say it is.
    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        if let Some(ticket) = &mut self.ticket
            && let Ok(Ok(applied)) = ready!(ticket.poll(cx))
        {
            self.applied(cx.app, applied);
        }
        Poll::Ready(())
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.ticket = None;
    }

    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ledgers {} to {}", self.at.first(), self.at.last())
    }
}
