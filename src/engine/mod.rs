//! The engine: a state machine that runs works, and never calls one.
//!
//! Invariant: nothing here names an application type. Some of the program's code is behind `dyn`: deciders, sinks,
//! notifiers, offloads. All other is a *call*: the engine asks for it, and the shell tells the result. So the engine
//! is compiled once, whatever the works of a program are. No function of the engine waits in its middle for a work.
//!
//! Deliberately absent: bodies of works, callbacks and posted closures, clocks, threads, and iteration over hash
//! maps. The shell in `scheduler` has the bodies, callbacks and closures, by slot and key.
//!
//! # A turn that yields
//!
//! Once a crank, the shell hands `now` to [`Engine::begin_crank`]. [`Engine::open_round`] or [`Engine::next_turn`]
//! returns the slot of the next work, and [`Engine::begin_fast_turn`] marks its record. The shell calls the body in
//! that slot. [`Engine::end_fast_turn`] puts the slot at the end of the ready ring. [`Engine::is_anything_left`] then
//! tells whether the shell has to ask [`Engine::next_call`] before the next turn.
//!
//! # Traps
//!
//! Calls come before the next deferred entry, or the order of grants changes. A reclaimed work keeps its slot until
//! its body has been dropped. Small functions of a turn or of an addition are `#[inline]`, since they would be calls
//! across crates otherwise.
//!
//! Functions that the shell itself calls are inline in release builds only. A debug build would compile them anew,
//! unoptimised, in the user's crate, although the crate's dependencies are optimised.
//!
//! # Rooms
//!
//! Each room uses only rooms below it; those below `lifecycle` do not know the engine.
//!
//! | room | what it holds |
//! | --- | --- |
//! | `report` | what the engine says of all works at one moment |
//! | `run` | rounds: which work has the next turn, what is done between turns, when to crank again |
//! | `admit` | additions of works and dependencies; restarts of settled works |
//! | `lifecycle` | *the* state machine of one work |
//! | `queue` | the order: ready works, permits, deferred entries |
//! | `graph` | dependencies between works; whether a new edge closes a cycle |
//! | `store` | the works: records, names, children, limits |
//! | `remote` | what other threads send: the inbox, wakers, tokens, jobs, pins |
//! | `io` | sockets and other sources, with the feature `mio` |
//! | `events` | events and counters |
//! | `alone` | a harness without works, for tests and fuzzing |
//! | `audit`, `query` | the invariants, checked; what can be read of one work |
//! | other files | words for all rooms: attempt ids, calls, settings, decisions, errors, notes, panics, random draws |

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
mod reset;
pub(crate) mod rng;
pub(crate) mod run;
pub(crate) mod store;

pub use config::{Limits, Retain, WorkSchedulerConfig};
use decision::Deciding;
pub use decision::{
    Candidate, Decider, Decision, DecisionKind, Draws, Fifo, Interference, Lifo, RandomOrder,
    Subject, TimerKind, Turned, Wants,
};
pub use errors::{
    AddError, AddGraphError, CyclePath, DependencyError, ReapError, Refused, RestartError,
    UnknownWork,
};
pub use events::{
    EventCause, EventOverflow, EventSink, GroupMetrics, Histogram, Measure, Metrics, NameMetrics,
    PoolMetrics, RootTime, WallTime, WorkEvent, WorkSchedulerMetrics,
};
#[cfg(feature = "mio")]
pub use io::Io;
pub use remote::inbox::Notifier;
pub use remote::job::{Job, JobId, Leftover, OffloadError, Ticket};
pub use remote::offload::Offload;
pub use remote::pin::TimePin;
pub use remote::senders::{CancelToken, RemoteWaker};
pub use report::{PermitHolder, StallReport, Stalled, StatusContext, WaitsFor, WorkSnapshot};
pub use rng::Stream;
pub use run::next::{Crank, Next};

use crate::time::{Time, TimerWheel};
use crate::work::Backoff;
use graph::Graph;
use graph::cycle::CycleSearch;
use lifecycle::settle;
use notes::TurnNotes;
use panics::Tally;
use queue::deferred::Deferred;
use queue::permits::{Capacities, Permits};
use queue::ready::Ready;
use remote::inbox::{Inbox, Message};
use remote::offload::Jobs;
use run::fruitless::Fruitless;
use run::round::Phase;
use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use store::arena::Arena;
use store::ordinals::Ordinals;
use store::outcomes::Outcomes;

/// The state machine behind a [`WorkScheduler`](crate::WorkScheduler).
pub(crate) struct Engine {
    /// All works.
    pub(crate) arena: Arena,
    /// The dependencies between them.
    pub(crate) graph: Graph,
    /// The permits, and the works that wait for them.
    pub(crate) permits: Permits,
    /// The works that have a turn coming.
    pub(crate) ready: Ready,
    /// All timers: alarms, back-offs and limits.
    pub(crate) wheel: TimerWheel,
    /// What other threads have sent.
    pub(crate) inbox: Inbox,
    /// The offload, and the counts of its jobs.
    pub(crate) jobs: Jobs,
    /// [`TimePin`]s that are alive: while there is one, a host with virtual time must not advance it.
    time_pins: Cell<usize>,
    /// The registered sources of readiness.
    #[cfg(feature = "mio")]
    pub(crate) io: io::source_registry::OwnedRegistry,
    /// The counters, and where events go.
    pub(crate) recorder: events::Recorder,
    /// What is measured besides the counters; `None` if nothing is, so that a crank asks once.
    pub(crate) measuring: Option<Box<events::Measuring>>,
    /// How works ended that are gone, as far as the host wants that kept.
    outcomes: Outcomes,
    /// Answers decisions; `None` in production.
    pub(crate) deciding: Option<Box<Deciding>>,
    /// Searches for cycles, with the topological order.
    pub(crate) cycles: CycleSearch,
    /// Numbers same-named siblings as works are added.
    ordinals: Ordinals,
    /// The time that the host gave to the present or last crank.
    pub(crate) now: Time,
    /// Tells this scheduler's ids from those of another.
    pub(crate) scheduler_id: NonZeroU32,
    /// The part of the configuration that is read again and again.
    pub(crate) settings: Settings,
    /// Whether `shutdown` has been called.
    closed: bool,
    /// Whether a round has begun and not ended: the next crank goes on with it.
    round_open: bool,
    /// What the present round does next.
    phase: Phase,
    /// What a work said during its present turn.
    pub(crate) notes: TurnNotes,
    /// What is to be done between turns.
    pub(crate) deferred: Deferred,
    /// Works about to settle. Settling one work may settle others, and a queue keeps that from recursing.
    pub(crate) settling: VecDeque<(u32, settle::End)>,
    /// Whether a caller is already working through `settling`.
    is_settling: bool,
    /// Messages that this round has taken from the inbox.
    messages: VecDeque<Message>,
    /// How many sleepers something outside the engine may wake.
    external_sleepers: u32,
    /// Counts turns that achieve nothing.
    fruitless: Fruitless,
    /// Cranks since the invariants were last checked; debug builds only.
    unchecked_cranks: usize,
    /// Panics in drops. Declared after the fields with the program's values, because its own drop forgets their
    /// panics.
    pub(crate) drops: Tally,
}

/// The part of the configuration that the engine reads after its construction.
pub(crate) struct Settings {
    /// The delay before a retry, for works without a back-off of their own.
    backoff: Backoff,
    /// The seed of every random stream.
    pub seed: u64,
    /// The bounds on works, edges and posted closures.
    pub limits: Limits,
    /// Whether panics of the program's code become failures.
    pub catch_panics: bool,
    /// How long an abort may take, for works without a grace of their own.
    abort_grace: Duration,
    /// Which settled root works stay.
    retain: Retain,
    /// The wall time from which on a turn is reported.
    slow_turn: Duration,
}

impl Settings {
    /// Returns the settings of `config`, with its limits lowered to what slots and edges can number.
    fn of(config: &WorkSchedulerConfig) -> Self {
        Settings {
            backoff: config.backoff,
            seed: config.seed,
            limits: Limits {
                works: config.limits.works.min(store::record::MAX_WORKS),
                edges: config.limits.edges.min(config::MAX_EDGES),
                ..config.limits
            },
            catch_panics: config.catch_panics,
            abort_grace: config.abort_grace,
            retain: config.retain,
            slow_turn: config.slow_turn,
        }
    }
}

/// The number of scheduler ids taken so far. After 2^32 of them, two schedulers may share an id.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// A thread takes so many ids at once, since a search needs one for each run.
const IDS: u32 = 256;

thread_local! {
    /// The next id of this thread; a multiple of [`IDS`] if the thread has none left.
    static NEXT: Cell<u32> = const { Cell::new(0) };
}

fn new_scheduler_id() -> NonZeroU32 {
    let next = match NEXT.get() {
        next if next % IDS == 0 => TAKEN.fetch_add(IDS, Ordering::Relaxed),
        next => next,
    };
    NEXT.set(next.wrapping_add(1));
    NonZeroU32::MIN.saturating_add(next)
}

impl Engine {
    /// Returns an empty engine at time zero.
    pub(crate) fn new(config: WorkSchedulerConfig) -> Self {
        let settings = Settings::of(&config);
        let permits = Permits::new(Capacities {
            general: u32::try_from(config.max_concurrency).unwrap_or(u32::MAX),
            named: config.pools,
        });
        let mut engine = Engine {
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
            measuring: None,
            outcomes: Outcomes::new(config.limits.outcomes),
            deciding: None,
            cycles: CycleSearch::new(),
            ordinals: Ordinals::default(),
            now: Time::ZERO,
            scheduler_id: new_scheduler_id(),
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
        };
        if let Some(measure) = config.measure {
            engine.measure_works(measure);
        }
        engine
    }
}
