//! Taking the inbox: messages from other threads become wakes, cancels and calls.

use crate::engine::Engine;
use crate::engine::decision::{Asked, DecisionKind};
use crate::engine::id::AttemptId;
use crate::engine::remote::inbox::{Message, Sender};
use crate::engine::store::extension::AbortCause;
use crate::engine::store::flags::mark;
use crate::engine::store::record::NONE;

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

    /// Returns the index of the message that the decider picks among the first ones of each sender.
    fn decide_message(&mut self) -> usize {
        if self.deciding.is_none() || self.messages.len() < 2 {
            return 0;
        }
        let mut asked = self.take_asked();
        let mut heads: Vec<(Sender, usize)> = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            let sender = message.sender();
            if sender == Sender::Everybody && index > 0 {
                break;
            }
            if heads.iter().all(|&(known, _)| known != sender) {
                heads.push((sender, index));
                let slot = self.slot_of(message).unwrap_or(NONE);
                asked.push(Asked::work(slot));
            }
            if sender == Sender::Everybody {
                break;
            }
        }
        heads[self.decide_among(DecisionKind::Inbox, asked)].1
    }

    /// Returns the work that a message concerns. A message for an attempt that is over concerns no work any more.
    fn slot_of(&self, message: &Message) -> Option<u32> {
        match message {
            Message::Wake(attempt_id)
            | Message::WakerDropped(attempt_id)
            | Message::JobEnded(attempt_id, _) => Some(*attempt_id)
                .filter(|&w| self.arena.is_present(w))
                .map(|w| w.slot),
            Message::Cancel(id, ..) => self.lookup(*id).ok(),
            Message::CancelAll(..) | Message::Unpinned | Message::Post(..) => None,
        }
    }

    /// Acts on a message.
    pub(crate) fn receive(&mut self, message: Message) {
        match message {
            Message::Wake(attempt_id) => self.remote_wake(attempt_id),
            Message::WakerDropped(attempt_id) => self.outside_lost(attempt_id),
            Message::Cancel(id, by, _) => {
                if let Ok(slot) = self.lookup(id) {
                    self.begin_abort(slot, AbortCause::Cancel(by));
                }
            }
            Message::CancelAll(by, _) => self.cancel_all_for(by),
            Message::JobEnded(attempt_id, id) => self.job_ended(attempt_id, id),
            Message::Unpinned => self.unpinned(),
            // `next_call` takes posts.
            Message::Post(..) => {}
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
