//! One turn, on the engine's side: how it begins, and what follows from its answer.
//!
//! Most turns are fast turns, in the middle of an attempt, or first turns. Each of the two has a short path, which
//! looks at the record once before the call and once after it.

use crate::engine::Engine;
use crate::engine::events::TARGET;
use crate::engine::lifecycle::settle::record_plain_success;
use crate::engine::notes::{Answer, Mode, Part, TurnNotes};
use crate::engine::queue::deferred::Forced;
use crate::engine::store::extension::AbortCause;
use crate::engine::store::flags::{Flags, flag, mark};
use crate::engine::store::record::NONE;
use crate::work::{Failure, WorkState};
use std::task::Poll;
use std::time::Duration;

impl Engine {
    // ---- fast turns ----

    /// Begins a turn in the middle of an attempt, and returns true, if nothing else is going on. O(1).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn begin_fast_turn(&mut self, slot: u32) -> bool {
        // Counted here for all kinds of turns, since the shell tries this one first.
        self.recorder.turns += 1;
        match self.arena.get_mut(slot) {
            Some(record)
                if record.is_called(Flags::are_before_fast_turn)
                    && !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) =>
            {
                record.begin_fast_turn();
                self.notes = TurnNotes::new(Mode::Poll);
                true
            }
            _ => false,
        }
    }

    /// Ends a fast turn, and returns true, if the work has asked for another turn and nothing else has happened.
    /// O(1).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn end_fast_turn(&mut self, slot: u32) -> bool {
        match self.arena.get_mut(slot) {
            Some(record) if self.notes.yielded && record.flags.are_of_fast_turn() => {
                record.flags.end_fast_turn();
                self.ready.push_flagged(record, slot);
                true
            }
            _ => false,
        }
    }

    /// Begins the first turn of a work, and returns true, if nothing else is going on and nothing listens. O(1).
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn begin_first_turn(&mut self, slot: u32) -> bool {
        if self.is_heard() {
            return false;
        }
        match self.arena.get_mut(slot) {
            Some(record) if record.is_called(Flags::are_before_first_turn) => {
                record.begin_fast_turn();
                self.notes = TurnNotes::new(Mode::Hook);
                true
            }
            _ => false,
        }
    }

    /// Ends a turn whose last call was `on_success`, if nothing else follows. Returns the list of the work's edges to
    /// dependents; the caller goes on with [`Engine::release_after_plain_success`].
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn end_plain_success(&mut self, slot: u32, heard: bool) -> Option<u32> {
        let record = self.arena.at_mut(slot);
        if self.notes.is_hook() && !heard && record.is_plain_success() {
            let (permits, recorder) = (&mut self.permits, &mut self.recorder);
            return Some(record_plain_success(record, self.now, permits, recorder));
        }
        None
    }

    /// Returns whether the memory of the next turns is to be read ahead.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn wants_prefetch(&self, outs: u32) -> bool {
        outs != NONE && self.ready.is_unread()
    }

    // ---- within a turn ----

    /// Goes from a hook to a turn in `mode`. Wishes of the hook do not count.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn hook_is_over(&mut self, slot: u32, mode: Mode) {
        self.notes = TurnNotes::new(mode);
        self.arena.clear(slot, flag::WOKEN | flag::RELEASE);
    }

    /// Returns whether `on_success` is next, because the work has no child and no cancel has come.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn succeeds_at_once(&mut self, slot: u32) -> bool {
        let flags = self.arena.at(slot).flags;
        let at_once = !flags.has(flag::CHILDREN | flag::CANCEL);
        if at_once {
            self.notes.mode = Mode::Hook;
        }
        at_once
    }

    /// As [`WorkContext::sleep`](crate::WorkContext::sleep).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn sleep(&mut self, slot: u32, duration: Duration) -> Poll<()> {
        let marks = &mut self.arena.at_mut(slot).marks;
        let asleep = *marks & mark::SLEEPS != 0;
        *marks |= mark::SLEEPS;
        if !asleep {
            let until = self.now.saturating_add(duration);
            self.arena.begin_sleep(slot, until);
        }
        let until = self.arena.sleep_end(slot);
        // A sleep that begins now is not over at once, even if its duration is zero.
        if asleep && until <= self.now {
            self.arena.at_mut(slot).marks &= !mark::SLEEPS;
            return Poll::Ready(());
        }
        self.notes.wake_at(until);
        Poll::Pending
    }

    // ---- all others ----

    /// Begins any other turn. Returns `None` if the work has no body any more, and its attempt is then over; or if the
    /// decider lets something else happen.
    pub(crate) fn begin_full_turn(&mut self, slot: u32) -> Option<Part> {
        if self.deciding.is_some() && self.interfere(slot) {
            return None;
        }
        let gone = !self.arena.has_body(slot);
        let record = self.arena.at_mut(slot);
        let first = !record.flags.has(flag::RESET);
        record.count_turn();
        record.flags.clear(flag::READY);
        record.flags.set(flag::RESET);
        let aborting = record.state == WorkState::Aborting;
        if gone {
            self.broke_down(slot, aborting);
            return None;
        }
        record.flags.set(flag::IN_TURN);
        let part = match (first, aborting) {
            (true, false) => Part::First,
            (true, true) => Part::FirstAbort,
            (false, false) => Part::Next,
            (false, true) => Part::Abort,
        };
        self.notes = TurnNotes::new(part.opening());
        Some(part)
    }

    /// Handles the answer of a turn of `poll`.
    pub(crate) fn after_turn(&mut self, slot: u32, answer: Answer) {
        self.arena.clear(slot, flag::IN_TURN);
        // A cancel that came during the turn beats the answer.
        if let Some(by) = self.arena.take_cancel(slot) {
            return self.begin_abort(slot, AbortCause::Cancel(by));
        }
        match answer {
            Poll::Pending => self.paused(slot),
            Poll::Ready(Ok(())) => self.ended_well(slot),
            Poll::Ready(Err(failure)) => self.fail_attempt(slot, failure),
        }
    }

    /// Handles `Pending`: another turn, sleep, or failure for want of anything that could wake the work.
    fn paused(&mut self, slot: u32) {
        let woken = self.arena.take(slot, flag::WOKEN);
        // A work that needs no permit has none to come back for: its turn follows without a change of state.
        if self.arena.take(slot, flag::RELEASE) && !self.permits.needs_none(&self.arena, slot) {
            self.permits.give_back(&mut self.arena, slot);
        }
        let sleeps = !woken && !self.notes.yielded;
        // A doomed attempt needs no source, since the end of the round fails it.
        if sleeps && (self.has_source(slot) || self.is_doomed(slot)) {
            self.arm_sleeper(slot);
            self.change(slot, Some(WorkState::Running), WorkState::Waiting);
            if self.arena.live_children(slot) > 0 {
                self.permits.give_back(&mut self.arena, slot);
            }
        } else if sleeps && !self.has_just_lost_waker(slot) {
            let failure = Failure::lost_wake(self.arena.cold(slot).name);
            self.fail_attempt(slot, failure);
        } else if self.arena.is(slot, flag::PERMIT) {
            self.ready.push(&mut self.arena, slot);
        } else {
            self.want_turn(slot);
        }
    }

    /// Returns whether a child has failed, so that the end of the round will fail this attempt.
    fn is_doomed(&self, slot: u32) -> bool {
        let extension = self.arena.extension(slot);
        extension.is_some_and(|extension| extension.join.first_failure.is_some())
    }

    /// Handles success: failed children first, then live ones, then `on_success`.
    fn ended_well(&mut self, slot: u32) {
        self.arena.clear(slot, flag::WOKEN | flag::RELEASE);
        if self.arena.is(slot, flag::CHILDREN) {
            let join = &mut self.arena.extension_or_new(slot).join;
            let live = join.live;
            if let Some(failure) = join.first_failure.take() {
                return self.fail_attempt(slot, failure);
            }
            if live > 0 {
                self.permits.give_back(&mut self.arena, slot);
                return self.change(slot, Some(WorkState::Running), WorkState::Joining);
            }
        }
        // The shell has called `on_success` in this turn already.
        if self.notes.is_hook() {
            self.finish_success(slot);
        } else {
            self.call_on_success(slot);
        }
    }

    /// Handles the answer of a turn of `on_abort`.
    pub(crate) fn after_abort_turn(&mut self, slot: u32, ready: bool) {
        self.arena.clear(slot, flag::IN_TURN);
        let woken = self.arena.take(slot, flag::WOKEN);
        if ready {
            self.conclude_abort(slot);
        } else if self.is_late(slot) {
            self.deferred.force(slot, Forced::Always);
        } else if woken || self.notes.yielded {
            self.ready.push(&mut self.arena, slot);
        } else if self.has_source(slot) {
            self.arm_sleeper(slot);
        } else if self.has_just_lost_waker(slot) {
            self.ready.push(&mut self.arena, slot);
        } else {
            self.deferred.force(slot, Forced::Always);
        }
    }
}
