//! One turn of a work, its hooks, and what follows from what they return or from a panic.

use super::WorkScheduler;
use super::context::{Mode, TurnNotes, WorkContext};
use super::record::{AbortCause, flag};
use crate::work::{Failure, Work, WorkState};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// The calls of a work that are not turns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    Reset,
    Success,
    FailureRetry,
    FailureRaise,
}

pub(super) type Payload = Box<dyn Any + Send>;

/// What a turn returns.
type Answer = Poll<Result<(), Failure>>;

impl<C: ?Sized> WorkScheduler<C> {
    // ---- turns ----

    /// One call of a work's `poll` or `on_abort`, and what follows from it.
    #[inline]
    pub(super) fn turn(&mut self, slot: u32, app: &mut C) {
        self.recorder.turns += 1;
        let traced = tracing::enabled!(tracing::Level::DEBUG);
        let record = self.arena.at_mut(slot);
        record.turns = record.turns.saturating_add(1);
        let usual = record.state == WorkState::Running && record.flags.are_usual();
        if usual
            && !traced
            && let Some(body) = record.body.take()
        {
            record.flags.begin_usual_turn();
            self.usual_turn(slot, body, app)
        } else {
            self.any_turn(slot, app)
        }
    }

    /// A turn in the middle of an attempt that ends, most often, with the wish for another: what [`Self::any_turn`] comes
    /// to if nothing else is going on. Programs are made of these, so each step here has been weighed.
    #[inline]
    fn usual_turn(&mut self, slot: u32, mut body: Box<dyn Work<C>>, app: &mut C) {
        self.notes = TurnNotes::new(Mode::Poll);
        let answer = match self.call(slot, false, &mut body, app) {
            Ok(answer) => answer,
            Err(payload) => return self.turn_panicked(slot, false, body, payload, app),
        };
        let record = self.arena.at_mut(slot);
        record.put_back(body);
        if answer.is_pending() && self.notes.yielded && record.flags.are_of_usual_turn() {
            return self.ready.push_after_turn(record, slot);
        }
        record.flags.clear(flag::IN_TURN);
        self.after_turn(slot, answer, app)
    }

    fn any_turn(&mut self, slot: u32, app: &mut C) {
        let record = self.arena.at_mut(slot);
        let first = !record.flags.has(flag::RESET);
        record.flags.clear(flag::READY);
        record.flags.set(flag::IN_TURN | flag::RESET);
        let aborting = record.state == WorkState::Aborting;
        let Some(mut body) = record.body.take() else {
            self.arena.clear(slot, flag::IN_TURN);
            return self.broke_down(slot, aborting, app);
        };
        self.notes = TurnNotes::new(if aborting { Mode::Abort } else { Mode::Poll });
        let call = if tracing::enabled!(tracing::Level::DEBUG) {
            self.call_in_span(slot, first, aborting, &mut body, app)
        } else if first {
            self.first_call(slot, aborting, &mut body, app)
        } else {
            self.call(slot, aborting, &mut body, app)
        };
        let answer = match call {
            Ok(answer) => answer,
            Err(payload) => return self.turn_panicked(slot, aborting, body, payload, app),
        };
        let record = self.arena.at_mut(slot);
        record.put_back(body);
        record.flags.clear(flag::IN_TURN);
        if self.notes.is_hook() && record.ends_plainly() {
            // It has succeeded at once, and nothing else that may follow from a turn does.
            self.succeed_plainly(slot)
        } else if aborting {
            self.after_abort_turn(slot, answer.is_ready(), app)
        } else {
            self.after_turn(slot, answer, app)
        }
    }

    /// The call itself.
    ///
    /// The context is made outside of the closure: what a closure captures is copied into it, two words at a time right
    /// after they were written one at a time, and a processor waits for that.
    #[inline]
    fn call(
        &mut self,
        slot: u32,
        aborting: bool,
        body: &mut Box<dyn Work<C>>,
        app: &mut C,
    ) -> Result<Answer, Payload> {
        let cx = &mut WorkContext::new(app, self, slot);
        catch_unwind(AssertUnwindSafe(|| match aborting {
            true => body.on_abort(cx).map(Ok),
            false => body.poll(cx),
        }))
    }

    /// The first call, after `on_reset`; and if the work succeeds at once, before `on_success`. Most works have just this
    /// one turn, and their hooks should not cost them three calls.
    #[inline]
    fn first_call(
        &mut self,
        slot: u32,
        aborting: bool,
        body: &mut Box<dyn Work<C>>,
        app: &mut C,
    ) -> Result<Answer, Payload> {
        self.notes = TurnNotes::new(Mode::Hook);
        let cx = &mut WorkContext::new(app, self, slot);
        catch_unwind(AssertUnwindSafe(|| {
            body.on_reset(cx);
            if aborting {
                cx.end_hook(Mode::Abort);
                return body.on_abort(cx).map(Ok);
            }
            cx.end_hook(Mode::Poll);
            let answer = body.poll(cx);
            if matches!(answer, Poll::Ready(Ok(()))) && cx.succeeds_at_once() {
                body.on_success(cx);
            }
            answer
        }))
    }

    /// Either call, in the span of the attempt.
    #[cold]
    fn call_in_span(
        &mut self,
        slot: u32,
        first: bool,
        aborting: bool,
        body: &mut Box<dyn Work<C>>,
        app: &mut C,
    ) -> Result<Answer, Payload> {
        let span = self.arena.rare(slot).and_then(|rare| rare.tracing.clone());
        let _entered = span.map(tracing::Span::entered);
        if first {
            self.first_call(slot, aborting, body, app)
        } else {
            self.call(slot, aborting, body, app)
        }
    }

    #[cold]
    fn turn_panicked(
        &mut self,
        slot: u32,
        aborting: bool,
        body: Box<dyn Work<C>>,
        payload: Payload,
        app: &mut C,
    ) {
        self.arena.clear(slot, flag::IN_TURN);
        self.panicked(slot, payload);
        self.drop_body(slot, Some(body));
        self.broke_down(slot, aborting, app);
    }

    #[inline]
    fn after_turn(&mut self, slot: u32, answer: Answer, app: &mut C) {
        if self.arena.take(slot, flag::CANCEL) {
            return self.begin_abort(slot, AbortCause::Cancel);
        }
        match answer {
            Poll::Pending => self.paused(slot, app),
            Poll::Ready(Ok(())) => self.ended_well(slot, app),
            Poll::Ready(Err(failure)) => self.fail_attempt(slot, failure, app),
        }
    }

    fn paused(&mut self, slot: u32, app: &mut C) {
        let woken = self.arena.take(slot, flag::WOKEN);
        // A work that needs nothing has nothing to come back for: its turn follows without a change of state.
        if self.arena.take(slot, flag::RELEASE) && !self.permits.needs_none(&self.arena, slot) {
            self.permits.give_back(&mut self.arena, slot);
        }
        let sleeps = !woken && !self.notes.yielded;
        if sleeps && (self.has_source(slot) || self.is_doomed(slot)) {
            self.arm_sleeper(slot);
            self.change(slot, Some(WorkState::Running), WorkState::Waiting);
            if self.arena.live_children(slot) > 0 {
                self.permits.give_back(&mut self.arena, slot);
            }
        } else if sleeps && !self.has_just_lost_waker(slot) {
            let failure = Failure::lost_wake(&self.arena.meta(slot).name);
            self.fail_attempt(slot, failure, app);
        } else if self.arena.is(slot, flag::PERMIT) {
            self.ready.push(&mut self.arena, slot);
        } else {
            self.want_turn(slot);
        }
    }

    /// A child has failed, and the end of the round will fail this attempt with it.
    fn is_doomed(&self, slot: u32) -> bool {
        let rare = self.arena.rare(slot);
        rare.is_some_and(|rare| rare.family.first_failure.is_some())
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
        if self.notes.is_hook() {
            self.succeeded(slot);
        } else {
            self.succeed(slot, app);
        }
    }

    fn after_abort_turn(&mut self, slot: u32, ready: bool, app: &mut C) {
        let woken = self.arena.take(slot, flag::WOKEN);
        if ready {
            self.conclude_abort(slot, app);
        } else if woken || self.notes.yielded {
            self.ready.push(&mut self.arena, slot);
        } else if self.has_source(slot) {
            self.arm_sleeper(slot);
        } else if self.has_just_lost_waker(slot) {
            self.ready.push(&mut self.arena, slot);
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
        self.arena
            .clear(slot, flag::IN_TURN | flag::WOKEN | flag::RELEASE);
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

    /// Drops what belongs to a work (its body, its output); a panic in that is the work's.
    pub(super) fn drop_body<D>(&mut self, slot: u32, body: D) -> Option<Failure> {
        let payload = catch_unwind(AssertUnwindSafe(|| drop(body))).err()?;
        Some(self.panicked(slot, payload))
    }
}

/// What a panic said.
pub(super) fn text_of(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
