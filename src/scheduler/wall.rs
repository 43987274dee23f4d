//! Wall time, for hosts that lend a clock.

use super::{Cranking, WorkScheduler};
use crate::engine::WallTime;
use crate::time::Time;

impl<C: ?Sized> WorkScheduler<C> {
    /// Measures turns and attempts by `clock` from now on. Without a clock none is read, and a turn within which the
    /// program computes for a second takes no time.
    ///
    /// * `last_duration` and `total_duration` of a [`WorkSnapshot`](crate::WorkSnapshot) are differences of `clock`. An
    ///   attempt that is under way counts from this call. Durations that have ended stay as they are.
    /// * [`wall_time`](WorkScheduler::wall_time) has the turns, and each root's part of them.
    /// * A turn of [`WorkSchedulerConfig::slow_turn`](crate::WorkSchedulerConfig::slow_turn) or longer is an event
    ///   with the cause [`SlowTurn`](crate::EventCause::SlowTurn), and a warning of `tracing`.
    ///
    /// The clock changes no order: states, timers and [`Next`](crate::Next) depend on the time that the host gives to
    /// `crank_work`. A clock that goes back stands still, and so does one that panics; the metrics count its panics.
    /// A reset keeps the clock. A turn then takes the path of a turn with a listener, two readings, and
    /// O(depth of its work). The call is O(works log works).
    ///
    /// ```
    /// use crankwork::{Budget, MonotonicClock, Time, WorkScheduler};
    /// use std::task::Poll;
    /// use std::time::Duration;
    ///
    /// let clock = MonotonicClock::new();
    /// let mut work = WorkScheduler::<()>::new(Default::default());
    /// work.set_clock(move || clock.now());
    /// work.add_fn("index", move |_| {
    ///     let end = clock.now() + Duration::from_millis(5);
    ///     while clock.now() < end {}
    ///     Poll::Ready(Ok(()))
    /// })?;
    /// let _ = work.crank_work(Time::ZERO, &mut (), Budget::turns(1));
    /// let index = &work.snapshot()[0];
    /// assert!(index.last_duration >= Some(Duration::from_millis(5)));
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    pub fn set_clock(&mut self, clock: impl FnMut() -> Time + 'static) {
        self.lent.engine.set_clock(Box::new(clock));
        if self.cranking == Cranking::Plain {
            self.cranking = Cranking::Measured;
        }
    }

    /// Returns how long turns took by the clock of [`set_clock`](WorkScheduler::set_clock), and each root's part of it;
    /// `None` without a clock. A turn counts with the hooks and callbacks that follow it. O(roots log roots).
    pub fn wall_time(&self) -> Option<WallTime> {
        self.lent.engine.wall_time()
    }
}
