//! The last check: replay has come to the very accounts that the archive's buckets hold.

use super::{App, Cx};
use crankwork::{Failure, Ticket, Work};
use std::task::{Poll, ready};

/// The stage.
#[derive(Default)]
pub struct Comparison {
    ticket: Option<Ticket<Option<String>>>,
}

impl Comparison {
    fn begin(cx: &mut Cx<'_>) -> Ticket<Option<String>> {
        let buckets = std::mem::take(&mut cx.app.buckets);
        let order = cx.app.target.as_ref().map(|target| target.buckets());
        let ledger = cx.app.ledger.clone();
        cx.offload(move || {
            let order = order.unwrap_or_default();
            let in_order: Vec<_> = order.iter().filter_map(|hash| buckets.get(hash)).collect();
            ledger.as_ref()?.difference(&in_order)
        })
    }
}

impl Work<App> for Comparison {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if self.ticket.is_none() {
            self.ticket = Some(Comparison::begin(cx));
        }
        let Some(ticket) = &mut self.ticket else {
            return cx.yield_now();
        };
        match ready!(ticket.poll(cx))? {
            None => Poll::Ready(Ok(())),
            Some(difference) => Poll::Ready(Err(Failure::fatal(difference))),
        }
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.ticket = None;
    }
}
