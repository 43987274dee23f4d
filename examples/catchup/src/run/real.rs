//! A catch-up in the real world: sockets, threads for jobs, a folder.

use super::{Ended, Interrupt, Watch, crank_to_end, scheduler};
use crate::catchup::{App, Settings};
use crate::ledger::Ledger;
use crate::net::TcpNetwork;
use crate::store::Disk;
use crankwork::{AddError, Driver, MioDriver, ThreadOffload, WorkSchedulerConfig};
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use thiserror::Error;

/// What to catch up from, and where to.
pub struct Real {
    /// How to catch up.
    pub settings: Settings,
    /// The archive's server.
    pub server: SocketAddr,
    /// Where things are kept.
    pub disk: Arc<dyn Disk>,
    /// What an earlier run has applied.
    pub ledger: Option<Ledger>,
    /// The seed of back-offs.
    pub seed: u64,
}

/// Why a run could not begin.
#[derive(Debug, Error)]
pub enum RunError {
    /// The scheduler refuses.
    #[error("cannot begin: {0}")]
    Add(#[from] AddError),
    /// The system has no thread, or nothing to wait with.
    #[error("cannot begin: {0}")]
    Io(#[from] io::Error),
}

impl Real {
    /// Runs it.
    ///
    /// # Errors
    /// [`RunError`]. What goes wrong later is in [`Ended`].
    pub fn run(self, watch: &mut dyn Watch, interrupt: &Interrupt) -> Result<Ended, RunError> {
        let slots = self.settings.slots;
        let mut scheduler = scheduler(WorkSchedulerConfig::default(), slots, self.seed)?;
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        scheduler.set_offload(ThreadOffload::new(threads)?);
        let mut driver = MioDriver::new(&mut scheduler)?;
        if let Some(notify) = driver.notifier() {
            scheduler.set_notifier(move || notify());
        }
        let remote = scheduler.remote();
        interrupt.on_first(move || {
            // The inbox is full only if the scheduler is stuck; then only a second interrupt helps.
            let _ = remote.post(|_, scheduler| scheduler.shutdown());
        });
        let network = Box::new(TcpNetwork::new(self.server));
        let mut app = App::new(self.settings, network, self.disk, self.ledger);
        // A job may hang, in a disk that does not answer: the scheduler's drop does not wait for its thread.
        Ok(crank_to_end(&mut scheduler, &mut app, &mut driver, watch))
    }
}
