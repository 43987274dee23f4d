//! What a crank did, and when to crank again.

use crate::engine::Engine;
use crate::time::Time;
use std::panic::resume_unwind;
use std::time::Duration;

/// When to crank again. Any call that changes the scheduler makes it stale. The enum stays exhaustive: a host must have an
/// answer for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once: there is something to do.
    Now,
    /// At this time; a crank then gives a turn or changes a state.
    At(Time),
    /// When something outside has woken a work; before that nothing happens.
    External,
    /// Never: works are left, and nothing can make them go on. `stall_report` says who waits for what.
    Stalled,
    /// Not until works are added: all have settled.
    Idle,
}

/// What a crank did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "`next` says when to crank again"]
pub struct Crank {
    /// Turns given.
    pub turns: u64,
    /// Works settled in this crank; what settled in calls of the host's before it is not counted.
    pub settled: u64,
    /// When to crank again.
    pub next: Next,
}

impl Next {
    /// How long the host may wait for its own events: zero for `Now`, `None` (for ever) unless a time is known.
    pub fn timeout(self, now: Time) -> Option<Duration> {
        match self {
            Next::Now => Some(Duration::ZERO),
            Next::At(at) => Some(at.saturating_since(now)),
            Next::External | Next::Stalled | Next::Idle => None,
        }
    }
}

impl Engine {
    /// A crank begins. The answer is how many turns there had been.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn begin_crank(&mut self, now: Time) -> u64 {
        debug_assert!(now >= self.now, "time went back from {} to {now}", self.now);
        if now > self.now {
            self.now = now;
        }
        self.recorder.settled_in_crank = 0;
        self.recorder.turns
    }

    /// A crank has ended, which began when there had been `turns_before` turns.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn end_crank(&mut self, turns_before: u64) -> Crank {
        if cfg!(debug_assertions) {
            self.check_invariants();
        }
        if !self.deferred.is_empty()
            && let Some(payload) = self.deferred.take_payload()
        {
            // A panic that is not to be caught goes on.
            resume_unwind(payload);
        }
        Crank {
            turns: self.recorder.turns - turns_before,
            settled: self.recorder.settled_in_crank,
            next: self.next(),
        }
    }

    /// When to crank again. O(1), or O(lanes of the permit queue) after a call that freed permits.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn next(&self) -> Next {
        if self.ready.is_empty() {
            self.next_without_turns()
        } else {
            Next::Now
        }
    }

    fn next_without_turns(&self) -> Next {
        if self.has_loose_ends() || self.can_grant() {
            return Next::Now;
        }
        match self.next_time() {
            Some(at) if at <= self.now => Next::Now,
            Some(at) => Next::At(at),
            None if self.recorder.unsettled() == 0 => Next::Idle,
            None => self.next_from_outside(),
        }
    }

    /// What `next` says when no timer is armed and works are left: a job that is outside ends with a message, and so
    /// does a pin.
    fn next_from_outside(&self) -> Next {
        if self.external_sleepers > 0 || self.is_time_pinned() {
            return Next::External;
        }
        Next::Stalled
    }

    /// When the next timer fires or the next simulated job ends.
    #[inline]
    fn next_time(&self) -> Option<Time> {
        match (self.wheel.next_deadline(), self.next_job_due()) {
            (Some(timer), Some(job)) => Some(timer.min(job)),
            (timer, job) => timer.or(job),
        }
    }

    #[inline]
    pub(crate) fn has_loose_ends(&self) -> bool {
        self.inbox.has_messages()
            || self.has_io_news()
            || !self.deferred.is_empty()
            || !self.messages.is_empty()
    }

    pub(crate) fn can_grant(&self) -> bool {
        self.permits.changes() > 0 && self.permits.next_grant(&self.arena).is_some()
    }
}
