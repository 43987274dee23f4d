//! What is called of a work, and what a work says during a call.

use crate::time::Time;
use crate::work::Failure;
use std::task::Poll;

/// What a turn returns.
pub(crate) type Answer = Poll<Result<(), Failure>>;

/// The calls of a work that are not turns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    Reset,
    Success,
    FailureRetry,
    FailureRaise,
}

/// Which turn is called: the first of all begins with `on_reset`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    First,
    Next,
    FirstAbort,
    Abort,
}

impl Part {
    /// What is called first: of a first turn `on_reset`.
    #[inline]
    pub const fn opening(self) -> Mode {
        match self {
            Part::First | Part::FirstAbort => Mode::Hook,
            Part::Next | Part::Abort => self.mode(),
        }
    }

    #[cfg_attr(not(debug_assertions), inline)]
    pub const fn mode(self) -> Mode {
        match self {
            Part::First | Part::Next => Mode::Poll,
            Part::FirstAbort | Part::Abort => Mode::Abort,
        }
    }
}

/// Which call of a work is being made. Two bytes, so that notes are cleared by two writes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[repr(u16)]
pub(crate) enum Mode {
    #[default]
    Poll,
    Abort,
    Hook,
}

/// What a work has said during its present turn.
#[derive(Clone, Copy, Default)]
pub(crate) struct TurnNotes {
    /// The earliest `wake_at`.
    pub alarm: Option<Time>,
    pub yielded: bool,
    pub expects_wake: bool,
    pub mode: Mode,
}

impl TurnNotes {
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn new(mode: Mode) -> Self {
        TurnNotes {
            mode,
            ..TurnNotes::default()
        }
    }

    /// Whether the last call was a hook.
    /// Of several alarms the earliest counts.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn wake_at(&mut self, at: Time) {
        self.alarm = Some(self.alarm.map_or(at, |earlier| earlier.min(at)));
    }

    #[inline]
    pub fn is_hook(self) -> bool {
        self.mode == Mode::Hook
    }
}
