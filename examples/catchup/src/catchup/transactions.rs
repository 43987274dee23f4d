//! A checkpoint's transactions and results, each checked against the checkpoint's headers. They stay on the disk until
//! they are applied.

use super::kept::Check;
use super::{App, FetchError, Goods};
use crate::archive::{Checkpoint, File, Hash, check_results, check_transactions};
use std::sync::Arc;

/// A checkpoint's transactions, by ledger.
pub struct Transactions(pub Checkpoint);

impl Goods for Transactions {
    type Output = ();

    fn file(&self) -> File {
        File::Transactions(self.0)
    }

    fn check(&self, app: &App) -> Check<()> {
        let (at, file) = (self.0, self.file());
        let (last, network) = (app.last_hash(at), network(app));
        Arc::new(move |bytes, kept| {
            let headers = kept.headers(at, last)?;
            check_transactions(bytes, &headers, network)
                .map_err(|error| FetchError::Corrupt { file, error })
        })
    }
}

/// A checkpoint's results, by ledger.
pub struct Results(pub Checkpoint);

impl Goods for Results {
    type Output = ();

    fn file(&self) -> File {
        File::Results(self.0)
    }

    fn check(&self, app: &App) -> Check<()> {
        let (at, file, last) = (self.0, self.file(), app.last_hash(self.0));
        Arc::new(move |bytes, kept| {
            let headers = kept.headers(at, last)?;
            check_results(bytes, &headers).map_err(|error| FetchError::Corrupt { file, error })
        })
    }
}

/// The network's id: transactions are hashed together with it.
pub fn network(app: &App) -> Hash {
    let passphrase = app.target.as_ref().map(|target| target.passphrase.as_str());
    Hash::of(passphrase.unwrap_or_default().as_bytes())
}
