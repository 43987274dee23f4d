//! Deferred entries: what is to be done between turns. One number counts all of them, since the engine asks after
//! every turn.
//!
//! Invariant: `entries` is the sum over all queues. Each function changes a queue and the number together.
//!
//! The kinds have an order: the chain under way, forced drops, bodies that come and go, attempts that finish,
//! callbacks. FailFast parents wait for the end of the round (L13). See `run/round.rs`.
//!
//! Trap: an entry may be stale by the time it is taken, because calls come in between. A function that takes an entry
//! checks its conditions anew.
//!
//! | entry | who enters it | what takes it |
//! | --- | --- | --- |
//! | chain | `begin_chain` | `next_of_chain` |
//! | forced | `grace_is_over`, `after_abort_turn` | `next_forced` |
//! | incoming body | the shell | the call `Incoming` |
//! | body | `remove` | the call `Drop` |
//! | unused callback | `remove` | the call `DropCallback` |
//! | finishing | `child_settled`, `drained`, ends of jobs | `finish_one` |
//! | callback | `after_settling` | the call `Settled` |
//! | failing | `child_settled`, the beginning of a doomed attempt | `fail_with_child` |
//! | payload | a panic that is not caught | `end_crank` |

use crate::engine::calls::{Call, Chain};
use crate::engine::id::AttemptId;
use crate::engine::panics::{Contained, Payload};
use crate::work::{WorkId, WorkOutcome};
use std::collections::VecDeque;

/// The key of a callback, the work that has settled, and its outcome. The key is that of the shell's slab of callbacks.
pub(crate) type Callback = (u32, WorkId, WorkOutcome);

/// When an abort is forced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forced {
    /// In any case.
    Always,
    /// Unless only jobs hold it up. The abort then goes on without them.
    UnlessOnlyJobsRun,
}

/// The deferred entries of one scheduler, by kind.
pub(crate) struct Deferred {
    /// How many entries all the queues have; the payload counts as one. A look between turns reads this number only.
    entries: usize,
    /// Works whose attempts have nothing left to wait for: joined parents, drained aborts.
    finishing: VecDeque<u32>,
    /// FailFast parents with a child that has failed in this round. They are named by attempt: a later attempt must not
    /// fail for a child of this one.
    failing: VecDeque<AttemptId>,
    /// Callbacks of settled works.
    callbacks: VecDeque<Callback>,
    /// The end of an attempt whose hooks are being called. There is at most one, since hooks cannot crank.
    chain: Option<Chain>,
    /// Works whose aborts are forced, in the order in which their bodies are dropped.
    forced: VecDeque<(u32, Forced)>,
    /// How many bodies wait to be entered. The shell has them, and enters all in one call.
    incoming: usize,
    /// Slots whose bodies are to be dropped. These slots have left and are not free yet.
    bodies: VecDeque<u32>,
    /// Keys of callbacks that are to be dropped without a call.
    unused: VecDeque<u32>,
    /// Whether the decider is to hear of the last turn.
    report: bool,
    /// The payload of a panic that is not to be caught; of several, the last. The crank lets it through at its end.
    payload: Option<Contained<Payload>>,
}

impl Deferred {
    /// Returns empty queues.
    pub fn new() -> Self {
        Deferred {
            entries: 0,
            finishing: VecDeque::new(),
            failing: VecDeque::new(),
            callbacks: VecDeque::new(),
            chain: None,
            forced: VecDeque::new(),
            incoming: 0,
            bodies: VecDeque::new(),
            unused: VecDeque::new(),
            report: false,
            payload: None,
        }
    }

    /// Forgets all entries, but keeps the room.
    #[inline]
    pub fn clear(&mut self) {
        if self.entries > 0 {
            *self = Deferred::new();
        }
    }

    /// Returns how many entries there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Returns whether there is nothing to do between turns.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Adds a work whose attempt has nothing left to wait for. It may be entered more than once.
    pub fn finish(&mut self, slot: u32) {
        self.entries += 1;
        self.finishing.push_back(slot);
    }

    /// Adds a FailFast parent with a failed child. Its attempt fails at the end of the round.
    pub fn fail(&mut self, parent: AttemptId) {
        self.entries += 1;
        self.failing.push_back(parent);
    }

    /// Begins the end of an attempt. Its hooks are the next calls.
    pub fn begin_chain(&mut self, chain: Chain) {
        // Hooks cannot crank, so no other attempt can end between the hooks of this one.
        debug_assert!(
            self.chain.is_none(),
            "an attempt ends within the end of another"
        );
        self.entries += 1;
        self.chain = Some(chain);
    }

    /// Returns the end of an attempt that is under way.
    pub fn chain(&mut self) -> Option<&mut Chain> {
        self.chain.as_mut()
    }

    /// Takes the end of an attempt that is under way.
    pub fn end_chain(&mut self) -> Option<Chain> {
        self.entries -= self.chain.is_some() as usize;
        self.chain.take()
    }

    /// Adds a work whose abort is forced. Entries are dealt with in this order, so children go before their parents.
    pub fn force(&mut self, slot: u32, forced: Forced) {
        self.entries += 1;
        self.forced.push_back((slot, forced));
    }

    /// Takes the next work whose abort is forced.
    pub fn next_forced(&mut self) -> Option<(u32, Forced)> {
        let next = self.forced.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    /// Notes that the shell has a body to enter. It calls this once for each body that a turn has added.
    #[inline]
    pub fn expect_body(&mut self) {
        self.entries += 1;
        self.incoming += 1;
    }

    /// Adds a body that is to be dropped. The shell tells the engine the result, which frees the slot.
    pub fn drop_body(&mut self, slot: u32) {
        self.entries += 1;
        self.bodies.push_back(slot);
    }

    /// Adds a callback that is to be dropped without a call.
    pub fn drop_callback(&mut self, key: u32) {
        self.entries += 1;
        self.unused.push_back(key);
    }

    /// Returns the next call for bodies to be entered, then for bodies to be dropped, then for callbacks to be
    /// dropped.
    pub fn next_disposal(&mut self) -> Option<Call> {
        // Bodies enter first, because a work that came and went in one turn has its body dropped after that.
        if self.incoming > 0 {
            self.entries -= std::mem::take(&mut self.incoming);
            return Some(Call::Incoming);
        }
        let next = match (self.bodies.pop_front(), self.unused.front()) {
            (Some(slot), _) => Call::Drop(slot),
            (None, Some(&key)) => {
                self.unused.pop_front();
                Call::DropCallback(key)
            }
            (None, None) => return None,
        };
        self.entries -= 1;
        Some(next)
    }

    /// Adds a callback. It is called once, with the outcome as it is now.
    pub fn call(&mut self, callback: Callback) {
        self.entries += 1;
        self.callbacks.push_back(callback);
    }

    /// Keeps the payload of a panic until the crank can let it through.
    pub fn let_through(&mut self, payload: Payload) {
        // Only one panic can come through a crank. The last one is kept, and replaces the one before.
        self.entries += self.payload.is_none() as usize;
        self.payload = Some(Contained::new(payload));
    }

    /// Returns whether the crank has a panic to let through.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn has_payload(&self) -> bool {
        self.payload.is_some()
    }

    /// Takes the payload of the panic to let through.
    pub fn take_payload(&mut self) -> Option<Payload> {
        self.entries -= self.payload.is_some() as usize;
        self.payload.take().map(Contained::into_inner)
    }

    /// Takes the next work whose attempt has nothing left to wait for.
    pub fn next_finishing(&mut self) -> Option<u32> {
        let next = self.finishing.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    /// Takes the next FailFast parent with a failed child.
    pub fn next_failing(&mut self) -> Option<AttemptId> {
        let next = self.failing.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    /// Takes the next callback.
    pub fn next_callback(&mut self) -> Option<Callback> {
        let next = self.callbacks.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    /// Lets the decider hear of the turn that begins, once nothing else is to be done after it.
    pub fn report_turn(&mut self) {
        self.entries += !self.report as usize;
        self.report = true;
    }

    /// Takes the report of the last turn, if there is one.
    pub fn next_report(&mut self) -> bool {
        self.entries -= self.report as usize;
        std::mem::take(&mut self.report)
    }

    /// Returns whether a FailFast parent has a failed child.
    pub fn has_failing(&self) -> bool {
        !self.failing.is_empty()
    }
}
