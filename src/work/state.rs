//! The states of a work and *the* transition table.
//!
//! [`TRANSITIONS`] holds all that may happen to a work's state: one row for each pair of states, with its cause. One
//! function of the engine changes a state; it keeps the counters and checks this table. A test compares the table in
//! [`WorkState`]'s documentation with it.

use std::fmt;

/// The states in a work's life, and what may follow each.
///
#[doc = include_str!("states.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum WorkState {
    /// The work has open dependencies, or its parent's attempt has not begun.
    Pending,
    /// The work needs a permit before its next turn.
    Queued,
    /// The work has a turn coming.
    Running,
    /// The work sleeps until something wakes it.
    Waiting,
    /// The work itself is done; its children are not.
    Joining,
    /// The work backs off before its next attempt.
    Retrying,
    /// The attempt is ending early: children first, then the work itself.
    Aborting,
    /// Settled: the work succeeded.
    Success,
    /// Settled: the work failed for good.
    Failed,
    /// Settled: the work was cancelled.
    Cancelled,
    /// Settled without having run: a work that it is `after` did not succeed.
    Blocked,
}

/// The six-state view of a work that henyey-work has. The enum stays exhaustive, since no further state can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Phase {
    /// Not in an attempt: Pending, Queued or Retrying.
    Pending,
    /// In an attempt: Running, Waiting, Joining or Aborting.
    Running,
    /// Settled as Success.
    Success,
    /// Settled as Failed.
    Failed,
    /// Settled as Cancelled.
    Cancelled,
    /// Settled as Blocked.
    Blocked,
}

/// One row of the transition table.
#[derive(Clone, Copy, Debug)]
pub struct Transition {
    /// The state before; `None` for a work that is being added.
    pub from: Option<WorkState>,
    /// The state after.
    pub to: WorkState,
    /// The cause.
    pub by: &'static str,
}

const fn row(from: WorkState, to: WorkState, by: &'static str) -> Transition {
    Transition {
        from: Some(from),
        to,
        by,
    }
}

const fn new(to: WorkState, by: &'static str) -> Transition {
    Transition { from: None, to, by }
}

use WorkState::{
    Aborting, Blocked, Cancelled, Failed, Joining, Pending, Queued, Retrying, Running, Success,
    Waiting,
};

/// The transition table: all that may happen to a state, and its causes.
pub const TRANSITIONS: &[Transition] = &[
    new(Pending, "open dependencies"),
    new(Queued, "no free permit"),
    new(Running, "permit free or not needed"),
    new(Blocked, "a dependency has already failed"),
    row(Pending, Queued, "last dependency settled well"),
    row(
        Pending,
        Running,
        "last dependency settled well, no permit needed",
    ),
    row(Pending, Blocked, "a dependency did not succeed"),
    row(Pending, Cancelled, "cancel"),
    row(Pending, Failed, "deadline"),
    row(Queued, Running, "permit"),
    row(Queued, Pending, "add_dependency before the first turn"),
    row(
        Queued,
        Blocked,
        "add_dependency on a failed work before the first turn",
    ),
    row(Queued, Cancelled, "cancel before the first grant"),
    row(Queued, Failed, "deadline before the first grant"),
    row(
        Queued,
        Aborting,
        "cancel, limit or failed child after the first grant",
    ),
    row(Running, Running, "yield"),
    row(Running, Waiting, "Pending"),
    row(Running, Queued, "turn wanted, permit released"),
    row(Running, Joining, "Ok with live children"),
    row(Running, Success, "Ok"),
    row(Running, Retrying, "Err with retries left"),
    row(Running, Failed, "Err without retries left"),
    row(Running, Cancelled, "Failure::cancelled"),
    row(
        Running,
        Aborting,
        "cancel, limit, failed child, Err with live children or running jobs",
    ),
    row(Running, Pending, "add_dependency before the first turn"),
    row(
        Running,
        Blocked,
        "add_dependency on a failed work before the first turn",
    ),
    row(Waiting, Running, "wake"),
    row(Waiting, Queued, "wake after the permit was released"),
    row(Waiting, Aborting, "cancel, limit, failed child"),
    row(Joining, Success, "last child settled well"),
    row(Joining, Running, "a child failed (Collect)"),
    row(Joining, Queued, "a child failed (Collect), no free permit"),
    row(
        Joining,
        Aborting,
        "a child failed (FailFast), cancel, limit",
    ),
    row(Joining, Failed, "panic in on_success"),
    row(Retrying, Queued, "back-off over"),
    row(Retrying, Running, "back-off over, no permit needed"),
    row(Retrying, Aborting, "cancel"),
    row(Retrying, Failed, "deadline"),
    row(Aborting, Aborting, "on_abort Pending"),
    row(
        Aborting,
        Cancelled,
        "on_abort Ready or grace over, after cancel",
    ),
    row(
        Aborting,
        Failed,
        "on_abort Ready or grace over, after failure",
    ),
    row(
        Aborting,
        Retrying,
        "after failure or timeout with retries left",
    ),
    row(Success, Pending, "restart"),
    row(Success, Queued, "restart"),
    row(Success, Running, "restart"),
    row(Failed, Pending, "restart"),
    row(Failed, Queued, "restart"),
    row(Failed, Running, "restart"),
    row(Failed, Blocked, "restart"),
    row(Cancelled, Pending, "restart"),
    row(Cancelled, Queued, "restart"),
    row(Cancelled, Running, "restart"),
    row(Cancelled, Blocked, "restart"),
    row(Blocked, Pending, "restart"),
    row(Blocked, Queued, "restart"),
    row(Blocked, Running, "restart"),
    row(Blocked, Blocked, "restart"),
];

/// [`TRANSITIONS`] as one bit set of successors per state, so that a check is a shift and a mask.
const SUCCESSORS: [u16; WorkState::COUNT] = successors();

const fn successors() -> [u16; WorkState::COUNT] {
    let mut sets = [0; WorkState::COUNT];
    let mut i = 0;
    while i < TRANSITIONS.len() {
        if let Some(from) = TRANSITIONS[i].from {
            sets[from as usize] |= 1 << TRANSITIONS[i].to as u16;
        }
        i += 1;
    }
    sets
}

impl WorkState {
    /// How many states there are.
    pub const COUNT: usize = 11;

    /// All states, in the order of the table.
    pub const ALL: [WorkState; WorkState::COUNT] = [
        Pending, Queued, Running, Waiting, Joining, Retrying, Aborting, Success, Failed, Cancelled,
        Blocked,
    ];

    /// Returns whether the table has a row from this state to `to`. O(1).
    pub const fn can_become(self, to: WorkState) -> bool {
        SUCCESSORS[self as usize] & (1 << to as u16) != 0
    }

    /// Returns whether the state is Success, Failed, Cancelled or Blocked.
    pub const fn is_settled(self) -> bool {
        self as u8 >= Success as u8
    }

    /// Returns the six-state view of henyey-work.
    pub const fn phase(self) -> Phase {
        match self {
            Pending | Queued | Retrying => Phase::Pending,
            Running | Waiting | Joining | Aborting => Phase::Running,
            Success => Phase::Success,
            Failed => Phase::Failed,
            Cancelled => Phase::Cancelled,
            Blocked => Phase::Blocked,
        }
    }

    /// Returns the state's name, as in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Pending => "Pending",
            Queued => "Queued",
            Running => "Running",
            Waiting => "Waiting",
            Joining => "Joining",
            Retrying => "Retrying",
            Aborting => "Aborting",
            Success => "Success",
            Failed => "Failed",
            Cancelled => "Cancelled",
            Blocked => "Blocked",
        }
    }
}

impl fmt::Display for WorkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Returns the table as Markdown: one row for each transition, with its cause. `states.md` beside this file is its
/// output; a test compares them.
pub fn diagram() -> String {
    use fmt::Write;
    let mut out = String::from("| from | to | by |\n| --- | --- | --- |\n");
    for t in TRANSITIONS {
        let from = t.from.map_or("(new)", WorkState::as_str);
        let _ = writeln!(out, "| {from} | {} | {} |", t.to, t.by);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_diagram_is_the_table() {
        assert_eq!(
            include_str!("states.md"),
            diagram(),
            "write the output of diagram() to src/work/states.md"
        );
    }

    #[test]
    fn no_row_twice_and_every_state_is_reached() {
        for (i, a) in TRANSITIONS.iter().enumerate() {
            assert!(
                !TRANSITIONS[..i]
                    .iter()
                    .any(|b| a.from == b.from && a.to == b.to),
                "{a:?} stands twice"
            );
        }
        for state in WorkState::ALL {
            assert!(TRANSITIONS.iter().any(|t| t.to == state));
            assert!(WorkState::ALL.iter().any(|&to| state.can_become(to)));
        }
    }

    #[test]
    fn settled_states_are_left_only_by_restart() {
        for t in TRANSITIONS {
            if t.from.is_some_and(WorkState::is_settled) {
                assert_eq!(t.by, "restart");
            }
        }
    }
}
