//! Nodes: schedulers with their applications, which may crash and start again.

use super::core::{Hook, Shared};
use crate::{Budget, Next, StallReport, Time, Wants, WorkId, WorkScheduler, WorkState};
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

/// Names a node of a [`Sim`](super::Sim): a scheduler with its application.
pub struct Node<C> {
    pub(super) number: usize,
    pub(super) of: PhantomData<fn() -> C>,
}

impl<C> Clone for Node<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Node<C> {}

impl<C> fmt::Debug for Node<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.number)
    }
}

/// A node with its application.
pub(super) struct Parts<C> {
    pub work: WorkScheduler<C>,
    /// `None` between two runs.
    pub app: Option<C>,
    /// The seed with which the scheduler was made or reset.
    pub seed: u64,
    /// The number of the node, what is wanted, and whether the engine draws, for which the scheduler has its decider.
    pub decided: Option<(u64, Wants, bool)>,
    /// How the node starts again after a crash, if it can.
    pub life: Option<Box<dyn Life<C>>>,
    /// Gives the scheduler what a reset takes from it.
    pub equip: Option<Equip<C>>,
    /// Whether the node has crashed and not started again.
    pub is_down: bool,
}

/// Gives a scheduler its offload.
pub(super) type Equip<C> = Box<dyn Fn(&mut WorkScheduler<C>)>;

/// What a node keeps over a crash, and how it starts.
pub(super) trait Life<C> {
    /// Keeps what is durable.
    fn keep(&mut self, app: &C);
    /// Starts with what was kept.
    fn start(&mut self, work: &mut WorkScheduler<C>) -> C;
}

/// The two closures of a node, and what the first has returned.
pub(super) struct Durable<D, K, S> {
    pub keep: K,
    pub start: S,
    pub kept: Option<D>,
}

impl<C, D, K, S> Life<C> for Durable<D, K, S>
where
    K: Fn(&C) -> D,
    S: FnMut(&mut WorkScheduler<C>, Option<D>) -> C,
{
    fn keep(&mut self, app: &C) {
        self.kept = Some((self.keep)(app));
    }

    fn start(&mut self, work: &mut WorkScheduler<C>) -> C {
        (self.start)(work, self.kept.take())
    }
}

impl<C: 'static> Parts<C> {
    pub fn new(work: WorkScheduler<C>, app: Option<C>, seed: u64) -> Self {
        Parts {
            work,
            app,
            seed,
            life: None,
            equip: None,
            is_down: false,
            decided: None,
        }
    }

    /// Lets the search decide, unless it does so already.
    #[inline]
    pub fn set_decider(&mut self, core: &Shared, decided: (u64, Wants, bool)) {
        if self.decided == Some(decided) {
            return;
        }
        self.decided = Some(decided);
        let (node, wants, _) = decided;
        self.work.set_decider(Some(Box::new(Hook {
            node,
            wants,
            draws: core.borrow().draws(),
            core: Rc::clone(core),
        })));
    }

    /// Begins a run of a spare node.
    pub fn begin(&mut self, app: C, seed: u64) {
        // Most often the node has been cleared for this seed.
        if self.seed != seed {
            self.clear(seed);
        }
        self.app = Some(app);
    }
}

/// A node whose application type is not known.
pub(super) trait AnyNode: Any {
    /// Returns when to crank next.
    fn next(&self) -> Next;
    /// Cranks with a budget, and returns how many turns there were, and when to crank again.
    fn crank(&mut self, now: Time, turns: u64) -> (u64, Next);
    /// Wakes a work, if it is still there.
    fn wake(&mut self, work: WorkId);
    /// Returns whether the node has not crashed.
    fn is_up(&self) -> bool;
    /// Drops all works, and keeps what is durable. The application stays to be looked at.
    fn crash(&mut self);
    /// Starts the node again.
    fn restart(&mut self, seed: u64);
    /// Returns how many works have settled.
    fn settled(&self) -> u64;
    /// Returns whether time must not go on.
    fn is_pinned(&self) -> bool;
    /// Returns the report of what the works wait for.
    fn stall(&self) -> StallReport;
    /// Returns the name of a work that lost its last waker, if there is one.
    fn lost_wake(&self) -> Option<String>;
    /// Returns whether a work has settled, or is gone.
    fn has_settled(&self, work: WorkId) -> bool;
    /// Lets the search decide, unless it does so already.
    fn decide_by(&mut self, core: &Shared, number: u64, wants: Wants);
    /// Drops the application and the works, and prepares the scheduler for a run with this seed.
    fn clear(&mut self, seed: u64);
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<C: 'static> AnyNode for Parts<C> {
    fn next(&self) -> Next {
        self.work.next()
    }

    fn crank(&mut self, now: Time, turns: u64) -> (u64, Next) {
        let Some(app) = &mut self.app else {
            return (0, Next::Idle);
        };
        let crank = self.work.crank_work(now, app, Budget::turns(turns));
        (crank.turns, crank.next)
    }

    fn wake(&mut self, work: WorkId) {
        // A work that has left in the meantime needs no wake.
        let _ = self.work.wake(work);
    }

    fn is_up(&self) -> bool {
        !self.is_down
    }

    fn crash(&mut self) {
        if let (Some(life), Some(app)) = (&mut self.life, &self.app) {
            life.keep(app);
        }
        self.work.reset(self.seed);
        self.is_down = true;
    }

    fn restart(&mut self, seed: u64) {
        self.work.reset(seed);
        if let Some(equip) = &self.equip {
            equip(&mut self.work);
        }
        if let Some(life) = &mut self.life {
            self.app = Some(life.start(&mut self.work));
        }
        self.is_down = false;
    }

    fn settled(&self) -> u64 {
        let metrics = self.work.metrics();
        metrics.success + metrics.failed + metrics.blocked + metrics.cancelled
    }

    fn is_pinned(&self) -> bool {
        self.work.is_time_pinned() || self.work.jobs_outside() > 0
    }

    fn stall(&self) -> StallReport {
        self.work.stall_report()
    }

    fn lost_wake(&self) -> Option<String> {
        // Most runs have no failure at all, and the look at all works is spared.
        if self.work.count(WorkState::Failed) == 0 {
            return None;
        }
        let all = self.work.snapshot();
        let mut lost = all.into_iter().filter(|work| {
            let failure = self.work.last_failure(work.id);
            // A parent that failed with its child has the child's failure as cause; the child itself is gone.
            failure.is_some_and(|failure| {
                matches!(failure.root().kind(), crate::FailureKind::LostWake)
            })
        });
        lost.next().map(|work| work.name.to_string())
    }

    fn has_settled(&self, work: WorkId) -> bool {
        self.work.state(work).is_none_or(WorkState::is_settled)
    }

    fn decide_by(&mut self, core: &Shared, number: u64, wants: Wants) {
        self.set_decider(core, (number, wants, core.borrow().is_drawn()));
    }

    fn clear(&mut self, seed: u64) {
        self.work.reset(seed);
        (self.life, self.equip) = (None, None);
        (self.app, self.seed, self.is_down) = (None, seed, false);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
