//! The loop: rounds of turns within a budget.
//!
//! A budget may stop a crank inside a round, and the next crank goes on from there. So in virtual time the schedule
//! does not depend on the budget.

use super::{Cranking, WorkScheduler};
use crate::engine::run::round::Round;
use crate::engine::{Crank, Engine, Next};
use crate::time::Time;
use std::fmt;

/// A limit on what one crank may do.
pub struct Budget<F = fn() -> bool> {
    /// At least 1.
    turns: u64,
    stop: Option<F>,
}

impl Budget {
    /// At most `turns` turns; 0 counts as 1. A round without a turn counts as one, too.
    pub const fn turns(turns: u64) -> Self {
        let turns = if turns == 0 { 1 } else { turns };
        Budget { turns, stop: None }
    }

    /// No limit: the crank ends when nothing is left to do now. A work that yields for ever keeps such a crank for
    /// ever.
    pub const fn unlimited() -> Self {
        Budget {
            turns: u64::MAX,
            stop: None,
        }
    }
}

impl<F> Budget<F> {
    /// Also stops the crank as soon as `stop` returns `true`. The crank asks it after each turn.
    pub fn or_when<G: FnMut() -> bool>(self, stop: G) -> Budget<G> {
        Budget {
            turns: self.turns,
            stop: Some(stop),
        }
    }
}

/// Prints the turns, and whether there is a condition.
impl<F> fmt::Debug for Budget<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("turns", &self.turns)
            .field("stops", &self.stop.is_some())
            .finish()
    }
}

/// What a crank does besides turns: the host's condition for an early end, and what is measured.
trait Stop {
    /// Notes that a crank begins at `now`.
    #[inline]
    fn crank_begins(&mut self, _: &mut Engine, _now: Time) {}

    /// Measures the turn of the work in `slot` from now on.
    #[inline]
    fn turn_begins(&mut self, _: &mut Engine, _slot: u32) {}

    /// Measures the turn no longer.
    #[inline]
    fn turn_ends(&mut self, _: &mut Engine) {}

    fn is_wanted(&mut self) -> bool;
}

/// No condition and nothing to measure: the compiler makes a crank that does not ask.
struct Never;

impl Stop for Never {
    #[inline]
    fn is_wanted(&mut self) -> bool {
        false
    }
}

impl Stop for &mut dyn FnMut() -> bool {
    fn crank_begins(&mut self, engine: &mut Engine, now: Time) {
        if engine.is_measured() {
            engine.begin_measured_crank(now);
        }
    }

    fn turn_begins(&mut self, engine: &mut Engine, slot: u32) {
        if engine.is_measured() {
            engine.begin_measured_turn(slot);
        }
    }

    fn turn_ends(&mut self, engine: &mut Engine) {
        if engine.is_measured() {
            engine.end_measured_turn();
        }
    }

    fn is_wanted(&mut self) -> bool {
        self()
    }
}

/// The rest of a budget.
struct Rest<S> {
    turns: u64,
    stop: S,
}

impl<S: Stop> Rest<S> {
    /// Spends one turn. Returns whether it was the last, or the host wants the thread back.
    #[inline]
    fn spend(&mut self) -> bool {
        let interrupted = self.stop.is_wanted();
        self.turns -= 1;
        interrupted || self.turns == 0
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Gives turns until the budget is spent or nothing is left to do at `now`, and returns when to crank again.
    ///
    /// A `now` before that of an earlier crank counts as that earlier one. From within a closure posted to this
    /// scheduler the call does nothing.
    ///
    /// The scheduler's time stands still between cranks. What the host adds, cancels or shuts down then begins at the
    /// time of the last crank, [`now`](WorkScheduler::now). So a wait before such a call counts towards attempt
    /// timeouts and graces. After a wait, crank once before the call, or make the call in a
    /// [posted](crate::Remote::post) closure.
    ///
    /// ```
    /// use crankwork::{Budget, Spec, Time, WorkScheduler};
    /// use std::task::Poll;
    /// use std::time::Duration;
    ///
    /// let spec = |name| {
    ///     let work = Spec::<(), _>::from_fn(name, |_| Poll::Ready(Ok(())));
    ///     work.attempt_timeout(Duration::from_secs(5))
    /// };
    /// let mut work = WorkScheduler::<()>::new(Default::default());
    /// let _ = work.crank_work(Time::ZERO, &mut (), Budget::turns(1));
    ///
    /// // The host has waited for ten seconds.
    /// let now = Time::from_secs(10);
    /// let late = work.add(spec("late"))?;
    /// let _ = work.crank_work(now, &mut (), Budget::turns(1));
    /// assert!(!work.outcome(late).unwrap().is_success());
    ///
    /// // It has waited again, and cranks first.
    /// let now = Time::from_secs(20);
    /// let _ = work.crank_work(now, &mut (), Budget::turns(1));
    /// let in_time = work.add(spec("in time"))?;
    /// let _ = work.crank_work(now, &mut (), Budget::turns(1));
    /// assert!(work.outcome(in_time).unwrap().is_success());
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    ///
    /// # Panics
    /// In debug builds, if `now` goes back. With `catch_panics` off, a work's panic comes through after the work has
    /// failed; the scheduler stays usable.
    pub fn crank_work<F: FnMut() -> bool>(
        &mut self,
        now: Time,
        app: &mut C,
        budget: Budget<F>,
    ) -> Crank {
        let Budget { turns, stop } = budget;
        match stop {
            None if self.cranking == Cranking::Plain => self.crank(now, app, turns, Never),
            None => self.crank_with(now, app, turns, &mut || false),
            Some(mut stop) => self.crank_with(now, app, turns, &mut stop),
        }
    }

    /// Cranks with a condition or by a clock, unless the call comes from within a crank.
    #[inline(never)]
    fn crank_with(
        &mut self,
        now: Time,
        app: &mut C,
        turns: u64,
        stop: &mut dyn FnMut() -> bool,
    ) -> Crank {
        match self.cranking {
            Cranking::Inside => Crank {
                turns: 0,
                settled: 0,
                next: Next::Now,
            },
            Cranking::Plain | Cranking::Measured => self.crank(now, app, turns, stop),
        }
    }

    /// Returns whether a closure that was posted to this scheduler is being called.
    pub(crate) fn is_inside(&self) -> bool {
        self.cranking == Cranking::Inside
    }

    #[inline(never)]
    fn crank<S: Stop>(&mut self, now: Time, app: &mut C, turns: u64, mut stop: S) -> Crank {
        stop.crank_begins(&mut self.lent.engine, now);
        let turns_before = self.lent.engine.begin_crank(now);
        self.give_turns(app, Rest { turns, stop });
        self.lent.engine.end_crank(turns_before)
    }

    /// Runs rounds until there is nothing to do or the budget is spent.
    #[inline(always)]
    fn give_turns<S: Stop>(&mut self, app: &mut C, mut rest: Rest<S>) {
        loop {
            let mut next = match self.lent.engine.open_round() {
                Round::None => return,
                Round::News => {
                    self.make_calls(app);
                    self.lent.engine.next_of_round()
                }
                Round::Turn(slot) => Some(slot),
                Round::Empty => None,
            };
            if next.is_none() {
                self.lent.engine.end_empty_round();
                self.make_calls(app);
                // An empty round costs a turn: closures that post closures must not outrun the budget.
                if rest.spend() {
                    return;
                }
                continue;
            }
            while let Some(slot) = next {
                rest.stop.turn_begins(&mut self.lent.engine, slot);
                self.turn(slot, app);
                // The calls may leave a panic that has to come through.
                if self.lent.engine.is_anything_left() {
                    self.make_calls(app);
                    if self.lent.engine.deferred.has_payload() {
                        rest.stop.turn_ends(&mut self.lent.engine);
                        return;
                    }
                }
                rest.stop.turn_ends(&mut self.lent.engine);
                if rest.spend() {
                    if self.lent.engine.ready.round_is_over() {
                        self.end_round(app);
                    }
                    return;
                }
                next = self.lent.engine.next_turn();
            }
            self.end_round(app);
        }
    }

    #[inline]
    fn end_round(&mut self, app: &mut C) {
        if self.lent.engine.end_round() {
            self.make_calls(app);
        }
    }

    /// Returns when to crank again. O(1), or O(lanes of the permit queue) after a call that freed permits.
    #[inline]
    pub fn next(&self) -> Next {
        self.lent.engine.next()
    }
}
