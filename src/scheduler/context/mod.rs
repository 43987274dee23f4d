//! The context: what a work may do during its turn.

mod children;
#[cfg(feature = "mio")]
mod io;
mod offload;
pub(super) mod output;

pub use children::Children;
#[cfg(feature = "mio")]
pub use io::Sources;

use super::Lent;
use crate::engine::decision::DecisionKind;
use crate::engine::notes::Mode;
use crate::engine::panics::{Contained, dispose};
use crate::engine::remote::senders::{CancelToken, RemoteWaker};
use crate::engine::rng::Stream;
use crate::engine::store::extension::AbortCause;
use crate::engine::store::flags::flag;
use crate::engine::{AddError, DependencyError, UnknownWork};
use crate::time::Time;
use crate::work::{CancelledBy, Failure, Handle, Name, Spec, Work, WorkId, WorkOutcome, WorkState};
use std::any::{Any, TypeId};
use std::fmt;
use std::task::Poll;
use std::time::Duration;

/// Lends a work, for one turn or hook, the application and the calls that it may make to the engine.
///
/// All calls are O(1) unless they say otherwise. The engine forgets at the next turn what the work has asked for in
/// this one: alarms, `yield_now` and `expect_wake`.
pub struct WorkContext<'a, C: ?Sized> {
    /// The application, lent by the crank.
    pub app: &'a mut C,
    pub(super) lent: &'a mut Lent<C>,
    pub(crate) slot: u32,
}

impl<'a, C: ?Sized> WorkContext<'a, C> {
    #[inline]
    pub(super) fn new(app: &'a mut C, lent: &'a mut Lent<C>, slot: u32) -> Self {
        WorkContext { app, lent, slot }
    }

    /// Ends a hook before a turn. What the hook asked for does not count.
    #[inline]
    pub(super) fn end_hook(&mut self, turn: Mode) {
        self.lent.engine.hook_is_over(self.slot, turn);
    }

    /// Returns whether `on_success` is next: the work has ended well, has no child, and has not been cancelled.
    #[inline]
    pub(super) fn succeeds_at_once(&mut self) -> bool {
        let engine = &mut self.lent.engine;
        engine.succeeds_at_once(self.slot)
    }

    // ---- what it is ----

    /// Returns the work's id.
    pub fn id(&self) -> WorkId {
        self.lent.engine.id(self.slot)
    }

    /// Returns the work's name.
    pub fn name(&self) -> &Name {
        self.lent.engine.arena.cold(self.slot).name
    }

    /// Returns the time of this crank.
    pub fn now(&self) -> Time {
        self.lent.engine.now
    }

    /// Returns the number of this attempt, counted from 1.
    pub fn attempt(&self) -> u32 {
        self.lent.engine.arena.attempt(self.slot)
    }

    /// Returns whether the work has been cancelled: in this turn, or before, so that its present abort ends as
    /// Cancelled. After a failure or a limit only [`is_aborting`](Self::is_aborting) is true. O(1).
    pub fn is_cancelled(&self) -> bool {
        let arena = &self.lent.engine.arena;
        let abort = || arena.extension(self.slot)?.abort.as_ref();
        let for_cancel = || matches!(abort()?.cause, AbortCause::Cancel(_)).then_some(());
        arena.is(self.slot, flag::CANCEL) || self.is_aborting() && for_cancel().is_some()
    }

    /// Returns whether this attempt is being aborted, after a cancel, a limit or a failed child. O(1).
    pub fn is_aborting(&self) -> bool {
        self.lent.engine.arena.at(self.slot).state == WorkState::Aborting
    }

    /// Returns a token for other threads. It shows them that this attempt is being aborted, and they can cancel the
    /// work with it.
    pub fn cancel_token(&mut self) -> CancelToken {
        self.lent.engine.cancel_token_of(self.slot)
    }

    // ---- waiting ----

    /// Asks for another turn in the next round: `return cx.yield_now()`.
    pub fn yield_now<R>(&mut self) -> Poll<R> {
        self.lent.engine.notes.yielded = true;
        Poll::Pending
    }

    /// Sleeps: returns `Pending` until `duration` after the first call, then `Ready` once. Other wakes do not end the
    /// sleep.
    ///
    /// A work has one sleep at a time, so `ready!(cx.sleep(d))` fits a loop or a single nap. A machine with several
    /// different waits keeps its own state and uses [`WorkContext::wake_after`]. Even a sleep of zero takes a round.
    pub fn sleep(&mut self, duration: Duration) -> Poll<()> {
        self.lent.engine.sleep(self.slot, duration)
    }

    /// Wakes the work at the time `at` if it sleeps then. Of several alarms in one turn the earliest counts, and the
    /// next turn drops it. A time that is not after `now` gives a turn in a later round.
    pub fn wake_at(&mut self, at: Time) {
        self.lent.engine.notes.wake_at(at);
    }

    /// Calls [`WorkContext::wake_at`] with the time `delay` after now, but at most the end of time.
    pub fn wake_after(&mut self, delay: Duration) {
        self.wake_at(self.lent.engine.now.saturating_add(delay));
    }

    /// Announces that another work, or the host, will wake this one. Without it a work fails as a lost wake if it
    /// returns `Pending` and nothing that the engine knows can wake it.
    pub fn expect_wake(&mut self) {
        self.lent.engine.notes.expects_wake = true;
    }

    /// Wakes this work when `id` settles. Returns `false` if `id` has already settled, so that the work looks at it
    /// now, or if `id` is this work itself.
    ///
    /// Watching a work twice counts once. The watch lasts until `id` settles or this attempt ends. O(log of the works
    /// that this work watches).
    ///
    /// # Errors
    /// The id names no work of this scheduler.
    pub fn watch(&mut self, id: impl Into<WorkId>) -> Result<bool, UnknownWork> {
        let slot = self.lent.engine.lookup(id.into())?;
        Ok(self.lent.engine.watch_slot(self.slot, slot))
    }

    /// Returns a waker for other threads. The work may sleep as long as a clone of the waker lives.
    pub fn remote_waker(&mut self) -> RemoteWaker {
        let attempt_id = self.lent.engine.arena.attempt_id(self.slot);
        let engine = &mut self.lent.engine;
        let extension = engine.arena.extension_or_new(self.slot);
        if let Some(cell) = extension.remote.as_ref().and_then(std::sync::Weak::upgrade) {
            return RemoteWaker { cell };
        }
        let waker = RemoteWaker::new(&engine.inbox, attempt_id);
        extension.remote = Some(std::sync::Arc::downgrade(&waker.cell));
        waker
    }

    /// Gives the permit back at the end of this turn. The work has its next turn only when it has a permit again. The
    /// call means nothing if this turn ends the attempt.
    pub fn release_permit(&mut self) {
        self.lent.engine.arena.set(self.slot, flag::RELEASE);
    }

    // ---- other works ----

    /// Adds a child, which belongs to this attempt. This work settles only after it. Settled children stay, with their
    /// outputs, until the attempt ends. A work that never ends should use [`spawn_root`](Self::spawn_root) instead.
    ///
    /// # Errors
    /// [`AddError`]; always in hooks and in `on_abort`.
    pub fn spawn<W, T>(&mut self, spec: Spec<C, W>) -> Result<Handle<T>, AddError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        if self.lent.engine.notes.mode != Mode::Poll {
            dispose(spec);
            return Err(AddError::NotInATurn);
        }
        let parent = self.id();
        self.lent.add(spec.parent(parent))
    }

    /// Adds a closure as a child. The compiler infers the closure's types.
    ///
    /// # Errors
    /// [`AddError`]; always in hooks and in `on_abort`.
    pub fn spawn_fn<T, F>(&mut self, name: impl Into<Name>, work: F) -> Result<Handle<T>, AddError>
    where
        F: FnMut(&mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> + 'static,
        T: 'static,
    {
        self.spawn(Spec::new(name, work))
    }

    /// Adds a root work, or a child of the parent that the spec names.
    ///
    /// # Errors
    /// [`AddError`].
    pub fn spawn_root<W, T>(&mut self, spec: Spec<C, W>) -> Result<Handle<T>, AddError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        if spec.terms.parent == Some(self.id()) && self.lent.engine.notes.mode == Mode::Hook {
            dispose(spec);
            return Err(AddError::NotInATurn);
        }
        self.lent.add(spec)
    }

    /// Makes `after` wait until `before` has succeeded, as
    /// [`WorkScheduler::add_dependency`](crate::WorkScheduler::add_dependency) does, at its cost.
    ///
    /// # Errors
    /// [`DependencyError`].
    pub fn add_dependency(
        &mut self,
        before: impl Into<WorkId>,
        after: impl Into<WorkId>,
    ) -> Result<(), DependencyError> {
        self.lent.engine.add_dependency(before.into(), after.into())
    }

    /// Gives a sleeping work a turn, as [`WorkScheduler::wake`](crate::WorkScheduler::wake) does. A work that wakes
    /// itself has another turn.
    ///
    /// # Errors
    /// The id names no work of this scheduler.
    pub fn wake(&mut self, id: impl Into<WorkId>) -> Result<bool, UnknownWork> {
        self.lent.engine.wake(id.into())
    }

    /// Cancels a work and the works that it owns, as [`WorkScheduler::cancel`](crate::WorkScheduler::cancel) does, at
    /// its cost. If that cancels this work, its abort begins after this turn, whatever the turn returns.
    ///
    /// # Errors
    /// The id names no work of this scheduler.
    pub fn cancel(&mut self, id: impl Into<WorkId>) -> Result<bool, UnknownWork> {
        let id = id.into();
        let slot = self.lent.engine.lookup(id)?;
        let live = !self.lent.engine.arena.at(slot).state.is_settled();
        let by = if slot == self.slot {
            CancelledBy::Itself
        } else if self.lent.engine.arena.parent(slot) == Some(self.slot) {
            CancelledBy::Parent
        } else {
            CancelledBy::Work(self.id())
        };
        if live && by == CancelledBy::Parent {
            self.lent.engine.arena.set(slot, flag::BY_PARENT);
        }
        self.lent.engine.cancel_for(id, by)
    }

    /// Cancels the live children, but not this work. They do not count as failed. O(works below; O(1) if no child is
    /// live).
    pub fn cancel_children(&mut self) {
        self.lent.engine.cancel_children_of(self.slot);
    }

    /// Returns the children of this attempt.
    pub fn children(&self) -> Children<'_, C> {
        Children::new(&self.lent.engine, self.slot)
    }

    /// Returns a work's state, or `None` if it has been reclaimed or belongs to another scheduler.
    pub fn state(&self, id: impl Into<WorkId>) -> Option<WorkState> {
        self.lent.engine.state(id.into())
    }

    /// Returns how a work settled, or `None` if it has not settled or belongs to another scheduler. A reclaimed work
    /// has an outcome as long as [`Limits::outcomes`](crate::Limits::outcomes) keeps it.
    pub fn outcome(&self, id: impl Into<WorkId>) -> Option<WorkOutcome> {
        self.lent.engine.outcome(id.into())
    }

    /// Returns why this work's last failed attempt failed. In `on_failure_retry` and `on_failure_raise` that is the
    /// attempt which has just ended, by an error of its own, a child or a limit.
    pub fn last_failure(&self) -> Option<&Failure> {
        self.lent.engine.arena.cold(self.slot).error
    }

    /// Returns the output of a work that has succeeded, unless somebody has taken it.
    pub fn output<T: 'static>(&self, handle: Handle<T>) -> Option<&T> {
        self.lent.engine.output(handle)
    }

    /// Returns the output of a work of which only the id is known: `None` also if the output is no `T`.
    pub fn output_of<T: 'static>(&self, id: WorkId) -> Option<&T> {
        self.lent.engine.output(Handle::new(id))
    }

    /// Takes the output of a work that has succeeded.
    pub fn take<T: 'static>(&mut self, handle: Handle<T>) -> Option<T> {
        self.lent.engine.take(handle)
    }

    // ---- randomness and decisions ----

    /// Returns the work's own random stream, which depends on the seed and the work's name path only. It continues over
    /// turns and attempts. O(depth) at the first call.
    pub fn rng(&mut self) -> &mut Stream {
        self.lent.engine.stream_of(self.slot)
    }

    /// Returns a number below `n`, for a search to vary; 0 in production. The name tells one choice from another.
    pub fn choose(&mut self, name: &str, n: usize) -> usize {
        self.lent
            .engine
            .decide_for(DecisionKind::Choose, name, n, self.slot)
    }

    /// Names what the work does in this turn, for a decider that hears of turns. Does nothing in production.
    #[inline]
    pub fn step(&mut self, label: &'static str) {
        self.lent.engine.step(label);
    }

    /// Returns whether the named fault happens here; never in production.
    pub fn fault(&mut self, name: &str) -> bool {
        self.lent
            .engine
            .decide_for(DecisionKind::Fault, name, 2, self.slot)
            == 1
    }

    /// Stores the output of a turn that has succeeded.
    pub(super) fn store_output<T: 'static>(&mut self, output: T) {
        if TypeId::of::<T>() != TypeId::of::<()>() {
            let output: Box<dyn Any> = Box::new(output);
            self.lent.engine.arena.extension_or_new(self.slot).output =
                Some(Contained::new(output));
        }
    }
}

/// Prints the work, and neither the application nor the engine.
impl<C: ?Sized> fmt::Debug for WorkContext<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkContext")
            .field("id", &self.id())
            .field("name", self.name())
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}
