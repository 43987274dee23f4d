//! Decisions and draws: the engine's side of both.

use crate::engine::Engine;
use crate::engine::decision::{
    Asked, Candidate, Decider, Deciding, Decision, DecisionKind, Last, Lookup, Subject, Turned,
    Wants,
};
use crate::engine::panics::{Contained, Payload, contain};
use crate::engine::rng::Stream;
use crate::engine::store::flags::flag;
use crate::engine::store::keys::Keys;
use crate::engine::store::names::{self, Purpose};
use crate::engine::store::record::NONE;
use crate::work::{WorkId, WorkState};

/// The candidates of a decision.
#[derive(Clone, Copy)]
pub(super) enum Among<'a> {
    /// These.
    These(&'a [Asked]),
    /// The first works of the ready ring, which has no gaps: so many.
    Ready(usize),
}

impl Among<'_> {
    /// No candidates: the decider is told something.
    const NOBODY: Among<'static> = Among::These(&[]);

    fn len(self) -> usize {
        match self {
            Among::These(asked) => asked.len(),
            Among::Ready(works) => works,
        }
    }
}

/// The engine as a decider sees it.
struct View<'a> {
    engine: &'a Engine,
    keys: &'a Keys,
    among: Among<'a>,
    /// See [`Candidate::visit`].
    visit: u32,
}

impl View<'_> {
    /// Returns the candidate for a work.
    fn of(&self, asked: Asked) -> Candidate {
        let (arena, slot) = (&self.engine.arena, asked.slot);
        if slot == NONE {
            return Candidate::NOBODY;
        }
        let record = arena.at(slot);
        // One numbering for all kinds: a work in its turn has that turn, any other has its next one.
        let coming = !record.flags.has(flag::IN_TURN) as u32;
        Candidate {
            id: Some(self.engine.id(slot)),
            key: self.keys.get(arena, slot),
            turn: record.turns.saturating_add(coming),
            attempt: arena.attempt(slot),
            timer: asked.timer,
            visit: self.visit,
        }
    }
}

impl Lookup for View<'_> {
    fn candidate(&self, index: usize) -> Candidate {
        self.of(match self.among {
            Among::These(asked) => asked[index],
            Among::Ready(_) => Asked::work(self.engine.ready.nth(index)),
        })
    }

    fn path(&self, id: WorkId) -> String {
        let arena = &self.engine.arena;
        let incarnation = |slot| self.keys.incarnation(arena, slot);
        self.engine.lookup(id).map_or_else(
            |_| id.to_string(),
            |slot| names::path(arena, slot, incarnation),
        )
    }

    fn state(&self, id: WorkId) -> Option<WorkState> {
        self.engine.state(id)
    }
}

impl Engine {
    /// Sets the decider, and asks what it wants. `None` is production.
    pub(crate) fn set_decider(&mut self, decider: Option<Box<dyn Decider>>) {
        let former = self.deciding.take();
        let Some(decider) = decider.map(Contained::new) else {
            return;
        };
        let said = contain(|| (decider.wants(), decider.draws()));
        let (wants, draws) = said.unwrap_or_else(|payload| {
            self.note_callback(Err(payload));
            (Wants::NOTHING, None)
        });
        // A search sets a decider for each run, so the memory of the former one is used again.
        let mut deciding = match former {
            Some(mut deciding) => {
                deciding.reset();
                deciding.decider = decider;
                deciding
            }
            None => Box::new(Deciding::new(decider)),
        };
        deciding.set_wants(wants, draws);
        self.deciding = Some(deciding);
    }

    /// Returns what the decider wants; nothing without one.
    pub(super) fn wants(&self) -> Wants {
        let deciding = self.deciding.as_ref();
        deciding.map_or(Wants::NOTHING, |deciding| deciding.wants)
    }

    /// Sees to what is kept of a work that is about to leave.
    #[cold]
    pub(crate) fn leave_decider(&mut self, slot: u32) {
        let id = self.id(slot);
        if let Some(deciding) = &mut self.deciding {
            deciding.keys.settle(&self.arena);
            if matches!(deciding.last, Last::Slot(last) if last == slot) {
                deciding.last = Last::Left(id);
            }
        }
    }

    /// Gives a new work its key, if there is a decider.
    #[inline]
    pub(crate) fn enter_key(&mut self, slot: u32) {
        if let Some(deciding) = &mut self.deciding {
            deciding.keys.enter(&self.arena, slot);
        }
    }

    /// Calls the decider. Returns `None` without a decider, or if it panics.
    #[inline(always)]
    fn call_decider<R>(
        &mut self,
        among: Among<'_>,
        visit: u32,
        call: impl FnOnce(&mut dyn Decider, &View<'_>) -> R,
    ) -> Option<R> {
        // Taken out, because the view borrows the engine.
        let mut deciding = self.deciding.take()?;
        let view = View {
            engine: self,
            keys: &deciding.keys,
            among,
            visit,
        };
        let decider = &mut **deciding.decider;
        let answer = contain(|| call(decider, &view));
        // Nothing has set another decider meanwhile. A plain assignment would look whether one is to be dropped.
        std::mem::forget(self.deciding.replace(deciding));
        match answer {
            Ok(answer) => Some(answer),
            Err(payload) => {
                self.decider_panicked(payload);
                None
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn decider_panicked(&mut self, payload: Payload) {
        self.note_callback(Err(payload));
    }

    /// Asks or tells the decider something about a work.
    #[inline(never)]
    pub(super) fn ask_about<R>(
        &mut self,
        slot: u32,
        call: impl FnOnce(&mut dyn Decider, &Subject<'_>) -> R,
    ) -> Option<R> {
        self.call_decider(Among::NOBODY, 0, |decider, view| {
            let candidate = view.of(Asked::work(slot));
            let lookup: &dyn Lookup = view;
            call(decider, &Subject { candidate, lookup })
        })
    }

    /// Returns the candidate for a work; what stands for none without a decider.
    pub(super) fn candidate(&self, slot: u32) -> Candidate {
        let Some(deciding) = &self.deciding else {
            return Candidate::NOBODY;
        };
        let view = View {
            engine: self,
            keys: &deciding.keys,
            among: Among::NOBODY,
            visit: 0,
        };
        view.of(Asked::work(slot))
    }

    /// Tells the decider that the turn of `turning` is over.
    pub(super) fn report_turn(&mut self) {
        let Some(deciding) = &mut self.deciding else {
            return;
        };
        let (candidate, step) = (deciding.turning, deciding.step.take());
        let turn = Turned {
            state: candidate.id.and_then(|id| self.state(id)),
            now: self.now,
            step,
        };
        self.call_decider(Among::NOBODY, 0, |decider, view| {
            let lookup: &dyn Lookup = view;
            decider.turned(&Subject { candidate, lookup }, turn);
        });
    }

    /// Returns the decider's answer, or 0 without a decider or without a choice. `in_round` of the candidates are of
    /// the present round.
    #[inline(always)]
    pub(super) fn decide(
        &mut self,
        kind: DecisionKind,
        among: Among<'_>,
        in_round: usize,
    ) -> usize {
        let arity = among.len();
        if arity < 2 {
            return 0;
        }
        let deciding = self.deciding.as_ref();
        if let Some(draws) = deciding.and_then(|deciding| deciding.draws.as_deref()) {
            return draws.draw(arity);
        }
        let answer = self.call_decider(among, 0, move |decider, view| {
            decider.decide(&Decision {
                kind,
                site: "",
                arity,
                candidates: arity,
                in_round,
                lookup: view,
            })
        });
        answer.unwrap_or(0).min(arity - 1)
    }

    /// Takes the room for candidates, which has none.
    pub(crate) fn take_asked(&mut self) -> Vec<Asked> {
        let deciding = self.deciding.as_mut();
        let mut asked =
            deciding.map_or_else(Vec::new, |deciding| std::mem::take(&mut deciding.asked));
        asked.clear();
        asked
    }

    /// Puts the room for candidates back.
    pub(crate) fn put_asked(&mut self, asked: Vec<Asked>) {
        if let Some(deciding) = &mut self.deciding {
            deciding.asked = asked;
        }
    }

    /// Returns the index of the candidate that the decider picks, and takes back the room.
    pub(crate) fn decide_among(&mut self, kind: DecisionKind, asked: Vec<Asked>) -> usize {
        let answer = self.decide(kind, Among::These(&asked), asked.len());
        self.put_asked(asked);
        answer
    }

    /// Returns the answer to a decision that a work asks for.
    pub(crate) fn decide_for(
        &mut self,
        kind: DecisionKind,
        site: &str,
        arity: usize,
        slot: u32,
    ) -> usize {
        let turn = self.recorder.turns;
        let Some(deciding) = self.deciding.as_mut().filter(|_| arity >= 2) else {
            return 0;
        };
        let visit = deciding.visit(turn, site);
        let asked = [Asked::work(slot)];
        let answer = self.call_decider(Among::These(&asked), visit, |decider, view| {
            decider.decide(&Decision {
                kind,
                site,
                arity,
                candidates: 1,
                in_round: 1,
                lookup: view,
            })
        });
        answer.unwrap_or(0).min(arity - 1)
    }

    /// Keeps the label of the present step for a decider that hears of turns.
    #[inline]
    pub(crate) fn step(&mut self, label: &'static str) {
        if let Some(deciding) = &mut self.deciding {
            deciding.step = Some(label);
        }
    }

    /// Returns the work that had the last turn, if there is a decider.
    pub(crate) fn last_turn(&self) -> Option<WorkId> {
        match self.deciding.as_ref()?.last {
            Last::Nobody => None,
            Last::Slot(slot) => Some(self.id(slot)),
            Last::Left(id) => Some(id),
        }
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
