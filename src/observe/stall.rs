//! The stall report in words.

use crate::{StallReport, WaitsFor};
use std::fmt;

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitsFor::Dependency(id, name) => write!(f, "`{name}` {id} to settle"),
            WaitsFor::ParentAttempt(id, name) => write!(f, "its parent `{name}` {id} to start"),
            WaitsFor::Permit {
                pool,
                used,
                capacity,
            } => write!(f, "a permit of `{pool}` ({used} of {capacity} are out)"),
            WaitsFor::Children(n) => write!(f, "{n} children"),
            WaitsFor::Watched(id, name) => write!(f, "`{name}` {id}, which it watches"),
            WaitsFor::Jobs(n) => write!(f, "{n} offloaded jobs"),
            WaitsFor::Sources(n) => write!(f, "{n} registered sources"),
            WaitsFor::Timer(at) => write!(f, "{at}"),
            WaitsFor::RemoteWaker => f.write_str("a remote waker"),
            WaitsFor::Wake => f.write_str("somebody's wake (expect_wake)"),
            WaitsFor::Turn => f.write_str("its turn"),
        }
    }
}

/// The number of works that are printed before the rest is only counted.
const SHOWN: usize = 20;

impl fmt::Display for StallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} works have not settled at {}",
            self.works.len(),
            self.time
        )?;
        for work in self.works.iter().take(SHOWN) {
            write!(
                f,
                "\n  `{}` {} ({}) waits for ",
                work.name, work.id, work.state
            )?;
            for (i, what) in work.waits_for.iter().enumerate() {
                write!(f, "{}{what}", if i > 0 { ", " } else { "" })?;
            }
        }
        write_rest(self.works.len(), f)?;
        write_holders(self, f)
    }
}

/// Writes how many of `all` lines are not shown.
fn write_rest(all: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match all.saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, "\n  and {more} more"),
    }
}

/// Writes which sleepers hold permits that Queued works lack, and how many turns that has cost.
fn write_holders(report: &StallReport, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if report.holders.is_empty() {
        return Ok(());
    }
    f.write_str("\nasleep with permits that Queued works lack:")?;
    for holder in report.holders.iter().take(SHOWN) {
        write!(f, "\n  `{}` {} (`{}`)", holder.name, holder.id, holder.pool)?;
    }
    write_rest(report.holders.len(), f)?;
    match report.fruitless_turns {
        0 => Ok(()),
        turns => write!(
            f,
            "\nsince anything else happened, {turns} turns did nothing but arm the next alarm; let such works hold no permit \
             (`Spec::no_permit`, `Work::needs_permit`), watch what they wait for, or call `release_permit`"
        ),
    }
}
