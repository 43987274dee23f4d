//! The engine: a state machine that runs works, and never calls one.
//!
//! Invariant: nothing here names an application type. The program's code is behind `dyn` (deciders, sinks, notifiers,
//! offloads), or it is a *call* that the engine asks for and is told the result of. So the engine is compiled once, whatever a
//! program's works are, and no function of it waits in its middle for a work.
//!
//! Deliberately absent: bodies of works, callbacks and posted closures (the shell in `scheduler` has them, by slot and key),
//! clocks, threads, and iteration over hash maps.
//!
//! # A turn that yields
//!
//! The shell hands `now` to [`Engine::begin_crank`], once a crank. [`Engine::open_round`] or [`Engine::next_turn`] answers the
//! slot of the next work, [`Engine::begin_usual_turn`] marks its record, the shell calls the body in that slot, and
//! [`Engine::end_usual_turn`] puts the slot at the end of the ready ring. [`Engine::is_anything_left`] then tells whether
//! [`Engine::next_call`] has to be asked before the next turn.
//!
//! # Traps
//!
//! Calls come before deferred entries, or the order of grants changes. A work that is reclaimed keeps its slot until its body
//! has been dropped. Small functions on the way of a turn or of an addition are `#[inline]`: without that they are calls across
//! crates.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `record`, `arena`, `metas`, `opens` | what is known of a work; where works live |
//! | `graph`, `cycle`, `levels` | dependencies; whether a new one closes a cycle |
//! | `permits`, `lanes`, `list` | how many at once, who is next; those who wait, in a list |
//! | `ready`, `prefetch` | the works that have a turn coming; reading ahead what their turns will touch |
//! | `inbox`, `receive`, `sync` | what other threads send, and what it means; with what primitives |
//! | `io` | sockets and other sources, with the feature `mio` |
//! | `job`, `offload`, `abandon`, `pin` | closures that run elsewhere, how long an abort waits for them; what else holds virtual time |
//! | `admit`, `admit_graph`, `outline` | works come in, alone or as a graph |
//! | `depend`, `restart` | dependencies between works that are there; a settled work anew |
//! | `round`, `agenda`, `next` | how a round begins and ends, and what is done between turns; when to crank again |
//! | `notes`, `turn`, `calls` | what is called of a work; one turn; the hooks at the end of an attempt |
//! | `wake`, `fruitless`, `timers` | sleeping and waking; turns that come to nothing; alarms and limits |
//! | `attempt`, `settle`, `abort` | how attempts begin and end; cancel, limits, grace, shutdown |
//! | `events` | counters and events; *the* function that changes a state |
//! | `kin`, `family` | whose child a work is; what a child's end means to its parent |
//! | `reclaim` | giving slots back |
//! | `names`, `rng`, `decide` | name paths, randomness, decisions |
//! | `panics` | calls and drops of the program's code and values |
//! | `audit` | the invariants, checked |

pub(crate) mod abandon;
pub(crate) mod abort;
pub(crate) mod admit;
pub(crate) mod admit_graph;
pub(crate) mod agenda;
pub(crate) mod arena;
pub(crate) mod attempt;
pub(crate) mod audit;
pub(crate) mod calls;
pub(crate) mod config;
pub(crate) mod cycle;
pub(crate) mod decide;
pub(crate) mod depend;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod family;
pub(crate) mod fruitless;
pub(crate) mod graph;
pub(crate) mod inbox;
#[cfg(all(test, loom))]
pub(crate) mod inbox_loom;
#[cfg_attr(not(feature = "mio"), path = "no_io.rs")]
pub(crate) mod io;
pub(crate) mod job;
pub(crate) mod kin;
pub(crate) mod lanes;
pub(crate) mod levels;
pub(crate) mod list;
pub(crate) mod metas;
pub(crate) mod names;
pub(crate) mod next;
pub(crate) mod notes;
pub(crate) mod offload;
pub(crate) mod opens;
pub(crate) mod outline;
pub(crate) mod panics;
pub(crate) mod permits;
pub(crate) mod pin;
pub(crate) mod prefetch;
pub(crate) mod ready;
pub(crate) mod receive;
pub(crate) mod reclaim;
pub(crate) mod record;
pub(crate) mod restart;
pub(crate) mod rng;
pub(crate) mod round;
pub(crate) mod settle;
pub(crate) mod sync;
pub(crate) mod timers;
pub(crate) mod turn;
pub(crate) mod wake;

pub use config::{Limits, Retain, WorkSchedulerConfig};
pub use decide::{Candidate, Decider, Decision, DecisionKind, Fifo, Lifo, RandomOrder};
pub use errors::{
    AddError, AddGraphError, CyclePath, DependencyError, ReapError, Refused, RestartError,
    UnknownWork,
};
pub use events::{EventCause, EventOverflow, EventSink, WorkEvent, WorkSchedulerMetrics};
pub use inbox::{CancelToken, Notifier, RemoteWaker};
#[cfg(feature = "mio")]
pub(crate) use io::Desk;
#[cfg(feature = "mio")]
pub use io::Io;
pub use job::{Job, JobId, Leftover, OffloadError, Ticket};
pub use next::{Crank, Next};
pub use offload::Offload;
pub use pin::TimePin;
pub use rng::Stream;

use crate::time::{Time, TimerWheel};
use crate::work::{Backoff, Failure, Handle, Name, RootCause, WorkId, WorkOutcome, WorkState};
use agenda::Agenda;
use arena::Arena;
use cycle::CycleSearch;
use graph::Graph;
use inbox::{Inbox, Mail};
use names::Ordinals;
use notes::TurnNotes;
use panics::{Contained, Tally};
use permits::Permits;
use ready::Ready;
use std::any::{Any, TypeId};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The state machine behind a [`WorkScheduler`](crate::WorkScheduler).
pub(crate) struct Engine {
    pub(crate) arena: Arena,
    pub(crate) graph: Graph,
    pub(crate) permits: Permits,
    pub(crate) ready: Ready,
    pub(crate) wheel: TimerWheel,
    pub(crate) inbox: Inbox,
    pub(crate) jobs: offload::Jobs,
    time_pins: std::cell::Cell<usize>,
    #[cfg(feature = "mio")]
    pub(crate) io: io::Hub,
    pub(crate) recorder: events::Recorder,
    pub(crate) decider: Option<Contained<Box<dyn Decider>>>,
    pub(crate) cycles: CycleSearch,
    ordinals: Ordinals,
    pub(crate) now: Time,
    pub(crate) home: NonZeroU32,
    pub(crate) settings: Settings,
    /// Whether `shutdown` has been called.
    closed: bool,
    /// A round has begun and not ended: the next crank goes on with it.
    round_open: bool,
    phase: round::Phase,
    /// What a work said during its present turn.
    pub(crate) notes: TurnNotes,
    pub(crate) agenda: Agenda,
    /// Works about to settle; settling one may settle others, and must not recurse.
    pub(crate) settling: VecDeque<(u32, settle::End)>,
    is_settling: bool,
    /// What has been taken from the inbox in this round.
    mail: VecDeque<Mail>,
    /// Sleepers that something outside may wake.
    external_sleepers: u32,
    fruitless: fruitless::Fruitless,
    /// Settled works that are only there because works are after them.
    lingering: u32,
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

/// How many schedulers there have been. Four thousand million of them may share a number with another.
static HOMES: AtomicU32 = AtomicU32::new(0);

impl Engine {
    /// An empty engine at time zero.
    pub(crate) fn new(config: WorkSchedulerConfig) -> Self {
        let mut permits = Permits::new(u32::try_from(config.max_concurrency).unwrap_or(u32::MAX));
        for (name, capacity) in config.pools {
            permits.set_capacity(name, capacity);
        }
        let limits = Limits {
            works: config.limits.works.min(record::MAX_WORKS),
            edges: config.limits.edges.min(config::MAX_EDGES),
            inbox: config.limits.inbox,
        };
        Engine {
            arena: Arena::new(),
            graph: Graph::new(),
            permits,
            ready: Ready::new(),
            wheel: TimerWheel::new(),
            inbox: Inbox::new(),
            jobs: offload::Jobs::default(),
            time_pins: Default::default(),
            #[cfg(feature = "mio")]
            io: io::Hub::default(),
            recorder: events::Recorder::new(
                config.events,
                config.event_overflow,
                config.event_sink,
            ),
            decider: None,
            cycles: CycleSearch::new(),
            ordinals: Ordinals::default(),
            now: Time::ZERO,
            home: NonZeroU32::MIN.saturating_add(HOMES.fetch_add(1, Ordering::Relaxed)),
            settings: Settings {
                backoff: config.backoff,
                seed: config.seed,
                limits,
                catch_panics: config.catch_panics,
                abort_grace: config.abort_grace,
                retain: config.retain,
            },
            closed: false,
            round_open: false,
            phase: Default::default(),
            notes: TurnNotes::default(),
            agenda: Agenda::new(),
            settling: VecDeque::new(),
            is_settling: false,
            mail: VecDeque::new(),
            external_sleepers: 0,
            fruitless: Default::default(),
            lingering: 0,
            drops: Tally::default(),
        }
    }

    // ---- what can be read ----

    pub(crate) fn id(&self, slot: u32) -> WorkId {
        WorkId {
            serial: self.arena.at(slot).serial,
            slot,
            home: self.home,
        }
    }

    /// The slot of a work that is in this scheduler.
    pub(crate) fn lookup(&self, id: WorkId) -> Result<u32, UnknownWork> {
        if id.home != self.home {
            return Err(UnknownWork::Foreign(id));
        }
        match self.arena.get(id.slot) {
            Some(record) if record.serial == id.serial => Ok(id.slot),
            _ => Err(UnknownWork::Reclaimed(id)),
        }
    }

    /// As [`WorkScheduler::now`](crate::WorkScheduler::now).
    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// As [`WorkScheduler::state`](crate::WorkScheduler::state).
    pub(crate) fn state(&self, id: WorkId) -> Option<WorkState> {
        self.lookup(id).ok().map(|slot| self.arena.at(slot).state)
    }

    /// As [`WorkScheduler::name`](crate::WorkScheduler::name).
    pub(crate) fn name(&self, id: WorkId) -> Option<Name> {
        self.lookup(id)
            .ok()
            .map(|slot| self.arena.meta(slot).name.clone())
    }

    /// As [`WorkScheduler::outcome`](crate::WorkScheduler::outcome).
    pub(crate) fn outcome(&self, id: WorkId) -> Option<WorkOutcome> {
        let slot = self.lookup(id).ok()?;
        self.arena
            .at(slot)
            .state
            .is_settled()
            .then(|| self.outcome_of(slot))
    }

    pub(crate) fn outcome_of(&self, slot: u32) -> WorkOutcome {
        let error = || {
            self.arena
                .meta(slot)
                .error
                .cloned()
                .unwrap_or_else(|| Failure::msg("no failure was recorded"))
        };
        match self.arena.at(slot).state {
            WorkState::Failed => WorkOutcome::Failed(error()),
            WorkState::Cancelled => WorkOutcome::Cancelled,
            WorkState::Blocked => match RootCause::of(&error()) {
                Some(root) => WorkOutcome::Blocked(root),
                None => WorkOutcome::Failed(error()),
            },
            _ => WorkOutcome::Success,
        }
    }

    /// As [`WorkScheduler::take`](crate::WorkScheduler::take).
    pub(crate) fn take<T: 'static>(&mut self, handle: Handle<T>) -> Option<T> {
        let slot = self.lookup(handle.id()).ok()?;
        if self.arena.at(slot).state != WorkState::Success {
            return None;
        }
        self.fruitless.stir();
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return unit();
        }
        let output = self.arena.rare_mut(slot)?.output.take()?;
        output.into_inner().downcast().ok().map(|output| *output)
    }

    /// As [`WorkScheduler::output`](crate::WorkScheduler::output).
    pub(crate) fn output<T: 'static>(&self, handle: Handle<T>) -> Option<&T> {
        let slot = self.lookup(handle.id()).ok()?;
        if self.arena.at(slot).state != WorkState::Success {
            return None;
        }
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return (&() as &dyn Any).downcast_ref();
        }
        self.arena.rare(slot)?.output.as_deref()?.downcast_ref()
    }

    /// As [`WorkScheduler::last_failure`](crate::WorkScheduler::last_failure).
    pub(crate) fn last_failure(&self, id: WorkId) -> Option<&Failure> {
        let slot = self.lookup(id).ok()?;
        self.arena.meta(slot).error
    }

    /// As [`WorkScheduler::retry_eta`](crate::WorkScheduler::retry_eta).
    pub(crate) fn retry_eta(&self, id: WorkId) -> Option<Time> {
        let record = self.arena.at(self.lookup(id).ok()?);
        let alarm = record
            .alarm
            .filter(|_| record.state == WorkState::Retrying)?;
        Some(self.wheel.deadline(alarm))
    }

    /// As [`WorkScheduler::metrics`](crate::WorkScheduler::metrics).
    pub(crate) fn metrics(&self) -> WorkSchedulerMetrics {
        let mut metrics = self
            .recorder
            .metrics(self.arena.added(), self.arena.len() as u64);
        metrics.panics += self.drops.count();
        metrics.callback_panics += self.inbox.line.guard.panics();
        metrics
    }

    /// As [`WorkScheduler::poll_event`](crate::WorkScheduler::poll_event).
    pub(crate) fn poll_event(&mut self) -> Option<WorkEvent> {
        self.recorder.poll()
    }

    /// As [`WorkScheduler::is_shut_down`](crate::WorkScheduler::is_shut_down).
    pub(crate) fn is_shut_down(&self) -> bool {
        self.closed
    }

    /// As [`WorkScheduler::cancel_token`](crate::WorkScheduler::cancel_token).
    pub(crate) fn cancel_token(&self) -> CancelToken {
        let token = CancelToken::new();
        token.listen(&self.inbox, None);
        token
    }
}

impl Engine {
    /// Makes a pool, or changes the capacity of one.
    pub(crate) fn set_pool_capacity(&mut self, pool: Name, capacity: u32) {
        self.fruitless.stir();
        self.permits.set_capacity(pool, capacity);
    }
}

/// The unit value as a `T` that is known to be `()`.
fn unit<T: 'static>() -> Option<T> {
    let unit: Box<dyn Any> = Box::new(());
    unit.downcast().ok().map(|unit| *unit)
}
