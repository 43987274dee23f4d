//! One turn of a work, and its hooks. Only this file calls a work.

use super::WorkScheduler;
use super::context::WorkContext;
use crate::engine::notes::{Answer, Hook, Mode, Part};
use crate::engine::panics::{Payload, contain};
use crate::work::Work;
use std::task::Poll;

impl<C: ?Sized> WorkScheduler<C> {
    /// Calls a work's `poll` or `on_abort`, and tells the engine what came of it.
    #[inline(always)]
    pub(super) fn turn(&mut self, slot: u32, app: &mut C) {
        match self.lent.engine.begin_fast_turn(slot) {
            true => self.fast_turn(slot, app),
            false => self.first_or_full_turn(slot, app),
        }
    }

    /// Gives a turn in the middle of an attempt. Most such turns end with the wish for another.
    #[inline(always)]
    fn fast_turn(&mut self, slot: u32, app: &mut C) {
        let cx = &mut WorkContext::new(app, &mut self.lent, slot);
        let bodies = &mut self.bodies;
        let answer = match bodies.poll(slot, cx) {
            Ok(answer) => answer,
            Err(payload) => return self.turn_panicked(slot, false, payload),
        };
        if answer.is_pending() && self.lent.engine.end_fast_turn(slot) {
            // `Pending` needs no drop, and forgetting it saves the check.
            std::mem::forget(answer);
            return;
        }
        self.after_fast_turn(slot, answer, app)
    }

    #[inline(never)]
    fn after_fast_turn(&mut self, slot: u32, answer: Answer, app: &mut C) {
        if matches!(answer, Poll::Ready(Ok(()))) {
            let cx = &mut WorkContext::new(app, &mut self.lent, slot);
            if cx.succeeds_at_once()
                && let Err(payload) = contain(|| self.bodies.hook(slot, cx, Hook::Success))
            {
                return self.turn_panicked(slot, false, payload);
            }
        }
        let heard = self.lent.engine.is_heard();
        self.turn_is_over(slot, answer, heard)
    }

    /// Gives a first turn, or leaves the work to [`Self::full_turn`].
    #[inline(never)]
    fn first_or_full_turn(&mut self, slot: u32, app: &mut C) {
        if !self.lent.engine.begin_first_turn(slot) {
            return self.full_turn(slot, app);
        }
        match self.call(slot, Part::First, app) {
            Ok(answer) => self.turn_is_over(slot, answer, false),
            Err(payload) => self.turn_panicked(slot, false, payload),
        }
    }

    fn full_turn(&mut self, slot: u32, app: &mut C) {
        let Some(part) = self.lent.engine.begin_full_turn(slot) else {
            return;
        };
        let aborting = part.mode() == Mode::Abort;
        let span = self.lent.engine.enter_span(slot);
        let call = self.call(slot, part, app);
        drop(span);
        match call {
            Err(payload) => self.turn_panicked(slot, aborting, payload),
            Ok(answer) if aborting => self.lent.engine.after_abort_turn(slot, answer.is_ready()),
            Ok(answer) => {
                let heard = self.lent.engine.is_heard();
                self.turn_is_over(slot, answer, heard);
            }
        }
    }

    /// Ends a turn. If its last call was a hook, the work has succeeded at once, and nothing else follows in most
    /// cases.
    #[inline(always)]
    fn turn_is_over(&mut self, slot: u32, answer: Answer, heard: bool) {
        let engine = &mut self.lent.engine;
        match engine.end_plain_success(slot, heard) {
            Some(outs) => {
                std::mem::forget(answer);
                if engine.wants_prefetch(outs) {
                    engine.prefetch(&|ahead| self.bodies.prefetch(ahead));
                }
                engine.release_after_plain_success(slot, outs);
            }
            // A first turn may end with the wish for another, too.
            None if answer.is_pending() && engine.end_fast_turn(slot) => std::mem::forget(answer),
            None => engine.after_turn(slot, answer),
        }
    }

    /// Makes the call. The context is made outside of the closure, since a captured context would be copied.
    #[inline(always)]
    fn call(&mut self, slot: u32, part: Part, app: &mut C) -> Result<Answer, Payload> {
        let cx = &mut WorkContext::new(app, &mut self.lent, slot);
        self.bodies.play(slot, cx, part)
    }

    #[cold]
    fn turn_panicked(&mut self, slot: u32, aborting: bool, payload: Payload) {
        self.lent.engine.broke(slot, payload);
        self.drop_broken(slot);
        self.lent.engine.broke_down(slot, aborting);
    }

    /// Drops the body of a work that has panicked.
    #[cold]
    fn drop_broken(&mut self, slot: u32) {
        if let Err(payload) = contain(|| self.bodies.discard(slot)) {
            self.lent.engine.panicked(slot, payload);
        }
    }

    /// Calls a hook. If the hook panics, the work's body is dropped.
    pub(super) fn call_hook(&mut self, slot: u32, hook: Hook, app: &mut C) {
        let cx = &mut WorkContext::new(app, &mut self.lent, slot);
        let bodies = &mut self.bodies;
        let call = contain(|| bodies.hook(slot, cx, hook));
        if !self.lent.engine.hook_returned(slot, call) {
            self.drop_broken(slot);
        }
    }
}

/// Gives a work a turn. The first turn begins with `on_reset`, and ends with `on_success` if the work succeeds at once:
/// most works have just this one turn, and one call through the box is cheaper than three. The notes must already name
/// the part that comes first: see [`Part::opening`].
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
