//! How a scheduler is set up.

use crate::engine::events::{EventOverflow, EventSink};
use crate::engine::store::record::MAX_WORKS;
use crate::work::{Backoff, Name};
use std::time::Duration;

/// How a scheduler is set up. Every field has a default, and a method of the same name to set it.
///
/// ```
/// use crankwork::{Retain, WorkScheduler, WorkSchedulerConfig};
/// use std::time::Duration;
/// let config = WorkSchedulerConfig::default()
///     .max_concurrency(64)
///     .retry_delay(Duration::from_secs(5))
///     .pool("disk", 2)
///     .retain(Retain::Failures);
/// let scheduler = WorkScheduler::<()>::new(config);
/// # let _ = scheduler;
/// ```
#[non_exhaustive]
pub struct WorkSchedulerConfig {
    /// How many attempts may hold a permit at once. Default 4. With 0 nothing that needs a permit can be added.
    pub max_concurrency: usize,
    /// The delay before a retry, for works that have none of their own. Default [`Backoff::exponential`].
    pub backoff: Backoff,
    /// Named pools and their capacities.
    pub pools: Vec<(Name, u32)>,
    /// The seed of every random stream. Default 0.
    pub seed: u64,
    /// Bounds on what a scheduler holds.
    pub limits: Limits,
    /// Whether a panic in a turn, hook or drop of a work, or in a callback, posted closure or decider, is caught (the
    /// default), or goes on through `crank_work` after that work has been failed; of several in one crank the last. Panics
    /// in event sinks, notifiers, offloads and other drops are caught and counted in any case.
    pub catch_panics: bool,
    /// How long an abort may take before the work is dropped, for works that say nothing else. Default 10 s.
    pub abort_grace: Duration,
    /// Which settled root works stay until the host reaps them.
    pub retain: Retain,
    /// How many events `poll_event` can lag behind before events are dropped and counted. Default 0: no events.
    pub events: usize,
    /// Which events are dropped when there are more. Default: those that come.
    pub event_overflow: EventOverflow,
    /// Also receives every event.
    pub event_sink: Option<Box<dyn EventSink>>,
}

/// Which settled root works stay in the scheduler until the host reaps them. Children are reclaimed with their parent,
/// and nothing is while a work that is `after` it is unsettled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retain {
    /// All of them: the default.
    #[default]
    All,
    /// Those that did not succeed.
    Failures,
    /// None: outcomes are seen through events or `on_settled`. An output that no work has taken by then is lost.
    Nothing,
}

/// Bounds on what a scheduler holds. What is above them is refused with an error, and nothing is lost.
///
/// ```
/// use crankwork::Limits;
/// let limits = Limits::default().works(10_000).inbox(256);
/// assert_eq!(limits.edges, 1 << 28);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Works in the scheduler, settled ones that have not been reclaimed included. At most, and by default, 2^30.
    pub works: usize,
    /// Edges between them. At most, and by default, 2^28.
    pub edges: usize,
    /// Closures from other threads are refused while so many of them wait to be taken. Wakes and cancels always get in;
    /// of wakes there is at most one per waker. Default 65,536.
    pub inbox: usize,
}

impl Limits {
    /// Works in the scheduler.
    pub fn works(mut self, works: usize) -> Self {
        self.works = works;
        self
    }

    /// Edges between them.
    pub fn edges(mut self, edges: usize) -> Self {
        self.edges = edges;
        self
    }

    /// Closures from other threads that wait to be taken.
    pub fn inbox(mut self, closures: usize) -> Self {
        self.inbox = closures;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            works: MAX_WORKS,
            edges: MAX_EDGES,
            inbox: 1 << 16,
        }
    }
}

pub(crate) const MAX_EDGES: usize = 1 << 28;

impl Default for WorkSchedulerConfig {
    fn default() -> Self {
        WorkSchedulerConfig {
            max_concurrency: 4,
            backoff: Backoff::exponential(),
            pools: Vec::new(),
            seed: 0,
            limits: Limits::default(),
            catch_panics: true,
            abort_grace: Duration::from_secs(10),
            retain: Retain::All,
            events: 0,
            event_overflow: EventOverflow::DropNewest,
            event_sink: None,
        }
    }
}

impl WorkSchedulerConfig {
    /// How many attempts may hold a permit at once.
    pub fn max_concurrency(mut self, permits: usize) -> Self {
        self.max_concurrency = permits;
        self
    }

    /// The back-off of works that have none of their own.
    pub fn backoff(mut self, backoff: impl Into<Backoff>) -> Self {
        self.backoff = backoff.into();
        self
    }

    /// The same fixed delay before every retry, as henyey-work has it.
    pub fn retry_delay(self, delay: Duration) -> Self {
        self.backoff(Backoff::fixed(delay))
    }

    /// Adds a named pool.
    pub fn pool(mut self, name: impl Into<Name>, capacity: u32) -> Self {
        self.pools.push((name.into(), capacity));
        self
    }

    /// The seed of every random stream.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Bounds on what the scheduler holds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether panics become failures.
    pub fn catch_panics(mut self, catch: bool) -> Self {
        self.catch_panics = catch;
        self
    }

    /// How long an abort may take.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.abort_grace = grace;
        self
    }

    /// Which settled root works stay.
    pub fn retain(mut self, retain: Retain) -> Self {
        self.retain = retain;
        self
    }

    /// How many events are kept for `poll_event`.
    pub fn events(mut self, capacity: usize) -> Self {
        self.events = capacity;
        self
    }

    /// Which events are dropped when more come than are kept for `poll_event`.
    pub fn event_overflow(mut self, overflow: EventOverflow) -> Self {
        self.event_overflow = overflow;
        self
    }

    /// Where events go besides.
    pub fn event_sink(mut self, sink: impl EventSink + 'static) -> Self {
        self.event_sink = Some(Box::new(sink));
        self
    }
}
