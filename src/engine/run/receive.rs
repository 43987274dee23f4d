//! Taking the inbox: messages from other threads become wakes, cancels and calls.

use crate::engine::Engine;
use crate::engine::decision::{Candidate, DecisionKind};
use crate::engine::id::AttemptId;
use crate::engine::remote::inbox::Message;
use crate::engine::store::extension::AbortCause;
use crate::engine::store::flags::mark;

impl Engine {
    /// Takes the next message of this round.
    pub(crate) fn next_message(&mut self) -> Option<Message> {
        if self.messages.is_empty() {
            return None;
        }
        self.fruitless.stir();
        let index = self.decide_message();
        self.messages.remove(index)
    }

    /// Returns the index of the message that the decider picks.
    fn decide_message(&mut self) -> usize {
        if self.decider.is_none() || self.messages.len() < 2 {
            return 0;
        }
        // A message for an attempt that is over concerns no work any more.
        let slot_of = |message: &Message| match message {
            Message::Wake(attempt_id)
            | Message::WakerDropped(attempt_id)
            | Message::JobEnded(attempt_id, _) => Some(*attempt_id)
                .filter(|&w| self.arena.is_present(w))
                .map(|w| w.slot),
            Message::Cancel(id, _) => self.lookup(*id).ok(),
            Message::CancelAll(_) | Message::Unpinned | Message::Post(_) => None,
        };
        let candidates: Vec<Candidate> = self
            .messages
            .iter()
            .map(|message| self.candidate(slot_of(message)))
            .collect();
        self.decide(DecisionKind::Inbox, "", candidates.len(), &candidates)
    }

    /// Acts on a message.
    pub(crate) fn receive(&mut self, message: Message) {
        match message {
            Message::Wake(attempt_id) => self.remote_wake(attempt_id),
            Message::WakerDropped(attempt_id) => self.outside_lost(attempt_id),
            Message::Cancel(id, by) => {
                if let Ok(slot) = self.lookup(id) {
                    self.begin_abort(slot, AbortCause::Cancel(by));
                }
            }
            Message::CancelAll(by) => self.cancel_all_for(by),
            Message::JobEnded(attempt_id, id) => self.job_ended(attempt_id, id),
            Message::Unpinned => self.unpinned(),
            // `next_call` takes posts.
            Message::Post(_) => {}
        }
    }

    /// Wakes the work of an attempt whose remote waker was used.
    fn remote_wake(&mut self, attempt_id: AttemptId) {
        if !self.arena.is_present(attempt_id) {
            return;
        }
        let extension = self.arena.extension(attempt_id.slot);
        let waker = extension.and_then(|extension| extension.remote.as_ref()?.upgrade());
        if let Some(waker) = waker {
            waker.arrived();
        }
        // Even if the waker is gone by now, it has been used. So its loss is not held against the work.
        self.arena.at_mut(attempt_id.slot).marks &= !mark::DEAD_WAKER;
        self.wake_slot(attempt_id.slot);
    }
}
