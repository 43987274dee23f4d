//! The loop: rounds of turns within a budget.
//!
//! A budget may stop a crank inside a round, and the next crank goes on from there: in virtual time the schedule does not
//! depend on it.

use super::WorkScheduler;
use super::round::Round;
use crate::time::Time;
use std::panic::resume_unwind;
use std::time::Duration;

/// How much one crank may do.
pub struct Budget<F = fn() -> bool> {
    /// At least one.
    turns: u64,
    stop: Option<F>,
}

impl Budget {
    /// At most so many turns; 0 counts as 1. A round in which no work has a turn counts as one, too.
    pub const fn turns(turns: u64) -> Self {
        let turns = if turns == 0 { 1 } else { turns };
        Budget { turns, stop: None }
    }

    /// Until nothing is left to do now. A work that yields for ever keeps such a crank for ever.
    pub const fn unlimited() -> Self {
        Budget {
            turns: u64::MAX,
            stop: None,
        }
    }
}

impl<F> Budget<F> {
    /// Also stops as soon as the host wants the thread back: asked after every turn.
    pub fn or_when<G: FnMut() -> bool>(self, stop: G) -> Budget<G> {
        Budget {
            turns: self.turns,
            stop: Some(stop),
        }
    }
}

/// Whether the host wants the thread back.
trait Stop {
    fn is_wanted(&mut self) -> bool;
}

/// A host that has set no condition: then there is a crank without the question.
struct Never;

impl Stop for Never {
    #[inline]
    fn is_wanted(&mut self) -> bool {
        false
    }
}

impl Stop for &mut dyn FnMut() -> bool {
    fn is_wanted(&mut self) -> bool {
        self()
    }
}

/// What is left of a budget.
struct Rest<S> {
    turns: u64,
    stop: S,
}

impl<S: Stop> Rest<S> {
    /// Spends one turn. Whether it was the last, or the host wants the thread back.
    #[inline]
    fn spend(&mut self) -> bool {
        let interrupted = self.stop.is_wanted();
        self.turns -= 1;
        interrupted || self.turns == 0
    }
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

impl<C: ?Sized> WorkScheduler<C> {
    /// Gives turns until the budget is used up or nothing is left to do at `now`, and says when to crank again.
    ///
    /// A `now` before that of an earlier crank is treated as that one. From within a closure posted to this scheduler
    /// it does nothing.
    ///
    /// # Panics
    /// In debug builds, if `now` goes back. With `catch_panics` off, a panic of a work comes through after the work has
    /// been failed; the scheduler stays usable.
    pub fn crank_work<F: FnMut() -> bool>(
        &mut self,
        now: Time,
        app: &mut C,
        budget: Budget<F>,
    ) -> Crank {
        let Budget { turns, stop } = budget;
        match stop {
            None => self.crank(now, app, turns, Never),
            Some(mut stop) => {
                let stop: &mut dyn FnMut() -> bool = &mut stop;
                self.crank(now, app, turns, stop)
            }
        }
    }

    #[inline(never)]
    fn crank<S: Stop>(&mut self, now: Time, app: &mut C, turns: u64, stop: S) -> Crank {
        if self.in_crank {
            return Crank {
                turns: 0,
                settled: 0,
                next: Next::Now,
            };
        }
        debug_assert!(now >= self.now, "time went back from {} to {now}", self.now);
        if now > self.now {
            self.now = now;
        }
        let turns_before = self.recorder.turns;
        self.recorder.settled_in_crank = 0;
        self.give_turns(app, Rest { turns, stop });
        if cfg!(debug_assertions) {
            self.check_invariants();
        }
        if !self.agenda.is_empty() {
            self.let_through();
        }
        Crank {
            turns: self.recorder.turns - turns_before,
            settled: self.recorder.settled_in_crank,
            next: self.next(),
        }
    }

    /// Rounds, until there is nothing to do or the budget is spent.
    #[inline(always)]
    fn give_turns<S: Stop>(&mut self, app: &mut C, mut rest: Rest<S>) {
        loop {
            let mut next = match self.open_round(app) {
                Round::None => return,
                Round::Turn(slot) => Some(slot),
                Round::Empty => {
                    self.wind_up(app);
                    // It costs a turn: closures that post closures must not outrun the budget.
                    if rest.spend() {
                        return;
                    }
                    continue;
                }
            };
            while let Some(slot) = next {
                self.turn(slot, app);
                // As `after_step`; a panic that is to come through is among what may be left.
                if self.is_anything_left() {
                    self.finish_and_grant(app);
                    if self.agenda.has_payload() {
                        return;
                    }
                }
                if rest.spend() {
                    if self.ready.round_is_over() {
                        self.end_round(app);
                    }
                    return;
                }
                next = self.next_turn();
            }
            self.end_round(app);
        }
    }

    /// If there was a panic that is not to be caught, it goes on.
    #[cold]
    #[inline(never)]
    fn let_through(&mut self) {
        if let Some(payload) = self.agenda.take_payload() {
            resume_unwind(payload);
        }
    }

    /// When to crank again. O(1), or O(lanes of the permit queue) after a call that freed permits.
    #[inline]
    pub fn next(&self) -> Next {
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

    /// When the next timer fires or the next simulated job ends.
    #[inline]
    fn next_time(&self) -> Option<Time> {
        match (self.wheel.next_deadline(), self.next_job_due()) {
            (Some(timer), Some(job)) => Some(timer.min(job)),
            (timer, job) => timer.or(job),
        }
    }

    #[inline]
    pub(super) fn has_loose_ends(&self) -> bool {
        self.inbox.has_mail()
            || self.has_io_news()
            || !self.agenda.is_empty()
            || !self.mail.is_empty()
    }

    pub(super) fn can_grant(&self) -> bool {
        self.permits.changes() > 0 && self.permits.next_grant(&self.arena).is_some()
    }
}
