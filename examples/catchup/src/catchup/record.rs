//! Writing down what has been applied: always the newest ledger, one write at a time, so that applying never waits for
//! the disk. A process that is killed loses what was applied since the last write, and nothing that was written.

use super::{App, Cx, FetchError, stage};
use crate::ledger::Ledger;
use crate::store::{Disk, Item};
use crankwork::{Failure, Handle, Spec, StatusContext, Ticket, Work};
use std::fmt;
use std::sync::Arc;
use std::task::{Poll, ready};

/// The work: as long as replay goes on, and until the last ledger is written.
pub struct Record {
    replay: Handle<()>,
    /// The ledger that is being written.
    writing: Option<Ticket<Result<u32, FetchError>>>,
    aborting: bool,
}

impl Record {
    /// The work and its terms.
    pub fn spec(replay: Handle<()>) -> Spec<App, Record> {
        stage(
            "record",
            Record {
                replay,
                writing: None,
                aborting: false,
            },
        )
    }

    /// Writes as long as there is something newer than what has been written.
    fn write(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        loop {
            if let Some(ticket) = &mut self.writing {
                let written = ready!(ticket.poll(cx))?;
                self.writing = None;
                cx.app.recorded = written.map_err(Failure::fatal)?;
            }
            match cx.app.ledger.clone() {
                Some(ledger) if ledger.ledger > cx.app.recorded => {
                    let disk = cx.app.disk.clone();
                    self.writing = Some(cx.offload(move || write(&ledger, &*disk)));
                }
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

fn write(ledger: &Arc<Ledger>, disk: &dyn Disk) -> Result<u32, FetchError> {
    let item = Item::Ledger;
    match disk.write(item, ledger.to_json().as_bytes()) {
        Ok(()) => Ok(ledger.ledger),
        Err(error) => Err(FetchError::Disk { item, error }),
    }
}

impl Work<App> for Record {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        cx.app.recorder = Some(cx.id());
        ready!(self.write(cx))?;
        // Whoever applies a checkpoint wakes this work.
        match cx.watch(self.replay)? {
            true => Poll::Pending,
            false => Poll::Ready(Ok(())),
        }
    }

    /// What has been applied is written down even then. A job that had not begun has been dropped, and is replaced.
    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.aborting, true)
            && let Some(ticket) = &mut self.writing
            && let Poll::Ready(ended) = ticket.poll(cx)
        {
            self.writing = None;
            if let Ok(Ok(ledger)) = ended {
                cx.app.recorded = ledger;
            }
        }
        self.write(cx).map(drop)
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.writing = None;
        self.aborting = false;
    }

    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.writing {
            Some(_) => f.write_str("writing"),
            None => Ok(()),
        }
    }
}
