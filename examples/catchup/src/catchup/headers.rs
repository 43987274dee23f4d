//! Ledger headers: one file per checkpoint, each consistent in itself.

use super::fetch::Check;
use super::{App, Cx, Fetch, Goods};
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
pub struct HeaderStage;

impl Work<App> for HeaderStage {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if cx.children().is_empty() {
            for at in cx.app.missing() {
                if !cx.app.headers.contains_key(&at) {
                    cx.spawn(Fetch::spec(Headers(at), cx.app))?;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
