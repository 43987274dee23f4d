//! A checkpoint's transactions and results, each checked against the checkpoint's headers.

use super::fetch::Check;
use super::{App, Goods};
use crate::archive::{Checkpoint, File, Hash, read_results, read_transactions};
use crate::ledger::{Transaction, TxResult};
use std::sync::Arc;

/// A checkpoint's transactions, by ledger.
pub struct Transactions(pub Checkpoint);

impl Goods for Transactions {
    type Output = Vec<Vec<Transaction>>;

    fn file(&self) -> File {
        File::Transactions(self.0)
    }

    fn check(&self, app: &App) -> Check<Self::Output> {
        let (headers, network) = (app.headers_of(self.0), network(app));
        Arc::new(move |bytes| read_transactions(bytes, &headers, network))
    }

    fn deliver(&self, app: &mut App, transactions: Self::Output) {
        app.transactions.insert(self.0, transactions);
    }
}

/// A checkpoint's results, by ledger.
pub struct Results(pub Checkpoint);

impl Goods for Results {
    type Output = Vec<Vec<TxResult>>;

    fn file(&self) -> File {
        File::Results(self.0)
    }

    fn check(&self, app: &App) -> Check<Self::Output> {
        let headers = app.headers_of(self.0);
        Arc::new(move |bytes| read_results(bytes, &headers))
    }

    fn deliver(&self, app: &mut App, results: Self::Output) {
        app.results.insert(self.0, results);
    }
}

/// The network's id: transactions are hashed together with it.
pub fn network(app: &App) -> Hash {
    let passphrase = app.target.as_ref().map(|target| target.passphrase.as_str());
    Hash::of(passphrase.unwrap_or_default().as_bytes())
}
