//! The errors: one type per operation. Each message says what the caller can do next.
//!
//! Invariant: an operation that returns an error has changed nothing that a program can see. `add_graph` is the
//! exception, and its page says what it leaves.

use crate::engine::store::record::MAX_WORKS;
use crate::work::{Name, WorkId, WorkState};
use std::fmt;
use thiserror::Error;

/// An id that names no work of this scheduler.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownWork {
    /// The work has settled and been reclaimed.
    #[error(
        "work {0} has settled and been reclaimed: keep it with `Retain::All`, or its outcome with `Limits::outcomes`"
    )]
    Reclaimed(WorkId),
    /// The id comes from another scheduler.
    #[error("work {0} belongs to another scheduler: use the scheduler that returned this id")]
    Foreign(WorkId),
}

/// The works on a cycle, in order; the first needs the last. A work that was to be added has no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CyclePath(pub Vec<(Option<WorkId>, Name)>);

impl fmt::Display for CyclePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_circle(f, self.0.iter().map(|(_, name)| name))
    }
}

/// Writes the works in order and the first one again at the end. A long cycle is cut, to keep the message readable.
/// O(1), whatever the length of the cycle.
fn write_circle(
    f: &mut fmt::Formatter<'_>,
    works: impl ExactSizeIterator<Item = impl fmt::Display> + Clone,
) -> fmt::Result {
    // A cycle may have a million works, and a log line must not.
    const SHOWN: usize = 12;
    for work in works.clone().take(SHOWN) {
        write!(f, "`{work}` -> ")?;
    }
    if works.len() > SHOWN {
        write!(f, "({} more) -> ", works.len() - SHOWN)?;
    }
    match works.clone().next() {
        Some(first) => write!(f, "`{first}`"),
        None => Ok(()),
    }
}

/// The reason why a work was not added.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddError {
    /// `shutdown` has been called.
    #[error("the scheduler is shutting down: add works before `shutdown`")]
    ShutDown,
    /// The scheduler does not know the parent.
    #[error("parent: {0}")]
    Parent(UnknownWork),
    /// The scheduler does not know a dependency.
    #[error("dependency: {0}")]
    Dependency(UnknownWork),
    /// The parent can take no more children.
    #[error("parent {0} is {1}: add children before it settles, is cancelled or aborts")]
    ParentDone(WorkId, WorkState),
    /// The work called `spawn` in a hook or in `on_abort`.
    #[error(
        "spawn in a hook or while aborting: the attempt is over; spawn in `poll`, or use `spawn_root`"
    )]
    NotInATurn,
    /// The work would wait for itself.
    #[error("it would wait for itself: {0}; leave out one of these")]
    Cycle(CyclePath),
    /// The scheduler has no pool of that name.
    #[error(
        "there is no pool `{0}`: make it with `WorkSchedulerConfig::pool` or `set_pool_capacity` first"
    )]
    NoSuchPool(Name),
    /// The work needs more permits than the pool has.
    #[error(
        "it needs {weight} of pool `{pool}`, which has {capacity}: lower the weight or raise the capacity"
    )]
    AboveCapacity {
        /// The name of the pool.
        pool: Name,
        /// How many permits the work needs.
        weight: u64,
        /// How many permits the pool has.
        capacity: u32,
    },
    /// [`Limits::works`](crate::Limits) has been reached.
    #[error(
        "there are {0} works, the limit: reap settled ones, or raise `Limits::works` (at most {MAX_WORKS})"
    )]
    TooManyWorks(usize),
    /// [`Limits::edges`](crate::Limits) has been reached.
    #[error("there are {0} dependencies, the limit: reap settled works, or raise `Limits::edges`")]
    TooManyEdges(usize),
}

/// The reason why a graph was not added.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddGraphError {
    /// An edge names a work that is not in the graph.
    #[error(
        "edge {edge} names work {work}, but the graph has {works}, counted from 0: mend the edge or add more works"
    )]
    NoSuchWork {
        /// The edge, counted from 0.
        edge: usize,
        /// The position that the edge names.
        work: usize,
        /// How many works the graph has.
        works: usize,
    },
    /// The works at these positions would wait for themselves: each is after the one before it, and the first after
    /// the last.
    #[error("these works would wait for themselves: {}; leave out an edge", Circle(.0))]
    Cycle(Vec<usize>),
    /// [`Limits::edges`](crate::Limits) would be exceeded. The number is how many edges the scheduler has.
    #[error(
        "with the {0} dependencies that there are it would be too many: reap settled works, or raise `Limits::edges`"
    )]
    TooManyEdges(usize),
    /// The spec of the work at this position names another work of the graph by its id. An event sink can have told
    /// that id.
    #[error(
        "work {0} of the graph names another of it in its spec: use an edge, or add it after the graph"
    )]
    Inward(usize),
    /// The scheduler refused a work of the graph.
    #[error("work {work} of the graph: {error}")]
    Refused {
        /// The position of the work, counted from 0.
        work: usize,
        /// The reason.
        error: AddError,
    },
}

/// Shows a cycle of positions, with the first one again at the end. The works of a refused graph may have no ids yet.
struct Circle<'a>(&'a [usize]);

impl fmt::Display for Circle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_circle(f, self.0.iter())
    }
}

/// A spec that was refused, with the reason. The caller gets the spec back, so nothing is lost.
pub struct Refused<S> {
    /// The reason.
    pub error: AddError,
    /// The spec of the refused work.
    pub spec: S,
}

impl<S> fmt::Debug for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A spec holds a work, which need not implement `Debug`, so the reason stands for both.
        self.error.fmt(f)
    }
}

impl<S> fmt::Display for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<S> std::error::Error for Refused<S> {}

impl<S> From<Refused<S>> for AddError {
    fn from(refused: Refused<S>) -> Self {
        refused.error
    }
}

/// The reason why a dependency was not added.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyError {
    /// The scheduler does not know the work that is to come first.
    #[error("the work before: {0}")]
    Before(UnknownWork),
    /// The scheduler does not know the work that is to wait.
    #[error("the work after: {0}")]
    After(UnknownWork),
    /// The work that is to wait has had a turn or has children.
    #[error(
        "work {0} is {1} and has had a turn or has children: add its dependencies before it starts"
    )]
    Started(WorkId, WorkState),
    /// The work would wait for itself.
    #[error("it would wait for itself: {0}; leave out one of these")]
    Cycle(CyclePath),
    /// [`Limits::edges`](crate::Limits) has been reached.
    #[error("there are {0} dependencies, the limit: reap settled works, or raise `Limits::edges`")]
    TooManyEdges(usize),
}

/// The reason why a work was not restarted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartError {
    /// The scheduler does not know the work.
    #[error(transparent)]
    Unknown(#[from] UnknownWork),
    /// The work has not settled.
    #[error("work {0} is {1}: restart it after it has settled")]
    NotSettled(WorkId, WorkState),
    /// `shutdown` has been called.
    #[error("the scheduler is shutting down: restart works before `shutdown`")]
    ShutDown,
    /// The parent of the work has settled or is aborting.
    #[error("the parent of {0} has settled or is aborting: restart the parent instead")]
    ParentDone(WorkId),
    /// The open dependencies of the work wait for it by now.
    #[error("it would wait for itself: {0}; restart the others first, or add it anew")]
    Cycle(CyclePath),
    /// The work panicked or was dropped by a forced abort, so no body is left to run.
    #[error("work {0} panicked or was dropped by a forced abort: add it anew")]
    Gone(WorkId),
}

/// The reason why a work was not reaped.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReapError {
    /// The scheduler does not know the work.
    #[error(transparent)]
    Unknown(#[from] UnknownWork),
    /// The work has not settled.
    #[error("work {0} is {1}: reap it after it has settled")]
    NotSettled(WorkId, WorkState),
    /// The work is a child: its parent reclaims it.
    #[error("work {0} is a child: it is reclaimed when its parent settles")]
    Child(WorkId),
    /// This many works that are after the work have not settled.
    #[error("{1} works that are after {0} have not settled: reap it after them")]
    Dependents(WorkId, u32),
}
