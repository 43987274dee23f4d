//! Events: what they say, and where they go.

use crate::time::Time;
use crate::work::{CancelledBy, Failure, Name, RootCause, WorkId, WorkState};
use std::fmt;
use std::sync::mpsc::SyncSender;

/// A change of a work's state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkEvent {
    /// The work.
    pub id: WorkId,
    /// Its name.
    pub name: Name,
    /// The state it has come into.
    pub state: WorkState,
    /// The attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// When.
    pub time: Time,
    /// The number of the event, from 0: a gap says that events had no room.
    pub seq: u64,
    /// Why, of the states that have a reason.
    pub cause: Option<EventCause>,
}

/// Why a work has come into a state.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventCause {
    /// Of Failed and Retrying: the attempt's failure. Of Aborting: the failure or limit that ends the attempt.
    Failure(Failure),
    /// Of Blocked: the work from which it stems.
    Blocked(RootCause),
    /// Of Cancelled, and of Aborting that will end so: on whose behalf.
    Cancelled(CancelledBy),
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
        }
    }
}

/// Which events are dropped when more come than the buffer of `poll_event` holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventOverflow {
    /// The ones that come: what led to the overflow stays.
    #[default]
    DropNewest,
    /// The ones that came first: what happened last stays.
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

/// Receives events without ever making the scheduler wait.
pub trait EventSink {
    /// Takes the event, or answers `false` if there is no room: it is then dropped and counted.
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
        self.try_send(event.clone()).is_ok()
    }
}
