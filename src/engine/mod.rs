//! The engine: arena, graph, permits, rounds.
//!
//! One struct, [`WorkScheduler`], whose methods are spread over these files by subject:
//!
//! | file | what it holds |
//! | --- | --- |
//! | `record`, `arena`, `metas`, `opens` | what is known of a work; where works live |
//! | `body` | where what they do is |
//! | `graph`, `cycle`, `levels` | dependencies; whether a new one closes a cycle |
//! | `permits`, `list` | how many at once, who is next; those who wait, in a list |
//! | `ready`, `prefetch` | the works that have a turn coming; reading ahead what their turns will touch |
//! | `inbox`, `posts`, `sync` | what other threads send; their closures; with what primitives |
//! | `io` | sockets and other sources, with the feature `mio` |
//! | `job`, `offload` | closures that run elsewhere; whose they are |
//! | `abandon`, `pin` | how long an abort waits for them; what else holds virtual time |
//! | `admit`, `depend`, `restart` | add; add_dependency and edges; running a settled work anew |
//! | `admit_graph`, `outline` | many works with the edges between them; those edges, before they are there |
//! | `crank`, `round`, `turn` | the loop; how a round begins and ends; one turn |
//! | `receive`, `agenda` | what the inbox held; what is left to be done between turns |
//! | `wake`, `fruitless` | sleeping and waking; turns that come to nothing |
//! | `timers` | alarms and limits: all kinds of timers |
//! | `abort` | cancel, limits, grace, shutdown |
//! | `attempt` | how an attempt begins, what every end has in common |
//! | `settle` | success, failure, retries, what follows for others |
//! | `events` | counters and events; *the* function that changes a state |
//! | `kin`, `family` | whose child a work is; what a child's end means to its parent |
//! | `reclaim` | giving slots back |
//! | `context`, `children`, `parent` | what a work may do, as a parent too |
//! | `names`, `rng`, `decide` | name paths, randomness, decisions |
//! | `panics` | calls and drops of the program's code and values |
//! | `audit` | the invariants, checked |

mod abandon;
mod abort;
mod admit;
mod admit_graph;
mod agenda;
pub(crate) mod arena;
mod aside;
mod attempt;
mod audit;
pub(crate) mod body;
mod children;
mod config;
mod context;
mod crank;
mod cycle;
mod decide;
mod depend;
mod errors;
mod events;
mod family;
mod fruitless;
pub(crate) mod graph;
mod inbox;
#[cfg(all(test, loom))]
mod inbox_loom;
#[cfg_attr(not(feature = "mio"), path = "no_io.rs")]
mod io;
mod job;
mod kin;
mod levels;
mod list;
mod metas;
mod names;
mod offload;
mod opens;
mod outline;
pub(crate) mod panics;
mod parent;
pub(crate) mod permits;
mod pin;
mod posts;
mod prefetch;
mod ready;
mod receive;
mod reclaim;
pub(crate) mod record;
mod restart;
mod rng;
mod round;
mod settle;
mod sync;
mod timers;
mod turn;
mod wake;

pub use children::Children;
pub use config::{Limits, Retain, WorkSchedulerConfig};
pub use context::WorkContext;
pub use crank::{Budget, Crank, Next};
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
pub use io::{Io, Sources};
pub use job::{Job, JobId, Leftover, OffloadError, Ticket};
pub use offload::Offload;
pub use pin::TimePin;
pub use posts::{PostError, Remote};
pub use rng::Stream;

use crate::time::{Time, TimerWheel};
use crate::work::{
    Backoff, Completion, Failure, Handle, Name, RootCause, WorkId, WorkOutcome, WorkState,
};
use agenda::Agenda;
use arena::Arena;
use body::Shelves;
use context::TurnNotes;
use cycle::CycleSearch;
use graph::Graph;
use inbox::{Inbox, Mail};
use names::Ordinals;
use panics::{Contained, Tally};
use permits::Permits;
use ready::Ready;
use slab::Slab;
use std::any::{Any, TypeId};
use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Runs works: see the [crate's page](crate).
///
/// Calls that only read are O(1) unless they say otherwise. Calls that change something make an earlier
/// [`Next`] stale. A scheduler is not `Send`; works need not be.
pub struct WorkScheduler<C: ?Sized> {
    pub(crate) arena: Arena<C>,
    shelves: Shelves<C>,
    pub(crate) graph: Graph,
    pub(crate) permits: Permits,
    pub(crate) ready: Ready,
    pub(crate) wheel: TimerWheel,
    pub(crate) inbox: Inbox,
    posts: posts::Posts<C>,
    /// What `on_settled` left, by the key in the work's record.
    callbacks: Slab<Completion<C>>,
    jobs: offload::Jobs,
    time_pins: std::cell::Cell<usize>,
    #[cfg(feature = "mio")]
    pub(crate) io: io::Hub,
    recorder: events::Recorder,
    decider: Option<Contained<Box<dyn Decider>>>,
    cycles: CycleSearch,
    ordinals: Ordinals,
    pub(crate) now: Time,
    home: NonZeroU32,
    settings: Settings,
    /// Whether `shutdown` has been called.
    closed: bool,
    pub(crate) in_crank: bool,
    /// A round has begun and not ended: the next crank goes on with it.
    round_open: bool,
    /// What a work said during its present turn.
    notes: TurnNotes,
    agenda: Agenda,
    /// Works about to settle; settling one may settle others, and must not recurse.
    settling: VecDeque<(u32, settle::End)>,
    is_settling: bool,
    /// What has been taken from the inbox in this round.
    mail: VecDeque<Mail>,
    /// Sleepers that something outside may wake.
    external_sleepers: u32,
    fruitless: fruitless::Fruitless,
    /// Settled works that are only there because works are after them.
    lingering: u32,
    /// After the fields with the program's values: its drop forgets their panics.
    drops: Tally,
    not_send: std::marker::PhantomData<*const ()>,
}

/// What of the configuration is read again and again.
struct Settings {
    backoff: Backoff,
    seed: u64,
    limits: Limits,
    catch_panics: bool,
    abort_grace: Duration,
    retain: Retain,
}

/// How many schedulers there have been. Four thousand million of them may share a number with another.
static HOMES: AtomicU32 = AtomicU32::new(0);

impl<C: ?Sized> WorkScheduler<C> {
    /// An empty scheduler at time zero.
    pub fn new(config: WorkSchedulerConfig) -> Self {
        let mut permits = Permits::new(u32::try_from(config.max_concurrency).unwrap_or(u32::MAX));
        for (name, capacity) in config.pools {
            permits.set_capacity(name, capacity);
        }
        let limits = Limits {
            works: config.limits.works.min(record::MAX_WORKS),
            edges: config.limits.edges.min(config::MAX_EDGES),
            inbox: config.limits.inbox,
        };
        WorkScheduler {
            arena: Arena::new(),
            shelves: Shelves::new(),
            graph: Graph::new(),
            permits,
            ready: Ready::new(),
            wheel: TimerWheel::new(),
            inbox: Inbox::new(),
            posts: posts::Posts::new(limits.inbox),
            callbacks: Slab::new(),
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
            in_crank: false,
            round_open: false,
            notes: TurnNotes::default(),
            agenda: Agenda::new(),
            settling: VecDeque::new(),
            is_settling: false,
            mail: VecDeque::new(),
            external_sleepers: 0,
            fruitless: Default::default(),
            lingering: 0,
            drops: Tally::default(),
            not_send: std::marker::PhantomData,
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

    /// The time of the last crank.
    pub fn now(&self) -> Time {
        self.now
    }

    /// A work's state; `None` if it has been reclaimed or is another scheduler's.
    pub fn state(&self, id: impl Into<WorkId>) -> Option<WorkState> {
        self.lookup(id.into())
            .ok()
            .map(|slot| self.arena.at(slot).state)
    }

    /// A work's name; `None` if it has been reclaimed or is another scheduler's.
    pub fn name(&self, id: impl Into<WorkId>) -> Option<Name> {
        self.lookup(id.into())
            .ok()
            .map(|slot| self.arena.meta(slot).name.clone())
    }

    /// How a work settled; `None` if it has not, has been reclaimed, or is another scheduler's.
    pub fn outcome(&self, id: impl Into<WorkId>) -> Option<WorkOutcome> {
        let slot = self.lookup(id.into()).ok()?;
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

    /// The work's output, if it has succeeded and nobody has taken it. A work without output (`T = ()`) answers as
    /// often as it is asked.
    pub fn take<T: 'static>(&mut self, handle: Handle<T>) -> Option<T> {
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

    /// The work's output, if it has succeeded and nobody has taken it.
    pub fn output<T: 'static>(&self, handle: Handle<T>) -> Option<&T> {
        let slot = self.lookup(handle.id()).ok()?;
        if self.arena.at(slot).state != WorkState::Success {
            return None;
        }
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return (&() as &dyn Any).downcast_ref();
        }
        self.arena.rare(slot)?.output.as_deref()?.downcast_ref()
    }

    /// Why a work's last attempt failed: of one that has failed or is backing off, or in a later attempt. `None` if none has
    /// failed, or the work has been reclaimed or is another scheduler's. O(1).
    pub fn last_failure(&self, id: impl Into<WorkId>) -> Option<&Failure> {
        let slot = self.lookup(id.into()).ok()?;
        self.arena.meta(slot).error
    }

    /// When a work that is backing off will be tried again.
    pub fn retry_eta(&self, id: impl Into<WorkId>) -> Option<Time> {
        let record = self.arena.at(self.lookup(id.into()).ok()?);
        let alarm = record
            .alarm
            .filter(|_| record.state == WorkState::Retrying)?;
        Some(self.wheel.deadline(alarm))
    }

    /// The counters.
    pub fn metrics(&self) -> WorkSchedulerMetrics {
        let mut metrics = self
            .recorder
            .metrics(self.arena.added(), self.arena.len() as u64);
        metrics.panics += self.drops.count();
        metrics.callback_panics += self.inbox.line.guard.panics();
        metrics
    }

    /// The next event that has not been polled. Events are kept only if the configuration asks for them.
    pub fn poll_event(&mut self) -> Option<WorkEvent> {
        self.recorder.poll()
    }

    /// Whether `shutdown` has been called.
    pub fn is_shut_down(&self) -> bool {
        self.closed
    }

    /// Reaches this scheduler from other threads.
    pub fn remote(&self) -> Remote<C> {
        Remote::new(self.inbox.line.clone(), &self.posts)
    }

    /// A token that cancels everything in this scheduler, from any thread.
    pub fn cancel_token(&self) -> CancelToken {
        let token = CancelToken::new();
        token.listen(&self.inbox, None);
        token
    }

    // ---- how it is set up ----

    /// Called, from whatever thread sends, when the inbox goes from empty to not empty: it must make the host crank
    /// soon. Replaces the one before.
    pub fn set_notifier(&mut self, notifier: impl Fn() + Send + Sync + 'static) {
        let notifier: Notifier = std::sync::Arc::new(notifier);
        self.inbox.set_notifier(Some(Contained::new(notifier)));
    }

    /// Makes a named pool, or changes the capacity of one; `"max_concurrency"` is the general one. Permits that are
    /// out stay out. Works that need more than a lowered capacity wait until it is raised.
    pub fn set_pool_capacity(&mut self, pool: impl Into<Name>, capacity: u32) {
        self.fruitless.stir();
        self.permits.set_capacity(pool.into(), capacity);
    }

    /// Who answers decisions. `None`, the default, is production order.
    pub fn set_decider(&mut self, decider: Option<Box<dyn Decider>>) {
        self.decider = decider.map(Contained::new);
    }
}

/// The unit value as a `T` that is known to be `()`.
fn unit<T: 'static>() -> Option<T> {
    let unit: Box<dyn Any> = Box::new(());
    unit.downcast().ok().map(|unit| *unit)
}

impl<C: ?Sized> fmt::Debug for WorkScheduler<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkScheduler")
            .field("now", &self.now)
            .field("works", &self.arena.len())
            .field("unsettled", &self.recorder.unsettled())
            .finish_non_exhaustive()
    }
}
