//! Cranks: what a crank did, and when to crank again.

use crate::engine::Engine;
use crate::time::Time;
use std::panic::resume_unwind;
use std::time::Duration;

/// When to crank again. Any call that changes the scheduler makes it stale.
///
/// The enum stays exhaustive, because a host must have an answer for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// At once: there is something to do.
    Now,
    /// At this time. A crank then gives a turn or changes a state.
    At(Time),
    /// When something outside has woken a work. Before that nothing happens.
    External,
    /// Never: works are left, and nothing can make them go on. `stall_report` says which work waits for what.
    Stalled,
    /// When works are added: all have settled.
    Idle,
}

/// The result of a crank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "`next` says when to crank again"]
pub struct Crank {
    /// How many turns the crank gave.
    pub turns: u64,
    /// How many works settled in this crank. Works that settled in earlier calls of the host are not counted.
    pub settled: u64,
    /// When to crank again.
    pub next: Next,
}

impl Next {
    /// Returns how long the host may wait for its own events: zero for `Now`, and `None` (for ever) unless a time is
    /// known.
    pub fn timeout(self, now: Time) -> Option<Duration> {
        match self {
            Next::Now => Some(Duration::ZERO),
            Next::At(at) => Some(at.saturating_since(now)),
            Next::External | Next::Stalled | Next::Idle => None,
        }
    }
}

impl Engine {
    /// Begins a crank at `now`, and returns how many turns there had been.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn begin_crank(&mut self, now: Time) -> u64 {
        debug_assert!(now >= self.now, "time went back from {} to {now}", self.now);
        // Time never goes back: a release build ignores an earlier `now`.
        if now > self.now {
            self.now = now;
        }
        self.recorder.settled_in_crank = 0;
        self.recorder.turns
    }

    /// Ends the crank that began when there had been `turns_before` turns.
    ///
    /// # Panics
    ///
    /// With the payload of a panic that is not to be caught.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn end_crank(&mut self, turns_before: u64) -> Crank {
        if cfg!(debug_assertions) {
            self.check_invariants();
        }
        if !self.deferred.is_empty()
            && let Some(payload) = self.deferred.take_payload()
        {
            // Here the engine is whole again, so the panic may go on.
            resume_unwind(payload);
        }
        Crank {
            turns: self.recorder.turns - turns_before,
            settled: self.recorder.settled_in_crank,
            next: self.next(),
        }
    }

    /// Returns when to crank again. O(1), or O(lanes of the permit queue) after a call that freed permits.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn next(&self) -> Next {
        if self.ready.is_empty() {
            self.next_without_turns()
        } else if self.deciding.is_none() {
            Next::Now
        } else {
            self.next_as_decided()
        }
    }

    /// Returns when to crank again if no work has a turn coming.
    pub(super) fn next_without_turns(&self) -> Next {
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

    /// Returns when to crank again if no timer is armed and works are left.
    fn next_from_outside(&self) -> Next {
        // A job on another thread ends with a message, and so does a pin.
        if self.external_sleepers > 0 || self.is_time_pinned() {
            return Next::External;
        }
        Next::Stalled
    }

    /// Returns when the next timer fires or the next simulated job ends, whatever else there is to do.
    #[inline]
    pub(crate) fn next_time(&self) -> Option<Time> {
        match (self.wheel.next_deadline(), self.next_job_due()) {
            (Some(timer), Some(job)) => Some(timer.min(job)),
            (timer, job) => timer.or(job),
        }
    }

    /// Returns whether there is something to do besides turns, timers and grants.
    #[inline]
    pub(crate) fn has_loose_ends(&self) -> bool {
        (self.deferred.len() | self.messages.len()) > 0
            || self.inbox.has_messages()
            || self.has_io_news()
    }

    /// Returns whether a waiting work can get its permits now.
    pub(crate) fn can_grant(&self) -> bool {
        self.permits.changes() > 0 && self.permits.next_grant(&self.arena).is_some()
    }
}
