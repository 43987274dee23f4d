//! How a run has failed.

use crate::{StallReport, Stalled, WaitsFor};
use std::fmt;
use std::time::Duration;

/// The pool of all works without one of their own.
const GENERAL: &str = "max_concurrency";

/// So many works are named where a stall is told in one line.
const NAMED: usize = 6;

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
    /// A condition of `eventually` did not come true for so long after the last fault and the last progress.
    Unsettled(String, Duration),
    /// Works are left, and nothing can make them go on. The report says what all of them wait for.
    Stall(StallReport),
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
    /// The text of a replay cannot be read, or its file, for this reason. Nothing was run.
    Unreadable(String),
}

impl Verdict {
    /// Returns whether both failures are of one kind: of one condition, or of one place with messages that differ in
    /// numbers at most.
    pub fn is_like(&self, other: &Verdict) -> bool {
        match (self, other) {
            (Verdict::Panic(one, place), Verdict::Panic(other, other_place)) => {
                place == other_place && skeleton(one).eq(skeleton(other))
            }
            (Verdict::Stall(_), Verdict::Stall(_)) => true,
            (Verdict::Deadlock(_), Verdict::Deadlock(_)) => true,
            _ => self == other,
        }
    }

    /// Returns the failure in a few words on one line.
    pub(super) fn in_short(&self) -> String {
        match self {
            Verdict::Panic(message, _) => {
                let line = message.lines().next().unwrap_or_default();
                format!("panics with \"{line}\"")
            }
            Verdict::Always(name) | Verdict::Eventually(name) => format!("breaks \"{name}\""),
            Verdict::Unsettled(name, _) => format!("never comes to \"{name}\""),
            Verdict::Stall(_) => String::from("stalls"),
            Verdict::Deadlock(_) => String::from("deadlocks"),
            Verdict::LostWake(work) => format!("{work} sleeps for ever"),
            Verdict::TurnLimit(turns) => format!("is not over after {turns} turns"),
            Verdict::Pinned => String::from("is pinned"),
            Verdict::Nondeterminism(..) => String::from("differs from itself"),
            Verdict::Unreadable(_) => String::from("cannot be read"),
        }
    }
}

/// Returns what the works of a stall wait for, on one line.
pub(super) fn waiting(report: &StallReport) -> String {
    let works = report.works.iter().take(NAMED).map(|work| {
        let reasons: Vec<String> = work.waits_for.iter().map(reason).collect();
        let Stalled { name, .. } = work;
        match reasons.is_empty() {
            true => name.to_string(),
            false => format!("{name} ({})", reasons.join(", ")),
        }
    });
    let works: Vec<String> = works.collect();
    let more = match report.works.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("waiting: {}{more}", works.join(", "))
}

/// Returns what a work waits for in a word or two.
fn reason(waits_for: &WaitsFor) -> String {
    match waits_for {
        WaitsFor::Dependency(_, name) => format!("after {name}"),
        WaitsFor::ParentAttempt(_, name) => format!("parent {name}"),
        WaitsFor::Permit { pool, .. } if **pool == *GENERAL => "permit".into(),
        WaitsFor::Permit { pool, .. } => format!("permit of {pool}"),
        WaitsFor::Children(count) => format!("{count} children"),
        WaitsFor::Watched(_, name) => format!("watches {name}"),
        WaitsFor::Jobs(count) => format!("{count} jobs"),
        WaitsFor::Sources(count) => format!("{count} sources"),
        WaitsFor::Timer(_) => "timer".into(),
        WaitsFor::RemoteWaker => "remote waker".into(),
        WaitsFor::Wake => "wake".into(),
        WaitsFor::Turn => "turn".into(),
    }
}

/// Returns the first line of a message without its numbers: values change from order to order.
fn skeleton(message: &str) -> impl Iterator<Item = char> + '_ {
    let line = message.lines().next().unwrap_or_default();
    line.chars().filter(|it| !it.is_ascii_digit())
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Panic(message, place) => write!(f, "panicked at {place}: {message}"),
            Verdict::Always(name) => write!(f, "\"{name}\" did not hold"),
            Verdict::Eventually(name) => write!(f, "\"{name}\" still false at the end"),
            Verdict::Unsettled(name, time) => write!(
                f,
                "\"{name}\" still false {time:?} after the last fault and the last progress"
            ),
            Verdict::Stall(report) => write!(f, "stalled: {}", waiting(report)),
            Verdict::Deadlock(works) => write!(f, "deadlock: {} cannot go on", works.join(", ")),
            Verdict::LostWake(work) => write!(f, "{work} sleeps, and nothing can wake it"),
            Verdict::TurnLimit(turns) => write!(f, "not over after {turns} turns"),
            Verdict::Pinned => f.write_str(
                "a job on another thread or a pin holds virtual time still: use an `InlineOffload`",
            ),
            Verdict::Unreadable(why) => write!(f, "its replay cannot be read: {why}"),
            Verdict::Nondeterminism(one, other) => write!(
                f,
                "two runs with the same answers differ\n  first:  {one}\n  second: {other}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_message_do_not_tell_panics_apart() {
        let panic = |message: &str| Verdict::Panic(message.into(), "a.rs:1:1".into());
        assert!(panic("left 1\n right: 2").is_like(&panic("left 37\n right: 4")));
        assert!(!panic("left 1").is_like(&panic("right 1")));
        assert!(!panic("left").is_like(&Verdict::Panic("left".into(), "b.rs:1:1".into())));
    }
}
