//! The whole: finds out what to catch up to, then starts the stages in their order.

use super::archive_state::FindState;
use super::buckets::BucketStage;
use super::chain::Chain;
use super::comparison::Comparison;
use super::headers::HeaderStage;
use super::record::Record;
use super::replay::Replay;
use super::transactions::network;
use super::{App, Cx, Metered, Stage, StageCount, stage};
use crankwork::{Failure, Handle, Spec, StatusContext, Work};
use std::fmt;
use std::task::Poll;

/// The catch-up.
#[derive(Default)]
pub struct CatchUp {
    state: Option<Handle<()>>,
    begun: bool,
    /// The ledger to catch up to, once it is known.
    target: Option<u32>,
}

impl CatchUp {
    /// The work and its terms.
    pub fn spec() -> Spec<App, Metered<CatchUp>> {
        stage("catch-up", CatchUp::default())
    }

    fn begin_stages(&mut self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        self.begun = true;
        check_network(cx.app)?;
        let target = cx.app.target.as_ref();
        self.target = target.map(|target| target.checkpoint.last());
        count(cx.app);
        // With nothing missing, what is written down is compared with the archive all the same.
        let buckets = cx.spawn(stage("buckets", BucketStage))?;
        let headers = cx.spawn(stage("headers", HeaderStage::default()))?;
        let chain = stage("chain", Chain::default()).after(headers);
        let chain = cx.spawn(chain.after(buckets))?;
        let replay = cx.spawn(Replay::spec().after(chain))?;
        cx.spawn(Record::spec(replay).after(chain))?;
        cx.spawn(stage("comparison", Comparison::default()).after(replay))?;
        Ok(())
    }
}

/// What an earlier run has written down must be of the archive's network.
fn check_network(app: &App) -> Result<(), Failure> {
    match (&app.ledger, &app.target) {
        (Some(ledger), Some(target)) if !ledger.is_of(network(app)) => {
            let passphrase: String = target.passphrase.chars().take(100).collect();
            Err(Failure::fatal(format!(
                "ledger.json is not of the archive's network, {passphrase:?}; give another --into"
            )))
        }
        _ => Ok(()),
    }
}

/// How much there is to do.
fn count(app: &mut App) {
    let (missing, linked) = (app.missing(), app.linked().len());
    let buckets = app
        .target
        .as_ref()
        .map_or(0, |target| target.buckets().len());
    let ledgers = missing.iter().map(|at| at.ledgers().len());
    let mut total = |stage: Stage, total: usize| {
        let StageCount { done, .. } = *app.stage(stage);
        *app.stage(stage) = StageCount {
            done,
            total: total as u64,
        };
    };
    total(Stage::Buckets, buckets);
    total(Stage::Headers, linked);
    total(Stage::Transactions, 2 * missing.len());
    total(Stage::Ledgers, ledgers.sum());
}

impl Work<App> for CatchUp {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let Some(state) = self.state else {
            self.state = Some(cx.spawn(FindState::spec())?);
            return Poll::Pending;
        };
        if cx.state(state).is_some_and(|state| !state.is_settled()) {
            return Poll::Pending;
        }
        if !self.begun {
            self.begin_stages(cx)?;
        }
        Poll::Ready(Ok(()))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        *self = CatchUp::default();
    }

    fn on_success(&mut self, cx: &mut Cx<'_>) {
        cx.app.complete = true;
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target {
            Some(ledger) => write!(f, "catching up to ledger {ledger}: {}", cx.under_way()),
            None => f.write_str("finding out what the archive holds"),
        }
    }
}
