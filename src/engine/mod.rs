//! The engine: a state machine that runs works, and never calls one.
//!
//! Invariant: nothing here names an application type. The program's code is behind `dyn` (deciders, sinks, notifiers,
//! offloads), or it is a *call* that the engine asks for and is queued the result of. So the engine is compiled once, whatever a
//! program's works are, and no function of it waits in its middle for a work.
//!
//! Deliberately absent: bodies of works, callbacks and posted closures (the shell in `scheduler` has them, by slot and key),
//! clocks, threads, and iteration over hash maps.
//!
//! # A turn that yields
//!
//! The shell hands `now` to [`Engine::begin_crank`], once a crank. [`Engine::open_round`] or [`Engine::next_turn`] answers the
//! slot of the next work, [`Engine::begin_fast_turn`] marks its record, the shell calls the body in that slot, and
//! [`Engine::end_fast_turn`] puts the slot at the end of the ready ring. [`Engine::is_anything_left`] then tells whether
//! [`Engine::next_call`] has to be asked before the next turn.
//!
//! # Traps
//!
//! Calls come before deferred entries, or the order of grants changes. A work that is reclaimed keeps its slot until its body
//! has been dropped. Small functions on the way of a turn or of an addition are `#[inline]`: without that they are calls across
//! crates. What the shell itself calls is inline in release builds only: a debug build would compile it anew, unoptimised, in
//! the user's crate, although the crate's dependencies are optimised.
//!
//! # Rooms
//!
//! Each uses only rooms below it; those below `lifecycle` do not know the engine.
//!
//! | room | what it holds |
//! | --- | --- |
//! | `report` | what the engine says of all works at one moment |
//! | `run` | rounds: who has the next turn, what is done between turns, when to crank again |
//! | `admit` | works and dependencies come in; a settled work anew |
//! | `lifecycle` | *the* state machine of one work |
//! | `queue` | who is next: ready works, permits, what is deferred |
//! | `graph` | what waits for what; whether a new edge closes a cycle |
//! | `store` | who there is: records, names, children, limits |
//! | `remote` | what other threads send: the inbox, wakers, tokens, jobs, pins |
//! | `io` | sockets and other sources, with the feature `mio` |
//! | `events` | events and counters |
//! | `alone` | a harness without works, for tests and fuzzing |
//! | `audit`, `query` | the invariants, checked; what can be read of one work |
//! | the other files | words that all may use: the name of an attempt, calls, configuration, decisions, errors, notes, panics, randomness |

pub(crate) mod admit;
#[cfg(any(test, fuzzing))]
pub(crate) mod alone;
pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod config;
pub(crate) mod decision;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod graph;
pub(crate) mod id;
#[cfg_attr(not(feature = "mio"), path = "io/absent.rs")]
pub(crate) mod io;
pub(crate) mod lifecycle;
pub(crate) mod notes;
pub(crate) mod panics;
pub(crate) mod query;
pub(crate) mod queue;
pub(crate) mod remote;
pub(crate) mod report;
pub(crate) mod rng;
pub(crate) mod run;
pub(crate) mod store;

pub use config::{Limits, Retain, WorkSchedulerConfig};
pub use decision::{Candidate, Decider, Decision, DecisionKind, Fifo, Lifo, RandomOrder};
pub use errors::{
    AddError, AddGraphError, CyclePath, DependencyError, ReapError, Refused, RestartError,
    UnknownWork,
};
pub use events::{EventCause, EventOverflow, EventSink, WorkEvent, WorkSchedulerMetrics};
#[cfg(feature = "mio")]
pub use io::Io;
pub use remote::inbox::{CancelToken, Notifier, RemoteWaker};
pub use remote::job::{Job, JobId, Leftover, OffloadError, Ticket};
pub use remote::offload::Offload;
pub use remote::pin::TimePin;
pub use report::{PermitHolder, StallReport, Stalled, WaitsFor, WorkSnapshot};
pub use rng::Stream;
pub use run::next::{Crank, Next};

use crate::time::{Time, TimerWheel};
use crate::work::Backoff;
use graph::Graph;
use graph::cycle::CycleSearch;
use lifecycle::settle;
use notes::TurnNotes;
use panics::{Contained, Tally};
use queue::deferred::Deferred;
use queue::permits::Permits;
use queue::ready::Ready;
use remote::inbox::{Inbox, Message};
use remote::offload::Jobs;
use run::fruitless::Fruitless;
use run::round::Phase;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use store::arena::Arena;
use store::ordinals::Ordinals;

/// The state machine behind a [`WorkScheduler`](crate::WorkScheduler).
pub(crate) struct Engine {
    pub(crate) arena: Arena,
    pub(crate) graph: Graph,
    pub(crate) permits: Permits,
    pub(crate) ready: Ready,
    pub(crate) wheel: TimerWheel,
    pub(crate) inbox: Inbox,
    pub(crate) jobs: Jobs,
    time_pins: std::cell::Cell<usize>,
    #[cfg(feature = "mio")]
    pub(crate) io: io::source_registry::OwnedRegistry,
    pub(crate) recorder: events::Recorder,
    pub(crate) decider: Option<Contained<Box<dyn Decider>>>,
    pub(crate) cycles: CycleSearch,
    ordinals: Ordinals,
    pub(crate) now: Time,
    pub(crate) scheduler_id: NonZeroU32,
    pub(crate) settings: Settings,
    /// Whether `shutdown` has been called.
    closed: bool,
    /// A round has begun and not ended: the next crank goes on with it.
    round_open: bool,
    phase: Phase,
    /// What a work said during its present turn.
    pub(crate) notes: TurnNotes,
    pub(crate) deferred: Deferred,
    /// Works about to settle; settling one may settle others, and must not recurse.
    pub(crate) settling: VecDeque<(u32, settle::End)>,
    is_settling: bool,
    /// What has been taken from the inbox in this round.
    messages: VecDeque<Message>,
    /// Sleepers that something outside may wake.
    external_sleepers: u32,
    fruitless: Fruitless,
    /// Cranks since the invariants were checked, in debug builds.
    unchecked_cranks: usize,
    /// After the fields with the program's values: its drop forgets their panics.
    pub(crate) drops: Tally,
}

/// What of the configuration is read again and again.
pub(crate) struct Settings {
    backoff: Backoff,
    pub seed: u64,
    pub limits: Limits,
    pub catch_panics: bool,
    abort_grace: Duration,
    retain: Retain,
}

impl Settings {
    fn of(config: &WorkSchedulerConfig) -> Self {
        Settings {
            backoff: config.backoff,
            seed: config.seed,
            limits: Limits {
                works: config.limits.works.min(store::record::MAX_WORKS),
                edges: config.limits.edges.min(config::MAX_EDGES),
                inbox: config.limits.inbox,
            },
            catch_panics: config.catch_panics,
            abort_grace: config.abort_grace,
            retain: config.retain,
        }
    }
}

/// How many schedulers there have been. Four thousand million of them may share a number with another.
static SCHEDULERS: AtomicU32 = AtomicU32::new(0);

impl Engine {
    /// An empty engine at time zero.
    pub(crate) fn new(config: WorkSchedulerConfig) -> Self {
        let settings = Settings::of(&config);
        let mut permits = Permits::new(u32::try_from(config.max_concurrency).unwrap_or(u32::MAX));
        for (name, capacity) in config.pools {
            permits.set_capacity(name, capacity);
        }
        Engine {
            arena: Arena::new(),
            graph: Graph::new(),
            permits,
            ready: Ready::new(),
            wheel: TimerWheel::new(),
            inbox: Inbox::new(),
            jobs: Jobs::default(),
            time_pins: Default::default(),
            #[cfg(feature = "mio")]
            io: io::source_registry::OwnedRegistry::default(),
            recorder: events::Recorder::new(
                config.events,
                config.event_overflow,
                config.event_sink,
            ),
            decider: None,
            cycles: CycleSearch::new(),
            ordinals: Ordinals::default(),
            now: Time::ZERO,
            scheduler_id: NonZeroU32::MIN
                .saturating_add(SCHEDULERS.fetch_add(1, Ordering::Relaxed)),
            settings,
            closed: false,
            round_open: false,
            phase: Default::default(),
            notes: TurnNotes::default(),
            deferred: Deferred::new(),
            settling: VecDeque::new(),
            is_settling: false,
            messages: VecDeque::new(),
            external_sleepers: 0,
            fruitless: Default::default(),
            unchecked_cranks: 0,
            drops: Tally::default(),
        }
    }
}
