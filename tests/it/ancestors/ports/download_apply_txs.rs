//! DownloadApplyTxsWork (268 lines): gets the transactions of several checkpoints at a time, and applies them in order.

use super::{CHECKPOINT, Cx, File, Node, WIDTH, apply_checkpoint, get_and_unzip};
use crankwork::compose::{BatchSource, BatchWork, ConditionalWork, WorkSequence, with_status};
use crankwork::{Progress, Retry, Spec, Work};
use std::task::Poll;

/// Above this length of the publish queue no checkpoint is applied, until it is down to the other.
const QUEUE: (u32, u32) = (16, 8);

/// The checkpoints that are left, from the node's ledger on.
struct Checkpoints {
    last: u32,
    archive: Option<&'static str>,
    /// The last ledgers of the attempt's first checkpoint and of the next one; `None` at its beginning.
    first: Option<u32>,
    next: Option<u32>,
}

impl BatchSource<Node> for Checkpoints {
    type Output = ();
    type Work = WorkSequence<Node>;

    fn has_next(&mut self, cx: &mut Cx<'_>) -> bool {
        let first = *self.first.get_or_insert(checkpoint_of(cx.app.ledger + 1));
        *self.next.get_or_insert(first) <= checkpoint_of(self.last)
    }

    fn next(&mut self, cx: &mut Cx<'_>) -> Spec<Node, WorkSequence<Node>> {
        let checkpoint = self.next.unwrap_or(checkpoint_of(cx.app.ledger + 1));
        self.next = Some(checkpoint + CHECKPOINT);
        download_apply(checkpoint, checkpoint.min(self.last), self.archive)
    }

    fn reset(&mut self) {
        (self.first, self.next) = (None, None);
    }

    fn total(&self) -> Option<u64> {
        let left = checkpoint_of(self.last).checked_sub(self.first?);
        left.map(|ledgers| u64::from(ledgers / CHECKPOINT + 1))
    }
}

fn checkpoint_of(ledger: u32) -> u32 {
    ledger | (CHECKPOINT - 1)
}

fn download_apply(
    checkpoint: u32,
    last: u32,
    archive: Option<&'static str>,
) -> Spec<Node, WorkSequence<Node>> {
    let file = File::new("transactions", checkpoint);
    let (get, apply) = (file.clone(), file.clone());
    let sequence = WorkSequence::new()
        .then(move || get_and_unzip::spec(&get, archive))
        .then(move || {
            let file = apply.clone();
            let gated = ConditionalWork::new(in_turn(checkpoint), move || {
                Spec::new("apply", apply_checkpoint(&file, last))
            });
            Spec::new(format!("conditional-apply-{checkpoint}"), gated)
        })
        .then_fn("delete", move |cx: &mut Cx<'_>| {
            cx.app.disk.remove(&file.local);
            Poll::Ready(Ok(()))
        });
    Spec::new(format!("download-apply-{checkpoint}"), sequence)
}

/// Whether the checkpoint before has been applied, and enough of what was applied is published.
fn in_turn(checkpoint: u32) -> impl FnMut(&mut Node) -> bool {
    let mut is_behind = false;
    move |node| {
        is_behind = match node.publish_queue {
            length if length > QUEUE.0 => true,
            length if length <= QUEUE.1 => false,
            _ => is_behind,
        };
        checkpoint_of(node.ledger + 1) == checkpoint && !is_behind
    }
}

pub fn spec(last: u32, archive: Option<&'static str>) -> Spec<Node, impl Work<Node> + use<>> {
    let source = Checkpoints {
        last,
        archive,
        first: None,
        next: None,
    };
    let spec = Spec::new("download-apply-ledgers", BatchWork::new(WIDTH, source));
    let told = spec.wrap(|batch| {
        with_status(batch, |cx, f| {
            let Some(Progress { done, total }) = cx.progress() else {
                return Ok(());
            };
            let (left, percent) = (total - done, 100 * done / total.max(1));
            write!(f, "checkpoints left to apply: {left} ({percent}% done)")
        })
    });
    told.retry(Retry::A_FEW)
}
