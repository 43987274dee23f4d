//! The loop: rounds of turns within a budget.
//!
//! A round takes the inbox as it is, fires the timers that are due, grants permits, and gives one turn to each work
//! that is ready by then; after each turn it grants again. What becomes ready during the turns has its turn in the next
//! round. A budget may stop a crank inside a round, and the next crank goes on from there: in virtual time the schedule
//! does not depend on it.

use super::WorkScheduler;
use super::arena::{AbortCause, flag};
use super::context::{Mode, TurnNotes, WorkContext};
use super::decide::{Candidate, Decision, DecisionKind};
use super::inbox::{Mail, Post};
use super::streams;
use crate::time::Time;
use crate::work::{Failure, FailureKind, WorkId, WorkState};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;
use std::time::Duration;

/// How much one crank may do.
pub struct Budget<F = fn() -> bool> {
    turns: u64,
    stop: Option<F>,
}

impl Budget {
    /// At most so many turns; 0 counts as 1.
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
    /// Works settled.
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

/// The calls of a work that are not turns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    Reset,
    Success,
    FailureRetry,
    FailureRaise,
}

type Payload = Box<dyn Any + Send>;

impl<C: ?Sized + 'static> WorkScheduler<C> {
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
        let last = turns_before.saturating_add(turns.max(1));
        'rounds: while self.round_open || self.begin_round(app) {
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
    pub fn next(&self) -> Next {
        if !self.ready.is_empty() || self.has_loose_ends() || self.can_grant() {
            return Next::Now;
        }
        match self.wheel.next_deadline() {
            Some(at) if at <= self.now => Next::Now,
            Some(at) => Next::At(at),
            None if self.recorder.unsettled == 0 => Next::Idle,
            None if self.external_sleepers > 0 => Next::External,
            None => Next::Stalled,
        }
    }

    #[inline]
    fn has_loose_ends(&self) -> bool {
        self.inbox.has_mail()
            || !self.finishing.is_empty()
            || !self.failing.is_empty()
            || !self.completions.is_empty()
            || !self.mail.is_empty()
    }

    pub(super) fn can_grant(&self) -> bool {
        self.permits.is_dirty() && self.permits.next_grant(&self.arena).is_some()
    }

    // ---- rounds ----

    /// Starts a round, if there is anything to do.
    fn begin_round(&mut self, app: &mut C) -> bool {
        let timers = self.wheel.next_deadline().is_some_and(|at| at <= self.now);
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

    /// FailFast parents fail now, if nothing else has ended their attempt in this round.
    fn end_round(&mut self, app: &mut C) {
        self.round_open = false;
        for _ in 0..self.failing.len() {
            let Some(witness) = self.failing.pop_front() else {
                break;
            };
            if self.arena.is_present(witness) && self.is_in_attempt(witness.slot) {
                let family = self
                    .arena
                    .rare_mut(witness.slot)
                    .map(|rare| &mut rare.family);
                if let Some(failure) = family.and_then(|family| family.first_failure.take()) {
                    self.ready.remove(&mut self.arena, witness.slot);
                    self.fail_attempt(witness.slot, failure, app);
                }
            }
        }
        self.after_step(app);
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
        if !self.finishing.is_empty() || !self.completions.is_empty() {
            self.finish(app);
        }
        if self.permits.is_dirty() {
            self.grant();
        }
    }

    fn finish(&mut self, app: &mut C) {
        loop {
            if let Some(slot) = self.finishing.pop_front() {
                self.finish_one(slot, app);
            } else if let Some((callback, id, outcome)) = self.completions.pop_front() {
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

    fn note_callback(&mut self, call: Result<(), Payload>) {
        if let Err(payload) = call {
            self.recorder.callback_panics += 1;
            tracing::error!(message = text_of(&*payload), "a callback panicked");
            if !self.settings.catch_panics {
                self.payload = Some(payload);
            }
        }
    }

    fn grant(&mut self) {
        while let Some(first) = self.permits.next_grant(&self.arena) {
            let slot = match self.decider {
                None => first,
                Some(_) => {
                    let rivals = self.permits.rivals(&self.arena, first);
                    rivals[self.decide_slots(DecisionKind::Permit, &rivals)]
                }
            };
            self.permits.leave(&mut self.arena, slot);
            if self.arena.take(slot, flag::RETURNER) {
                self.permits.take(&mut self.arena, slot);
            } else {
                self.begin_attempt(slot);
            }
            self.change(slot, Some(WorkState::Queued), WorkState::Running);
            self.ready.push(&mut self.arena, slot);
        }
        self.permits.seen();
    }

    #[inline]
    fn next_in_round(&mut self) -> Option<u32> {
        if self.decider.is_some() && self.ready.round_len() > 1 {
            let slots: Vec<u32> = self.ready.round(&self.arena).collect();
            let slot = slots[self.decide_slots(DecisionKind::Turn, &slots)];
            self.ready.remove(&mut self.arena, slot);
            return Some(slot);
        }
        self.ready.pop(&mut self.arena)
    }

    // ---- the inbox ----

    fn take_mail(&mut self, app: &mut C) {
        let mut buffer = std::mem::take(&mut self.mail_buffer);
        self.inbox.take(&mut buffer);
        self.mail.extend(buffer.drain(..));
        self.mail_buffer = buffer;
        while !self.mail.is_empty() {
            let index = self.decide_mail();
            if let Some(mail) = self.mail.remove(index) {
                self.receive(mail, app);
            }
        }
    }

    fn decide_mail(&mut self) -> usize {
        if self.decider.is_none() || self.mail.len() < 2 {
            return 0;
        }
        let slot_of = |mail: &Mail| match mail {
            Mail::Wake(cell) => Some(cell.witness)
                .filter(|&w| self.arena.is_present(w))
                .map(|w| w.slot),
            Mail::WakerDropped(witness) => Some(*witness)
                .filter(|&w| self.arena.is_present(w))
                .map(|w| w.slot),
            Mail::Cancel(id) => self.lookup(*id).ok(),
            Mail::CancelAll | Mail::Post(_) => None,
        };
        let candidates: Vec<Candidate> = self
            .mail
            .iter()
            .map(|mail| self.candidate(slot_of(mail)))
            .collect();
        self.decide(DecisionKind::Inbox, "", candidates.len(), &candidates)
    }

    fn receive(&mut self, mail: Mail, app: &mut C) {
        match mail {
            Mail::Wake(cell) => {
                cell.arrived();
                if self.arena.is_present(cell.witness) {
                    self.wake_slot(cell.witness.slot);
                }
            }
            Mail::WakerDropped(witness) => self.remote_dropped(witness),
            Mail::Cancel(id) => {
                if let Ok(slot) = self.lookup(id) {
                    self.begin_abort(slot, AbortCause::Cancel);
                }
            }
            Mail::CancelAll => self.cancel_all(),
            Mail::Post(parcel) => {
                if let Ok(post) = parcel.downcast::<Post<C>>() {
                    self.in_crank = true;
                    let call = catch_unwind(AssertUnwindSafe(|| post(app, self)));
                    self.in_crank = false;
                    self.note_callback(call);
                }
            }
        }
    }

    // ---- turns ----

    /// One call of a work's `poll` or `on_abort`, and what follows from it.
    #[inline]
    fn turn(&mut self, slot: u32, app: &mut C) {
        self.recorder.turns += 1;
        let record = self.arena.at_mut(slot);
        record.turns = record.turns.saturating_add(1);
        let aborting = record.state == WorkState::Aborting;
        if record.flags & flag::RESET == 0 {
            record.flags |= flag::RESET;
            self.call_hook(slot, Hook::Reset, app);
        }
        let record = self.arena.at_mut(slot);
        record.flags |= flag::IN_TURN;
        let Some(mut body) = record.body.take() else {
            self.arena.clear(slot, flag::IN_TURN);
            return self.broke_down(slot, aborting, app);
        };
        self.notes = TurnNotes::new(if aborting { Mode::Abort } else { Mode::Poll });
        let span = self.enter_span(slot);
        let call = catch_unwind(AssertUnwindSafe(|| {
            let cx = &mut WorkContext::new(app, self, slot);
            if aborting {
                body.on_abort(cx).map(Ok)
            } else {
                body.poll(cx)
            }
        }));
        drop(span);
        self.arena.clear(slot, flag::IN_TURN);
        match call {
            Ok(answer) => {
                self.arena.at_mut(slot).body = Some(body);
                if aborting {
                    self.after_abort_turn(slot, answer.is_ready(), app)
                } else {
                    self.after_turn(slot, answer, app)
                }
            }
            Err(payload) => {
                self.panicked(slot, payload);
                self.drop_body(slot, Some(body));
                self.broke_down(slot, aborting, app);
            }
        }
    }

    #[inline]
    fn enter_span(&self, slot: u32) -> Option<tracing::span::EnteredSpan> {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return None;
        }
        self.arena
            .rare(slot)?
            .tracing
            .clone()
            .map(tracing::Span::entered)
    }

    #[inline]
    fn after_turn(&mut self, slot: u32, answer: Poll<Result<(), Failure>>, app: &mut C) {
        if self.arena.take(slot, flag::CANCEL) {
            return self.begin_abort(slot, AbortCause::Cancel);
        }
        match answer {
            Poll::Pending => self.paused(slot, app),
            Poll::Ready(Ok(())) => self.ended_well(slot, app),
            Poll::Ready(Err(failure)) => self.fail_attempt(slot, failure, app),
        }
    }

    #[inline]
    fn paused(&mut self, slot: u32, app: &mut C) {
        let woken = self.arena.take(slot, flag::WOKEN);
        if self.arena.take(slot, flag::RELEASE) {
            self.permits.give_back(&mut self.arena, slot);
        }
        if woken || self.notes.yielded {
            if self.arena.is(slot, flag::PERMIT) {
                self.ready.push(&mut self.arena, slot);
            } else {
                self.want_turn(slot);
            }
        } else if self.has_source(slot) {
            self.arm_sleeper(slot);
            self.change(slot, Some(WorkState::Running), WorkState::Waiting);
            if self.arena.live_children(slot) > 0 {
                self.permits.give_back(&mut self.arena, slot);
            }
        } else {
            self.fail_attempt(slot, Failure::of_kind(FailureKind::LostWake), app);
        }
    }

    fn ended_well(&mut self, slot: u32, app: &mut C) {
        self.arena.clear(slot, flag::WOKEN | flag::RELEASE);
        if self.arena.is(slot, flag::FAMILY) {
            let family = &mut self.arena.rare_or_new(slot).family;
            let live = family.live;
            if let Some(failure) = family.first_failure.take() {
                return self.fail_attempt(slot, failure, app);
            }
            if live > 0 {
                self.permits.give_back(&mut self.arena, slot);
                return self.change(slot, Some(WorkState::Running), WorkState::Joining);
            }
        }
        self.succeed(slot, app);
    }

    fn after_abort_turn(&mut self, slot: u32, ready: bool, app: &mut C) {
        let woken = self.arena.take(slot, flag::WOKEN);
        if ready {
            self.conclude_abort(slot, app);
        } else if woken || self.notes.yielded {
            self.ready.push(&mut self.arena, slot);
        } else if self.has_source(slot) {
            self.arm_sleeper(slot);
        } else {
            self.force(slot);
        }
    }

    // ---- hooks and panics ----

    /// Calls a hook, unless the work has been dropped. If it panics the work is dropped too.
    pub(super) fn call_hook(&mut self, slot: u32, hook: Hook, app: &mut C) {
        let Some(mut body) = self.arena.at_mut(slot).body.take() else {
            return;
        };
        self.arena.set(slot, flag::IN_TURN);
        self.notes = TurnNotes::new(Mode::Hook);
        let call = catch_unwind(AssertUnwindSafe(|| {
            let cx = &mut WorkContext::new(app, self, slot);
            match hook {
                Hook::Reset => body.on_reset(cx),
                Hook::Success => body.on_success(cx),
                Hook::FailureRetry => body.on_failure_retry(cx),
                Hook::FailureRaise => body.on_failure_raise(cx),
            }
        }));
        self.arena.clear(slot, flag::IN_TURN | flag::WOKEN);
        match call {
            Ok(()) => self.arena.at_mut(slot).body = Some(body),
            Err(payload) => {
                self.panicked(slot, payload);
                self.drop_body(slot, Some(body));
            }
        }
    }

    /// The work panicked and is no more: what is left is to end its attempt.
    fn broke_down(&mut self, slot: u32, aborting: bool, app: &mut C) {
        if aborting {
            return self.conclude_abort(slot, app);
        }
        if self.arena.take(slot, flag::CANCEL) {
            return self.begin_abort(slot, AbortCause::Cancel);
        }
        let failure = self.panic_of(slot);
        self.fail_attempt(slot, failure, app);
    }

    pub(super) fn panicked(&mut self, slot: u32, payload: Payload) -> Failure {
        self.recorder.panics += 1;
        let failure = Failure::panicked(text_of(&*payload).to_owned());
        self.arena.meta_mut(slot).error = Some(failure.clone());
        tracing::error!(id = self.arena.at(slot).serial, name = &*self.arena.meta(slot).name, %failure);
        if !self.settings.catch_panics {
            self.payload = Some(payload);
        }
        failure
    }

    /// The failure of a work whose body is gone.
    pub(super) fn panic_of(&self, slot: u32) -> Failure {
        let error = self.arena.meta(slot).error.clone();
        error.unwrap_or_else(|| Failure::panicked(String::from("the work was dropped")))
    }

    /// Drops a work's body; a panic in that is the work's.
    pub(super) fn drop_body(
        &mut self,
        slot: u32,
        body: Option<Box<dyn crate::Work<C>>>,
    ) -> Option<Failure> {
        let payload = catch_unwind(AssertUnwindSafe(|| drop(body))).err()?;
        Some(self.panicked(slot, payload))
    }

    // ---- decisions ----

    fn candidate(&self, slot: Option<u32>) -> Candidate {
        match slot {
            None => Candidate {
                id: None,
                key: 0,
                turn: 0,
                attempt: 0,
            },
            Some(slot) => {
                let record = self.arena.at(slot);
                let key = streams::path_key(&self.arena, slot);
                Candidate {
                    id: Some(self.id(slot)),
                    key,
                    turn: record.turns,
                    attempt: record.attempt,
                }
            }
        }
    }

    pub(super) fn decide_slots(&mut self, kind: DecisionKind, slots: &[u32]) -> usize {
        if slots.len() < 2 {
            return 0;
        }
        let candidates: Vec<Candidate> = slots
            .iter()
            .map(|&slot| self.candidate(Some(slot)))
            .collect();
        self.decide(kind, "", slots.len(), &candidates)
    }

    /// Asks the decider, if there is one and something to decide.
    pub(super) fn decide(
        &mut self,
        kind: DecisionKind,
        site: &str,
        arity: usize,
        candidates: &[Candidate],
    ) -> usize {
        let Some(mut decider) = self.decider.take() else {
            return 0;
        };
        let path = |id: WorkId| {
            self.lookup(id)
                .map_or_else(|_| id.to_string(), |slot| streams::path(&self.arena, slot))
        };
        let answer = decider.decide(&Decision {
            kind,
            site,
            arity,
            candidates,
            path: &path,
        });
        self.decider = Some(decider);
        answer.min(arity - 1)
    }

    /// A decision that a work asks for.
    pub(super) fn decide_for(
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
}

/// What a panic said.
fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
