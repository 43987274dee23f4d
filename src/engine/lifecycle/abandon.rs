//! How long the end of an attempt waits for its jobs that run on other threads.
//!
//! Nothing can interrupt a closure. An attempt that fails or is aborted keeps its permit until its jobs have ended, so
//! that no successor works beside them; but only until its grace is over. Then they are abandoned: counted, their
//! results dropped, their ends ignored, and the attempt ends as it would have without them. Success waits for no job.
//!
//! A work that holds up its parent in this way must not cost the parent its own `on_abort`: with the grace over, parents
//! of such works go on, too, but have one turn for it.

use crate::engine::Engine;
use crate::engine::store::extension::Abort;
use crate::work::WorkState;

impl Engine {
    /// Whether jobs of this attempt still run; those that have not begun are dropped.
    pub(crate) fn has_running_jobs(&mut self, slot: u32) -> bool {
        self.cancel_jobs(slot);
        self.has_jobs(slot)
    }

    fn has_jobs(&self, slot: u32) -> bool {
        let extension = self.arena.extension(slot);
        extension.is_some_and(|extension| !extension.pending_jobs.outstanding.is_empty())
    }

    /// Whether jobs that run keep an abort from its end. From now on their ends end it, or the grace does.
    pub(crate) fn waits_for_jobs(&mut self, slot: u32) -> bool {
        if !self.has_running_jobs(slot) {
            return false;
        }
        if self.is_late(slot) {
            self.abandon_jobs(slot);
            return false;
        }
        match self.abort_mut(slot) {
            Some(abort) => {
                abort.polite = false;
                true
            }
            None => false,
        }
    }

    /// A job has ended. If it was the last that an abort waited for, the abort is over.
    pub(crate) fn end_wait_for_jobs(&mut self, slot: u32) {
        let aborting = self.arena.at(slot).state == WorkState::Aborting;
        if aborting && !self.has_jobs(slot) {
            self.deferred.finish(slot);
        }
    }

    /// Whether nothing but jobs keeps a work from the end of its abort: its own, or those of its children.
    pub(crate) fn is_held_up_by_jobs(&self, slot: u32) -> bool {
        if self.arena.at(slot).state != WorkState::Aborting {
            return false;
        }
        // Of the children, those that something else held up have been dropped by now.
        self.arena.live_children(slot) > 0
            || self.is_late(slot)
            || !self.is_polite(slot) && self.has_jobs(slot)
    }

    /// The grace is over: the abort goes on, and waits for no job.
    pub(crate) fn go_on_without_jobs(&mut self, slot: u32) {
        self.abandon_jobs(slot);
        if let Some(abort) = self.abort_mut(slot) {
            abort.late = true;
        }
        self.deferred.finish(slot);
    }

    /// Nobody waits any more for the jobs of this attempt that run.
    pub(crate) fn abandon_jobs(&mut self, slot: u32) {
        self.cancel_jobs(slot);
        let Some(extension) = self.arena.extension_mut(slot) else {
            return;
        };
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

    /// Whether the grace of an abort is over, and only jobs had held it up.
    pub(crate) fn is_late(&self, slot: u32) -> bool {
        self.abort(slot).is_some_and(|abort| abort.late)
    }

    /// Whether `on_abort` is to be called, or has been and was not ready. A work without a body has no such turn: it ends as
    /// soon as it may.
    pub(crate) fn has_turns_in_abort(&self, slot: u32) -> bool {
        self.is_polite(slot) && self.arena.has_body(slot)
    }

    fn is_polite(&self, slot: u32) -> bool {
        self.abort(slot).is_some_and(|abort| abort.polite)
    }

    fn abort(&self, slot: u32) -> Option<&Abort> {
        self.arena.extension(slot)?.abort.as_ref()
    }

    fn abort_mut(&mut self, slot: u32) -> Option<&mut Abort> {
        self.arena.extension_mut(slot)?.abort.as_mut()
    }
}
