//! Queries: what the shell can read of one work, or of the engine as a whole.
//!
//! Nothing here changes the state of a work. [`Engine::take`] moves an output out.
//!
//! Trap: an id may be stale, because its work was reclaimed. So each query looks the id up first and returns `None` or
//! an error, and none panics.

use super::Engine;
use super::errors::UnknownWork;
use super::events::{WorkEvent, WorkSchedulerMetrics};
use super::remote::senders::CancelToken;
use crate::time::Time;
use crate::work::{Failure, Handle, Name, RootCause, WorkId, WorkOutcome, WorkState};
use std::any::{Any, TypeId};

impl Engine {
    /// Returns the id of the work in `slot`. O(1). The id of a work that has left finds nothing.
    pub(crate) fn id(&self, slot: u32) -> WorkId {
        WorkId {
            serial: self.arena.at(slot).serial,
            slot,
            scheduler_id: self.scheduler_id,
        }
    }

    /// Returns the slot of the work with this id. O(1).
    pub(crate) fn lookup(&self, id: WorkId) -> Result<u32, UnknownWork> {
        // The scheduler is compared first, because slots and serial numbers of two schedulers coincide.
        if id.scheduler_id != self.scheduler_id {
            return Err(UnknownWork::Foreign(id));
        }
        match self.arena.get(id.slot) {
            Some(record) if record.serial == id.serial => Ok(id.slot),
            _ => Err(UnknownWork::Reclaimed(id)),
        }
    }

    /// As [`WorkScheduler::now`](crate::WorkScheduler::now).
    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// As [`WorkScheduler::state`](crate::WorkScheduler::state).
    pub(crate) fn state(&self, id: WorkId) -> Option<WorkState> {
        self.lookup(id).ok().map(|slot| self.arena.at(slot).state)
    }

    /// As [`WorkScheduler::name`](crate::WorkScheduler::name).
    pub(crate) fn name(&self, id: WorkId) -> Option<Name> {
        self.lookup(id)
            .ok()
            .map(|slot| self.arena.cold(slot).name.clone())
    }

    /// As [`WorkScheduler::outcome`](crate::WorkScheduler::outcome).
    pub(crate) fn outcome(&self, id: WorkId) -> Option<WorkOutcome> {
        let Ok(slot) = self.lookup(id) else {
            return self.outcomes.get(id).cloned();
        };
        let is_settled = self.arena.at(slot).state.is_settled();
        is_settled.then(|| self.outcome_of(slot))
    }

    /// Returns the outcome of the settled work in `slot`. It clones the failure, which is one pointer.
    pub(crate) fn outcome_of(&self, slot: u32) -> WorkOutcome {
        let error = || {
            self.arena
                .cold(slot)
                .error
                .cloned()
                .unwrap_or_else(|| Failure::msg("no failure was recorded"))
        };
        match self.arena.at(slot).state {
            WorkState::Failed => WorkOutcome::Failed(error()),
            WorkState::Cancelled => WorkOutcome::Cancelled,
            // A Blocked work without a root cause has only the failure to show.
            WorkState::Blocked => match RootCause::of(&error()) {
                Some(root) => WorkOutcome::Blocked(root),
                None => WorkOutcome::Failed(error()),
            },
            _ => WorkOutcome::Success,
        }
    }

    /// As [`WorkScheduler::take`](crate::WorkScheduler::take). An output can be taken once.
    pub(crate) fn take<T: 'static>(&mut self, handle: Handle<T>) -> Option<T> {
        let slot = self.lookup(handle.id()).ok()?;
        if self.arena.at(slot).state != WorkState::Success {
            return None;
        }
        self.fruitless.stir();
        // The engine stores no output of type `()`.
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return unit();
        }
        let output = self.arena.extension_mut(slot)?.output.take()?;
        output.into_inner().downcast().ok().map(|output| *output)
    }

    /// As [`WorkScheduler::output`](crate::WorkScheduler::output).
    pub(crate) fn output<T: 'static>(&self, handle: Handle<T>) -> Option<&T> {
        let slot = self.lookup(handle.id()).ok()?;
        if self.arena.at(slot).state != WorkState::Success {
            return None;
        }
        // The engine stores no output of type `()`.
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return (&() as &dyn Any).downcast_ref();
        }
        self.arena
            .extension(slot)?
            .output
            .as_deref()?
            .downcast_ref()
    }

    /// As [`WorkScheduler::last_failure`](crate::WorkScheduler::last_failure).
    pub(crate) fn last_failure(&self, id: WorkId) -> Option<&Failure> {
        let slot = self.lookup(id).ok()?;
        self.arena.cold(slot).error
    }

    /// As [`WorkScheduler::retry_eta`](crate::WorkScheduler::retry_eta).
    pub(crate) fn retry_eta(&self, id: WorkId) -> Option<Time> {
        let record = self.arena.at(self.lookup(id).ok()?);
        // In other states the alarm is the work's own, and tells of no retry.
        let alarm = record
            .alarm
            .filter(|_| record.state == WorkState::Retrying)?;
        Some(self.wheel.deadline(alarm))
    }

    /// As [`WorkScheduler::metrics`](crate::WorkScheduler::metrics).
    pub(crate) fn metrics(&self) -> WorkSchedulerMetrics {
        let mut metrics = self
            .recorder
            .metrics(self.arena.added(), self.arena.len() as u64);
        // Drops since the last look are counted now, because no later crank need come.
        metrics.panics += self.drops.count();
        metrics.callback_panics += self.inbox.sender.guard.panics();
        metrics
    }

    /// As [`WorkScheduler::poll_event`](crate::WorkScheduler::poll_event).
    pub(crate) fn poll_event(&mut self) -> Option<WorkEvent> {
        self.recorder.poll()
    }

    /// As [`WorkScheduler::is_shut_down`](crate::WorkScheduler::is_shut_down).
    pub(crate) fn is_shut_down(&self) -> bool {
        self.closed
    }

    /// As [`WorkScheduler::cancel_token`](crate::WorkScheduler::cancel_token).
    pub(crate) fn cancel_token(&self) -> CancelToken {
        let token = CancelToken::new();
        // Without a work the token cancels all that is in this scheduler.
        token.listen(&self.inbox, None);
        token
    }

    /// Makes a pool, or changes the capacity of one. Works that wait are granted permits in the next crank.
    pub(crate) fn set_pool_capacity(&mut self, pool: Name, capacity: u32) {
        self.fruitless.stir();
        self.permits.set_capacity(pool, capacity);
    }
}

/// Returns the unit value as a `T`; the caller has checked that `T` is `()`.
fn unit<T: 'static>() -> Option<T> {
    let unit: Box<dyn Any> = Box::new(());
    unit.downcast().ok().map(|unit| *unit)
}
