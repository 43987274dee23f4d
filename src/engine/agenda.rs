//! What is left to be done between turns, and whether that is anything: one look, since it is asked after every turn.

use super::inbox::Witness;
use super::panics::{Contained, Payload};
use crate::work::{WorkId, WorkOutcome};
use std::collections::VecDeque;

/// The key of a callback that a settled work has left, and what it is called with.
pub(crate) type Callback = (u32, WorkId, WorkOutcome);

pub(crate) struct Agenda {
    /// Entries in all the queues, and one for the payload.
    entries: usize,
    /// Attempts that have nothing left to wait for: joined parents, drained aborts.
    finishing: VecDeque<u32>,
    /// FailFast parents a child of which has failed in this round.
    failing: VecDeque<Witness>,
    callbacks: VecDeque<Callback>,
    /// A panic that is not to be caught; of several the last.
    payload: Option<Contained<Payload>>,
}

impl Agenda {
    pub fn new() -> Self {
        Agenda {
            entries: 0,
            finishing: VecDeque::new(),
            failing: VecDeque::new(),
            callbacks: VecDeque::new(),
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

    pub fn fail(&mut self, parent: Witness) {
        self.entries += 1;
        self.failing.push_back(parent);
    }

    pub fn call(&mut self, callback: Callback) {
        self.entries += 1;
        self.callbacks.push_back(callback);
    }

    pub fn let_through(&mut self, payload: Payload) {
        self.entries += self.payload.is_none() as usize;
        self.payload = Some(Contained::new(payload));
    }

    #[inline]
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

    pub fn next_failing(&mut self) -> Option<Witness> {
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
