//! One turn of a work, its hooks, and what follows from what they return or from a panic.

use super::WorkScheduler;
use super::body::{Body, Held, Place};
use super::context::{Mode, TurnNotes, WorkContext};
use super::events::TARGET;
use super::panics::{self, Payload, contain, text_of};
use super::record::{AbortCause, Flags, flag};
use super::settle::succeed_plainly;
use crate::work::{Failure, Work, WorkState};
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

/// Which turn is called: the first of all begins with `on_reset`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    First,
    Next,
    FirstAbort,
    Abort,
}

impl Part {
    /// What is called first: of a first turn `on_reset`.
    #[inline]
    const fn opening(self) -> Mode {
        match self {
            Part::First | Part::FirstAbort => Mode::Hook,
            Part::Next | Part::Abort => self.mode(),
        }
    }

    #[inline]
    const fn mode(self) -> Mode {
        match self {
            Part::First | Part::Next => Mode::Poll,
            Part::FirstAbort | Part::Abort => Mode::Abort,
        }
    }
}

/// What a turn returns.
pub(super) type Answer = Poll<Result<(), Failure>>;

impl<C: ?Sized> WorkScheduler<C> {
    // ---- turns ----

    /// One call of a work's `poll` or `on_abort`, and what follows from it.
    ///
    /// Programs are made of usual turns, in the middle of an attempt, and of first turns: for these, each step has been
    /// weighed.
    #[inline(always)]
    pub(super) fn turn(&mut self, slot: u32, app: &mut C) {
        self.recorder.turns += 1;
        if let Some(record) = self.arena.get_mut(slot)
            && record.is_called(Flags::are_usual)
            && !tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
        {
            match record.body.take() {
                Body::Own(body) => {
                    record.begin_usual_turn();
                    return self.usual_turn(slot, body, app);
                }
                Body::Shelved(place) if place != Place::NOWHERE => {
                    record.begin_usual_turn();
                    return self.usual_turn(slot, place, app);
                }
                Body::Shelved(_) => {}
            }
        }
        self.unusual_turn(slot, app);
    }

    /// A turn in the middle of an attempt that ends, most often, with the wish for another: what [`Self::any_turn`] comes
    /// to if nothing else is going on.
    #[inline(always)]
    fn usual_turn<B: Held<C>>(&mut self, slot: u32, mut body: B, app: &mut C) {
        self.notes = TurnNotes::new(Mode::Poll);
        let answer = match self.call(slot, Part::Next, &mut body, app) {
            Ok(answer) => answer,
            Err(payload) => return self.turn_panicked(slot, false, body.into_body(), payload, app),
        };
        if let Some(record) = self.arena.get_mut(slot)
            && answer.is_pending()
            && self.notes.yielded
            && record.flags.are_of_usual_turn()
        {
            record.put_back(body.into_body());
            record.flags.end_usual_turn();
            // `Pending` is nothing that would have to be dropped, but that would be looked at once more.
            std::mem::forget(answer);
            return self.ready.push_flagged(record, slot);
        }
        self.after_usual_turn(slot, body.into_body(), answer, app)
    }

    /// Whatever else such a turn ends with.
    #[inline(never)]
    fn after_usual_turn(&mut self, slot: u32, mut body: Body<C>, answer: Answer, app: &mut C) {
        if matches!(answer, Poll::Ready(Ok(()))) {
            let cx = &mut WorkContext::new(app, self, slot);
            if cx.succeeds_at_once()
                && let Err(payload) =
                    catch_unwind(AssertUnwindSafe(|| body.hook(cx, Hook::Success)))
            {
                return self.turn_panicked(slot, false, body, payload, app);
            }
        }
        self.turn_is_over(slot, body, answer, self.is_heard(), app)
    }

    /// First turns, and all that are neither these nor usual.
    ///
    /// What is taken out of the record is told apart here as in [`Self::turn`]: a way for both kinds of body takes 20 to 50
    /// instructions more.
    #[inline(never)]
    fn unusual_turn(&mut self, slot: u32, app: &mut C) {
        if !self.is_heard()
            && let Some(record) = self.arena.get_mut(slot)
            && record.is_called(Flags::are_before_first_turn)
        {
            match record.body.take() {
                Body::Own(body) => {
                    record.begin_usual_turn();
                    return self.first_turn(slot, body, app);
                }
                Body::Shelved(place) if place != Place::NOWHERE => {
                    record.begin_usual_turn();
                    return self.first_turn(slot, place, app);
                }
                Body::Shelved(_) => {}
            }
        }
        self.any_turn(slot, app);
    }

    /// The first turn of a work, of which nobody hears, and which most often is its last. Who begins to listen during it hears
    /// of what comes after it.
    #[inline]
    fn first_turn<B: Held<C>>(&mut self, slot: u32, mut body: B, app: &mut C) {
        self.notes = TurnNotes::new(Mode::Hook);
        match self.call(slot, Part::First, &mut body, app) {
            Ok(answer) => self.turn_is_over(slot, body.into_body(), answer, false, app),
            Err(payload) => self.turn_panicked(slot, false, body.into_body(), payload, app),
        }
    }

    fn any_turn(&mut self, slot: u32, app: &mut C) {
        let record = self.arena.at_mut(slot);
        let first = !record.flags.has(flag::RESET);
        record.count_turn();
        record.flags.clear(flag::READY);
        record.flags.set(flag::IN_TURN | flag::RESET);
        let aborting = record.state == WorkState::Aborting;
        let mut body = record.body.take();
        if !body.is_there() {
            record.flags.clear(flag::IN_TURN);
            return self.broke_down(slot, aborting, app);
        }
        let part = match (first, aborting) {
            (true, false) => Part::First,
            (true, true) => Part::FirstAbort,
            (false, false) => Part::Next,
            (false, true) => Part::Abort,
        };
        self.notes = TurnNotes::new(part.opening());
        let call = if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            self.call_in_span(slot, part, &mut body, app)
        } else {
            self.call(slot, part, &mut body, app)
        };
        match call {
            Err(payload) => self.turn_panicked(slot, aborting, body, payload, app),
            Ok(answer) if aborting => self.abort_turn_is_over(slot, body, answer, app),
            Ok(answer) => self.turn_is_over(slot, body, answer, self.is_heard(), app),
        }
    }

    /// If the last call was a hook, the work has succeeded at once, and most often nothing else follows from its turn.
    #[inline(always)]
    fn turn_is_over(&mut self, slot: u32, body: Body<C>, answer: Answer, heard: bool, app: &mut C) {
        let record = self.arena.at_mut(slot);
        record.put_back(body);
        record.flags.clear(flag::IN_TURN);
        if self.notes.is_hook() && !heard && record.ends_plainly() {
            std::mem::forget(answer);
            let outs = succeed_plainly(record, self.now, &mut self.permits, &mut self.recorder);
            return self.succeeded_plainly(slot, outs);
        }
        self.after_turn(slot, answer, app)
    }

    fn abort_turn_is_over(&mut self, slot: u32, body: Body<C>, answer: Answer, app: &mut C) {
        let record = self.arena.at_mut(slot);
        record.put_back(body);
        record.flags.clear(flag::IN_TURN);
        self.after_abort_turn(slot, answer.is_ready(), app)
    }

    /// The call itself.
    ///
    /// The context is made outside of the closure: what a closure captures is copied into it, two words at a time right
    /// after they were written one at a time, and a processor waits for that.
    #[inline(always)]
    fn call<B: Held<C>>(
        &mut self,
        slot: u32,
        part: Part,
        body: &mut B,
        app: &mut C,
    ) -> Result<Answer, Payload> {
        let cx = &mut WorkContext::new(app, self, slot);
        catch_unwind(AssertUnwindSafe(|| body.play(cx, part)))
    }

    /// The same in the span of the attempt.
    #[cold]
    fn call_in_span(
        &mut self,
        slot: u32,
        part: Part,
        body: &mut Body<C>,
        app: &mut C,
    ) -> Result<Answer, Payload> {
        let span = self.arena.rare(slot).and_then(|rare| rare.tracing.clone());
        let _entered = span.map(tracing::Span::entered);
        self.call(slot, part, body, app)
    }

    #[cold]
    fn turn_panicked(
        &mut self,
        slot: u32,
        aborting: bool,
        body: Body<C>,
        payload: Payload,
        app: &mut C,
    ) {
        self.arena.clear(slot, flag::IN_TURN);
        self.panicked(slot, payload);
        self.drop_body(slot, body);
        self.broke_down(slot, aborting, app);
    }

    #[inline(never)]
    fn after_turn(&mut self, slot: u32, answer: Answer, app: &mut C) {
        if let Some(by) = self.arena.take_cancel(slot) {
            return self.begin_abort(slot, AbortCause::Cancel(by));
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
            let failure = Failure::lost_wake(self.arena.meta(slot).name);
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
        } else if self.is_late(slot) {
            self.force(slot);
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
        let mut body = self.arena.at_mut(slot).body.take();
        if !body.is_there() {
            return;
        }
        self.arena.set(slot, flag::IN_TURN);
        self.notes = TurnNotes::new(Mode::Hook);
        let cx = &mut WorkContext::new(app, self, slot);
        let call = catch_unwind(AssertUnwindSafe(|| body.hook(cx, hook)));
        self.arena
            .clear(slot, flag::IN_TURN | flag::WOKEN | flag::RELEASE);
        match call {
            Ok(()) => self.arena.at_mut(slot).put_back(body),
            Err(payload) => {
                self.panicked(slot, payload);
                self.drop_body(slot, body);
            }
        }
    }

    /// The work panicked and is no more: what is left is to end its attempt.
    fn broke_down(&mut self, slot: u32, aborting: bool, app: &mut C) {
        if aborting {
            return self.conclude_abort(slot, app);
        }
        if let Some(by) = self.arena.take_cancel(slot) {
            return self.begin_abort(slot, AbortCause::Cancel(by));
        }
        let failure = self.panic_of(slot);
        self.fail_attempt(slot, failure, app);
    }

    pub(super) fn panicked(&mut self, slot: u32, payload: Payload) -> Failure {
        self.recorder.panics += 1;
        let failure = Failure::panicked(text_of(&*payload).to_owned());
        self.arena.meta_mut(slot).error = Some(failure.clone());
        tracing::error!(id = self.arena.at(slot).serial, name = &**self.arena.meta(slot).name, %failure);
        match self.settings.catch_panics {
            true => panics::discard(payload),
            false => self.agenda.let_through(payload),
        }
        failure
    }

    /// The failure of a work whose body is gone.
    pub(super) fn panic_of(&self, slot: u32) -> Failure {
        let error = self.arena.meta(slot).error.cloned();
        error.unwrap_or_else(|| Failure::panicked(String::from("the work was dropped")))
    }

    /// Drops a work's body; a panic in that is the work's.
    pub(super) fn drop_body(&mut self, slot: u32, body: Body<C>) -> Option<Failure> {
        let payload = contain(|| self.discard(body)).err()?;
        Some(self.panicked(slot, payload))
    }
}

/// A turn of a work. In its first one `on_reset` comes first, and if it succeeds at once `on_success` last: most works
/// have just this one turn, and their hooks should not cost them three calls. The notes must say already what comes first:
/// see [`Part::opening`].
#[inline]
pub(super) fn play<C: ?Sized, W: Work<C> + ?Sized>(
    work: &mut W,
    cx: &mut WorkContext<'_, C>,
    part: Part,
) -> Answer {
    let first = matches!(part, Part::First | Part::FirstAbort);
    if first {
        work.on_reset(cx);
        cx.end_hook(part.mode());
    }
    if part.mode() == Mode::Abort {
        return work.on_abort(cx).map(Ok);
    }
    let answer = work.poll(cx);
    if first && matches!(answer, Poll::Ready(Ok(()))) && cx.succeeds_at_once() {
        work.on_success(cx);
    }
    answer
}

#[inline]
pub(super) fn call_hook_of<C: ?Sized, W: Work<C> + ?Sized>(
    work: &mut W,
    cx: &mut WorkContext<'_, C>,
    hook: Hook,
) {
    match hook {
        Hook::Reset => work.on_reset(cx),
        Hook::Success => work.on_success(cx),
        Hook::FailureRetry => work.on_failure_retry(cx),
        Hook::FailureRaise => work.on_failure_raise(cx),
    }
}
