//! Deciders for orders that need no memory of what has happened.

use super::{Decider, Decision, DecisionKind, Draws, Wants};
use crate::engine::rng::Stream;
use std::rc::Rc;

/// Gives the first answer always: production order, with decisions counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fifo;

impl Decider for Fifo {
    fn decide(&mut self, _: &Decision<'_>) -> usize {
        0
    }
}

/// Gives the last candidate of every order. No fault fires, and a work's own `choose` gets its first answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lifo;

impl Decider for Lifo {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        match decision.kind() {
            DecisionKind::Fault | DecisionKind::Choose => 0,
            _ => decision.arity() - 1,
        }
    }
}

/// Draws every order and every answer of a work's own `choose`, all equally likely. No fault fires.
///
/// A search with a loop of its own keeps the draws, and begins each run with another stream.
///
/// ```
/// use crankwork::{Budget, Draws, RandomOrder, Stream, Time, WorkContext, WorkScheduler};
/// use std::collections::BTreeSet;
/// use std::rc::Rc;
/// use std::task::Poll;
///
/// let draws = Rc::new(Draws::recorded(Stream::default()));
/// let mut work = WorkScheduler::<String>::new(Default::default());
/// work.set_decider(Some(Box::new(RandomOrder::of(&draws).free_rounds())));
/// let mut orders = BTreeSet::new();
/// for seed in 0..100 {
///     work.reset(seed);
///     draws.clear();
///     draws.set_stream(Stream::new(seed));
///     for name in ["a", "b"] {
///         let mut turns = 0;
///         work.add_fn(name, move |cx: &mut WorkContext<'_, String>| {
///             cx.app.push_str(name);
///             turns += 1;
///             if turns == 3 { Poll::Ready(Ok(())) } else { cx.yield_now() }
///         })?;
///     }
///     let mut log = String::new();
///     let _ = work.crank_work(Time::ZERO, &mut log, Budget::unlimited());
///     // The answers lead to this order again.
///     orders.insert((log, draws.answers()));
/// }
/// assert_eq!(orders.len(), 20);
/// # Ok::<(), crankwork::AddError>(())
/// ```
#[derive(Debug)]
pub struct RandomOrder {
    draws: Rc<Draws>,
    wants: Wants,
}

impl RandomOrder {
    /// Returns the decider that draws from `seed`.
    pub fn new(seed: u64) -> Self {
        RandomOrder::of(&Rc::new(Draws::new(Stream::new(seed))))
    }

    /// Returns the decider that draws from `draws`.
    pub fn of(draws: &Rc<Draws>) -> Self {
        RandomOrder {
            draws: Rc::clone(draws),
            wants: Wants::NOTHING,
        }
    }

    /// Also draws among the works of the next round: see [`Wants::free_rounds`].
    pub fn free_rounds(mut self) -> Self {
        self.wants.free_rounds = true;
        self
    }
}

impl Decider for RandomOrder {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        match decision.kind() {
            DecisionKind::Fault => 0,
            _ => self.draws.draw(decision.arity()),
        }
    }

    fn wants(&self) -> Wants {
        self.wants
    }

    fn draws(&self) -> Option<Rc<Draws>> {
        Some(Rc::clone(&self.draws))
    }
}
