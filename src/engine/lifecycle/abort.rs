//! Ending works early: cancel, limits, grace, shutdown.
//!
//! Only a work that was never granted a permit ends at once. Any other abort is a phase within the grace. First the
//! children end. Then `on_abort` runs until it is ready, unless the attempt failed by itself. Then running jobs end.
//! After the grace the work is dropped with all that is left below it. If only jobs are left, it goes on without
//! them.
//!
//! The steps of an abort, each with its function:
//!
//! * `begin_abort` walks down from the work. A work in its turn gets a flag, and one that was never tried ends at once.
//!   Any other goes on.
//! * `enter_abort` takes the work out of queues and timers, drops jobs that have not begun, marks the token and arms
//!   the grace.
//! * `child_settled` calls `drained` with the last live child. A polite abort then has turns of `on_abort`.
//! * `conclude_abort` follows when `on_abort` is ready or not wanted. It waits for running jobs, and then begins the
//!   chain of hooks.
//! * `end_of_chain` ends the attempt, and settles the work or lets it back off.
//! * `grace_is_over` comes in between if the grace ends first. The shell then drops bodies from below, and `forced`
//!   settles their works.

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

    /// Cancels a work on behalf of `by`, and returns whether it was unsettled. A settled work stays as it is. O(works
    /// below it).
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

    /// Cancels all root works on behalf of `by`, and with them their children. O(works log works).
    pub(crate) fn cancel_all_for(&mut self, by: CancelledBy) {
        // Age decides the order of the ends, so that it does not depend on which slots were free (L27). Parents cancel
        // their children, which then do not count as failed (L13).
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
            // The flag comes before the cancels, so that none of the works that end now gets a retry (L25).
            self.closed = true;
            self.cancel_all_for(CancelledBy::Shutdown);
        }
    }

    /// Cancels the live children of a work. They do not count as failed children.
    pub(crate) fn cancel_children_of(&mut self, slot: u32) {
        for child in self.live_children_of(slot) {
            // The end of one child may have ended another, which may even have been reclaimed.
            let live = |record: &crate::engine::store::record::Record| !record.state.is_settled();
            if self.arena.get(child).is_some_and(live) {
                self.arena.set(child, flag::BY_PARENT);
                self.begin_abort(child, AbortCause::Cancel(CancelledBy::Parent));
            }
        }
    }

    /// Returns the children of a work that have not settled. O(children).
    pub(crate) fn live_children_of(&self, slot: u32) -> Vec<u32> {
        // A parent may keep very many settled children, and the walk would look at each.
        if self.arena.live_children(slot) == 0 {
            return Vec::new();
        }
        self.arena
            .children(slot)
            .filter(|&child| !self.arena.at(child).state.is_settled())
            .collect()
    }

    /// Aborts a work and everything below it.
    ///
    /// The caller may be in a turn of the work itself. O(works below it).
    pub(crate) fn begin_abort(&mut self, slot: u32, cause: AbortCause) {
        // A stack of its own instead of recursion, since nests may be deep.
        let mut stack = vec![(slot, cause)];
        while let Some((slot, cause)) = stack.pop() {
            let record = self.arena.at(slot);
            match record.state {
                // The end of a sibling may have blocked this child. It is still there, since an aborting parent keeps
                // its children.
                state if state.is_settled() => {}
                WorkState::Aborting => self.override_abort(slot, cause),
                // A call of the work cannot be interrupted. The cancel waits in a flag, and beats the result of the
                // call (L26).
                _ if record.flags.has(flag::IN_TURN) => match cause {
                    AbortCause::Cancel(by) => self.arena.cancel_later(slot, by),
                    // Limits come between turns.
                    AbortCause::Fail(_) => debug_assert!(false, "a limit during a turn"),
                },
                // A work that was never granted a permit has nothing to undo (L22).
                _ if !record.flags.has(flag::TRIED) => self.end_unstarted(slot, cause),
                _ => {
                    self.enter_abort(slot, cause, true);
                    self.push_children(slot, &mut stack);
                }
            }
        }
    }

    /// Adds the live children of a work to the stack, the first one on top. So they end in the order in which they were
    /// added.
    fn push_children(&mut self, slot: u32, stack: &mut Vec<(u32, AbortCause)>) {
        for child in self.live_children_of(slot).into_iter().rev() {
            self.arena.set(child, flag::BY_PARENT);
            stack.push((child, AbortCause::Cancel(CancelledBy::Parent)));
        }
    }

    /// Ends a work without an attempt at once.
    fn end_unstarted(&mut self, slot: u32, cause: AbortCause) {
        self.settle(slot, End::from(cause));
    }

    /// Changes the cause of an abort under way: a cancel beats a failure or a retry.
    fn override_abort(&mut self, slot: u32, cause: AbortCause) {
        // Only a cancel beats what is under way (L26).
        let AbortCause::Cancel(by) = cause else {
            return;
        };
        match self
            .arena
            .extension_mut(slot)
            .and_then(|extension| extension.abort.as_mut())
        {
            Some(abort) => {
                // The first cancel stays: it says on whose behalf the work ends (L35).
                if let AbortCause::Fail(_) = abort.cause {
                    abort.cause = AbortCause::Cancel(by);
                }
            }
            // The abort is being concluded: one of the last hooks is running.
            None => self.arena.cancel_later(slot, by),
        }
    }

    /// Begins the phase of aborting: takes the work out of every queue and arms the grace only. Works without live
    /// children go on at once.
    ///
    /// `polite` says whether `on_abort` is to be called. An attempt that failed by itself does without (L21).
    fn enter_abort(&mut self, slot: u32, cause: AbortCause, polite: bool) {
        self.fruitless.stir();
        let state = self.arena.at(slot).state;
        if state == WorkState::Queued {
            // The work leaves the queue before the flag changes, because the flag is part of the key of the lane.
            self.permits.leave(&mut self.arena, slot);
            self.arena.clear(slot, flag::RETURNER);
        }
        self.ready.remove(&mut self.arena, slot);
        // No alarm, timeout or deadline may disturb the abort, which its grace alone bounds (L23).
        self.disarm_all(slot);
        self.not_external(slot);
        // Jobs that have not begun would only prolong the abort (L34).
        self.cancel_jobs(slot);
        // `conclude_abort` takes a flag CANCEL for a cancel that came during the abort, so an old one must be gone.
        self.arena.clear(slot, flag::WOKEN | flag::CANCEL);
        // `on_abort` may sleep, too, and must not find the sleep of `poll` half over.
        self.arena.at_mut(slot).marks &= !mark::SLEEPS;
        let default = self.settings.abort_grace;
        let extension = self.arena.extension_or_new(slot);
        let grace = extension.extras.abort_grace.unwrap_or(default);
        extension.abort = Some(Abort {
            cause,
            polite,
            late: false,
        });
        // Running jobs see the abort by this token. It is marked only, because its listener is this engine, which
        // knows.
        if let Some(token) = &extension.token {
            token.mark();
        }
        self.arm_limit(slot, Limit::Grace, self.now.saturating_add(grace));
        self.change(slot, Some(state), WorkState::Aborting);
        // With live children, the last of them to settle goes on with the abort: see `child_settled`.
        if self.arena.live_children(slot) == 0 {
            self.drained(slot);
        }
    }

    /// Aborts the children of an attempt that failed by itself. The attempt's own `on_abort` is not called.
    pub(crate) fn drain_failed(&mut self, slot: u32, failure: Failure) {
        // A work that cancels itself ends Cancelled, even if children or jobs hold up its end.
        let cause = if failure.is_cancelled() {
            AbortCause::Cancel(CancelledBy::Itself)
        } else {
            AbortCause::Fail(failure)
        };
        self.enter_abort(slot, cause, false);
        self.cancel_children_of(slot);
    }

    /// Goes on with an abort once no child is live: with a turn of `on_abort`, or with the end. The end is a deferred
    /// entry, so a nest of parents does not end in a recursion.
    pub(crate) fn drained(&mut self, slot: u32) {
        if self.has_turns_in_abort(slot) {
            self.ready.push(&mut self.arena, slot);
        } else {
            self.deferred.finish(slot);
        }
    }

    /// Acts on a deadline or an attempt timeout. A limit fires between turns only, so no call of the work is running.
    pub(crate) fn limit(&mut self, slot: u32, kind: FailureKind) {
        self.fruitless.stir();
        let failure = Failure::of_kind(kind);
        // Between attempts there is nothing to abort.
        if self.arena.at(slot).state == WorkState::Retrying {
            return self.settle(slot, End::Failed(failure));
        }
        self.begin_abort(slot, AbortCause::Fail(failure));
    }

    /// Forces the abort of a work and of all that lives below it, the deepest first. Works that only jobs hold up go on
    /// without their jobs instead. O(works below it).
    pub(crate) fn grace_is_over(&mut self, slot: u32) {
        self.fruitless.stir();
        let mut order = vec![slot];
        let mut next = 0;
        // A list goes level by level instead of a recursion, since nests may be deep.
        while next < order.len() {
            let children = self.live_children_of(order[next]);
            order.extend(children);
            next += 1;
        }
        // Children first, so that a work is dropped after all that lives below it.
        for &slot in order.iter().rev() {
            self.deferred.force(slot, Forced::UnlessOnlyJobsRun);
        }
    }

    /// Returns the next body that is to be dropped by force.
    ///
    /// Bodies are dropped one by one, each in a call of its own. So a panic in a drop concerns one work (L24).
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

    /// Readies a work without live children for the drop of its body. Returns whether there is a body to be dropped.
    fn begin_force(&mut self, slot: u32) -> bool {
        // The end of another work of the list may have settled this one meanwhile.
        if self.arena.at(slot).state.is_settled() {
            return false;
        }
        // A work that was never tried has nothing to abort. It ends with its parent, and is no failed child.
        if !self.arena.is(slot, flag::TRIED) {
            self.arena.set(slot, flag::BY_PARENT);
            self.settle(slot, End::Cancelled(CancelledBy::Parent));
            return false;
        }
        // The way of any other abort takes the work out of queues and timers. It is not polite, since no time is left.
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
