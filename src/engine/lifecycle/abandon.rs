//! Abandoned jobs: how long the end of an attempt waits for its jobs that run on other threads.
//!
//! Nothing can interrupt a closure. An attempt that fails or is aborted keeps its permit until its jobs have ended,
//! so that no successor works beside them. It waits no longer than its grace. Then its jobs are abandoned: counted,
//! their results dropped, their ends ignored. The attempt ends as it would have without them. Success waits for no
//! job.
//!
//! A work that holds up its parent in this way must not cost the parent its own `on_abort`. With the grace over,
//! parents of such works go on, too, but have one turn for it.
//!
//! Invariant: a job that is in `pending_jobs` of an attempt counts in `Jobs`. An abandoned job counts in neither, and
//! `Jobs::abandoned` remembers it until its end has been seen.

use crate::engine::Engine;
use crate::engine::store::extension::Abort;
use crate::work::WorkState;

impl Engine {
    /// Drops the jobs of this attempt that have not begun, and returns whether others still run. The caller ends the
    /// attempt, or waits for these.
    pub(crate) fn has_running_jobs(&mut self, slot: u32) -> bool {
        self.cancel_jobs(slot);
        self.has_jobs(slot)
    }

    /// Returns whether a job of this attempt has not been seen to end.
    fn has_jobs(&self, slot: u32) -> bool {
        let extension = self.arena.extension(slot);
        extension.is_some_and(|extension| !extension.pending_jobs.outstanding.is_empty())
    }

    /// Returns whether running jobs keep an abort from its end. From now on their ends end it, or the grace does.
    /// Without an abort nothing waits, since no end of a job would conclude the attempt.
    pub(crate) fn waits_for_jobs(&mut self, slot: u32) -> bool {
        if !self.has_running_jobs(slot) {
            return false;
        }
        // The grace has one timer, which has fired. So the jobs of a late turn of `on_abort` are abandoned at once.
        if self.is_late(slot) {
            self.abandon_jobs(slot);
            return false;
        }
        match self.abort_mut(slot) {
            Some(abort) => {
                // No turn of `on_abort` is left, so the end of the last job ends the abort.
                abort.polite = false;
                true
            }
            None => false,
        }
    }

    /// Ends the abort that waited for a job which has ended, if it was the last.
    pub(crate) fn end_wait_for_jobs(&mut self, slot: u32) {
        let aborting = self.arena.at(slot).state == WorkState::Aborting;
        // The end is a deferred entry, because conditions are checked anew there: `on_abort` may have turns, or
        // children may live.
        if aborting && !self.has_jobs(slot) {
            self.deferred.finish(slot);
        }
    }

    /// Returns whether nothing but jobs keeps a work from the end of its abort: its own jobs, or those of its
    /// children.
    ///
    /// As long as `on_abort` has not been ready, the work itself holds its abort up, whatever jobs it has.
    pub(crate) fn is_held_up_by_jobs(&self, slot: u32) -> bool {
        if self.arena.at(slot).state != WorkState::Aborting {
            return false;
        }
        // Children that something else held up have been dropped by now, so jobs hold up those that are left.
        self.arena.live_children(slot) > 0
            || self.is_late(slot)
            || !self.is_polite(slot) && self.has_jobs(slot)
    }

    /// Lets an abort go on after its grace, without waiting for jobs. A parent whose `on_abort` is still to come has
    /// one turn of it.
    pub(crate) fn go_on_without_jobs(&mut self, slot: u32) {
        self.abandon_jobs(slot);
        // `late` outlives this call, because `on_abort` may still make a job, which must not be waited for (L34).
        if let Some(abort) = self.abort_mut(slot) {
            abort.late = true;
        }
        self.deferred.finish(slot);
    }

    /// Abandons the running jobs of this attempt: nothing waits for them any more. They no longer hold virtual time
    /// still.
    pub(crate) fn abandon_jobs(&mut self, slot: u32) {
        self.cancel_jobs(slot);
        let Some(extension) = self.arena.extension_mut(slot) else {
            return;
        };
        // Jobs that had not begun were dropped just now, so only those that nothing can interrupt are counted.
        let abandoned = std::mem::take(&mut extension.pending_jobs.outstanding);
        if abandoned.is_empty() {
            return;
        }
        tracing::warn!(
            id = self.arena.at(slot).serial,
            name = &**self.arena.cold(slot).name,
            jobs = abandoned.len(),
            "jobs that still run are abandoned"
        );
        self.recorder.abandoned_jobs += abandoned.len() as u64;
        abandoned.into_iter().for_each(|id| self.jobs.abandon(id));
    }

    /// Returns whether the grace of an abort is over with only jobs left.
    pub(crate) fn is_late(&self, slot: u32) -> bool {
        self.abort(slot).is_some_and(|abort| abort.late)
    }

    /// Returns whether `on_abort` is to be called, or has been called and was not ready. A work without a body has no
    /// such turn: it ends as soon as it may.
    pub(crate) fn has_turns_in_abort(&self, slot: u32) -> bool {
        self.is_polite(slot) && self.arena.has_body(slot)
    }

    /// Returns whether the abort still has to call `on_abort`.
    fn is_polite(&self, slot: u32) -> bool {
        self.abort(slot).is_some_and(|abort| abort.polite)
    }

    /// Returns the abort of a work that is under way.
    fn abort(&self, slot: u32) -> Option<&Abort> {
        self.arena.extension(slot)?.abort.as_ref()
    }

    /// Returns the abort of a work that is under way, for changes.
    fn abort_mut(&mut self, slot: u32) -> Option<&mut Abort> {
        self.arena.extension_mut(slot)?.abort.as_mut()
    }
}
