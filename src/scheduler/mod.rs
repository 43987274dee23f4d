//! The shell around the engine: the code that has to be generic over the application.
//!
//! Invariant: the shell decides nothing. It lends the application, keeps the bodies of works, makes the calls that the
//! engine asks for, catches their panics, and tells the engine. All else is in [`engine`](crate::engine), which names
//! no application type and is compiled once.
//!
//! Deliberately absent: states, queues and timers. The compiler builds the shell anew for each application type, so the
//! shell is kept small.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `crank` | the loop, within a budget |
//! | `turn`, `call` | one turn; the calls between turns |
//! | `bodies` | boxes, and columns for graphs of one type |
//! | `add`, `add_graph` | taking in works |
//! | `api`, `attach` | public calls that go straight to the engine |
//! | `measured` | the metrics of groups of works |
//! | `status` | what works say of themselves |
//! | `wall` | the host's clock, and what it has measured |
//! | `context` | what a work may do in its turn: children, sources, jobs, its output |
//! | `posts` | closures from other threads |
//!
//! A turn that yields: `crank` asks the engine for a slot, and `turn` has the engine mark the turn's beginning.
//! `bodies` calls the work with a [`WorkContext`] that borrows [`Lent`] and the application, and the engine takes the
//! answer. The engine holds the time, which is set once a crank.

mod add;
mod add_graph;
mod api;
#[cfg(feature = "mio")]
mod attach;
pub(crate) mod bodies;
mod call;
mod context;
mod crank;
mod measured;
pub(crate) mod posts;
mod status;
mod turn;
mod wall;

#[cfg(feature = "mio")]
pub use context::Sources;
pub use context::{Children, WorkContext};
pub use crank::Budget;
pub use posts::{PostError, Remote};

use crate::engine::{Engine, WorkSchedulerConfig};
use crate::work::Completion;
use bodies::{Bodies, Body};
use slab::Slab;
use std::fmt;
use std::marker::PhantomData;

/// Runs works: see the [crate's page](crate).
///
/// Calls that only read are O(1) unless they say otherwise. Calls that change something make an earlier
/// [`Next`](crate::Next) stale. A scheduler is not `Send`; works need not be.
pub struct WorkScheduler<C: ?Sized> {
    // The program's values are dropped before the engine, which forgets the panics of these drops.
    pub(crate) bodies: Bodies<C>,
    posts: posts::Posts<C>,
    pub(crate) lent: Lent<C>,
    cranking: Cranking,
    not_send: PhantomData<*const ()>,
}

/// How the next crank goes. One value for all, so that a crank with nothing to do looks once.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cranking {
    /// With turns and nothing else.
    Plain,
    /// With measures of turns or works.
    Measured,
    /// Not at all, since a closure that was posted to the scheduler is being called.
    Inside,
}

impl Cranking {
    /// Returns how the next crank goes outside of posted closures.
    fn of(engine: &Engine) -> Self {
        match engine.is_measured() {
            true => Cranking::Measured,
            false => Cranking::Plain,
        }
    }
}

/// What a work borrows during its turn besides the application: all but the bodies, since its own body is being called.
pub(crate) struct Lent<C: ?Sized> {
    /// The bodies of works that were added in this turn.
    incoming: Vec<(u32, Body<C>)>,
    /// The callbacks of `on_settled`, by the key in the work's record.
    callbacks: Slab<Completion<C>>,
    pub engine: Engine,
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Makes an empty scheduler at time zero.
    pub fn new(config: WorkSchedulerConfig) -> Self {
        let inbox = config.limits.inbox;
        let engine = Engine::new(config);
        WorkScheduler {
            cranking: Cranking::of(&engine),
            lent: Lent {
                engine,
                incoming: Vec::new(),
                callbacks: Slab::new(),
            },
            bodies: Bodies::new(),
            posts: posts::Posts::new(inbox),
            not_send: PhantomData,
        }
    }

    /// Returns a handle that reaches this scheduler from any thread.
    pub fn remote(&self) -> Remote<C> {
        Remote::new(self.lent.engine.inbox.share(), &self.posts)
    }
}

impl<C: ?Sized> fmt::Debug for WorkScheduler<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = &self.lent.engine;
        f.debug_struct("WorkScheduler")
            .field("now", &engine.now)
            .field("works", &engine.arena.len())
            .field("unsettled", &engine.recorder.unsettled())
            .finish_non_exhaustive()
    }
}
