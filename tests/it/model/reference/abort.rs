//! Cancel, limits, aborts.

use super::super::ops::Abort;
use super::super::scripted::{Answer, Entry};
use super::{Aborting as Ending, Cause, Model, TimerKind};
use crankwork::WorkState::{Aborting, Cancelled, Failed, Pending, Queued, Retrying};

/// The scheduler's default.
const GRACE: u64 = 10_000_000_000;

impl Model {
    /// `cancel`.
    pub fn cancel(&mut self, work: usize) -> Answer {
        self.known(work)?;
        if self.w(work).state.is_settled() {
            return Ok(false);
        }
        self.abort(work, Cause::Cancel);
        Ok(true)
    }

    /// `cancel_all`: in the order in which they were added.
    pub fn cancel_all(&mut self) {
        for work in 0..self.works.len() {
            if self.works[work].is_some() {
                self.abort(work, Cause::Cancel);
            }
        }
    }

    /// `shutdown`.
    pub fn shutdown(&mut self) {
        if !self.closed {
            self.closed = true;
            self.cancel_all();
        }
    }

    /// Cancels the live children for their parent.
    pub(super) fn cancel_children(&mut self, parent: usize) {
        for child in self.live_children(parent) {
            if self.works[child].is_some() && !self.w(child).state.is_settled() {
                self.m(child).by_parent = true;
                self.abort(child, Cause::Cancel);
            }
        }
    }

    /// Ends a work early: at once if it was never granted a permit, else in a phase of its own.
    pub(super) fn abort(&mut self, work: usize, cause: Cause) {
        match self.w(work).state {
            state if state.is_settled() => {}
            Aborting => self.change_cause(work, cause),
            _ if self.in_turn == Some(work) => self.m(work).cancelled = true,
            Pending | Queued if !self.w(work).granted => self.end_at_once(work, cause),
            // The table: a deadline ends a back-off at once, a cancel does not.
            Retrying if cause != Cause::Cancel => self.end_at_once(work, cause),
            _ => self.begin_abort(work, cause, true),
        }
    }

    /// A cancel beats a failure that is still aborting.
    fn change_cause(&mut self, work: usize, cause: Cause) {
        if cause == Cause::Cancel
            && let Some(abort) = &mut self.m(work).abort
        {
            abort.cause = Cause::Cancel;
        }
    }

    fn end_at_once(&mut self, work: usize, cause: Cause) {
        match cause {
            Cause::Cancel => self.settle(work, Cancelled, None),
            Cause::Failure(failure) => self.settle(work, Failed, Some(failure)),
        }
    }

    pub(super) fn begin_abort(&mut self, work: usize, cause: Cause, polite: bool) {
        self.not_ready(work);
        self.leave_queue(work);
        self.disarm_all(work);
        let w = self.m(work);
        w.expects = false;
        w.aborts = 0;
        w.abort = Some(Ending { cause, polite });
        let grace = self.w(work).terms.grace.unwrap_or(GRACE);
        let at = self.now.saturating_add(grace);
        self.arm(work, TimerKind::Grace, at);
        self.change(work, Aborting);
        self.cancel_children(work);
        if !self.has_live_children(work) && !self.is_ready(work) {
            self.drained(work);
        }
    }

    /// An aborting work has no live children (any more).
    pub(super) fn drained(&mut self, work: usize) {
        let polite = self.w(work).abort.as_ref().is_some_and(|a| a.polite);
        if !polite || self.w(work).gone {
            if !self.finishing.contains(&work) {
                self.finishing.push(work);
            }
        } else if !self.is_ready(work) {
            self.push_ready(work);
        }
    }

    /// A turn of `on_abort`.
    pub(super) fn abort_turn(&mut self, work: usize) {
        let attempt = self.w(work).attempt;
        self.log.push(Entry::Abort(work, attempt, self.now));
        self.disarm(work, TimerKind::Alarm);
        self.m(work).expects = false;
        self.m(work).aborts += 1;
        let (script, n) = (self.w(work).terms.script.abort, self.w(work).aborts);
        self.counts.named("abort", &script);
        let alarm = match script {
            Abort::Yield(most) if n <= most => {
                self.counts.edge(Some(Aborting), Aborting);
                return self.push_ready(work);
            }
            Abort::Sleep(most, delay) if n <= most => Some(delay),
            Abort::Hang => None,
            // A watch of an earlier turn still counts.
            Abort::Bare if !self.is_watching(work) => return self.force(work),
            Abort::Bare => None,
            Abort::Panic => {
                self.panicked(work);
                return self.conclude(work);
            }
            Abort::Ready | Abort::Yield(_) | Abort::Sleep(..) => return self.conclude(work),
        };
        self.counts.edge(Some(Aborting), Aborting);
        match alarm {
            Some(delay) => {
                let at = self.now.saturating_add(delay);
                self.arm(work, TimerKind::Alarm, at);
            }
            None => self.m(work).expects = matches!(script, Abort::Hang),
        }
    }

    /// The grace is over, or nothing could wake it: it is dropped, with all below it, the lowest level first.
    pub(super) fn force(&mut self, work: usize) {
        let mut below = vec![work];
        let mut at = 0;
        while at < below.len() {
            below.extend(self.live_children(below[at]));
            at += 1;
        }
        for work in below.into_iter().rev() {
            self.counts.name("abort", "forced");
            self.forced += 1;
            self.m(work).gone = true;
            self.not_ready(work);
            self.conclude(work);
        }
    }
}
