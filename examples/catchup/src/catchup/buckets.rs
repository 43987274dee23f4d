//! Buckets: the ledger's state at the checkpoint to catch up to, in files named by their hashes. They stay on the disk
//! until they are compared with the ledger.

use super::kept::Check;
use super::{App, Cx, Fetch, FetchError, Goods};
use crate::archive::{File, Hash, check_bucket};
use crankwork::{Failure, Work};
use std::sync::Arc;
use std::task::Poll;

/// One bucket.
struct Bucket(Hash);

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

    fn deliver(&self, _: &mut App, (): (), _: bool) {}
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
