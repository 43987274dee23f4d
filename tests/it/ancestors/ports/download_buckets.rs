//! DownloadBucketsWork (248 lines): gets, verifies and adopts the buckets of both lists, some at a time.

use super::{File, Node, VerifyBucket, WIDTH, get_and_unzip};
use crankwork::compose::{BatchWork, WorkSequence, with_status};
use crankwork::{Progress, Spec, Work};
use std::task::Poll;

type Kind = &'static str;

pub fn spec(
    live: &[&'static str],
    hot: &[&'static str],
    archive: Option<&'static str>,
) -> Spec<Node, impl Work<Node> + use<>> {
    let live = live.iter().map(|&hash| ("live", hash));
    let all: Vec<(Kind, &str)> = live.chain(hot.iter().map(|&hash| ("hot", hash))).collect();
    let buckets = BatchWork::each(WIDTH, move || {
        let all = all.clone().into_iter();
        all.map(move |(kind, hash)| bucket(kind, hash, archive))
    });
    Spec::new("download-verify-buckets", buckets).wrap(|batch| {
        with_status(batch, |cx, f| {
            let Some(Progress { done, total }) = cx.progress() else {
                return Ok(());
            };
            let percent = 100 * done / total.max(1);
            write!(
                f,
                "downloading and verifying buckets: {done}/{total} ({percent}%)"
            )
        })
    })
}

/// One bucket. The index goes from the work that makes it to the one that adopts the bucket.
fn bucket(
    kind: Kind,
    hash: &'static str,
    archive: Option<&'static str>,
) -> Spec<Node, WorkSequence<Node>> {
    let file = File::new("bucket", hash);
    let local = file.local.clone();
    let sequence = WorkSequence::new()
        .then(move || get_and_unzip::spec(&file, archive))
        .then(move || {
            let (file, hash) = (local.clone(), hash.to_owned());
            Spec::new(
                "verify-bucket",
                VerifyBucket {
                    file,
                    hash,
                    ticket: None,
                },
            )
        })
        .then_with(move |done| {
            let index = *done.output::<usize>(1);
            Spec::<Node, _>::from_fn("adopt-verified-bucket", move |cx| {
                cx.app.buckets.insert((kind, hash.to_owned()), index);
                Poll::Ready(Ok(()))
            })
        });
    Spec::new(format!("download-verify-sequence-{hash}"), sequence)
}
