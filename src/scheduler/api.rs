//! Public calls that go straight to the engine.

use super::WorkScheduler;
use crate::engine::panics::Contained;
use crate::engine::{
    CancelToken, Decider, DependencyError, Leftover, Notifier, Offload, ReapError, RestartError,
    StallReport, TimePin, UnknownWork, WorkEvent, WorkSchedulerMetrics, WorkSnapshot,
};
use crate::time::Time;
use crate::work::{Failure, Handle, Name, WorkId, WorkOutcome, WorkState};
use std::time::Duration;

impl<C: ?Sized> WorkScheduler<C> {
    /// The time of the last crank.
    pub fn now(&self) -> Time {
        self.lent.engine.now()
    }

    /// A work's state; `None` if it has been reclaimed or is another scheduler's.
    pub fn state(&self, id: impl Into<WorkId>) -> Option<WorkState> {
        self.lent.engine.state(id.into())
    }

    /// A work's name; `None` if it has been reclaimed or is another scheduler's.
    pub fn name(&self, id: impl Into<WorkId>) -> Option<Name> {
        self.lent.engine.name(id.into())
    }

    /// How a work settled; `None` if it has not, has been reclaimed, or is another scheduler's.
    pub fn outcome(&self, id: impl Into<WorkId>) -> Option<WorkOutcome> {
        self.lent.engine.outcome(id.into())
    }

    /// The work's output, if it has succeeded and nobody has taken it. A work without output (`T = ()`) answers as
    /// often as it is asked.
    pub fn take<T: 'static>(&mut self, handle: Handle<T>) -> Option<T> {
        self.lent.engine.take(handle)
    }

    /// The work's output, if it has succeeded and nobody has taken it.
    pub fn output<T: 'static>(&self, handle: Handle<T>) -> Option<&T> {
        self.lent.engine.output(handle)
    }

    /// Why a work's last attempt failed: of one that has failed or is backing off, or in a later attempt. `None` if none has
    /// failed, or the work has been reclaimed or is another scheduler's. O(1).
    pub fn last_failure(&self, id: impl Into<WorkId>) -> Option<&Failure> {
        self.lent.engine.last_failure(id.into())
    }

    /// When a work that is backing off will be tried again.
    pub fn retry_eta(&self, id: impl Into<WorkId>) -> Option<Time> {
        self.lent.engine.retry_eta(id.into())
    }

    /// The counters.
    pub fn metrics(&self) -> WorkSchedulerMetrics {
        self.lent.engine.metrics()
    }

    /// The next event that has not been polled. Events are kept only if the configuration asks for them.
    pub fn poll_event(&mut self) -> Option<WorkEvent> {
        self.lent.engine.poll_event()
    }

    /// Whether `shutdown` has been called.
    pub fn is_shut_down(&self) -> bool {
        self.lent.engine.is_shut_down()
    }

    /// A token that cancels everything in this scheduler, from any thread.
    pub fn cancel_token(&self) -> CancelToken {
        self.lent.engine.cancel_token()
    }

    /// Cancels a work and what it owns. Works that were never granted a permit end at once, the others in their abort.
    /// The answer is whether there was anything to cancel. O(works below it).
    ///
    /// # Errors
    /// The id names no work of this scheduler.
    pub fn cancel(&mut self, id: impl Into<WorkId>) -> Result<bool, UnknownWork> {
        let result = self.lent.engine.cancel(id.into());
        self.tidy();
        result
    }

    /// Cancels all works, in the order in which they were added. O(n log n).
    pub fn cancel_all(&mut self) {
        self.lent.engine.cancel_all();
        self.tidy();
    }

    /// Refuses new works from now on, and cancels the rest. Crank on until [`Next::Idle`](crate::Next): that comes
    /// within the longest grace, whatever works and their jobs do. A second call changes nothing. O(n log n).
    ///
    /// # The way to exit
    ///
    /// When the program is told to end, it calls `shutdown`, cranks until `Idle`, and gives the offload what is left of
    /// its time. Then it may return from `main`: the scheduler's drop waits for nobody, and threads whose jobs still run
    /// end with the process. `examples/signals.rs` does so on SIGTERM.
    ///
    /// ```
    /// use crankwork::{Budget, MonotonicClock, Next, Spec, ThreadOffload, WorkContext};
    /// use crankwork::{WorkScheduler, WorkSchedulerConfig};
    /// use std::process::ExitCode;
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// const GRACE: Duration = Duration::from_millis(500);
    ///
    /// let clock = MonotonicClock::new();
    /// let config = WorkSchedulerConfig::default().abort_grace(GRACE);
    /// let mut work = WorkScheduler::<()>::new(config);
    /// work.set_offload(ThreadOffload::new(1)?);
    /// let (notify, events) = mpsc::channel();
    /// work.set_notifier(move || drop(notify.send("crank")));
    ///
    /// let mut ticket = None;
    /// work.add(Spec::new("index", move |cx: &mut WorkContext<'_, ()>| {
    ///     let ticket = ticket.get_or_insert_with(|| cx.offload_with(|cancel| {
    ///         while !cancel.is_cancelled() { /* the next file */ }
    ///     }));
    ///     ticket.poll(cx)
    /// }))?;
    /// let _ = work.crank_work(clock.now(), &mut (), Budget::turns(100));
    ///
    /// // SIGTERM has come.
    /// work.shutdown();
    /// let end = clock.now() + GRACE;
    /// loop {
    ///     let crank = work.crank_work(clock.now(), &mut (), Budget::turns(100));
    ///     match crank.next {
    ///         Next::Idle => break,
    ///         next => match next.timeout(clock.now()) {
    ///             Some(wait) => drop(events.recv_timeout(wait)),
    ///             None => drop(events.recv()),
    ///         },
    ///     }
    /// }
    /// let leftover = work.shutdown_offload(end.saturating_since(clock.now()));
    /// let metrics = work.metrics();
    /// let in_order = leftover.is_empty() && metrics.forced_aborts + metrics.abandoned_jobs == 0;
    /// // To be returned from `main`.
    /// let code = if in_order { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    /// # assert_eq!(code, ExitCode::SUCCESS);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(&mut self) {
        self.lent.engine.shutdown();
        self.tidy();
    }

    /// Everything, counted anew. O(works + edges); for tests and fuzzing.
    ///
    /// # Errors
    /// What is broken, in words. That is a defect of this crate.
    #[doc(hidden)]
    pub fn audit(&self) -> Result<(), String> {
        self.lent.engine.audit()
    }

    /// Makes `after` wait until `before` has succeeded. A work that has had no turn goes back to Pending for it (and
    /// its permit, if it has one, to the next); if `before` has failed already, it becomes Blocked.
    ///
    /// Whether the edge exists already, and whether it closes a cycle, is found from both ends at once: the cost is
    /// bounded by the smaller of what `before` still needs and what needs `after`; O(1) if either is nothing.
    ///
    /// # Errors
    /// [`DependencyError`]: an id that is not there, a work that has started or settled, a cycle with its path.
    pub fn add_dependency(
        &mut self,
        before: impl Into<WorkId>,
        after: impl Into<WorkId>,
    ) -> Result<(), DependencyError> {
        let result = self.lent.engine.add_dependency(before.into(), after.into());
        self.tidy();
        result
    }

    /// How many turns in a row came to nothing: the work's own alarm brought each, and it did nothing but arm the next. Any
    /// other turn, an attempt that begins, a work that settles or is added, a message or a call of the host begins anew. O(1).
    ///
    /// Works that poll while others wait for their permits show here; [`VirtualDriver::stop_after`] ends such a run.
    ///
    /// [`VirtualDriver::stop_after`]: crate::VirtualDriver::stop_after
    pub fn fruitless_turns(&self) -> u64 {
        self.lent.engine.fruitless_turns()
    }

    /// Ends the threads of the offload, as the last thing before the program exits: jobs that have not begun fail with
    /// [`OffloadError::Dropped`](crate::OffloadError::Dropped), and those that run are waited for, at most `within` in real time. The answer says what
    /// is left then; without an offload that is nothing. A second call waits for what the first has left.
    ///
    /// Works that offload afterwards fail with [`OffloadError::ShutDown`](crate::OffloadError::ShutDown), until another offload is set. A scheduler that
    /// is dropped waits for no job: its offload ends as with a `within` of zero. [`WorkScheduler::shutdown`] shows the
    /// whole way.
    pub fn shutdown_offload(&mut self, within: Duration) -> Leftover {
        self.lent.engine.shutdown_offload(within)
    }

    /// How many jobs are on other threads, or on their way to or from them: those of ended attempts are included, and
    /// those that were abandoned when a grace was over are not. Simulated jobs never count. A host that moves a clock
    /// of its own asks [`WorkScheduler::is_time_pinned`].
    pub fn jobs_outside(&self) -> u64 {
        self.lent.engine.jobs_outside()
    }

    /// Holds virtual time still until the pin is dropped, on whatever thread: see [`TimePin`].
    pub fn pin_time(&self) -> TimePin {
        self.lent.engine.pin_time()
    }

    /// Whether virtual time must stand still, since jobs are on other threads or a [`TimePin`] lives: what they come to
    /// belongs to the present time. [`VirtualDriver`](crate::VirtualDriver) sees to it by itself; a host that moves a
    /// clock of its own asks after each crank, and waits for its notifier instead of moving the clock.
    ///
    /// A job counts until the scheduler has taken the message of its end, and a pin likewise.
    pub fn is_time_pinned(&self) -> bool {
        self.lent.engine.is_time_pinned()
    }

    /// Takes a settled root work out of the scheduler and says how it ended. Take its output first. O(its edges).
    ///
    /// # Errors
    /// [`ReapError`]: not there, not settled, a child, or works that are after it have not settled.
    pub fn reap(&mut self, id: impl Into<WorkId>) -> Result<WorkOutcome, ReapError> {
        let result = self.lent.engine.reap(id.into());
        self.tidy();
        result
    }

    /// Reaps every root work that can be, and says how many they were. O(n log n).
    pub fn reap_settled(&mut self) -> usize {
        let result = self.lent.engine.reap_settled();
        self.tidy();
        result
    }

    /// Runs a settled work anew: output and retry count are cleared, its open dependencies are taken as they are
    /// (Blocked again if one has failed), its dependents stay as they are. O(dependencies).
    ///
    /// # Errors
    /// [`RestartError`]: not there, not settled, after `shutdown`, a child whose parent has settled or is aborting, a
    /// cycle with edges that were added meanwhile, or a work that was dropped.
    pub fn restart(&mut self, id: impl Into<WorkId>) -> Result<(), RestartError> {
        let result = self.lent.engine.restart(id.into());
        self.tidy();
        result
    }

    /// Gives a sleeping work a turn. A work that has a turn coming has no more than that; one that is Pending, Queued,
    /// Retrying, Joining or settled ignores it. The answer is whether the work has not settled. O(1).
    ///
    /// # Errors
    /// The id names no work of this scheduler.
    pub fn wake(&mut self, id: impl Into<WorkId>) -> Result<bool, UnknownWork> {
        self.lent.engine.wake(id.into())
    }

    /// Every work in the scheduler, in the order in which they were added. O(works log works + edges).
    pub fn snapshot(&self) -> Vec<WorkSnapshot> {
        self.lent.engine.snapshot()
    }

    /// Every work that has not settled and what it waits for: made for [`Next::Stalled`](crate::Next), but true at any
    /// time. O(works log works + edges).
    pub fn stall_report(&self) -> StallReport {
        self.lent.engine.stall_report()
    }

    // ---- how it is set up ----

    /// Called, from whatever thread sends, when the inbox goes from empty to not empty: it must make the host crank
    /// soon. Replaces the one before.
    pub fn set_notifier(&mut self, notifier: impl Fn() + Send + Sync + 'static) {
        let notifier: Notifier = std::sync::Arc::new(notifier);
        let inbox = &mut self.lent.engine.inbox;
        inbox.set_notifier(Some(Contained::new(notifier)));
    }

    /// Makes a named pool, or changes the capacity of one; `"max_concurrency"` is the general one. Permits that are
    /// out stay out. Works that need more than a lowered capacity wait until it is raised.
    pub fn set_pool_capacity(&mut self, pool: impl Into<Name>, capacity: u32) {
        self.lent.engine.set_pool_capacity(pool.into(), capacity);
    }

    /// Sets what answers decisions. `None`, the default, is production order.
    pub fn set_decider(&mut self, decider: Option<Box<dyn Decider>>) {
        self.lent.engine.decider = decider.map(Contained::new);
    }

    /// Where `cx.offload` takes its closures. Replaces the one before without waiting for it: its jobs that have not
    /// begun fail with [`OffloadError::Dropped`](crate::OffloadError::Dropped), and those that run come to their end on their
    /// own threads.
    pub fn set_offload(&mut self, offload: impl Offload + 'static) {
        self.lent.engine.set_offload(Box::new(offload));
    }
}
