//! Buckets: the ledger's state at the checkpoint to catch up to, in files named by their hashes.

use super::fetch::Check;
use super::{App, Cx, Fetch, Goods};
use crate::archive::{BucketEntries, File, Hash, read_bucket};
use crankwork::{Failure, Work};
use std::sync::Arc;
use std::task::Poll;

/// One bucket.
struct Bucket(Hash);

impl Goods for Bucket {
    type Output = BucketEntries;

    fn file(&self) -> File {
        File::Bucket(self.0)
    }

    fn check(&self, _: &App) -> Check<BucketEntries> {
        let name = self.0;
        Arc::new(move |bytes| read_bucket(bytes, name))
    }

    fn deliver(&self, app: &mut App, entries: BucketEntries) {
        app.buckets.insert(self.0, entries);
    }
}

/// The stage: all buckets of the archive's state.
pub struct BucketStage;

impl Work<App> for BucketStage {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if cx.children().is_empty()
            && let Some(target) = cx.app.target.clone()
        {
            for hash in target.buckets() {
                cx.spawn(Fetch::spec(Bucket(hash), cx.app))?;
            }
        }
        Poll::Ready(Ok(()))
    }
}
