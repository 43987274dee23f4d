//! A catch-up in virtual time. Byte streams, disk and latency are simulated; HTTP, unpacking, hashing, verification and
//! apply are the same code as in the real world.

use super::{Ended, Watch, crank_to_end, scheduler};
use crate::archive::Hash;
use crate::catchup::{App, Settings};
use crate::maker::Files;
use crate::net::SimulatedNetwork;
use crate::server::{Faults, Responder, Shelf};
use crate::store::{Disk, Memory};
use crankwork::{AddError, InlineOffload, VirtualDriver, WorkEvent, WorkSchedulerConfig};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How long a simulated job takes: 0 to this many nanoseconds, from the seed.
const LONGEST_JOB_NS: u64 = 2_000_000;

/// What to simulate. A simulation that is run twice comes to one end, event by event.
#[derive(Clone)]
pub struct Simulation {
    /// The archive.
    pub files: Arc<Files>,
    /// How to catch up.
    pub settings: Settings,
    /// What goes wrong, and how long answers take.
    pub faults: Faults,
    /// What is on the disk, and what stays there.
    pub disk: Arc<dyn Disk>,
}

/// What a simulation came to.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// What it came to.
    pub ended: Ended,
    /// The hash of all events, one line each.
    pub events_hash: Hash,
    /// The events themselves, if they were asked for.
    pub events: Option<String>,
}

impl Simulation {
    /// Of this archive, with an empty disk.
    pub fn new(files: Arc<Files>, settings: Settings, faults: Faults) -> Simulation {
        Simulation {
            files,
            settings,
            faults,
            disk: Arc::new(Memory::new()),
        }
    }

    /// Runs it; with `keep_events` the events come back as text.
    ///
    /// # Errors
    /// [`AddError`], if there are no slots.
    pub fn run(&self, keep_events: bool) -> Result<Simulated, AddError> {
        self.run_watched(keep_events, &mut ())
    }

    /// Runs it while somebody looks on.
    ///
    /// # Errors
    /// [`AddError`], if there are no slots.
    pub fn run_watched(
        &self,
        keep_events: bool,
        watch: &mut dyn Watch,
    ) -> Result<Simulated, AddError> {
        let log = Rc::new(RefCell::new(EventLog::new(keep_events)));
        let sink = log.clone();
        let config = WorkSchedulerConfig::default().event_sink(move |event: &WorkEvent| {
            sink.borrow_mut().push(event);
            true
        });
        let seed = self.faults.seed;
        let mut scheduler = scheduler(config, self.settings.slots, seed)?;
        scheduler.set_offload(InlineOffload::with_latency(|job| {
            Duration::from_nanos(job.stream().below(LONGEST_JOB_NS))
        }));
        let server = Responder::new(Shelf::Memory(self.files.clone()), self.faults);
        let network = SimulatedNetwork::new(Rc::new(server), seed);
        let ledger = crate::store::saved_ledger(&*self.disk).unwrap_or_default();
        let mut app = App::new(
            self.settings.clone(),
            Box::new(network),
            self.disk.clone(),
            ledger,
        );
        let mut driver = VirtualDriver::new();
        let ended = crank_to_end(&mut scheduler, &mut app, &mut driver, watch);
        drop(scheduler);
        let log = Rc::into_inner(log).map(RefCell::into_inner);
        let (events_hash, events) = log.map_or_else(Default::default, EventLog::finish);
        Ok(Simulated {
            ended,
            events_hash,
            events,
        })
    }
}

/// Events, hashed as they come.
struct EventLog {
    hasher: Sha256,
    text: Option<String>,
}

impl EventLog {
    fn new(keep: bool) -> EventLog {
        EventLog {
            hasher: Sha256::new(),
            text: keep.then(String::new),
        }
    }

    fn push(&mut self, event: &WorkEvent) {
        let line = format!("{event}\n");
        self.hasher.update(&line);
        if let Some(text) = &mut self.text {
            text.push_str(&line);
        }
    }

    fn finish(self) -> (Hash, Option<String>) {
        (Hash(self.hasher.finalize().into()), self.text)
    }
}
