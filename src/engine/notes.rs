//! The kinds of calls to a work, and the notes that the engine takes during a call.
//!
//! Invariant: the notes belong to the call that is being made. They are made new before each call, and read before the
//! next one. So a wish never outlives its turn.

use crate::time::Time;
use crate::work::Failure;
use std::task::Poll;

/// The value that a turn returns. An output is put aside before, so that an answer fits into two registers.
pub(crate) type Answer = Poll<Result<(), Failure>>;

/// The calls of a work that are not turns.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    /// `on_reset`: before the first turn, and after each failed or aborted attempt (L21).
    Reset,
    /// `on_success`: the attempt has succeeded, children included.
    Success,
    /// `on_failure_retry`: the attempt has failed, and a retry follows unless a cancel comes.
    FailureRetry,
    /// `on_failure_raise`: the attempt has failed, and so will the work.
    FailureRaise,
}

/// The kind of turn that is called. The first turn of a work begins with `on_reset`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The first turn after `add` or `restart`.
    First,
    /// Any later turn of an attempt.
    Next,
    /// A turn of an abort that comes before `on_reset` has run.
    FirstAbort,
    /// Any other turn of an abort.
    Abort,
}

impl Part {
    /// Returns the mode of the first call in this part: a hook where `on_reset` comes first.
    #[inline]
    pub const fn opening(self) -> Mode {
        match self {
            Part::First | Part::FirstAbort => Mode::Hook,
            Part::Next | Part::Abort => self.mode(),
        }
    }

    /// Returns the mode of the turn itself: `poll`, or `on_abort` during an abort.
    #[cfg_attr(not(debug_assertions), inline)]
    pub const fn mode(self) -> Mode {
        match self {
            Part::First | Part::Next => Mode::Poll,
            Part::FirstAbort | Part::Abort => Mode::Abort,
        }
    }
}

/// The call that is being made. It has two bytes, so that two writes clear all notes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
#[repr(u16)]
pub(crate) enum Mode {
    /// `poll`: the work may spawn, offload and register.
    #[default]
    Poll,
    /// `on_abort`: the work may offload and register, and not spawn (L15).
    Abort,
    /// A hook: none of these, since the attempt is over or has not begun.
    Hook,
}

/// The notes of a work's present turn. The engine acts on them after the turn.
#[derive(Clone, Copy, Default)]
pub(crate) struct TurnNotes {
    /// The earliest instant that the work gave to `wake_at`.
    pub alarm: Option<Time>,
    /// Whether the work asked for another turn.
    pub yielded: bool,
    /// Whether the work said `expect_wake`.
    pub expects_wake: bool,
    /// The call that is being made.
    pub mode: Mode,
}

impl TurnNotes {
    /// Returns empty notes for a call in `mode`.
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn new(mode: Mode) -> Self {
        TurnNotes {
            mode,
            ..TurnNotes::default()
        }
    }

    /// Notes an alarm at `at`. The earliest of several alarms counts. The engine arms it only if the turn ends asleep
    /// (L5).
    #[cfg_attr(not(debug_assertions), inline)]
    pub fn wake_at(&mut self, at: Time) {
        self.alarm = Some(self.alarm.map_or(at, |earlier| earlier.min(at)));
    }

    /// Returns whether the last call was a hook.
    #[inline]
    pub fn is_hook(self) -> bool {
        self.mode == Mode::Hook
    }
}
