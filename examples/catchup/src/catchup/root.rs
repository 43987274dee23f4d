//! The whole: finds out what to catch up to, then starts the stages in their order.

use super::buckets::Bucket;
use super::chain::Chain;
use super::headers::Headers;
use super::record::Record;
use super::transactions::network;
use super::{App, Cx, Stage, StageCount, archive_state, comparison, downloads, replay, stage};
use crankwork::{Failure, Spec, StatusContext, Work};
use std::fmt;
use std::task::Poll;

/// The catch-up.
#[derive(Default)]
pub struct CatchUp {
    /// The ledger to catch up to, once it is known.
    target: Option<u32>,
}

impl CatchUp {
    /// The work and its terms.
    pub fn spec() -> Spec<App, CatchUp> {
        stage("catch-up", CatchUp::default())
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
        if cx.children().is_empty() {
            cx.spawn(archive_state::spec())?;
            return Poll::Pending;
        }
        let Some(target) = cx.app.target.clone() else {
            return Poll::Pending;
        };
        self.target = Some(target.checkpoint.last());
        check_network(cx.app)?;
        count(cx.app);
        // With nothing missing, what is written down is compared with the archive all the same.
        let buckets = downloads("buckets", target.buckets(), Bucket, cx.app);
        let buckets = cx.spawn(buckets)?;
        let mut missing = cx.app.linked();
        missing.retain(|at| !cx.app.chain.contains_key(at));
        let headers = cx.spawn(downloads("headers", missing, Headers::of, cx.app))?;
        let chain = stage("chain", Chain::default()).after(headers);
        let chain = cx.spawn(chain.after(buckets))?;
        let replay = cx.spawn(replay::spec(cx.app).after(chain))?;
        cx.spawn(Record::spec(replay).after(chain))?;
        cx.spawn(comparison::spec().after(replay))?;
        Poll::Ready(Ok(()))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.target = None;
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
