//! The beginning of an attempt, and what every end of one has in common.

use super::change;
use crate::engine::Engine;
use crate::engine::events::TARGET;
use crate::engine::store::flags::{flag, mark};
use crate::engine::store::limits::Limit;
use crate::work::WorkState;
use std::collections::VecDeque;

impl Engine {
    /// A work gets the permits it needs, its next attempt begins, and it has a turn. `from` is its state until now.
    #[inline(always)]
    pub(crate) fn begin_attempt(&mut self, slot: u32, from: Option<WorkState>) {
        if self.is_heard() || !self.is_plain_start(slot, from) {
            self.begin_full_attempt(slot, from);
        }
    }

    /// The same for a work that has one attempt with nothing about it, as most have, if nobody hears of it: one look at the
    /// record. Whether it is one.
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

    #[cold]
    fn begin_full_attempt(&mut self, slot: u32, from: Option<WorkState>) {
        self.permits.take(&mut self.arena, slot);
        self.recorder.attempts += 1;
        if self.arena.is(slot, flag::TRIED) {
            self.keep_last_duration(slot);
        }
        self.arena.count_attempt(slot);
        let record = self.arena.at_mut(slot);
        record.marks |= mark::ATTEMPT;
        record.began_or_took = self.now.as_nanos();
        if tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            self.open_span(slot);
        }
        self.begin_limits_and_children(slot);
        self.change(slot, from, WorkState::Running);
        self.ready.push(&mut self.arena, slot);
    }

    /// The duration of the attempt before, whose place the present one takes.
    fn keep_last_duration(&mut self, slot: u32) {
        let last = self.arena.at(slot).began_or_took;
        self.arena.extension_or_new(slot).last = last;
    }

    /// What few attempts begin with: a limit, or children who have waited for it.
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
            // A child that was cancelled before this attempt began has failed in it.
            if self
                .arena
                .extension(slot)
                .is_some_and(|extension| extension.join.first_failure.is_some())
            {
                self.deferred.fail(self.arena.attempt_id(slot));
            }
        }
    }

    #[cold]
    fn open_span(&mut self, slot: u32) {
        let (name, attempt) = (self.arena.cold(slot).name.clone(), self.arena.attempt(slot));
        let span = tracing::debug_span!(target: TARGET, "attempt", work = &*name, attempt);
        self.arena.extension_or_new(slot).tracing = Some(span);
    }

    /// The children that were added before this attempt began need wait for it no longer. Those that need no permit
    /// begin at once, and with them their own: a loop, since nests may be deep.
    fn release_waiting_children(&mut self, slot: u32) {
        let mut begun = VecDeque::from([slot]);
        while let Some(parent) = begun.pop_front() {
            let children = self.arena.children(parent);
            let waiting: Vec<u32> = children
                .filter(|&child| self.arena.is(child, flag::AWAITS_PARENT))
                .collect();
            for child in waiting {
                self.arena.clear(child, flag::AWAITS_PARENT);
                if self.arena.pending.close(child) && self.line_up(child) {
                    begun.push_back(child);
                }
            }
        }
    }

    /// The last thing that this work waited for has settled well. `at_once`: see [`Self::may_begin_at_once`].
    #[inline]
    pub(crate) fn dependencies_done(&mut self, slot: u32, at_once: bool) {
        let free = self.permits.waiting() == 0 && self.permits.is_general_free();
        if !(at_once && free && self.is_plain_start(slot, Some(WorkState::Pending))) {
            self.rejoin(slot);
        }
    }

    /// Whether the dependents of a work that succeeds plainly in its turn may begin while there is a permit for them,
    /// instead of joining the permit queue and leaving it when the turn is over.
    ///
    /// Nobody hears of it or must decide about it, and the order must be the same. Until the grants after this turn, nobody
    /// but these dependents joins the queue: a plain success concerns no parent and no watcher, and nothing is on the
    /// deferred. They join in the order of their edges, and if all have one rank, permits are granted in that order, too: to
    /// the first ones, as long as they last. Who comes after one that had to join does so as well. Nor is one overtaken
    /// in its turn by a work that needs no permit (it never joins), or by children that waited for it (it does not
    /// begin plainly).
    #[inline]
    pub(crate) fn may_begin_at_once(&self) -> bool {
        self.permits.by_arrival && self.deferred.is_empty() && self.decider.is_none()
    }

    /// A work that is ready for a new attempt joins the permit queue at the tail, or begins it if it needs no permit.
    pub(crate) fn rejoin(&mut self, slot: u32) {
        if self.line_up(slot) {
            self.release_waiting_children(slot);
        }
    }

    /// Whether the attempt has begun and there are children: those that wait for it are the caller's to release.
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

    /// A waiting work has got its permit: its attempt begins.
    pub(crate) fn granted(&mut self, slot: u32) {
        self.begin_attempt(slot, Some(WorkState::Queued));
        if self.arena.is(slot, flag::CHILDREN) {
            self.release_waiting_children(slot);
        }
    }

    /// A work in the middle of an attempt has got its permit back: it has a turn.
    pub(crate) fn go_on(&mut self, slot: u32) {
        self.permits.take(&mut self.arena, slot);
        self.change(slot, Some(WorkState::Queued), WorkState::Running);
        self.ready.push(&mut self.arena, slot);
    }

    /// What every end of an attempt has in common: limits, watches and wakers are dropped, the permit goes back, the
    /// children are reclaimed, the time is noted.
    pub(crate) fn end_attempt(&mut self, slot: u32) {
        self.disarm_all(slot);
        self.not_external(slot);
        self.permits.give_back(&mut self.arena, slot);
        if self.arena.extension(slot).is_some() {
            self.unwatch_all(slot);
            self.forget_jobs(slot);
            self.forget_sources(slot);
        }
        self.arena.clear(
            slot,
            flag::WOKEN | flag::RETURNER | flag::RELEASE | flag::CANCEL,
        );
        let under_way = self.arena.at(slot).marks & mark::ATTEMPT != 0;
        self.arena.at_mut(slot).marks &= mark::LASTING;
        let record = self.arena.at_mut(slot);
        if under_way {
            record.began_or_took = self.now.as_nanos().saturating_sub(record.began_or_took);
        }
        let took = record.began_or_took;
        if let Some(extension) = self.arena.extension_mut(slot) {
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
