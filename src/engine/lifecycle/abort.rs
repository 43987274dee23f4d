//! Ending works early: cancel, limits, grace, shutdown.
//!
//! Only a work that was never granted a permit ends at once. An abort is otherwise a phase: the children first, then
//! `on_abort` until it is ready (not for an attempt that failed by itself), then the ends of jobs that run, all within
//! the grace; then the work is dropped with all that is left below it, or, if only jobs are left, goes on without them.

use crate::engine::calls::Call;
use crate::engine::lifecycle::settle::End;
use crate::engine::queue::deferred::Forced;
use crate::engine::store::extension::{Abort, AbortCause};
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::engine::{Engine, UnknownWork};
use crate::work::{CancelledBy, Failure, FailureKind, WorkId, WorkState};

impl Engine {
    /// As [`WorkScheduler::cancel`](crate::WorkScheduler::cancel).
    pub(crate) fn cancel(&mut self, id: WorkId) -> Result<bool, UnknownWork> {
        self.cancel_for(id, CancelledBy::Host)
    }

    pub(crate) fn cancel_for(&mut self, id: WorkId, by: CancelledBy) -> Result<bool, UnknownWork> {
        let slot = self.lookup(id)?;
        let live = !self.arena.at(slot).state.is_settled();
        if live {
            self.begin_abort(slot, AbortCause::Cancel(by));
        }
        Ok(live)
    }

    /// As [`WorkScheduler::cancel_all`](crate::WorkScheduler::cancel_all).
    pub(crate) fn cancel_all(&mut self) {
        self.cancel_all_for(CancelledBy::Host);
    }

    pub(crate) fn cancel_all_for(&mut self, by: CancelledBy) {
        for slot in self.arena.slots_by_age() {
            // A work that settled meanwhile may have been reclaimed.
            let root = self
                .arena
                .get(slot)
                .is_some_and(|record| !record.state.is_settled())
                && self.arena.parent(slot).is_none();
            if root {
                self.begin_abort(slot, AbortCause::Cancel(by));
            }
        }
    }

    /// As [`WorkScheduler::shutdown`](crate::WorkScheduler::shutdown).
    pub(crate) fn shutdown(&mut self) {
        if !self.closed {
            self.closed = true;
            self.cancel_all_for(CancelledBy::Shutdown);
        }
    }

    /// Cancels the live children of a work; they do not count as failed ones.
    pub(crate) fn cancel_children_of(&mut self, slot: u32) {
        for child in self.live_children_of(slot) {
            // The end of one may have been that of another, which may even have been reclaimed.
            let live = |record: &crate::engine::store::record::Record| !record.state.is_settled();
            if self.arena.get(child).is_some_and(live) {
                self.arena.set(child, flag::BY_PARENT);
                self.begin_abort(child, AbortCause::Cancel(CancelledBy::Parent));
            }
        }
    }

    pub(crate) fn live_children_of(&self, slot: u32) -> Vec<u32> {
        if self.arena.live_children(slot) == 0 {
            return Vec::new();
        }
        self.arena
            .children(slot)
            .filter(|&child| !self.arena.at(child).state.is_settled())
            .collect()
    }

    /// Aborts a work and everything below it.
    pub(crate) fn begin_abort(&mut self, slot: u32, cause: AbortCause) {
        let mut stack = vec![(slot, cause)];
        while let Some((slot, cause)) = stack.pop() {
            let record = self.arena.at(slot);
            match record.state {
                state if state.is_settled() => {}
                WorkState::Aborting => self.override_abort(slot, cause),
                _ if record.flags.has(flag::IN_TURN) => match cause {
                    AbortCause::Cancel(by) => self.arena.cancel_later(slot, by),
                    // Limits come between turns.
                    AbortCause::Fail(_) => debug_assert!(false, "a limit during a turn"),
                },
                _ if !record.flags.has(flag::TRIED) => self.end_unstarted(slot, cause),
                _ => {
                    self.enter_abort(slot, cause, true);
                    self.push_children(slot, &mut stack);
                }
            }
        }
    }

    fn push_children(&mut self, slot: u32, stack: &mut Vec<(u32, AbortCause)>) {
        for child in self.live_children_of(slot).into_iter().rev() {
            self.arena.set(child, flag::BY_PARENT);
            stack.push((child, AbortCause::Cancel(CancelledBy::Parent)));
        }
    }

    fn end_unstarted(&mut self, slot: u32, cause: AbortCause) {
        self.settle(slot, End::from(cause));
    }

    /// A cancel beats a failure or retry that is still aborting.
    fn override_abort(&mut self, slot: u32, cause: AbortCause) {
        let AbortCause::Cancel(by) = cause else {
            return;
        };
        match self
            .arena
            .extension_mut(slot)
            .and_then(|extension| extension.abort.as_mut())
        {
            Some(abort) => {
                if let AbortCause::Fail(_) = abort.cause {
                    abort.cause = AbortCause::Cancel(by);
                }
            }
            // The abort is being concluded: one of the last hooks is running.
            None => self.arena.cancel_later(slot, by),
        }
    }

    /// The phase begins: out of every queue, only the grace is armed. Works without live children go on at once.
    fn enter_abort(&mut self, slot: u32, cause: AbortCause, polite: bool) {
        self.fruitless.stir();
        let state = self.arena.at(slot).state;
        if state == WorkState::Queued {
            self.permits.leave(&mut self.arena, slot);
            self.arena.clear(slot, flag::RETURNER);
        }
        self.ready.remove(&mut self.arena, slot);
        self.disarm_all(slot);
        self.not_external(slot);
        self.cancel_jobs(slot);
        self.arena.clear(slot, flag::WOKEN | flag::CANCEL);
        self.arena.at_mut(slot).marks &= !mark::SLEEPS;
        let default = self.settings.abort_grace;
        let extension = self.arena.extension_or_new(slot);
        let grace = extension.extras.abort_grace.unwrap_or(default);
        extension.abort = Some(Abort {
            cause,
            polite,
            late: false,
        });
        if let Some(token) = &extension.token {
            token.mark();
        }
        self.arm_limit(slot, Limit::Grace, self.now.saturating_add(grace));
        self.change(slot, Some(state), WorkState::Aborting);
        if self.arena.live_children(slot) == 0 {
            self.drained(slot);
        }
    }

    /// An attempt that failed by itself: its children are aborted and drained, without its own `on_abort`.
    pub(crate) fn drain_failed(&mut self, slot: u32, failure: Failure) {
        let cause = if failure.is_cancelled() {
            AbortCause::Cancel(CancelledBy::Itself)
        } else {
            AbortCause::Fail(failure)
        };
        self.enter_abort(slot, cause, false);
        self.cancel_children_of(slot);
    }

    /// An aborting work has no live child (any more): its own turn, or the end.
    pub(crate) fn drained(&mut self, slot: u32) {
        if self.has_turns_in_abort(slot) {
            self.ready.push(&mut self.arena, slot);
        } else {
            self.deferred.finish(slot);
        }
    }

    /// A deadline or an attempt timeout has come.
    pub(crate) fn limit(&mut self, slot: u32, kind: FailureKind) {
        self.fruitless.stir();
        let failure = Failure::of_kind(kind);
        if self.arena.at(slot).state == WorkState::Retrying {
            return self.settle(slot, End::Failed(failure));
        }
        self.begin_abort(slot, AbortCause::Fail(failure));
    }

    /// The grace is over: the work is dropped, what lives below it first. Works that only jobs hold up are not: they go
    /// on without these.
    pub(crate) fn grace_is_over(&mut self, slot: u32) {
        self.fruitless.stir();
        let mut order = vec![slot];
        let mut next = 0;
        while next < order.len() {
            let children = self.live_children_of(order[next]);
            order.extend(children);
            next += 1;
        }
        for &slot in order.iter().rev() {
            self.deferred.force(slot, Forced::UnlessOnlyJobsRun);
        }
    }

    /// The next body that is to be dropped by force.
    pub(crate) fn next_forced(&mut self) -> Option<Call> {
        while let Some((slot, forced)) = self.deferred.next_forced() {
            if forced == Forced::UnlessOnlyJobsRun && self.is_held_up_by_jobs(slot) {
                self.go_on_without_jobs(slot);
            } else if self.begin_force(slot) {
                return Some(Call::Force(slot));
            }
        }
        None
    }

    /// Readies a work that has no live child for the drop of its body: its grace is over, or nothing could end its abort.
    /// Whether there is a body to be dropped.
    fn begin_force(&mut self, slot: u32) -> bool {
        if self.arena.at(slot).state.is_settled() {
            return false;
        }
        if !self.arena.is(slot, flag::TRIED) {
            self.arena.set(slot, flag::BY_PARENT);
            self.settle(slot, End::Cancelled(CancelledBy::Parent));
            return false;
        }
        if self.arena.at(slot).state != WorkState::Aborting {
            self.enter_abort(slot, AbortCause::Cancel(CancelledBy::Parent), false);
        }
        self.recorder.forced_aborts += 1;
        tracing::warn!(
            id = self.arena.at(slot).serial,
            name = &**self.arena.cold(slot).name,
            "abort ended by force"
        );
        self.ready.remove(&mut self.arena, slot);
        true
    }
}
