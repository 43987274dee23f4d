//! Replay: transactions and results of each checkpoint, downloaded in any order, applied in theirs.

use super::apply::Apply;
use super::transactions::{Results, Transactions};
use super::{App, Cx, Fetch, stage};
use crate::archive::Checkpoint;
use crankwork::compose::{BatchSource, BatchWork};
use crankwork::{Failure, Spec, Work, WorkId};
use std::task::Poll;

/// Returns the stage. The batch goes on after a failure: what is before the broken file is still applied, and what
/// comes after it is blocked. Its width bounds how many checkpoints' files wait on the disk.
pub fn spec(app: &App) -> Spec<App, impl Work<App> + use<>> {
    let missing = Missing {
        missing: app.missing(),
        next: 0,
        before: None,
    };
    let ahead = app.settings.slots + 1;
    stage("replay", BatchWork::new(ahead, missing).keep_going())
}

/// The checkpoints that are not applied yet, in their order.
struct Missing {
    missing: Vec<Checkpoint>,
    next: usize,
    /// The work of the checkpoint before the next one.
    before: Option<WorkId>,
}

impl BatchSource<App> for Missing {
    type Output = ();
    type Work = Replay;

    /// Returns `false` after a failure, since the next checkpoint would be blocked.
    fn has_next(&mut self, cx: &mut Cx<'_>) -> bool {
        self.next < self.missing.len() && cx.app.first_failure.is_none()
    }

    fn next(&mut self, cx: &mut Cx<'_>) -> Spec<App, Replay> {
        let at = self.missing[self.next];
        let before = self.before.filter(|_| cx.app.settings.in_order);
        stage(format!("checkpoint {at}"), Replay { at, before })
    }

    fn started(&mut self, _: u64, id: WorkId) {
        self.next += 1;
        self.before = Some(id);
    }

    fn reset(&mut self) {
        self.next = 0;
        self.before = None;
    }

    fn total(&self) -> Option<u64> {
        Some(self.missing.len() as u64)
    }
}

/// One checkpoint: its two files, then its ledgers, after those of the one before.
struct Replay {
    at: Checkpoint,
    before: Option<WorkId>,
}

impl Work<App> for Replay {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let at = self.at;
        let transactions = cx.spawn(Fetch::spec(Transactions(at), &cx.app.settings))?;
        let results = cx.spawn(Fetch::spec(Results(at), &cx.app.settings))?;
        let apply = stage(format!("apply-{at}"), Apply::new(at));
        let mut apply = apply.after(transactions).after(results);
        // The batch keeps no work of a checkpoint that has been applied.
        if let Some(before) = self.before.filter(|&id| cx.state(id).is_some()) {
            apply = apply.after(before);
        }
        cx.spawn(apply)?;
        Poll::Ready(Ok(()))
    }
}
