//! The loop: rounds of turns within a budget.
//!
//! A round takes the inbox as it is, fires the timers that are due, grants permits, and gives one turn to each work
//! that is ready by then; after each turn it grants again. What becomes ready during the turns has its turn in the next
//! round. A budget may stop a crank inside a round, and the next crank goes on from there: in virtual time the schedule
//! does not depend on it.

use super::WorkScheduler;
use super::decide::DecisionKind;
use super::inbox::Witness;
use super::record::flag;
use super::turn::{Payload, text_of};
use crate::time::Time;
use crate::work::WorkState;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// How much one crank may do.
pub struct Budget<F = fn() -> bool> {
    turns: u64,
    stop: Option<F>,
}

impl Budget {
    /// At most so many turns; 0 counts as 1. A round in which no work has a turn counts as one, too.
    pub const fn turns(turns: u64) -> Self {
        Budget { turns, stop: None }
    }

    /// Until nothing is left to do now. A work that yields for ever keeps such a crank for ever.
    pub const fn unlimited() -> Self {
        Budget {
            turns: u64::MAX,
            stop: None,
        }
    }
}

impl<F> Budget<F> {
    /// Also stops as soon as the host wants the thread back: asked after every turn.
    pub fn or_when<G: FnMut() -> bool>(self, stop: G) -> Budget<G> {
        Budget {
            turns: self.turns,
            stop: Some(stop),
        }
    }
}

/// What a crank did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "`next` says when to crank again"]
pub struct Crank {
    /// Turns given.
    pub turns: u64,
    /// Works settled in this crank; what settled in calls of the host's before it is not counted.
    pub settled: u64,
    /// When to crank again.
    pub next: Next,
}

/// When to crank again. Any call that changes the scheduler makes it stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once: there is something to do.
    Now,
    /// At this time; a crank then gives a turn or changes a state.
    At(Time),
    /// When something outside has woken a work; before that nothing happens.
    External,
    /// Never: works are left, and nothing can make them go on. `stall_report` says who waits for what.
    Stalled,
    /// Not until works are added: all have settled.
    Idle,
}

impl Next {
    /// How long the host may wait for its own events: zero for `Now`, `None` (for ever) unless a time is known.
    pub fn timeout(self, now: Time) -> Option<Duration> {
        match self {
            Next::Now => Some(Duration::ZERO),
            Next::At(at) => Some(at.saturating_since(now)),
            Next::External | Next::Stalled | Next::Idle => None,
        }
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Gives turns until the budget is used up or nothing is left to do at `now`, and says when to crank again.
    ///
    /// A `now` before that of an earlier crank is treated as that one. From within a closure posted to this scheduler
    /// it does nothing.
    ///
    /// # Panics
    /// In debug builds, if `now` goes back. With `catch_panics` off, a panic of a work comes through after the work has
    /// been failed; the scheduler stays usable.
    pub fn crank_work<F: FnMut() -> bool>(
        &mut self,
        now: Time,
        app: &mut C,
        budget: Budget<F>,
    ) -> Crank {
        let mut stop = budget.stop;
        match &mut stop {
            None => self.crank(now, app, budget.turns, None),
            Some(stop) => self.crank(now, app, budget.turns, Some(stop)),
        }
    }

    fn crank(
        &mut self,
        now: Time,
        app: &mut C,
        turns: u64,
        mut stop: Option<&mut dyn FnMut() -> bool>,
    ) -> Crank {
        if self.in_crank {
            return Crank {
                turns: 0,
                settled: 0,
                next: Next::Now,
            };
        }
        debug_assert!(now >= self.now, "time went back from {} to {now}", self.now);
        self.now = self.now.max(now);
        let (turns_before, settled_before) = (self.recorder.turns, self.recorder.settled);
        let mut last = turns_before.saturating_add(turns.max(1));
        'rounds: while self.round_open || self.begin_round(app) {
            let turns_then = self.recorder.turns;
            while let Some(slot) = self.next_in_round() {
                self.turn(slot, app);
                self.after_step(app);
                if self.payload.is_some() {
                    break 'rounds;
                }
                let interrupted = stop.as_mut().is_some_and(|stop| stop());
                if interrupted || self.recorder.turns >= last {
                    if self.ready.round_is_over() {
                        self.end_round(app);
                    }
                    break 'rounds;
                }
            }
            self.end_round(app);
            if self.recorder.turns == turns_then {
                // A round without a turn costs one: closures that post closures must not outrun the budget.
                last = last.saturating_sub(1);
                let interrupted = stop.as_mut().is_some_and(|stop| stop());
                if interrupted || self.recorder.turns >= last {
                    break 'rounds;
                }
            }
        }
        if cfg!(debug_assertions) {
            self.check_invariants();
        }
        if let Some(payload) = self.payload.take() {
            resume_unwind(payload);
        }
        Crank {
            turns: self.recorder.turns - turns_before,
            settled: self.recorder.settled - settled_before,
            next: self.next(),
        }
    }

    /// When to crank again. O(1), or O(lanes of the permit queue) after a call that freed permits.
    #[inline]
    pub fn next(&self) -> Next {
        if self.ready.is_empty() {
            self.next_without_turns()
        } else {
            Next::Now
        }
    }

    fn next_without_turns(&self) -> Next {
        if self.has_loose_ends() || self.can_grant() {
            return Next::Now;
        }
        match self.next_time() {
            Some(at) if at <= self.now => Next::Now,
            Some(at) => Next::At(at),
            None if self.recorder.unsettled == 0 => Next::Idle,
            None => self.next_from_outside(),
        }
    }

    /// When the next timer fires or the next simulated job ends.
    #[inline]
    fn next_time(&self) -> Option<Time> {
        match (self.wheel.next_deadline(), self.jobs.next_due()) {
            (Some(timer), Some(job)) => Some(timer.min(job)),
            (timer, job) => timer.or(job),
        }
    }

    #[inline]
    fn has_loose_ends(&self) -> bool {
        self.inbox.has_mail()
            || self.has_io_news()
            || !self.agenda.is_empty()
            || !self.mail.is_empty()
    }

    pub(super) fn can_grant(&self) -> bool {
        self.permits.is_dirty() && self.permits.next_grant(&self.arena).is_some()
    }

    // ---- rounds ----

    /// Starts a round, if there is anything to do.
    fn begin_round(&mut self, app: &mut C) -> bool {
        let timers = self.wheel.next_deadline().is_some_and(|at| at <= self.now);
        if self.has_io_news() {
            self.take_io_news();
        }
        if self.jobs.next_due().is_some_and(|at| at <= self.now) {
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

    /// FailFast parents fail now, if nothing else has ended their attempt in this round; their own failure may fail
    /// their parents in turn.
    #[inline]
    fn end_round(&mut self, app: &mut C) {
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
    fn after_step(&mut self, app: &mut C) {
        if !self.agenda.is_empty() {
            self.finish(app);
        }
        if self.permits.is_dirty() {
            self.grant();
        }
    }

    fn finish(&mut self, app: &mut C) {
        loop {
            if let Some(slot) = self.agenda.next_finishing() {
                self.finish_one(slot, app);
            } else if let Some((callback, id, outcome)) = self.agenda.next_callback() {
                let call = catch_unwind(AssertUnwindSafe(|| callback(app, id, &outcome)));
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
                if !polite || self.arena.at(slot).body.is_none() {
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
            if !self.settings.catch_panics {
                self.payload = Some(payload);
            }
        }
    }

    fn grant(&mut self) {
        while let Some(slot) = self.next_granted() {
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

    #[inline]
    fn next_in_round(&mut self) -> Option<u32> {
        if self.decider.is_some() && self.ready.round_len() > 1 {
            let slots: Vec<u32> = self.ready.round().collect();
            let slot = slots[self.decide_slots(DecisionKind::Turn, &slots)];
            self.ready.remove(&mut self.arena, slot);
            return Some(slot);
        }
        self.ready.pop()
    }
}
