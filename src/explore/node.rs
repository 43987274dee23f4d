//! Nodes, and links between them.

use super::core::{Hook, Shared};
use crate::{Next, Time, Wants, WorkId, WorkScheduler, WorkState};
use std::any::Any;
use std::cell::RefCell;
use std::collections::VecDeque;
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
    /// The number of the node and what is wanted, for which the scheduler has its decider.
    pub decided: Option<(u64, Wants)>,
}

/// A node whose application type is not known.
pub(super) trait AnyNode: Any {
    /// Returns when to crank next.
    fn next(&self) -> Next;
    /// Cranks with a budget, and returns how many turns there were.
    fn crank(&mut self, now: Time, turns: u64) -> u64;
    /// Returns whether time must not go on.
    fn is_pinned(&self) -> bool;
    /// Returns the report of what the works wait for.
    fn stall(&self) -> String;
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

    fn crank(&mut self, now: Time, turns: u64) -> u64 {
        let Some(app) = &mut self.app else {
            return 0;
        };
        self.work
            .crank_work(now, app, crate::Budget::turns(turns))
            .turns
    }

    fn is_pinned(&self) -> bool {
        self.work.is_time_pinned() || self.work.jobs_outside() > 0
    }

    fn stall(&self) -> String {
        self.work.stall_report().to_string()
    }

    fn lost_wake(&self) -> Option<String> {
        // Most runs have no failure at all, and the look at all works is spared.
        if self.work.metrics().failed == 0 {
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
        if self.decided == Some((number, wants)) {
            return;
        }
        self.decided = Some((number, wants));
        self.work.set_decider(Some(Box::new(Hook {
            core: Rc::clone(core),
            node: number,
            wants,
        })));
    }

    fn clear(&mut self, seed: u64) {
        self.work.reset(seed);
        (self.app, self.seed) = (None, seed);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Sends messages to a node. They arrive in order, and when is a decision.
pub struct Link<M> {
    pub(super) queue: Rc<RefCell<VecDeque<M>>>,
}

impl<M> Clone for Link<M> {
    fn clone(&self) -> Self {
        Link {
            queue: Rc::clone(&self.queue),
        }
    }
}

impl<M> fmt::Debug for Link<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({} under way)", self.queue.borrow().len())
    }
}

impl<M> Link<M> {
    /// Sends a message.
    pub fn send(&self, message: M) {
        self.queue.borrow_mut().push_back(message);
    }
}

/// A link whose types are not known.
pub(super) trait AnyLink {
    fn is_empty(&self) -> bool;
    /// Hands the first message to the node.
    fn deliver(&mut self, node: &mut dyn AnyNode);
    fn node(&self) -> usize;
    /// Returns the name by which reports and items call the link.
    fn name(&self) -> &str;
    /// Returns how many messages have been handed out.
    fn taken(&self) -> u32;
}

/// What a node does with a message.
type Handler<C, M> = Box<dyn FnMut(&mut C, &mut WorkScheduler<C>, M)>;

pub(super) struct Delivery<C, M> {
    pub name: String,
    pub taken: u32,
    pub queue: Rc<RefCell<VecDeque<M>>>,
    pub node: usize,
    pub handler: Handler<C, M>,
}

impl<C: 'static, M> AnyLink for Delivery<C, M> {
    fn is_empty(&self) -> bool {
        self.queue.borrow().is_empty()
    }

    fn deliver(&mut self, node: &mut dyn AnyNode) {
        let message = self.queue.borrow_mut().pop_front();
        let node = node.as_any_mut().downcast_mut::<Parts<C>>();
        if let (
            Some(message),
            Some(Parts {
                work,
                app: Some(app),
                ..
            }),
        ) = (message, node)
        {
            self.taken += 1;
            (self.handler)(app, work, message);
        }
    }

    fn node(&self) -> usize {
        self.node
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn taken(&self) -> u32 {
        self.taken
    }
}
