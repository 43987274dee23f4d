//! Replay: transactions and results of each checkpoint, downloaded in any order, applied in theirs.

use super::apply::Apply;
use super::transactions::{Results, Transactions};
use super::{App, Cx, Fetch, Metered, PORTION, stage};
use crate::archive::Checkpoint;
use crankwork::{Failure, Handle, Name, OnChildFailure, Progress, Spec, Work, WorkState};
use std::task::Poll;

/// The stage. A child's failure does not abort the others: what is before the broken file is still applied, and what
/// comes after it is blocked.
#[derive(Default)]
pub struct Replay {
    /// Checkpoints whose works have not been added yet, the first one last.
    left: Option<Vec<Checkpoint>>,
    /// The works that apply, in their order.
    applies: Vec<Handle<()>>,
    /// How many of them have applied theirs, without a gap.
    applied: usize,
}

impl Replay {
    /// The stage and its terms.
    pub fn spec() -> Spec<App, Metered<Replay>> {
        stage("replay", Replay::default()).on_child_failure(OnChildFailure::Collect)
    }

    /// Adds the next works; the answer is whether that was all.
    fn add_some(&mut self, cx: &mut Cx<'_>) -> Result<bool, Failure> {
        for _ in 0..PORTION {
            let left = self.left.get_or_insert_with(|| {
                let mut missing = cx.app.missing();
                missing.reverse();
                missing
            });
            match left.pop() {
                Some(at) => self.add(cx, at)?,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Three works per checkpoint. The files of a checkpoint are not asked for before the one so many checkpoints
    /// earlier has been applied: what waits in memory is bounded.
    fn add(&mut self, cx: &mut Cx<'_>, at: Checkpoint) -> Result<(), Failure> {
        let ahead = cx.app.settings.slots + 1;
        let mut transactions = Fetch::spec(Transactions(at), cx.app);
        let mut results = Fetch::spec(Results(at), cx.app);
        let gate = self.applies.len().checked_sub(ahead);
        if let Some(&gate) = gate.and_then(|nth| self.applies.get(nth)) {
            transactions = transactions.after(gate);
            results = results.after(gate);
        }
        let name = Name::from(format!("apply-{at}"));
        let known = name.clone();
        let mut apply = Spec::new(name, Metered(Apply::new(at)))
            .no_permit()
            .after(cx.spawn(transactions)?)
            .after(cx.spawn(results)?)
            .on_settled(move |app: &mut App, _, outcome| app.note_outcome(&known, outcome));
        if let Some(&before) = self.applies.last()
            && cx.app.settings.in_order
        {
            apply = apply.after(before);
        }
        self.applies.push(cx.spawn(apply)?);
        Ok(())
    }
}

impl Work<App> for Replay {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if !self.add_some(cx)? {
            return cx.yield_now();
        }
        let next = |replay: &Replay| replay.applies.get(replay.applied).copied();
        while next(self).and_then(|apply| cx.state(apply)) == Some(WorkState::Success) {
            self.applied += 1;
        }
        if cx.children().any_running() {
            return Poll::Pending;
        }
        match cx.children().any_failed() {
            false => Poll::Ready(Ok(())),
            true => Poll::Ready(Err(match &cx.app.first_failure {
                Some((_, failure)) => failure.clone(),
                None => Failure::fatal("a checkpoint could not be applied"),
            })),
        }
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        *self = Replay::default();
    }

    /// Counts checkpoints, of which each has three works.
    fn progress(&self) -> Option<Progress> {
        let left = self.left.as_ref()?.len();
        Some(Progress {
            done: self.applied as u64,
            total: (self.applies.len() + left) as u64,
        })
    }
}
