//! A round: how it begins and ends, and what is done between turns.
//!
//! A round takes the inbox as it is, fires the timers that are due, grants permits, and gives one turn to each work
//! that is ready by then; after each turn it grants again. What becomes ready during the turns has its turn in the next
//! round.
//!
//! Most rounds have nothing but turns, and between most turns there is nothing to do: a few looks tell so, and what they
//! do not find is not called.

use super::WorkScheduler;
use super::decide::DecisionKind;
use super::inbox::Witness;
use super::panics::{Payload, contain, discard, text_of};
use super::record::flag;
use crate::work::WorkState;

/// What is to be done in a round.
pub(super) enum Round {
    /// There is none, since there is nothing to do.
    None,
    /// It has no turns left.
    Empty,
    /// This work's turn is next.
    Turn(u32),
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Goes on with the round that is open, or starts one, if there is anything to do: most often nothing but turns.
    #[inline(always)]
    pub(super) fn open_round(&mut self, app: &mut C) -> Round {
        if !self.round_open {
            if !self.may_have_news() {
                return self.open_round_of_turns();
            }
            if !self.begin_round_with_news(app) {
                return Round::None;
            }
        }
        match self.ready.round_is_over() {
            true => Round::Empty,
            false => Round::Turn(self.pop()),
        }
    }

    #[inline(always)]
    fn open_round_of_turns(&mut self) -> Round {
        if self.ready.next_is_empty() {
            return Round::None;
        }
        self.round_open = true;
        Round::Turn(self.start_and_pop())
    }

    /// The next round, which has turns and nothing else, begins with this one.
    #[inline(always)]
    fn start_and_pop(&mut self) -> u32 {
        match self.decider {
            None => self.ready.start_and_pop(),
            Some(_) => self.start_and_pop_as_decided(),
        }
    }

    #[cold]
    fn start_and_pop_as_decided(&mut self) -> u32 {
        self.ready.start_round();
        self.pop_as_decided()
    }

    /// Whether a round may have to begin with something else than turns.
    #[inline(always)]
    fn may_have_news(&self) -> bool {
        // Asked all at once, since most often there is nothing of either.
        let inside = self.agenda.len() | self.permits.changes() | self.wheel.late_len();
        (inside | self.mail.len() | self.jobs.simulated()) > 0
            || self.inbox.has_mail()
            || self.has_io_news()
            || self.wheel.next_ahead().is_some_and(|at| at <= self.now)
    }

    /// Starts a round with whatever else there is to do, if there is anything.
    #[inline(never)]
    fn begin_round_with_news(&mut self, app: &mut C) -> bool {
        if self.agenda.has_payload() {
            // Nothing more is done before that panic has come through.
            return false;
        }
        let timers = self.wheel.next_deadline().is_some_and(|at| at <= self.now);
        if self.has_io_news() {
            self.take_io_news();
        }
        if self.next_job_due().is_some_and(|at| at <= self.now) {
            self.run_due_jobs();
        }
        if !timers && self.ready.is_empty() && !self.has_loose_ends() && !self.can_grant() {
            return false;
        }
        self.round_open = true;
        if self.inbox.has_mail() || !self.mail.is_empty() {
            self.take_mail(app);
        }
        if timers {
            self.fire_timers();
        }
        self.after_step(app);
        self.ready.start_round();
        true
    }

    /// Ends the round after its last turn, and so after [`Self::after_step`]: whoever could be granted a permit has it.
    #[inline]
    pub(super) fn end_round(&mut self, app: &mut C) {
        self.round_open = false;
        if !self.agenda.is_empty() {
            self.wind_up(app);
        }
    }

    /// Ends the round: FailFast parents fail now, if nothing else has ended their attempt in this round; their own failure
    /// may fail their parents in turn.
    #[inline(never)]
    pub(super) fn wind_up(&mut self, app: &mut C) {
        self.round_open = false;
        loop {
            self.fail_parents(app);
            self.after_step(app);
            if !self.agenda.has_failing() {
                return;
            }
        }
    }

    #[inline]
    fn fail_parents(&mut self, app: &mut C) {
        while let Some(witness) = self.agenda.next_failing() {
            self.fail_with_child(witness, app);
        }
    }

    fn fail_with_child(&mut self, witness: Witness, app: &mut C) {
        if !self.arena.is_present(witness) || !self.is_in_attempt(witness.slot) {
            return;
        }
        let rare = self.arena.rare_mut(witness.slot);
        if let Some(failure) = rare.and_then(|rare| rare.family.first_failure.take()) {
            self.ready.remove(&mut self.arena, witness.slot);
            self.fail_attempt(witness.slot, failure, app);
        }
    }

    fn is_in_attempt(&self, slot: u32) -> bool {
        match self.arena.at(slot).state {
            WorkState::Running | WorkState::Waiting | WorkState::Joining => true,
            WorkState::Queued => self.arena.is(slot, flag::RETURNER),
            _ => false,
        }
    }

    /// After the inbox and the timers, and after each turn: ends what can end, calls callbacks, grants permits.
    #[inline]
    pub(super) fn after_step(&mut self, app: &mut C) {
        if self.is_anything_left() {
            self.finish_and_grant(app);
        }
    }

    /// Whether something may be left to be done between turns.
    #[inline]
    pub(super) fn is_anything_left(&self) -> bool {
        (self.agenda.len() | self.permits.changes()) > 0
    }

    #[inline(never)]
    pub(super) fn finish_and_grant(&mut self, app: &mut C) {
        if !self.agenda.is_empty() {
            self.finish(app);
        }
        if self.permits.changes() > 0 {
            self.grant();
        }
    }

    fn finish(&mut self, app: &mut C) {
        loop {
            if let Some(slot) = self.agenda.next_finishing() {
                self.finish_one(slot, app);
            } else if let Some((callback, id, outcome)) = self.agenda.next_callback() {
                let callback = self.callbacks.remove(callback as usize);
                let call = contain(|| callback.into_inner()(app, id, &outcome));
                self.note_callback(call);
            } else {
                return;
            }
        }
    }

    /// What was true when it was entered may not be true any more: only what still is counts.
    fn finish_one(&mut self, slot: u32, app: &mut C) {
        let Some(state) = self.arena.get(slot).map(|record| record.state) else {
            return;
        };
        if self.arena.live_children(slot) > 0 || self.arena.is(slot, flag::READY) {
            return;
        }
        match state {
            WorkState::Joining => self.succeed(slot, app),
            WorkState::Aborting => {
                let polite = self
                    .arena
                    .rare(slot)
                    .and_then(|rare| rare.abort.as_ref())
                    .is_some_and(|a| a.polite);
                if !polite || !self.arena.at(slot).body.is_there() {
                    self.conclude_abort(slot, app);
                }
            }
            _ => {}
        }
    }

    pub(super) fn note_callback(&mut self, call: Result<(), Payload>) {
        if let Err(payload) = call {
            self.recorder.callback_panics += 1;
            tracing::error!(message = text_of(&*payload), "a callback panicked");
            match self.settings.catch_panics {
                true => discard(payload),
                false => self.agenda.let_through(payload),
            }
        }
    }

    fn grant(&mut self) {
        while let Some(slot) = self.next_granted() {
            self.fruitless.stir();
            if self.arena.take(slot, flag::RETURNER) {
                self.go_on(slot);
            } else {
                self.granted(slot);
            }
        }
        self.permits.seen();
    }

    /// Takes who gets the next permit out of the queue.
    fn next_granted(&mut self) -> Option<u32> {
        if self.decider.is_none() {
            return self.permits.pop_grant(&mut self.arena);
        }
        let first = self.permits.next_grant(&self.arena)?;
        let rivals = self.permits.rivals(&self.arena, first);
        let slot = rivals[self.decide_slots(DecisionKind::Permit, &rivals)];
        self.permits.leave(&mut self.arena, slot);
        Some(slot)
    }

    /// Whose turn is next in this round; or in the next one, if nothing is to be done between the two.
    #[inline(always)]
    pub(super) fn next_turn(&mut self) -> Option<u32> {
        if !self.ready.round_is_over() {
            return Some(self.pop());
        }
        if self.may_have_news() || self.ready.next_is_empty() {
            return None;
        }
        Some(self.start_and_pop())
    }

    #[inline]
    fn pop(&mut self) -> u32 {
        match self.decider {
            None => self.ready.pop(),
            Some(_) => self.pop_as_decided(),
        }
    }

    #[cold]
    fn pop_as_decided(&mut self) -> u32 {
        if self.ready.round().nth(1).is_none() {
            return self.ready.pop();
        }
        let slots: Vec<u32> = self.ready.round().collect();
        let slot = slots[self.decide_slots(DecisionKind::Turn, &slots)];
        self.ready.remove(&mut self.arena, slot);
        slot
    }
}
