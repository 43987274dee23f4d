//! The configuration of a scheduler, and the bounds on what it holds.
//!
//! Invariant: a configuration is read once, when its scheduler is made. `Settings` keeps the part that the engine reads
//! later, with its limits lowered to what slots and edges can number.

use crate::engine::events::{EventOverflow, EventSink, Measure};
use crate::engine::store::record::MAX_WORKS;
use crate::work::{Backoff, Name};
use std::fmt;
use std::time::Duration;

/// The configuration of a scheduler. Every field has a default, and a method with its name to set it.
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
    /// How many attempts may hold a permit at once. Default 4. With 0, no work that needs a permit can be added.
    pub max_concurrency: usize,
    /// The delay before a retry, for works without a back-off of their own. Default [`Backoff::exponential`].
    pub backoff: Backoff,
    /// Named pools and their capacities, in permits. Default none.
    pub pools: Vec<(Name, u32)>,
    /// The seed of every random stream. Default 0.
    pub seed: u64,
    /// Bounds on what the scheduler holds.
    pub limits: Limits,
    /// Whether the scheduler catches a panic in a turn, hook or drop of a work, or in a callback, posted closure or
    /// decider. Default true.
    ///
    /// With false the work fails first, and then the panic goes on through `crank_work`; of several in one crank, the
    /// last one. Panics in event sinks, notifiers, offloads and other drops are caught and counted in any case.
    pub catch_panics: bool,
    /// How long an abort may take before the work is dropped, for works without a grace of their own. Default 10 s.
    pub abort_grace: Duration,
    /// Which settled root works stay until the host reaps them. Default [`Retain::All`].
    pub retain: Retain,
    /// The wall time from which on a turn is reported, if the scheduler has a clock. Default 100 ms. See
    /// [`WorkScheduler::set_clock`](crate::WorkScheduler::set_clock).
    pub slow_turn: Duration,
    /// Whether works are measured in groups, and how names make groups. Default none: nothing is measured. See
    /// [`WorkScheduler::measured`](crate::WorkScheduler::measured).
    pub measure: Option<Measure>,
    /// How many events are kept for `poll_event`. Beyond that, events are dropped and counted. Default 0: no events.
    pub events: usize,
    /// Which events are dropped when there is no room for more. Default: the new ones.
    pub event_overflow: EventOverflow,
    /// A sink that also receives every event. Default none.
    pub event_sink: Option<Box<dyn EventSink>>,
}

/// Which settled root works stay in the scheduler until the host reaps them.
///
/// Children are reclaimed with their parent. No work is reclaimed while a work that is `after` it is unsettled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retain {
    /// All root works: the default.
    #[default]
    All,
    /// Root works that did not succeed.
    Failures,
    /// No root work: the host sees outcomes through events, `on_settled` or [`Limits::outcomes`]. An output that no
    /// work has taken by then is lost.
    Nothing,
}

/// Bounds on what a scheduler holds. An addition above a bound is refused with an error, and nothing is lost.
///
/// ```
/// use crankwork::Limits;
/// let limits = Limits::default().works(10_000).inbox(256);
/// assert_eq!(limits.edges, 1 << 28);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most works in the scheduler, including settled works that have not been reclaimed. At most, and by
    /// default, 2^30.
    pub works: usize,
    /// The most edges between works. At most, and by default, 2^28.
    pub edges: usize,
    /// The most closures from other threads that may wait in the inbox; further ones are refused. Default 65,536.
    ///
    /// Wakes and cancels always get in. Of each waker at most one wake is in the inbox.
    pub inbox: usize,
    /// How many outcomes of reclaimed works are kept: the latest, of children as well as roots. Default 0.
    ///
    /// A work whose outcome is kept can still be named: `outcome` and `run_until` answer, and for a work that is added
    /// after it, it counts as if it were there.
    pub outcomes: usize,
}

impl Limits {
    /// Sets the most works in the scheduler.
    pub fn works(mut self, works: usize) -> Self {
        self.works = works;
        self
    }

    /// Sets the most edges between works.
    pub fn edges(mut self, edges: usize) -> Self {
        self.edges = edges;
        self
    }

    /// Sets the most closures from other threads that may wait in the inbox.
    pub fn inbox(mut self, closures: usize) -> Self {
        self.inbox = closures;
        self
    }

    /// Sets how many outcomes of reclaimed works are kept.
    ///
    /// ```
    /// use crankwork::{Budget, Limits, Retain, Spec, Time, WorkContext, WorkScheduler, WorkSchedulerConfig};
    /// use std::task::Poll;
    ///
    /// let config = WorkSchedulerConfig::default().retain(Retain::Nothing);
    /// let mut s = WorkScheduler::<()>::new(config.limits(Limits::default().outcomes(100)));
    /// let fetch = s.add_fn("fetch", |_| Poll::Ready(Ok(())))?;
    /// let _ = s.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    /// assert_eq!(s.state(fetch), None);
    ///
    /// assert!(s.outcome(fetch).unwrap().is_success());
    /// s.add(Spec::new("apply", |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(()))).after(fetch))?;
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    pub fn outcomes(mut self, outcomes: usize) -> Self {
        self.outcomes = outcomes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            works: MAX_WORKS,
            edges: MAX_EDGES,
            inbox: 1 << 16,
            outcomes: 0,
        }
    }
}

/// The upper bound of [`Limits::edges`], whatever the configuration says. Edge lists and counts of pending dependencies
/// are made for as many: see `graph`.
pub(crate) const MAX_EDGES: usize = 1 << 28;

impl Default for WorkSchedulerConfig {
    fn default() -> Self {
        WorkSchedulerConfig {
            max_concurrency: 4,
            backoff: Backoff::exponential(),
            pools: Vec::new(),
            seed: 0,
            limits: Limits::default(),
            // One work that panics must not take the others with it (L24).
            catch_panics: true,
            abort_grace: Duration::from_secs(10),
            retain: Retain::All,
            slow_turn: Duration::from_millis(100),
            measure: None,
            // An event clones a name and perhaps a failure, so none is kept unless the host asks for them (L35).
            events: 0,
            // The first events that find no room are nearest to the cause of the flood.
            event_overflow: EventOverflow::DropNewest,
            event_sink: None,
        }
    }
}

impl WorkSchedulerConfig {
    /// Sets how many attempts may hold a permit at once.
    pub fn max_concurrency(mut self, permits: usize) -> Self {
        self.max_concurrency = permits;
        self
    }

    /// Sets the back-off of works without one of their own.
    pub fn backoff(mut self, backoff: impl Into<Backoff>) -> Self {
        self.backoff = backoff.into();
        self
    }

    /// Sets one fixed delay before every retry, as henyey-work has it.
    pub fn retry_delay(self, delay: Duration) -> Self {
        self.backoff(Backoff::fixed(delay))
    }

    /// Adds a named pool with `capacity` permits.
    pub fn pool(mut self, name: impl Into<Name>, capacity: u32) -> Self {
        self.pools.push((name.into(), capacity));
        self
    }

    /// Sets the seed of every random stream.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the bounds on what the scheduler holds.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets whether the scheduler catches panics of the program's code and turns them into failures.
    pub fn catch_panics(mut self, catch: bool) -> Self {
        self.catch_panics = catch;
        self
    }

    /// Sets how long an abort may take before the work is dropped.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.abort_grace = grace;
        self
    }

    /// Sets which settled root works stay until the host reaps them.
    pub fn retain(mut self, retain: Retain) -> Self {
        self.retain = retain;
        self
    }

    /// Sets the wall time from which on a turn is reported, if the scheduler has a clock.
    pub fn slow_turn(mut self, took: Duration) -> Self {
        self.slow_turn = took;
        self
    }

    /// Measures works in groups: see [`WorkScheduler::measured`](crate::WorkScheduler::measured).
    pub fn measure(mut self, measure: Measure) -> Self {
        self.measure = Some(measure);
        self
    }

    /// Sets how many events are kept for `poll_event`.
    pub fn events(mut self, capacity: usize) -> Self {
        self.events = capacity;
        self
    }

    /// Sets which events are dropped when there is no room for more.
    pub fn event_overflow(mut self, overflow: EventOverflow) -> Self {
        self.event_overflow = overflow;
        self
    }

    /// Sets a sink that also receives every event.
    pub fn event_sink(mut self, sink: impl EventSink + 'static) -> Self {
        self.event_sink = Some(Box::new(sink));
        self
    }
}

/// Prints whether there is a sink, since a sink has no text.
impl fmt::Debug for WorkSchedulerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All fields are named, so that no new one is forgotten.
        let WorkSchedulerConfig {
            max_concurrency,
            backoff,
            pools,
            seed,
            limits,
            catch_panics,
            abort_grace,
            retain,
            slow_turn,
            measure,
            events,
            event_overflow,
            event_sink,
        } = self;
        f.debug_struct("WorkSchedulerConfig")
            .field("max_concurrency", max_concurrency)
            .field("backoff", backoff)
            .field("pools", pools)
            .field("seed", seed)
            .field("limits", limits)
            .field("catch_panics", catch_panics)
            .field("abort_grace", abort_grace)
            .field("retain", retain)
            .field("slow_turn", slow_turn)
            .field("measure", measure)
            .field("events", events)
            .field("event_overflow", event_overflow)
            .field("event_sink", &event_sink.is_some())
            .finish()
    }
}
