//! Buckets: the ledger's state at the checkpoint to catch up to, in files named by their hashes. They stay on the disk
//! until they are compared with the ledger.

use super::kept::Check;
use super::{App, FetchError, Goods};
use crate::archive::{File, Hash, check_bucket};
use std::sync::Arc;

/// One bucket.
pub struct Bucket(pub Hash);

impl Goods for Bucket {
    type Output = ();

    fn file(&self) -> File {
        File::Bucket(self.0)
    }

    fn check(&self, _: &App) -> Check<()> {
        let file = self.file();
        Arc::new(move |bytes, _| {
            check_bucket(bytes).map_err(|error| FetchError::Corrupt { file, error })
        })
    }
}
