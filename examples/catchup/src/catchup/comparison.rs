//! The last check: the ledger has the very accounts that the archive's buckets hold.

use super::kept::{Kept, finish};
use super::{App, Cx, FetchError, stage};
use crate::archive::{BucketFile, File, Hash};
use crate::ledger::{Difference, Ledger, difference};
use crankwork::{Failure, Spec, Ticket, Work};
use std::sync::Arc;
use std::task::{Poll, ready};

/// Returns the stage.
pub fn spec() -> Spec<App, impl Work<App>> {
    let mut ticket = None;
    stage("comparison", move |cx: &mut Cx<'_>| {
        let ticket = ticket.get_or_insert_with(|| begin(cx));
        match ready!(ticket.poll(cx))? {
            Ok(None) => Poll::Ready(Ok(())),
            Ok(Some(difference)) => Poll::Ready(Err(Failure::fatal(explain(cx.app, &difference)))),
            Err(error) => Poll::Ready(Err(Failure::fatal(error))),
        }
    })
}

fn begin(cx: &mut Cx<'_>) -> Ticket<Result<Option<Difference>, FetchError>> {
    let target = cx.app.target.as_ref();
    let order = target.map(|target| target.buckets()).unwrap_or_default();
    let (ledger, kept) = (cx.app.ledger.clone(), Kept::new(cx));
    cx.offload(move || match ledger {
        Some(ledger) => compare(&ledger, &order, &kept),
        None => Ok(None),
    })
}

fn compare(
    ledger: &Arc<Ledger>,
    order: &[Hash],
    kept: &Kept,
) -> Result<Option<Difference>, FetchError> {
    let files: Vec<File> = order.iter().map(|hash| File::Bucket(*hash)).collect();
    let opened = files.iter().map(|file| kept.open(*file));
    let mut opened = opened.collect::<Result<Vec<_>, _>>()?;
    let mut readers: Vec<_> = opened.iter_mut().map(BucketFile::new).collect();
    let compared = difference(ledger, &mut readers);
    for (file, unpacked) in files.iter().zip(opened) {
        finish(*file, unpacked)?;
    }
    compared.map_err(|(nth, error)| FetchError::Corrupt {
        file: files[nth],
        error,
    })
}

/// What to say of a difference: whether it is in what an earlier run has written down.
fn explain(app: &App, difference: &Difference) -> String {
    let Difference {
        key,
        ledger,
        buckets,
    } = difference;
    match (app.resumed, app.tally.ledgers) {
        (0, _) => format!("account {key:?} is {ledger:?} after replay, {buckets:?} in the buckets"),
        (written, 0) => format!(
            "ledger.json, written up to ledger {written}, is not what the archive has there: \
             account {key:?} is {ledger:?} in it, {buckets:?} in the buckets; remove it to begin anew"
        ),
        (written, _) => format!(
            "account {key:?} is {ledger:?} after replay, {buckets:?} in the buckets; the replay began with ledger.json, \
             written up to ledger {written}: if the archive is right, remove that to begin anew"
        ),
    }
}
