//! Taking the inbox: what other threads have sent becomes wakes, cancels and calls.

use crate::engine::Engine;
use crate::engine::decision::{Candidate, DecisionKind};
use crate::engine::id::AttemptId;
use crate::engine::remote::inbox::Mail;
use crate::engine::store::record::{AbortCause, mark};

impl Engine {
    /// Takes the next message of this round.
    pub(crate) fn next_mail(&mut self) -> Option<Mail> {
        if self.mail.is_empty() {
            return None;
        }
        self.fruitless.stir();
        let index = self.decide_mail();
        self.mail.remove(index)
    }

    fn decide_mail(&mut self) -> usize {
        if self.decider.is_none() || self.mail.len() < 2 {
            return 0;
        }
        let slot_of = |mail: &Mail| match mail {
            Mail::Wake(attempt_id)
            | Mail::WakerDropped(attempt_id)
            | Mail::JobEnded(attempt_id, _) => Some(*attempt_id)
                .filter(|&w| self.arena.is_present(w))
                .map(|w| w.slot),
            Mail::Cancel(id, _) => self.lookup(*id).ok(),
            Mail::CancelAll(_) | Mail::Unpinned | Mail::Post(_) | Mail::Mark => None,
        };
        let candidates: Vec<Candidate> = self
            .mail
            .iter()
            .map(|mail| self.candidate(slot_of(mail)))
            .collect();
        self.decide(DecisionKind::Inbox, "", candidates.len(), &candidates)
    }

    pub(crate) fn receive(&mut self, mail: Mail) {
        match mail {
            Mail::Wake(attempt_id) => self.remote_wake(attempt_id),
            Mail::WakerDropped(attempt_id) => self.outside_lost(attempt_id),
            Mail::Cancel(id, by) => {
                if let Ok(slot) = self.lookup(id) {
                    self.begin_abort(slot, AbortCause::Cancel(by));
                }
            }
            Mail::CancelAll(by) => self.cancel_all_for(by),
            Mail::JobEnded(attempt_id, id) => self.job_ended(attempt_id, id),
            Mail::Unpinned => self.unpinned(),
            // The inbox takes the one, and the caller the other.
            Mail::Mark | Mail::Post(_) => {}
        }
    }

    fn remote_wake(&mut self, attempt_id: AttemptId) {
        if !self.arena.is_present(attempt_id) {
            return;
        }
        let extension = self.arena.extension(attempt_id.slot);
        let waker = extension.and_then(|extension| extension.remote.as_ref()?.upgrade());
        if let Some(waker) = waker {
            waker.arrived();
        }
        // Even if the waker is gone by now, it has been used: its loss is not held against the work.
        self.arena.at_mut(attempt_id.slot).marks &= !mark::DEAD_WAKER;
        self.wake_slot(attempt_id.slot);
    }
}
