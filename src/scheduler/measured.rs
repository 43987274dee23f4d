//! Metrics of groups of works, for configurations that ask for them.

use super::WorkScheduler;
use crate::engine::Metrics;

impl<C: ?Sized> WorkScheduler<C> {
    /// Returns the counters, and what was measured of all works, by pool and by name. `None` unless the configuration
    /// says [`measure`](crate::WorkSchedulerConfig::measure).
    ///
    /// * The [queue age](crate::GroupMetrics::queue_age) and the [permit wait](crate::GroupMetrics::permit_wait) are
    ///   in the scheduler's time. So they are equal in equal runs in virtual time.
    /// * [Turn durations](crate::GroupMetrics::turn_duration) need [`set_clock`](WorkScheduler::set_clock).
    ///
    /// Measures change no order. A turn then takes the path of a turn with a listener. Each turn and each change of a
    /// state costs O(pools of the work), an added work O(log groups). Memory is about 100 bytes for each work, for the
    /// most works that have been in the scheduler at a time, and 1 kB for each group. A reset forgets what was
    /// measured. The call is O(groups).
    ///
    /// ```
    /// use crankwork::{Measure, VirtualDriver, WorkScheduler, WorkSchedulerConfig};
    /// use std::task::{Poll, ready};
    /// use std::time::Duration;
    ///
    /// // `get/3f` and `get/40` are works of the group `get`. Groups beyond 100 names count as one.
    /// let measure = Measure::ByPrefix { end: '/', most: 100 };
    /// let config = WorkSchedulerConfig::default().max_concurrency(1).measure(measure);
    /// let mut work = WorkScheduler::<()>::new(config);
    /// for name in ["get/3f", "get/40"] {
    ///     work.add_fn(name, |cx| {
    ///         ready!(cx.sleep(Duration::from_secs(2)));
    ///         Poll::Ready(Ok(()))
    ///     })?;
    /// }
    /// work.run_until_done(&mut (), &mut VirtualDriver::new())?;
    ///
    /// let metrics = work.measured().ok_or("the configuration asks for it")?;
    /// let get = &metrics.by_name[0];
    /// assert_eq!((&*get.name, get.works.works(), get.works.turns), ("get", 2, 4));
    /// // The second work has waited for the only permit while the first one slept.
    /// let wait = &get.works.permit_wait;
    /// assert_eq!((wait.count(), wait.max()), (2, Duration::from_secs(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn measured(&self) -> Option<Metrics> {
        self.lent.engine.measured()
    }
}
