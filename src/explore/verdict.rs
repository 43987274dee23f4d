//! How a run has failed.

use std::fmt;

/// Why a run stops before its end: a payload that no panic hook sees.
pub(super) enum Stop {
    /// The run has failed.
    Failed(Verdict),
    /// The run is as long as it may be, and that is no failure.
    End,
}

/// How a run has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// A panic, with its message and place.
    Panic(String, String),
    /// A condition of `always` did not hold.
    Always(String),
    /// A condition of `eventually` or `run_until` did not hold at the end.
    Eventually(String),
    /// Works are left, and nothing can make them go on. The report says what they wait for.
    Stall(String),
    /// Works are left, and the guards of these keep all of them from their turns.
    Deadlock(Vec<String>),
    /// The work slept although nothing could wake it.
    LostWake(String),
    /// The run has had so many turns.
    TurnLimit(u64),
    /// A real job or pin keeps virtual time from going on: use a simulated offload.
    Pinned,
    /// The program differs from itself in two runs with the same answers. It has the first turns that differ.
    Nondeterminism(String, String),
}

impl Verdict {
    /// Returns whether both failures are of one kind: of one place, or of one condition.
    pub fn is_like(&self, other: &Verdict) -> bool {
        match (self, other) {
            (Verdict::Panic(_, place), Verdict::Panic(_, other)) => place == other,
            (Verdict::Stall(_), Verdict::Stall(_)) => true,
            _ => self == other,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Panic(message, place) => write!(f, "panicked at {place}: {message}"),
            Verdict::Always(name) => write!(f, "\"{name}\" did not hold"),
            Verdict::Eventually(name) => write!(f, "\"{name}\" still false at the end"),
            Verdict::Stall(report) => write!(f, "stalled: {report}"),
            Verdict::Deadlock(works) => write!(f, "deadlock: {} cannot go on", works.join(", ")),
            Verdict::LostWake(work) => write!(f, "{work} sleeps, and nothing can wake it"),
            Verdict::TurnLimit(turns) => write!(f, "not over after {turns} turns"),
            Verdict::Pinned => f.write_str(
                "a job on another thread or a pin holds virtual time still: use an `InlineOffload`",
            ),
            Verdict::Nondeterminism(one, other) => write!(
                f,
                "two runs with the same answers differ\n  first:  {one}\n  second: {other}"
            ),
        }
    }
}
