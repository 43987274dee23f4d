//! Replay: transactions and results of each checkpoint, downloaded in any order, applied in theirs.

use super::apply::Apply;
use super::transactions::{Results, Transactions};
use super::{App, Cx, Fetch, Metered, stage};
use crankwork::{Failure, Handle, Name, OnChildFailure, Spec, Work};
use std::task::Poll;

/// The stage. A child's failure does not abort the others: what is before the broken file is still applied, and what
/// comes after it is blocked.
pub struct Replay {
    begun: bool,
}

impl Replay {
    /// The stage and its terms.
    pub fn spec() -> Spec<App, Metered<Replay>> {
        stage("replay", Replay { begun: false }).on_child_failure(OnChildFailure::Collect)
    }

    /// Three works per checkpoint. The files of a checkpoint are not asked for before the one so many checkpoints
    /// earlier has been applied: what waits in memory is bounded.
    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        self.begun = true;
        let ahead = cx.app.settings.slots + 1;
        let mut applies: Vec<Handle<()>> = Vec::new();
        for at in cx.app.missing() {
            let mut transactions = Fetch::spec(Transactions(at), cx.app);
            let mut results = Fetch::spec(Results(at), cx.app);
            if let Some(&gate) = applies
                .len()
                .checked_sub(ahead)
                .and_then(|n| applies.get(n))
            {
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
            if let Some(&before) = applies.last() {
                apply = apply.after(before);
            }
            applies.push(cx.spawn(apply)?);
        }
        Ok(())
    }
}

impl Work<App> for Replay {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if !self.begun {
            self.begin(cx)?;
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
        self.begun = false;
    }
}
