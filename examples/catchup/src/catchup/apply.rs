//! Applying a checkpoint: its ledgers in order, all of them or none.

use super::transactions::network;
use super::{App, Cx, Stage};
use crate::archive::{Checkpoint, Header};
use crate::ledger::{ApplyError, Ledger, Transaction, TxResult};
use crankwork::{Failure, Ticket, Work};
use std::fmt;
use std::sync::Arc;
use std::task::{Poll, ready};

/// Applies one checkpoint.
pub struct Apply {
    at: Checkpoint,
    ticket: Option<Ticket<Result<Applied, ApplyError>>>,
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

    fn begin(&mut self, cx: &mut Cx<'_>) -> Ticket<Result<Applied, ApplyError>> {
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
        let last = self.at.last();
        cx.offload(move || apply(&ledger, &parts, last))
    }

    fn applied(&self, app: &mut App, applied: Applied) {
        app.ledger = Some(Arc::new(applied.ledger));
        let ledgers = self.at.ledgers().len() as u64;
        app.tally.ledgers += ledgers;
        app.tally.transactions += applied.transactions;
        app.stage(Stage::Ledgers).done += ledgers;
    }
}

/// Applies everything up to ledger `last` to a copy of the ledger.
fn apply(ledger: &Ledger, parts: &Parts, last: u32) -> Result<Applied, ApplyError> {
    let mut next = ledger.clone();
    let files = parts.transactions.iter().zip(&parts.results);
    for (header, (transactions, results)) in parts.headers.iter().zip(files) {
        next.apply(header, transactions, results)?;
    }
    if next.ledger != last {
        let why = format!("it was to be the last, but ledger {} is", next.ledger);
        return Err(ApplyError { ledger: last, why });
    }
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
        // The same files would be applied again: a retry would be of no use.
        let applied = ready!(ticket.poll(cx))?.map_err(Failure::fatal)?;
        self.applied(cx.app, applied);
        if let Some(recorder) = cx.app.recorder {
            cx.wake(recorder)?;
        }
        Poll::Ready(Ok(()))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.ticket = None;
    }

    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ledgers {} to {}", self.at.first(), self.at.last())
    }
}
