//! The state machine of one work: how it begins, waits, ends and is tried again, and what its end means to others.
//!
//! Invariant: a state changes in [`change`] and nowhere else, by the table in `work/state.rs`; the counters follow in
//! the next statement. Nothing recurses: works about to settle wait in `Engine::settling`, and finished attempts are
//! deferred entries. So a chain of a million blocked works is a loop.
//!
//! Deliberately absent: rounds and the order of turns (`run`), and calls of works. The engine asks for a hook, and
//! the shell tells the result.
//!
//! In a turn that yields, [`Engine::begin_fast_turn`](Engine) gets the slot and marks its record. After the call,
//! [`Engine::end_fast_turn`](Engine) enters the slot into the ready ring. The engine reads `now` where an attempt
//! begins or ends or a timer is armed; a turn that yields reads it nowhere.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `turn` | one turn: fast turns and first turns on short paths, and full turns |
//! | `attempt` | how attempts begin, and what all ends of one have in common |
//! | `hooks` | the hooks at the end of an attempt, and panics in them |
//! | `settle` | success, failure, back-off; settling, and what it means to dependents |
//! | `abort`, `abandon` | cancel, limits, grace, shutdown; jobs that outlast the grace |
//! | `wake`, `timers`, `jobs`, `sources` | what brings a turn: wakes, alarms and limits, jobs and pins, sources |
//! | `join` | what a child's end means to its parent |
//! | `groups` | what measured works have waited for |
//! | `measure` | what turns and attempts took by the host's clock |
//! | `reclaim` | giving slots back |
//!
//! Traps: a call that settles a work may reclaim it, and its id then finds nothing. An attempt ends before its work
//! settles or backs off, never after.
//!
//! The transition table in `work/state.rs` says what may happen. These functions make it happen; `settle_one` in
//! `settle.rs` makes all changes into a settled state but a plain success and `enter_blocked`:
//!
//! | change | function |
//! | --- | --- |
//! | new or settled to Pending, Queued, Running | `enter_line` and `stay_pending` in `admit` |
//! | new or settled to Blocked | `enter_blocked` in `admit` |
//! | Pending, Retrying to Queued, Running | `dependencies_done`, `line_up` |
//! | Queued to Running | `granted` begins an attempt, `go_on` goes on with one |
//! | Queued, Running to Pending | `withdraw` in `admit/depend.rs` |
//! | Running to Waiting, Joining | `paused`, `ended_well` |
//! | Running, Waiting, Joining to Running, Queued | `want_turn` |
//! | any of an attempt, Retrying to Aborting | `enter_abort` |
//! | Running, Aborting to Retrying | `back_off` |

pub(crate) mod abandon;
pub(crate) mod abort;
pub(crate) mod attempt;
pub(crate) mod groups;
pub(crate) mod hooks;
pub(crate) mod jobs;
pub(crate) mod join;
pub(crate) mod measure;
pub(crate) mod reclaim;
pub(crate) mod settle;
#[cfg_attr(not(feature = "mio"), path = "no_sources.rs")]
pub(crate) mod sources;
pub(crate) mod timers;
pub(crate) mod turn;
pub(crate) mod wake;

use super::Engine;
use super::events::{EventCause, Recorder, TARGET, WorkEvent};
use super::store::extension::AbortCause;
use super::store::record::Record;
use crate::work::{CancelledBy, RootCause, WorkState};
use tracing::span::EnteredSpan;

/// Changes the state of a record. Only this function does: it checks the table, and keeps the counters. `from` is
/// `None` for a work that is being added.
///
/// Always inlined: where both states are known, a call would take longer than the change.
#[inline(always)]
pub(crate) fn change(
    recorder: &mut Recorder,
    record: &mut Record,
    from: Option<WorkState>,
    to: WorkState,
) {
    if let Some(from) = from {
        debug_assert_eq!(record.state, from, "a change into {to}");
        debug_assert!(
            from.can_become(to),
            "{from} -> {to} is not in the transition table"
        );
        // A new work leaves no state, so the counters add up to the number of works ever added.
        recorder.leave(from);
    }
    record.state = to;
    recorder.enter(to);
}

impl Engine {
    /// Changes a state and reports it. A caller that knows that nothing listens may call the function [`change`]
    /// instead.
    #[inline(always)]
    pub(crate) fn change(&mut self, slot: u32, from: Option<WorkState>, to: WorkState) {
        change(&mut self.recorder, self.arena.at_mut(slot), from, to);
        // An event clones the name and the failure, so none is made for nobody (L35).
        if self.is_heard() {
            self.tell(slot, to, None);
        }
    }

    /// Returns whether a buffer, a sink or a subscriber listens to changes. A subscriber may come and go, so callers
    /// ask anew for each change.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn is_heard(&self) -> bool {
        self.recorder.listens() || tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
    }

    /// Makes the event of a change. `by` is the party on whose behalf the work is cancelled.
    #[cold]
    pub(crate) fn tell(&mut self, slot: u32, to: WorkState, by: Option<CancelledBy>) {
        self.note_change(slot, to);
        let event = WorkEvent {
            id: self.id(slot),
            name: self.arena.cold(slot).name.clone(),
            state: to,
            attempt: self.arena.attempt(slot),
            time: self.now,
            seq: self.recorder.next_seq(),
            cause: self.cause_of(slot, to, by),
        };
        let span = self
            .arena
            .extension(slot)
            .and_then(|extension| extension.tracing.as_ref())
            .and_then(tracing::Span::id);
        let cause = event.cause.as_ref().map(tracing::field::display);
        tracing::debug!(target: TARGET, parent: span, id = event.id.serial(), name = &*event.name, state = to.as_str(), attempt = event.attempt, at = event.time.as_nanos(), cause);
        // A subscriber of `tracing` alone may have asked for the event.
        if self.recorder.listens() {
            self.recorder.emit(event);
        }
    }

    /// Enters the span of the present attempt, if a subscriber wants it. A fast turn is in no span, since it is given
    /// only if no subscriber wants one.
    pub(crate) fn enter_span(&self, slot: u32) -> Option<EnteredSpan> {
        if !tracing::enabled!(target: TARGET, tracing::Level::DEBUG) {
            return None;
        }
        let span = self.arena.extension(slot)?.tracing.clone();
        span.map(tracing::Span::entered)
    }

    /// Returns why the work is in its present state. The caller asks before anything is reclaimed.
    fn cause_of(&self, slot: u32, to: WorkState, by: Option<CancelledBy>) -> Option<EventCause> {
        let error = || self.arena.cold(slot).error;
        match to {
            WorkState::Failed | WorkState::Retrying => error().cloned().map(EventCause::Failure),
            WorkState::Blocked => error().and_then(RootCause::of).map(EventCause::Blocked),
            WorkState::Cancelled => by.map(EventCause::Cancelled),
            WorkState::Aborting => match &self.arena.extension(slot)?.abort.as_ref()?.cause {
                AbortCause::Cancel(by) => Some(EventCause::Cancelled(*by)),
                AbortCause::Fail(failure) => Some(EventCause::Failure(failure.clone())),
            },
            // All states are named, so that the compiler asks for the cause of a new one.
            WorkState::Pending
            | WorkState::Queued
            | WorkState::Running
            | WorkState::Waiting
            | WorkState::Joining
            | WorkState::Success => None,
        }
    }
}
