//! Ledger headers: one file per checkpoint, each consistent in itself.

use super::fetch::Check;
use super::{App, Cx, Fetch, Goods, PORTION};
use crate::archive::{Checkpoint, File, Header, read_headers};
use crankwork::{Failure, Work};
use std::sync::Arc;
use std::task::Poll;

/// A checkpoint's headers.
pub struct Headers(pub Checkpoint);

impl Goods for Headers {
    type Output = Vec<Header>;

    fn file(&self) -> File {
        File::Ledger(self.0)
    }

    fn check(&self, _: &App) -> Check<Vec<Header>> {
        let at = self.0;
        Arc::new(move |bytes| read_headers(bytes, at))
    }

    fn deliver(&self, app: &mut App, headers: Vec<Header>) {
        app.headers.insert(self.0, Arc::new(headers));
    }
}

/// The stage: the headers of all checkpoints that are missing and have not come yet.
#[derive(Default)]
pub struct HeaderStage {
    left: Option<Vec<Checkpoint>>,
}

impl Work<App> for HeaderStage {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let left = self.left.get_or_insert_with(|| {
            let mut missing = cx.app.missing();
            missing.retain(|at| !cx.app.headers.contains_key(at));
            missing.reverse();
            missing
        });
        for at in left
            .split_off(left.len().saturating_sub(PORTION))
            .into_iter()
            .rev()
        {
            cx.spawn(Fetch::spec(Headers(at), cx.app))?;
        }
        match left.is_empty() {
            true => Poll::Ready(Ok(())),
            false => cx.yield_now(),
        }
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.left = None;
    }
}
