//! Attempts: how they begin, and what all ends of an attempt have in common.
//!
//! Invariant: every end of an attempt but a plain success goes through [`Engine::end_attempt`](Engine). So nothing of
//! an attempt reaches the next one.
//!
//! | function | it begins an attempt when |
//! | --- | --- |
//! | `enter_line` in `admit` | a work comes or is restarted, and its permits are free |
//! | `dependencies_done` | the last dependency settles, and the order allows it at once |
//! | `rejoin` | dependencies or a back-off end, and the work needs no permit |
//! | `granted` | the permit queue reaches the work |

use super::change;
use crate::engine::Engine;
use crate::engine::events::TARGET;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::work::WorkState;
use std::collections::VecDeque;

impl Engine {
    /// Begins the next attempt of a work: it gets its permits and has a turn. `from` is its state so far.
    ///
    /// The caller has made sure that its permits are free, and that it is in no queue.
    #[inline(always)]
    pub(crate) fn begin_attempt(&mut self, slot: u32, from: Option<WorkState>) {
        if self.is_heard() || !self.is_plain_start(slot, from) {
            self.begin_full_attempt(slot, from);
        }
    }

    /// Begins the attempt of a plain work with one look at its record, and returns whether the work is plain. Most are.
    /// No event may be wanted. If it returns false, it has changed nothing.
    #[inline(always)]
    fn is_plain_start(&mut self, slot: u32, from: Option<WorkState>) -> bool {
        let record = self.arena.at_mut(slot);
        if !record.is_plain_start() {
            return false;
        }
        record.begin_plain_attempt(self.now);
        self.permits.count_general(record);
        self.ready.push_flagged(record, slot);
        self.recorder.attempts += 1;
        change(&mut self.recorder, record, from, WorkState::Running);
        true
    }

    /// Begins any other attempt. Marked cold so that the common path stays inline.
    #[cold]
    fn begin_full_attempt(&mut self, slot: u32, from: Option<WorkState>) {
        self.permits.take(&mut self.arena, slot);
        self.recorder.attempts += 1;
        // This comes before the start is written: a record has one place for the last duration and the present start.
        if self.arena.is(slot, flag::TRIED) {
            self.keep_last_duration(slot);
        }
        self.arena.count_attempt(slot);
        let began = self.stamp();
        let record = self.arena.at_mut(slot);
        record.marks |= mark::ATTEMPT;
        record.began_or_took = began;
        // The span opens before the change of state, so that the event lies within it.
        if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            self.open_span(slot);
        }
        self.begin_limits_and_children(slot);
        self.change(slot, from, WorkState::Running);
        if self.is_measured() {
            self.note_attempt(slot);
        }
        self.ready.push(&mut self.arena, slot);
    }

    /// Moves the duration of the last attempt out of the way of the present one.
    fn keep_last_duration(&mut self, slot: u32) {
        let last = self.arena.at(slot).began_or_took;
        self.arena.extension_or_new(slot).last = last;
    }

    /// Arms the attempt timeout, and notes a child that has failed already.
    fn begin_limits_and_children(&mut self, slot: u32) {
        if let Some(limit) = self
            .arena
            .extension(slot)
            .and_then(|extension| extension.extras.attempt_timeout)
        {
            let at = self.now.saturating_add(limit);
            self.arm_limit(slot, Limit::AttemptTimeout, at);
        }
        if self.arena.is(slot, flag::CHILDREN) {
            // A child that was cancelled before this attempt began counts as failed in it.
            if self
                .arena
                .extension(slot)
                .is_some_and(|extension| extension.join.first_failure.is_some())
            {
                self.deferred.fail(self.arena.attempt_id(slot));
            }
        }
    }

    /// Opens the span of an attempt for subscribers.
    #[cold]
    fn open_span(&mut self, slot: u32) {
        let (name, attempt) = (self.arena.cold(slot).name.clone(), self.arena.attempt(slot));
        let span = tracing::debug_span!(target: TARGET, "attempt", work = &*name, attempt);
        self.arena.extension_or_new(slot).tracing = Some(span);
    }

    /// Releases the children that were added before this attempt began. A child that needs no permit begins at once,
    /// and so its own children are released, too. O(children).
    fn release_waiting_children(&mut self, slot: u32) {
        // A queue instead of recursion, since nests may be deep.
        let mut begun = VecDeque::from([slot]);
        while let Some(parent) = begun.pop_front() {
            let children = self.arena.children(parent);
            let waiting: Vec<u32> = children
                .filter(|&child| self.arena.is(child, flag::AWAITS_PARENT))
                .collect();
            for child in waiting {
                self.arena.clear(child, flag::AWAITS_PARENT);
                // The parent was one of the things that the child waits for. Dependencies may still be open.
                if self.arena.pending.close(child) && self.line_up(child) {
                    begun.push_back(child);
                }
            }
        }
    }

    /// Lets a work go on after its last dependency has settled well. `at_once`: see [`Self::may_begin_at_once`].
    #[inline]
    pub(crate) fn dependencies_done(&mut self, slot: u32, at_once: bool) {
        // A waiting work goes first, however many permits are free.
        let free = self.permits.waiting() == 0 && self.permits.is_general_free();
        if !(at_once && free && self.is_plain_start(slot, Some(WorkState::Pending))) {
            self.rejoin(slot);
        }
    }

    /// Returns whether the dependents of a plain success may begin at once while permits are free. Else they join the
    /// permit queue and leave it when the turn is over.
    ///
    /// No program may see the difference, so there must be no decider, and the order must not change:
    ///
    /// * Until the grants after this turn, only these dependents join the queue. A plain success has no parent and no
    ///   watcher, and there is no deferred entry.
    /// * The dependents join in the order of their edges. If all have one rank, permits are granted in that order,
    ///   too: to the first ones, as long as permits last. After one that had to join, all others have to join.
    /// * A work that needs no permit never joins the queue. Children that wait for a dependent keep it from a plain
    ///   beginning. So neither overtakes a dependent in its turn.
    #[inline]
    pub(crate) fn may_begin_at_once(&self) -> bool {
        self.permits.by_arrival && self.deferred.is_empty() && self.deciding.is_none()
    }

    /// Puts a work that is ready for a new attempt at the tail of the permit queue. A work that needs no permit
    /// begins the attempt.
    pub(crate) fn rejoin(&mut self, slot: u32) {
        if self.line_up(slot) {
            self.release_waiting_children(slot);
        }
    }

    /// Does the work of [`Engine::rejoin`] for one work. Returns whether its attempt has begun and it has children,
    /// which the caller then releases.
    fn line_up(&mut self, slot: u32) -> bool {
        let needs_none = self.permits.needs_none(&self.arena, slot);
        let state = self.arena.at(slot).state;
        if needs_none {
            self.begin_attempt(slot, Some(state));
        } else {
            self.change(slot, Some(state), WorkState::Queued);
            self.permits.join(&mut self.arena, slot);
        }
        needs_none && self.arena.is(slot, flag::CHILDREN)
    }

    /// Begins the attempt of a waiting work that gets its permit. The grant has taken it out of its lane.
    pub(crate) fn granted(&mut self, slot: u32) {
        self.begin_attempt(slot, Some(WorkState::Queued));
        if self.arena.is(slot, flag::CHILDREN) {
            self.release_waiting_children(slot);
        }
    }

    /// Gives a work its permit back in the middle of an attempt, and a turn. The attempt is not a new one: no count,
    /// limit or span begins anew.
    pub(crate) fn go_on(&mut self, slot: u32) {
        self.permits.take(&mut self.arena, slot);
        self.change(slot, Some(WorkState::Queued), WorkState::Running);
        if self.is_measured() {
            self.note_grant(slot);
        }
        self.ready.push(&mut self.arena, slot);
    }

    /// Does what all ends of an attempt have in common. Drops limits, watches and wakers, gives the permit back,
    /// reclaims the children, and notes the duration.
    ///
    /// The caller then settles the work or lets it back off. All its children have settled.
    pub(crate) fn end_attempt(&mut self, slot: u32) {
        self.disarm_all(slot);
        self.not_external(slot);
        // The permit goes back here and not earlier, because the attempt keeps it while its hooks are called (L16,
        // L21).
        self.permits.give_back(&mut self.arena, slot);
        // Watches, jobs and sources are in the extension, which a plain work does not have.
        if self.arena.extension(slot).is_some() {
            self.unwatch_all(slot);
            self.forget_jobs(slot);
            self.forget_sources(slot);
        }
        // A wake or a cancel that was meant for this attempt must not reach the next one.
        self.arena.clear(
            slot,
            flag::WOKEN | flag::RETURNER | flag::RELEASE | flag::CANCEL,
        );
        // A work that was aborted during its back-off has no attempt under way, and the record has the last duration
        // already.
        let under_way = self.arena.at(slot).marks & mark::ATTEMPT != 0;
        let now = self.stamp();
        let record = self.arena.at_mut(slot);
        record.marks &= mark::LASTING;
        if under_way {
            record.began_or_took = now.saturating_sub(record.began_or_took);
        }
        let took = record.began_or_took;
        if let Some(extension) = self.arena.extension_mut(slot) {
            // The waker, the token and the span belong to this attempt. A late wake of it then finds nothing (L7).
            extension.abort = None;
            extension.remote = None;
            extension.token = None;
            extension.tracing = None;
            if under_way {
                extension.total = extension.total.saturating_add(took);
            }
        }
        if self.arena.is(slot, flag::CHILDREN) {
            self.reclaim_children(slot);
        }
    }
}
