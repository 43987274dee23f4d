//! Public calls that go straight to the engine.

use super::WorkScheduler;
use crate::engine::panics::{Contained, dispose_each};
use crate::engine::{
    CancelToken, Decider, DependencyError, Leftover, Notifier, Offload, ReapError, RestartError,
    StallReport, TimePin, UnknownWork, WorkEvent, WorkSchedulerMetrics, WorkSnapshot,
};
use crate::time::Time;
use crate::work::{Failure, Handle, Name, WorkId, WorkOutcome, WorkState};
use std::time::Duration;

impl<C: ?Sized> WorkScheduler<C> {
    /// Returns the time of the last crank. Calls of the host between cranks happen at this time: see
    /// [`crank_work`](WorkScheduler::crank_work).
    pub fn now(&self) -> Time {
        self.lent.engine.now()
    }

    /// Returns the work's state, or `None` if the work has been reclaimed or belongs to another scheduler.
    pub fn state(&self, id: impl Into<WorkId>) -> Option<WorkState> {
        self.lent.engine.state(id.into())
    }

    /// Returns the work's name, or `None` if the work has been reclaimed or belongs to another scheduler.
    pub fn name(&self, id: impl Into<WorkId>) -> Option<Name> {
        self.lent.engine.name(id.into())
    }

    /// Returns how the work settled, or `None` if it has not settled or belongs to another scheduler. A reclaimed work
    /// has an outcome as long as [`Limits::outcomes`](crate::Limits::outcomes) keeps it.
    pub fn outcome(&self, id: impl Into<WorkId>) -> Option<WorkOutcome> {
        self.lent.engine.outcome(id.into())
    }

    /// Takes the work's output: `None` unless the work has succeeded and the output is still there. A work without
    /// output (`T = ()`) answers each call.
    pub fn take<T: 'static>(&mut self, handle: Handle<T>) -> Option<T> {
        self.lent.engine.take(handle)
    }

    /// Returns the work's output: `None` unless the work has succeeded and the output is still there.
    pub fn output<T: 'static>(&self, handle: Handle<T>) -> Option<&T> {
        self.lent.engine.output(handle)
    }

    /// Returns why the work's last failed attempt failed, also during a back-off or a later attempt. `None` if no
    /// attempt has failed, or if the work has been reclaimed or belongs to another scheduler. O(1).
    pub fn last_failure(&self, id: impl Into<WorkId>) -> Option<&Failure> {
        self.lent.engine.last_failure(id.into())
    }

    /// Returns when a work that is backing off will be tried again.
    pub fn retry_eta(&self, id: impl Into<WorkId>) -> Option<Time> {
        self.lent.engine.retry_eta(id.into())
    }

    /// Returns the counters.
    pub fn metrics(&self) -> WorkSchedulerMetrics {
        self.lent.engine.metrics()
    }

    /// Returns how many works are in a state, reclaimed works included. O(1).
    ///
    /// ```
    /// use crankwork::{Budget, Time, WorkContext, WorkScheduler, WorkState};
    /// use std::task::Poll;
    ///
    /// let mut work = WorkScheduler::<()>::new(Default::default());
    /// work.add_fn("one", |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(())))?;
    /// assert_eq!(work.count(WorkState::Running), 1);
    /// let _ = work.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    /// assert_eq!(work.count(WorkState::Success), 1);
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    #[inline]
    pub fn count(&self, state: WorkState) -> u64 {
        self.lent.engine.recorder.by_state[state as usize]
    }

    /// Takes the next event. The scheduler keeps events only if the configuration asks for them.
    pub fn poll_event(&mut self) -> Option<WorkEvent> {
        self.lent.engine.poll_event()
    }

    /// Returns whether [`shutdown`](WorkScheduler::shutdown) has been called.
    pub fn is_shut_down(&self) -> bool {
        self.lent.engine.is_shut_down()
    }

    /// Returns a token with which any thread can cancel all works of this scheduler.
    pub fn cancel_token(&self) -> CancelToken {
        self.lent.engine.cancel_token()
    }

    /// Cancels a work and the works that it owns. Works that were never granted a permit end at once, the others after
    /// their abort. Returns whether there was anything to cancel. O(works below it).
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

    /// Refuses new works from now on, and cancels all works. Crank on until [`Next::Idle`](crate::Next), which comes
    /// within the longest grace, whatever the works and their jobs do. A second call changes nothing. O(n log n).
    ///
    /// # The way to exit
    ///
    /// A program that is told to end cranks once and calls `shutdown`. It cranks until `Idle`, and gives the offload
    /// the rest of its time. Then it may return from `main`. The drop of the scheduler waits for no job, and threads
    /// whose jobs still run end with the process. `examples/signals.rs` does so on SIGTERM.
    ///
    /// Without the first crank, graces begin at the time of the last one. If the host has waited for longer than a
    /// grace, the works are then dropped without their [`on_abort`](crate::Work::on_abort).
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
    /// // SIGTERM has come. The crank takes the scheduler to the present time, at which the graces begin.
    /// let _ = work.crank_work(clock.now(), &mut (), Budget::turns(1));
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

    /// Counts everything anew and compares. O(works + edges); for tests and fuzzing.
    ///
    /// # Errors
    /// A text that says what is broken, which is a defect of this crate.
    #[doc(hidden)]
    pub fn audit(&self) -> Result<(), String> {
        self.lent.engine.audit()
    }

    /// Makes `after` wait until `before` has succeeded.
    ///
    /// If `after` has had no turn it goes back to Pending, and the permit that it may have goes to the next work. If
    /// `before` has already failed, `after` becomes Blocked.
    ///
    /// The engine searches from both ends for an equal edge and for a cycle. The smaller side bounds the cost: what
    /// `before` still needs, or what needs `after`. O(1) if either side is empty.
    ///
    /// # Errors
    /// [`DependencyError`]: an unknown id, a work that has started or settled, or a cycle with its path.
    pub fn add_dependency(
        &mut self,
        before: impl Into<WorkId>,
        after: impl Into<WorkId>,
    ) -> Result<(), DependencyError> {
        let result = self.lent.engine.add_dependency(before.into(), after.into());
        self.tidy();
        result
    }

    /// Returns how many turns in a row were fruitless: the work's own alarm brought the turn, and the work only armed
    /// the next alarm. Any other turn, an attempt that begins, a work that is added or settles, a message, or a call of
    /// the host begins anew. O(1).
    ///
    /// Works that poll while others wait for their permits show here; [`VirtualDriver::stop_after`] ends such a run.
    ///
    /// [`VirtualDriver::stop_after`]: crate::VirtualDriver::stop_after
    pub fn fruitless_turns(&self) -> u64 {
        self.lent.engine.fruitless_turns()
    }

    /// Ends the threads of the offload, as the last step before the program exits.
    ///
    /// Jobs that have not begun fail with [`OffloadError::Dropped`](crate::OffloadError::Dropped). The call waits for
    /// jobs that run, at most `within` in real time. It returns how many jobs were dropped and how many still run,
    /// which is nothing without an offload. A second call waits for the jobs that the first has left.
    ///
    /// Later jobs fail with [`OffloadError::ShutDown`](crate::OffloadError::ShutDown), until another offload is set.
    /// The drop of a scheduler waits for no job: it ends its offload with a `within` of zero.
    /// [`WorkScheduler::shutdown`] shows the whole way to exit.
    pub fn shutdown_offload(&mut self, within: Duration) -> Leftover {
        self.lent.engine.shutdown_offload(within)
    }

    /// Returns how many jobs are on other threads, or on their way to or from them.
    ///
    /// It counts the jobs of ended attempts, but neither simulated jobs nor jobs that were abandoned when a grace was
    /// over. A host that moves a clock of its own asks [`WorkScheduler::is_time_pinned`].
    pub fn jobs_outside(&self) -> u64 {
        self.lent.engine.jobs_outside()
    }

    /// Holds virtual time still until the pin is dropped, on any thread: see [`TimePin`].
    pub fn pin_time(&self) -> TimePin {
        self.lent.engine.pin_time()
    }

    /// Returns whether virtual time must stand still, because jobs are on other threads or a [`TimePin`] lives. Their
    /// results belong to the present time. A run with a [`VirtualDriver`](crate::VirtualDriver) asks by itself. A host
    /// that moves a clock of its own asks after each crank. If the answer is `true` it waits for its notifier and does
    /// not move the clock.
    ///
    /// A job counts until the scheduler has taken the message of its end; so does a pin.
    pub fn is_time_pinned(&self) -> bool {
        self.lent.engine.is_time_pinned()
    }

    /// Takes a settled root work out of the scheduler and returns how it ended. Take its output first. O(its edges).
    ///
    /// # Errors
    /// [`ReapError`]: an unknown work, one that has not settled, a child, or a work whose dependents have not settled.
    pub fn reap(&mut self, id: impl Into<WorkId>) -> Result<WorkOutcome, ReapError> {
        let result = self.lent.engine.reap(id.into());
        self.tidy();
        result
    }

    /// Reaps each root work that can be reaped, and returns how many it has reaped. O(n log n).
    pub fn reap_settled(&mut self) -> usize {
        let result = self.lent.engine.reap_settled();
        self.tidy();
        result
    }

    /// Runs a settled work anew, with neither output nor used retries. It waits for its dependencies as they are now,
    /// and is Blocked again if one has failed. Its dependents stay as they are. O(dependencies).
    ///
    /// # Errors
    /// [`RestartError`]: an unknown work, one that has not settled, a scheduler after `shutdown`, a child whose parent
    /// has settled or is aborting, a cycle with edges that were added meanwhile, or a work that was dropped.
    pub fn restart(&mut self, id: impl Into<WorkId>) -> Result<(), RestartError> {
        let result = self.lent.engine.restart(id.into());
        self.tidy();
        result
    }

    /// Gives a sleeping work a turn. A work that already has a turn coming gets no second one. A work that is Pending,
    /// Queued, Retrying, Joining or settled ignores the call. Returns whether the work has not settled. O(1).
    ///
    /// # Errors
    /// The id names no work of this scheduler.
    pub fn wake(&mut self, id: impl Into<WorkId>) -> Result<bool, UnknownWork> {
        self.lent.engine.wake(id.into())
    }

    /// Returns a snapshot of each work, in the order in which the works were added.
    ///
    /// It costs O(works log works + edges), copies names and lists of edges, and calls each work's
    /// [`progress`](crate::Work::progress) and [`status`](crate::Work::status) once, besides the statuses that ask for
    /// others. To look often at few works, use [`state`](Self::state), [`progress_of`](Self::progress_of) and
    /// [`status_of`](Self::status_of).
    pub fn snapshot(&self) -> Vec<WorkSnapshot> {
        self.lent.engine.snapshot(&self.bodies)
    }

    /// Returns each work that has not settled, with what it waits for. The report is made for
    /// [`Next::Stalled`](crate::Next), but it is true at any time. O(works log works + edges).
    pub fn stall_report(&self) -> StallReport {
        self.lent.engine.stall_report()
    }

    // ---- how it is set up ----

    /// Sets the function that makes the host crank soon, in place of the former one. The thread that sends calls it
    /// when the inbox becomes non-empty.
    ///
    /// A host that waits for events needs one. Without it the host does not hear of the ends of jobs, wakes and
    /// closures from other threads until it cranks for another reason. The drivers set their own.
    pub fn set_notifier(&mut self, notifier: impl Fn() + Send + Sync + 'static) {
        let notifier: Notifier = std::sync::Arc::new(notifier);
        let inbox = &mut self.lent.engine.inbox;
        inbox.set_notifier(Some(Contained::new(notifier)));
    }

    /// Makes a named pool, or changes the capacity of one; `"max_concurrency"` is the general one. Permits that are out
    /// stay out. Works that need more than a lowered capacity wait until the host raises it.
    pub fn set_pool_capacity(&mut self, pool: impl Into<Name>, capacity: u32) {
        self.lent.engine.set_pool_capacity(pool.into(), capacity);
    }

    /// Sets the decider. `None`, the default, is production order.
    pub fn set_decider(&mut self, decider: Option<Box<dyn Decider>>) {
        self.lent.engine.set_decider(decider);
    }

    /// Returns the work that had the last turn, or that should have had it ([`Interference`](crate::Interference)).
    /// Only while a decider is set.
    pub fn last_turn(&self) -> Option<WorkId> {
        self.lent.engine.last_turn()
    }

    /// Returns when the next timer fires or the next simulated job ends, even if works are ready. A simulation that
    /// cranks at that time lets turns take time. O(1).
    pub fn next_timer(&self) -> Option<Time> {
        self.lent.engine.next_time()
    }

    /// Drops all works and goes back to time zero, as a new scheduler of this configuration that draws from `seed`.
    /// The decider and the event sink stay. The offload, the notifier and an attached poll do not; ids, handles,
    /// wakers, tokens and remotes from before reach nothing. It keeps memory, so that a search can run a small program
    /// a million times a second. From within a closure posted to this scheduler the call does nothing.
    ///
    /// A panic in the drop of a work or callback goes no further. O(works).
    pub fn reset(&mut self, seed: u64) {
        if self.is_inside() {
            return;
        }
        self.posts.renew();
        self.bodies.reset();
        if !self.lent.incoming.is_empty() {
            dispose_each(self.lent.incoming.drain(..));
        }
        self.lent.callbacks.clear();
        self.lent.engine.reset(seed);
    }

    /// Sets the offload to which `cx.offload` gives its closures, without waiting for the former one. That one's jobs
    /// that have not begun fail with [`OffloadError::Dropped`](crate::OffloadError::Dropped). Its jobs that run end on
    /// their own threads.
    pub fn set_offload(&mut self, offload: impl Offload + 'static) {
        self.lent.engine.set_offload(Box::new(offload));
    }
}
