//! Events: what they contain, and where they go.
//!
//! An event names the work by id and name and holds copies, so it outlives the work (L35).

use crate::time::Time;
use crate::work::{CancelledBy, Failure, Name, RootCause, WorkId, WorkState};
use std::fmt;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

/// A change of a work's state, or a slow turn.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WorkEvent {
    /// The work.
    pub id: WorkId,
    /// The name of the work.
    pub name: Name,
    /// The state that the work has entered. For a slow turn, the state after it; Running if the work is gone.
    pub state: WorkState,
    /// The attempt of the work, from 1; 0 before the first.
    pub attempt: u32,
    /// The scheduler's time of the change.
    pub time: Time,
    /// The number of the event, from 0. A gap shows that events were dropped.
    pub seq: u64,
    /// The reason, for states that have one.
    pub cause: Option<EventCause>,
}

/// The reason why a work has entered a state, or the event is no change of a state.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum EventCause {
    /// For Failed and Retrying, the attempt's failure. For Aborting, the failure or limit that ends the attempt.
    Failure(Failure),
    /// For Blocked, the work whose failure blocks this one.
    Blocked(RootCause),
    /// For Cancelled, and for Aborting that will end so, the party on whose behalf.
    Cancelled(CancelledBy),
    /// The work's state has not changed: its turn took this long by the host's clock. See
    /// [`WorkScheduler::set_clock`](crate::WorkScheduler::set_clock).
    SlowTurn(
        #[cfg_attr(
            feature = "serde",
            serde(serialize_with = "crate::time::nanos::serialize")
        )]
        Duration,
    ),
}

impl fmt::Display for EventCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EventCause::Failure(failure) => failure.fmt(f),
            EventCause::Blocked(root) => {
                write!(f, "blocked by `{}` {}", root.name, root.id)?;
                match &root.failure {
                    Some(failure) => write!(f, ": {failure}"),
                    None => f.write_str(": cancelled"),
                }
            }
            EventCause::Cancelled(by) => by.fmt(f),
            EventCause::SlowTurn(took) => write!(f, "a turn of {took:?}"),
        }
    }
}

/// Which events are dropped when more come than the buffer of `poll_event` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventOverflow {
    /// The new events: the causes of the overflow stay.
    #[default]
    DropNewest,
    /// The oldest events: the last changes stay.
    DropOldest,
}

impl fmt::Display for WorkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WorkEvent {
            id,
            name,
            state,
            attempt,
            time,
            cause,
            ..
        } = self;
        write!(f, "{time} {id} {name} {state} attempt {attempt}")?;
        match cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

/// Receives events. A sink must never make the scheduler wait.
pub trait EventSink {
    /// Takes the event, or returns `false` if there is no room. The scheduler then drops the event and counts it.
    fn accept(&mut self, event: &WorkEvent) -> bool;
}

impl<F: FnMut(&WorkEvent) -> bool> EventSink for F {
    fn accept(&mut self, event: &WorkEvent) -> bool {
        self(event)
    }
}

/// A bounded channel: events that do not fit are dropped and counted.
impl EventSink for SyncSender<WorkEvent> {
    fn accept(&mut self, event: &WorkEvent) -> bool {
        // A full channel must not make the scheduler wait, so the event is dropped.
        self.try_send(event.clone()).is_ok()
    }
}
