//! What is left to be done between turns, and whether that is anything: one look, since it is asked after every turn.

use crate::engine::calls::{Call, Chain};
use crate::engine::id::AttemptId;
use crate::engine::panics::{Contained, Payload};
use crate::work::{WorkId, WorkOutcome};
use std::collections::VecDeque;

/// The key of a callback that a settled work has left, and what it is called with.
pub(crate) type Callback = (u32, WorkId, WorkOutcome);

/// Whether an abort that only jobs hold up goes on without them, instead of being forced.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forced {
    Always,
    UnlessOnlyJobsRun,
}

pub(crate) struct Deferred {
    /// Entries in all the queues, and one for the payload.
    entries: usize,
    /// Attempts that have nothing left to wait for: joined parents, drained aborts.
    finishing: VecDeque<u32>,
    /// FailFast parents a child of which has failed in this round.
    failing: VecDeque<AttemptId>,
    callbacks: VecDeque<Callback>,
    /// The end of an attempt whose hooks are being called.
    chain: Option<Chain>,
    /// Works whose aborts are forced, in the order in which they are dropped.
    forced: VecDeque<(u32, Forced)>,
    /// How many bodies wait to be entered.
    incoming: usize,
    /// Slots whose bodies are to be dropped, and keys of callbacks.
    bodies: VecDeque<u32>,
    unused: VecDeque<u32>,
    /// A panic that is not to be caught; of several the last.
    payload: Option<Contained<Payload>>,
}

impl Deferred {
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
            payload: None,
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.entries
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    pub fn finish(&mut self, slot: u32) {
        self.entries += 1;
        self.finishing.push_back(slot);
    }

    pub fn fail(&mut self, parent: AttemptId) {
        self.entries += 1;
        self.failing.push_back(parent);
    }

    pub fn begin_chain(&mut self, chain: Chain) {
        debug_assert!(
            self.chain.is_none(),
            "an attempt ends within the end of another"
        );
        self.entries += 1;
        self.chain = Some(chain);
    }

    pub fn chain(&mut self) -> Option<&mut Chain> {
        self.chain.as_mut()
    }

    pub fn end_chain(&mut self) -> Option<Chain> {
        self.entries -= self.chain.is_some() as usize;
        self.chain.take()
    }

    pub fn force(&mut self, slot: u32, forced: Forced) {
        self.entries += 1;
        self.forced.push_back((slot, forced));
    }

    pub fn next_forced(&mut self) -> Option<(u32, Forced)> {
        let next = self.forced.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    /// A work has come whose body waits with the shell.
    #[inline]
    pub fn expect_body(&mut self) {
        self.entries += 1;
        self.incoming += 1;
    }

    pub fn drop_body(&mut self, slot: u32) {
        self.entries += 1;
        self.bodies.push_back(slot);
    }

    pub fn drop_callback(&mut self, key: u32) {
        self.entries += 1;
        self.unused.push_back(key);
    }

    /// Bodies to be entered, then bodies and callbacks to be dropped.
    pub fn next_disposal(&mut self) -> Option<Call> {
        if self.incoming > 0 {
            self.entries -= std::mem::take(&mut self.incoming);
            return Some(Call::Incoming);
        }
        let body = self.bodies.pop_front().map(Call::Drop);
        let next = body.or_else(|| self.unused.pop_front().map(Call::DropCallback));
        self.entries -= next.is_some() as usize;
        next
    }

    pub fn call(&mut self, callback: Callback) {
        self.entries += 1;
        self.callbacks.push_back(callback);
    }

    pub fn let_through(&mut self, payload: Payload) {
        self.entries += self.payload.is_none() as usize;
        self.payload = Some(Contained::new(payload));
    }

    #[cfg_attr(not(debug_assertions), inline)]
    pub fn has_payload(&self) -> bool {
        self.payload.is_some()
    }

    pub fn take_payload(&mut self) -> Option<Payload> {
        self.entries -= self.payload.is_some() as usize;
        self.payload.take().map(Contained::into_inner)
    }

    pub fn next_finishing(&mut self) -> Option<u32> {
        let next = self.finishing.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    pub fn next_failing(&mut self) -> Option<AttemptId> {
        let next = self.failing.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    pub fn next_callback(&mut self) -> Option<Callback> {
        let next = self.callbacks.pop_front();
        self.entries -= next.is_some() as usize;
        next
    }

    pub fn has_failing(&self) -> bool {
        !self.failing.is_empty()
    }
}
