//! Settling: how an attempt ends, and what follows from it for other works.
//!
//! Nothing here recurses: works about to settle wait in `settling`, and finished attempts are deferred entries. So a
//! chain of a million blocked works, or a million parents that end with their last grandchild, is a loop.
//!
//! Trap: settling may reclaim the work, whose id then finds nothing. A caller asks for the id or the outcome before it
//! settles the work.
//!
//! The end of a work has these consequences, in this order:
//!
//! * Dependents begin, wait on, or are blocked, in the order of their edges (L3, L11).
//! * Works that only this one has pinned go (L30).
//! * Watchers wake.
//! * The parent counts the child, and wakes, goes on or is doomed (L13).
//! * The callback becomes a deferred entry.
//! * The work is reclaimed, unless something keeps it.

use super::change;
use crate::engine::Engine;
use crate::engine::events::Recorder;
use crate::engine::panics::contain;
use crate::engine::queue::permits::Permits;
use crate::engine::store::extension::AbortCause;
use crate::engine::store::flags::flag;
use crate::engine::store::limits::Limit;
use crate::engine::store::names::{self, Purpose};
use crate::engine::store::record::{NONE, Record};
use crate::time::Time;
use crate::work::{CancelledBy, Failure, WorkState};
use std::time::Duration;

/// How a work settles, and why.
pub(crate) enum End {
    /// The work has succeeded.
    Success,
    /// The work has failed for good.
    Failed(Failure),
    /// A dependency of the work has failed, so it can never run.
    Blocked(Failure),
    /// The work is cancelled on behalf of this party.
    Cancelled(CancelledBy),
}

impl From<AbortCause> for End {
    fn from(cause: AbortCause) -> Self {
        match cause {
            AbortCause::Cancel(by) => End::Cancelled(by),
            AbortCause::Fail(failure) => End::Failed(failure),
        }
    }
}

impl Engine {
    /// Ends the attempt after `on_success`, and with it the work. The work has no live child.
    #[inline]
    pub(crate) fn finish_success(&mut self, slot: u32) {
        let heard = self.is_heard();
        let record = self.arena.at_mut(slot);
        // The extension notes that a body is gone, and a work with an extension has no plain success.
        if !self.is_settling && !heard && record.is_plain_success() {
            let outs =
                record_plain_success(record, self.now, &mut self.permits, &mut self.recorder);
            return self.release_after_plain_success(slot, outs);
        }
        self.finish_full_success(slot);
    }

    /// Does what follows for other works from [`record_plain_success`], when nothing listens.
    ///
    /// A plain work has no parent, watcher, callback or timer, so nothing else follows.
    #[inline(never)]
    pub(crate) fn release_after_plain_success(&mut self, slot: u32, outs: u32) {
        debug_assert!(!self.is_settling, "works have no turns while others settle");
        if outs != NONE {
            self.release_dependents(slot, outs, WorkState::Success, self.may_begin_at_once());
        }
        self.release_pinned(slot);
        if !self.keeps(WorkState::Success) {
            self.reclaim(slot);
        }
    }

    /// Ends any other success: a panic or a cancel in a hook still wins.
    fn finish_full_success(&mut self, slot: u32) {
        // `on_success` has panicked, which fails the work for good (L24).
        if !self.arena.has_body(slot) {
            let failure = self.panic_of(slot);
            self.end_attempt(slot);
            return self.settle(slot, End::Failed(failure));
        }
        // A cancel in `on_success` beats the success, as in any turn (L26).
        if let Some(by) = self.arena.take_cancel(slot) {
            return self.begin_abort(slot, AbortCause::Cancel(by));
        }
        self.end_attempt(slot);
        self.settle(slot, End::Success);
    }

    /// Fails an attempt. Its live children are aborted first, and running jobs end.
    pub(crate) fn fail_attempt(&mut self, slot: u32, failure: Failure) {
        let state = self.arena.at(slot).state;
        let holds_up = self.arena.live_children(slot) > 0 || self.has_running_jobs(slot);
        // Of the states of an attempt, only Running may become Failed or Retrying without an abort: see the transition
        // table.
        if state != WorkState::Running || holds_up {
            return self.drain_failed(slot, failure);
        }
        self.conclude_failure(slot, failure);
    }

    /// Returns whether a retry follows this failure. No retry follows a shutdown (L25), a panic (L24), a deadline that
    /// has passed, or an unretryable failure (L21).
    pub(crate) fn may_try_again(&self, slot: u32, failure: &Failure) -> bool {
        let cold = self.arena.cold(slot);
        let extras = cold.extension.map(|extension| &extension.extras);
        let deadline = extras.and_then(|extras| extras.deadline);
        failure.is_retryable(extras.is_some_and(|extras| extras.retry_fatal_children))
            && cold.retries_left > 0
            && !self.closed
            && self.arena.has_body(slot)
            && deadline.is_none_or(|at| at > self.now)
    }

    /// Lets a failed work wait for its next attempt. The attempt has ended.
    pub(crate) fn back_off(&mut self, slot: u32, failure: Failure) {
        let delay = failure
            .retry_delay()
            .unwrap_or_else(|| self.backoff_delay(slot));
        let cold = self.arena.cold_mut(slot);
        cold.error = Some(failure);
        cold.retries_left -= 1;
        cold.retries_spent += 1;
        self.recorder.retries_left -= 1;
        // The old failure has just been dropped, and a panic in that drop counts for this scheduler.
        self.drops.count();
        self.change(slot, Some(self.arena.at(slot).state), WorkState::Retrying);
        // The place of the alarm is free, since the attempt has dropped its own. Even without a delay it fires in a
        // later round (L5).
        self.arm_alarm(slot, self.now.saturating_add(delay));
        // The end of the attempt dropped all timers, but a deadline bounds the work, not the attempt.
        let deadline = self.arena.extension_mut(slot).and_then(|extension| {
            extension.below = 0;
            extension.extras.deadline
        });
        if let Some(at) = deadline {
            self.arm_limit(slot, Limit::Deadline, at);
        }
    }

    /// Returns the delay of the back-off before the next attempt.
    fn backoff_delay(&self, slot: u32) -> Duration {
        let cold = self.arena.cold(slot);
        let backoff = cold
            .extension
            .as_ref()
            .and_then(|extension| extension.extras.backoff)
            .unwrap_or(self.settings.backoff);
        backoff.delay(cold.retries_spent, |n| {
            // Jitter depends on the name path and the retry, so other works do not change it.
            let key = names::path_key(&self.arena, slot);
            names::stream(
                self.settings.seed,
                Purpose::Jitter,
                key,
                cold.retries_spent as u64,
            )
            .below(n)
        })
    }

    // ---- settling ----

    /// Settles a work, and all works whose end follows from that.
    ///
    /// The work's attempt, if it has had one, has ended.
    pub(crate) fn settle(&mut self, slot: u32, end: End) {
        // Works that are about to settle already go first.
        if self.is_settling || !self.settling.is_empty() {
            self.settling.push_back((slot, end));
            return self.drain_settling();
        }
        // The first work of a chain settles in place: most ends lead to no other, and the queue is not touched.
        self.is_settling = true;
        self.settle_one(slot, end);
        self.is_settling = false;
        if !self.settling.is_empty() {
            self.drain_settling();
        }
    }

    /// Settles all works that are about to settle, unless a caller is already doing so.
    pub(crate) fn drain_settling(&mut self) {
        if self.is_settling {
            return;
        }
        self.is_settling = true;
        while let Some((slot, end)) = self.settling.pop_front() {
            self.settle_one(slot, end);
        }
        self.is_settling = false;
    }

    /// Settles one work that has not settled yet.
    fn settle_one(&mut self, slot: u32, end: End) {
        // A work that two failures block is entered twice. By now it may even have been reclaimed.
        let Some(state) = self
            .arena
            .get(slot)
            .map(|record| record.state)
            .filter(|state| !state.is_settled())
        else {
            return;
        };
        // A parent settles only after all its children (L12).
        if self.arena.live_children(slot) > 0 {
            return self.settle_children_first(slot, end);
        }
        // The work leaves before its flags change, because they are part of the key of the lane.
        if state == WorkState::Queued {
            self.permits.leave(&mut self.arena, slot);
        }
        self.disarm_all(slot);
        self.arena.clear(slot, flag::AWAITS_PARENT);
        if self.arena.is(slot, flag::CHILDREN) {
            self.reclaim_children(slot);
        }
        let (to, error, by) = match end {
            End::Success => (WorkState::Success, None, None),
            End::Failed(failure) => (WorkState::Failed, Some(failure), None),
            End::Blocked(failure) => (WorkState::Blocked, Some(failure), None),
            End::Cancelled(by) => (WorkState::Cancelled, None, Some(by)),
        };
        if to != WorkState::Success {
            self.drop_output(slot);
        }
        if error.is_some() {
            // Without an error, the last attempt's failure stays known.
            self.arena.cold_mut(slot).error = error;
        }
        // The old failure or output has just been dropped, and a panic in that drop counts for this scheduler.
        self.drops.count();
        self.arena.pending.settle(slot);
        change(&mut self.recorder, self.arena.at_mut(slot), Some(state), to);
        // The event comes before `after_settling`, which may reclaim the work (L35).
        if self.is_heard() {
            self.tell(slot, to, by);
        }
        self.after_settling(slot);
    }

    /// Drops the output of a work. A panic in the drop is the work's.
    pub(crate) fn drop_output(&mut self, slot: u32) {
        if let Some(output) = self
            .arena
            .extension_mut(slot)
            .and_then(|extension| extension.output.take())
        {
            // The container would count a panic without saying whose it is, so the output is taken out of it.
            let dropped = contain(|| drop(output.into_inner()));
            if let Err(payload) = dropped {
                self.panicked(slot, payload);
            }
        }
    }

    /// Enters the live children of a work before the work itself. The work ends without an attempt, so they have not
    /// started.
    fn settle_children_first(&mut self, slot: u32, end: End) {
        // Entries go to the front in reverse: so the children come next, in their order, and then this work.
        self.settling.push_front((slot, end));
        for child in self.live_children_of(slot).into_iter().rev() {
            self.arena.set(child, flag::BY_PARENT);
            self.settling
                .push_front((child, End::Cancelled(CancelledBy::Parent)));
        }
    }

    /// Does what follows for other works from the end of a work, which is in its settled state.
    pub(crate) fn after_settling(&mut self, slot: u32) {
        let record = self.arena.at(slot);
        // The order of these steps shows in the event log, so a change of it would change recorded runs (L27).
        self.release_dependents(slot, record.outs, record.state, false);
        self.release_pinned(slot);
        self.wake_watchers(slot);
        if let Some(parent) = self.arena.parent(slot) {
            self.child_settled(parent, slot);
        }
        // Taken out: a callback is called once, even if the work is restarted.
        let callback = self
            .arena
            .extension_mut(slot)
            .and_then(|extension| extension.extras.on_settled.take());
        if let Some(callback) = callback {
            let outcome = self.outcome_of(slot);
            self.deferred.call((callback, self.id(slot), outcome));
        }
        // This step is the last one, because all steps above need the record.
        self.reclaim_if_due(slot);
    }

    /// Tells the dependents in the list `outs`, in the order of their edges, that the work has settled in `state`.
    /// `at_once`: see [`Self::may_begin_at_once`]. O(edges out of the work).
    fn release_dependents(&mut self, slot: u32, outs: u32, state: WorkState, at_once: bool) {
        let success = state == WorkState::Success;
        let mut blocked = None;
        // The loop adds and removes no edge: a dependent that can run joins a queue, and any other waits in
        // `settling`.
        for index in self.graph.range(outs) {
            let Some((after, satisfied)) = self.graph.settle(index, success) else {
                continue;
            };
            if satisfied {
                if self.arena.pending.close(after) {
                    self.dependencies_done(after, at_once);
                }
            } else if self.arena.at(after).state == WorkState::Pending {
                // Made once, so that all dependents share it.
                let failure = blocked.get_or_insert_with(|| self.blocked_by(slot)).clone();
                self.settling.push_back((after, End::Blocked(failure)));
            }
        }
    }
}

/// Ends a work that has nothing to undo, and returns the list of its edges to dependents. Most works end here.
#[inline(always)]
pub(crate) fn record_plain_success(
    record: &mut Record,
    now: Time,
    permits: &mut Permits,
    recorder: &mut Recorder,
) -> u32 {
    record.end_plain_success(now);
    permits.give_back_general();
    change(
        recorder,
        record,
        Some(WorkState::Running),
        WorkState::Success,
    );
    record.outs
}
