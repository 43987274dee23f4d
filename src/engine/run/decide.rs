//! Decisions and draws: the engine's side of both.

use crate::engine::Engine;
use crate::engine::decision::{Candidate, Decision, DecisionKind};
use crate::engine::panics::contain;
use crate::engine::rng::Stream;
use crate::engine::store::names::{self, Purpose};
use crate::work::WorkId;

impl Engine {
    /// Returns the candidate for a work; `None` stands for an inbox entry without a work. O(depth).
    pub(crate) fn candidate(&self, slot: Option<u32>) -> Candidate {
        match slot {
            None => Candidate {
                id: None,
                key: 0,
                turn: 0,
                attempt: 0,
            },
            Some(slot) => {
                let record = self.arena.at(slot);
                let key = names::path_key(&self.arena, slot);
                Candidate {
                    id: Some(self.id(slot)),
                    key,
                    turn: record.turns,
                    attempt: self.arena.attempt(slot),
                }
            }
        }
    }

    /// Returns the index of the work that the decider picks; 0 without a choice.
    pub(crate) fn decide_slots(&mut self, kind: DecisionKind, slots: &[u32]) -> usize {
        if slots.len() < 2 {
            return 0;
        }
        let candidates: Vec<Candidate> = slots
            .iter()
            .map(|&slot| self.candidate(Some(slot)))
            .collect();
        self.decide(kind, "", slots.len(), &candidates)
    }

    /// Returns the decider's answer, or 0 without a decider. The caller has checked that there are two or more
    /// answers.
    pub(crate) fn decide(
        &mut self,
        kind: DecisionKind,
        site: &str,
        arity: usize,
        candidates: &[Candidate],
    ) -> usize {
        // Taken out, because the decision borrows the engine to print name paths.
        let Some(mut decider) = self.decider.take() else {
            return 0;
        };
        let path = |id: WorkId| {
            self.lookup(id)
                .map_or_else(|_| id.to_string(), |slot| names::path(&self.arena, slot))
        };
        let decision = Decision {
            kind,
            site,
            arity,
            candidates,
            path: &path,
        };
        let answer = contain(|| decider.decide(&decision));
        self.decider = Some(decider);
        match answer {
            Ok(answer) => answer.min(arity - 1),
            Err(payload) => {
                self.note_callback(Err(payload));
                0
            }
        }
    }

    /// Returns the answer to a decision that a work asks for.
    pub(crate) fn decide_for(
        &mut self,
        kind: DecisionKind,
        site: &str,
        arity: usize,
        slot: u32,
    ) -> usize {
        if self.decider.is_none() || arity < 2 {
            return 0;
        }
        let asks = [self.candidate(Some(slot))];
        self.decide(kind, site, arity, &asks)
    }

    /// Returns a work's own stream, and makes it on the first draw. O(depth) then.
    pub(crate) fn stream_of(&mut self, slot: u32) -> &mut Stream {
        let extension = self.arena.extension(slot);
        // Only a new stream needs the key, which costs O(depth).
        let key = match extension.and_then(|extension| extension.stream.as_ref()) {
            Some(_) => 0,
            None => names::path_key(&self.arena, slot),
        };
        let seed = self.settings.seed;
        let stream = &mut self.arena.extension_or_new(slot).stream;
        stream.get_or_insert_with(|| names::stream(seed, Purpose::Work, key, 0))
    }
}
