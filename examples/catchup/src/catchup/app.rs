//! What the works of a catch-up share: lent to each for its turn.

use super::Link;
use crate::archive::{ArchiveState, Checkpoint, File, Hash};
use crate::ledger::Ledger;
use crate::net::{Bytes, Network};
use crate::store::Disk;
use crankwork::{Backoff, Failure, Name, Retry, WorkContext, WorkId, WorkOutcome};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The context of a turn.
pub type Cx<'a> = WorkContext<'a, App>;

/// How to catch up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Downloads at once.
    pub slots: usize,
    /// How many checkpoints to catch up to, counted from the archive's first; `None` for all.
    pub checkpoints: Option<u32>,
    /// The archive's name for requests: host and port.
    pub host: String,
    /// Where on that host it is: empty, or a path with a slash in front and none at its end.
    pub base: String,
    /// How often a download is tried again.
    pub retry: Retry,
    /// When nothing comes for so long, an attempt fails.
    pub patience: Duration,
    /// An attempt that takes longer fails.
    pub attempt_limit: Duration,
    /// Whether to measure what the works' own turns cost.
    pub measure: bool,
    /// Whether a checkpoint is applied only after the one before it. A test that says no sees what its search finds.
    pub in_order: bool,
}

impl Settings {
    /// For an archive that is near: its server answers soon, or has dropped the request.
    pub fn local(slots: usize) -> Settings {
        Settings {
            slots,
            checkpoints: None,
            host: String::from("localhost"),
            base: String::new(),
            retry: Retry::times(10).with_backoff(Backoff::fixed(Duration::from_millis(250))),
            patience: Duration::from_secs(1),
            attempt_limit: Duration::from_secs(60),
            measure: false,
            in_order: true,
        }
    }
}

/// What the works share.
pub struct App {
    /// How to catch up.
    pub settings: Settings,
    /// Opens connections.
    pub network: Box<dyn Network>,
    /// Connections that wait for their next request: no more than there are slots, and each has brought a file that
    /// turned out to be right.
    pub idle: Vec<Box<dyn Bytes>>,
    /// The download whose body is larger than those that come side by side.
    pub growing: Option<WorkId>,
    /// Keeps what has been verified and applied.
    pub disk: Arc<dyn Disk>,
    /// What the archive holds at the checkpoint to catch up to.
    pub target: Option<Arc<ArchiveState>>,
    /// The links of the chain that have come and are needed still.
    pub chain: BTreeMap<Checkpoint, Link>,
    /// The ledger as far as it has been applied; `None` before ledger 1.
    pub ledger: Option<Arc<Ledger>>,
    /// The last ledger that an earlier run had written down; 0 is none.
    pub resumed: u32,
    /// The last ledger that is written down; 0 is none.
    pub recorded: u32,
    /// The work that writes it down.
    pub recorder: Option<WorkId>,
    /// How far each stage is.
    pub stages: [StageCount; Stage::ALL.len()],
    /// What has been done so far.
    pub tally: Tally,
    /// Whether everything has been done.
    pub complete: bool,
    /// The first failure for good, and whose it is: what follows from it is of less interest.
    pub first_failure: Option<(Name, Failure)>,
}

/// What has been done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Bytes received.
    pub bytes: u64,
    /// Files downloaded and verified.
    pub files: u64,
    /// Files that lay on the disk from an earlier run, verified again.
    pub kept: u64,
    /// Downloads begun.
    pub attempts: u64,
    /// Downloads begun again.
    pub retries: u64,
    /// Ledgers applied.
    pub ledgers: u64,
    /// Transactions applied.
    pub transactions: u64,
}

/// A part of the catch-up whose progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Downloads of buckets.
    Buckets,
    /// Downloads of ledger headers.
    Headers,
    /// Downloads of transactions and results.
    Transactions,
    /// Ledgers applied.
    Ledgers,
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageCount {
    /// Done.
    pub done: u64,
    /// In all; 0 as long as that is not known.
    pub total: u64,
}

impl Stage {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Stage; 4] = [
        Stage::Buckets,
        Stage::Headers,
        Stage::Transactions,
        Stage::Ledgers,
    ];

    /// The stage that counts this file, if one does.
    pub fn of(file: File) -> Option<Stage> {
        match file {
            File::Root | File::State(_) => None,
            File::Bucket(_) => Some(Stage::Buckets),
            File::Ledger(_) => Some(Stage::Headers),
            File::Transactions(_) | File::Results(_) => Some(Stage::Transactions),
        }
    }

    /// What it counts.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Buckets => "buckets",
            Stage::Headers => "headers",
            Stage::Transactions => "transactions",
            Stage::Ledgers => "ledgers",
        }
    }
}

impl App {
    /// Before the first turn; the ledger is what an earlier run has applied.
    pub fn new(
        settings: Settings,
        network: Box<dyn Network>,
        disk: Arc<dyn Disk>,
        ledger: Option<Ledger>,
    ) -> App {
        App {
            settings,
            network,
            idle: Vec::new(),
            growing: None,
            disk,
            target: None,
            chain: BTreeMap::new(),
            resumed: ledger.as_ref().map_or(0, |ledger| ledger.ledger),
            recorded: ledger.as_ref().map_or(0, |ledger| ledger.ledger),
            recorder: None,
            ledger: ledger.map(Arc::new),
            stages: Default::default(),
            tally: Tally::default(),
            complete: false,
            first_failure: None,
        }
    }

    /// The last ledger applied; 0 is none.
    pub fn applied(&self) -> u32 {
        self.ledger.as_ref().map_or(0, |ledger| ledger.ledger)
    }

    /// The checkpoints that are not applied yet, up to the target.
    pub fn missing(&self) -> Vec<Checkpoint> {
        let first = match self.applied() {
            0 => 0,
            ledger => Checkpoint::ending_with(ledger).map_or(0, |at| at.index() + 1),
        };
        self.up_to_target(first)
    }

    /// The checkpoints of the chain: the missing ones, and the last one applied, which they follow.
    pub fn linked(&self) -> Vec<Checkpoint> {
        let applied = Checkpoint::ending_with(self.applied());
        self.up_to_target(applied.map_or(0, Checkpoint::index))
    }

    fn up_to_target(&self, first: u32) -> Vec<Checkpoint> {
        match &self.target {
            Some(target) => (first..=target.checkpoint.index())
                .map(Checkpoint::nth)
                .collect(),
            None => Vec::new(),
        }
    }

    /// The hash of a checkpoint's last header, which the chain has verified.
    pub fn last_hash(&self, at: Checkpoint) -> Hash {
        self.chain
            .get(&at)
            .map_or(Hash::ZERO, |link| link.last.hash)
    }

    /// The count of a stage.
    pub fn stage(&mut self, stage: Stage) -> &mut StageCount {
        &mut self.stages[stage as usize]
    }

    /// Remembers the first failure.
    pub fn note_outcome(&mut self, name: &Name, outcome: &WorkOutcome) {
        if let WorkOutcome::Failed(failure) = outcome
            && self.first_failure.is_none()
        {
            self.first_failure = Some((name.clone(), failure.clone()));
        }
    }
}
