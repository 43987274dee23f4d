//! One error type per operation; each message says what to do.

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
        "work {0} has settled and been reclaimed: take what you need before you reap it, or keep it with `Retain::All`"
    )]
    Reclaimed(WorkId),
    /// The id comes from another scheduler.
    #[error("work {0} belongs to another scheduler: use the scheduler that returned this id")]
    Foreign(WorkId),
}

/// The works on a cycle, in order; the first needs the last. The one that was to be added has no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CyclePath(pub Vec<(Option<WorkId>, Name)>);

impl fmt::Display for CyclePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_circle(f, self.0.iter().map(|(_, name)| name))
    }
}

fn write_circle(
    f: &mut fmt::Formatter<'_>,
    works: impl ExactSizeIterator<Item = impl fmt::Display> + Clone,
) -> fmt::Result {
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

/// Why a work was not added.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddError {
    /// `shutdown` has been called.
    #[error("the scheduler is shutting down: add works before `shutdown`")]
    ShutDown,
    /// The parent is not there.
    #[error("parent: {0}")]
    Parent(UnknownWork),
    /// A dependency is not there.
    #[error("dependency: {0}")]
    Dependency(UnknownWork),
    /// The parent can take no more children.
    #[error("parent {0} is {1}: add children before it settles, is cancelled or aborts")]
    ParentDone(WorkId, WorkState),
    /// `spawn` in a hook or in `on_abort`.
    #[error(
        "spawn in a hook or while aborting: the attempt is over; spawn in `poll`, or use `spawn_root`"
    )]
    NotInATurn,
    /// The work would wait for itself.
    #[error("it would wait for itself: {0}; leave out one of these")]
    Cycle(CyclePath),
    /// No pool has that name.
    #[error(
        "there is no pool `{0}`: make it with `WorkSchedulerConfig::pool` or `set_pool_capacity` first"
    )]
    NoSuchPool(Name),
    /// It needs more permits than the pool has.
    #[error(
        "it needs {weight} of pool `{pool}`, which has {capacity}: lower the weight or raise the capacity"
    )]
    AboveCapacity {
        /// The pool.
        pool: Name,
        /// What the work needs of it.
        weight: u64,
        /// What it has.
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

/// Why a graph was not added.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddGraphError {
    /// An edge is between works of which one is not in the graph.
    #[error(
        "edge {edge} names work {work}, but the graph has {works}, counted from 0: mend the edge or add more works"
    )]
    NoSuchWork {
        /// The edge, counted from 0.
        edge: usize,
        /// The work that it names.
        work: usize,
        /// How many there are.
        works: usize,
    },
    /// These works, each after the one before it, and the first after the last, would wait for themselves.
    #[error("these works would wait for themselves: {}; leave out an edge", Circle(.0))]
    Cycle(Vec<usize>),
    /// [`Limits::edges`](crate::Limits) would be exceeded. There are so many.
    #[error(
        "with the {0} dependencies that there are it would be too many: reap settled works, or raise `Limits::edges`"
    )]
    TooManyEdges(usize),
    /// The spec of this work names another of the graph by its id, which an event sink can have told it.
    #[error(
        "work {0} of the graph names another of it in its spec: use an edge, or add it after the graph"
    )]
    Inward(usize),
    /// A work was refused.
    #[error("work {work} of the graph: {error}")]
    Refused {
        /// Which one, counted from 0.
        work: usize,
        /// Why.
        error: AddError,
    },
}

/// The works of a cycle by position, the first once more at the end.
struct Circle<'a>(&'a [usize]);

impl fmt::Display for Circle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_circle(f, self.0.iter())
    }
}

/// A spec that was refused, with the reason: nothing is lost.
pub struct Refused<S> {
    /// Why.
    pub error: AddError,
    /// What was to be added.
    pub spec: S,
}

impl<S> fmt::Debug for Refused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Why a dependency was not added.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DependencyError {
    /// The work that is to come first is not there.
    #[error("the work before: {0}")]
    Before(UnknownWork),
    /// The work that is to wait is not there.
    #[error("the work after: {0}")]
    After(UnknownWork),
    /// The work that is to wait has started.
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

/// Why a work was not restarted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestartError {
    /// It is not there.
    #[error(transparent)]
    Unknown(#[from] UnknownWork),
    /// It has not settled.
    #[error("work {0} is {1}: restart it after it has settled")]
    NotSettled(WorkId, WorkState),
    /// `shutdown` has been called.
    #[error("the scheduler is shutting down: restart works before `shutdown`")]
    ShutDown,
    /// Its parent has settled or is aborting.
    #[error("the parent of {0} has settled or is aborting: restart the parent instead")]
    ParentDone(WorkId),
    /// Its open dependencies wait for it by now.
    #[error("it would wait for itself: {0}; restart the others first, or add it anew")]
    Cycle(CyclePath),
    /// It panicked or was dropped by a forced abort, so there is nothing left to run.
    #[error("work {0} panicked or was dropped by a forced abort: add it anew")]
    Gone(WorkId),
}

/// Why a work was not reaped.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReapError {
    /// It is not there.
    #[error(transparent)]
    Unknown(#[from] UnknownWork),
    /// It has not settled.
    #[error("work {0} is {1}: reap it after it has settled")]
    NotSettled(WorkId, WorkState),
    /// Its parent reclaims it.
    #[error("work {0} is a child: it is reclaimed when its parent settles")]
    Child(WorkId),
    /// Works that are after it have not settled.
    #[error("{1} works that are after {0} have not settled: reap it after them")]
    Dependents(WorkId, u32),
}
