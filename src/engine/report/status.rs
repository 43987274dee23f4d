//! The status of one work: a line of text for people.
//!
//! The text is for people. A program reads snapshots and counters instead.

use crate::engine::Engine;
use crate::work::{WorkId, WorkState};
use std::fmt::{self, Write};
use std::time::Duration;

impl Engine {
    /// As [`WorkScheduler::status_of`](crate::WorkScheduler::status_of). The shell passes the work's own words as
    /// `own`.
    pub(crate) fn status_of(&self, id: WorkId, own: &dyn Fn(u32) -> String) -> Option<String> {
        let slot = self.lookup(id).ok()?;
        let mut text = String::new();
        // Writing to a `String` cannot fail; a failure's own text may, and then the line ends there.
        let _ = self.write_status(&mut text, slot, &own(slot));
        Some(text)
    }

    /// Writes the line.
    fn write_status(&self, text: &mut String, slot: u32, own: &str) -> fmt::Result {
        let (state, cold) = (self.arena.at(slot).state, self.arena.cold(slot));
        write!(text, "{}: {state}", cold.name)?;
        if let Some(at) = self.retry_eta(self.id(slot)) {
            let wait = at.saturating_since(self.now);
            write!(text, " in {:?}", rounded(wait))?;
        }
        self.write_counts(text, slot)?;
        text.push_str(own);
        match &cold.error {
            Some(error) if state != WorkState::Success => {
                let guard = &self.inbox.sender.guard;
                // Printing the error is the program's code, and may panic.
                let error = guard.call("printing an error", || format!(" : {error}"));
                text.push_str(error.as_deref().unwrap_or(" : (its error panicked)"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes how many children of the work are done, and how many jobs and sources it has outside of the scheduler.
    /// Children that the parent has let go are not counted.
    fn write_counts(&self, text: &mut String, slot: u32) -> fmt::Result {
        let Some(extension) = self.arena.extension(slot) else {
            return Ok(());
        };
        let (count, live) = (extension.join.count, extension.join.live);
        if count > 0 {
            write!(text, " : {}/{count} children completed", count - live)?;
        }
        match extension.pending_jobs.outstanding.len() {
            0 => {}
            jobs => write!(text, " : {jobs} jobs out")?,
        }
        match extension.sources.live() {
            0 => Ok(()),
            sources => write!(text, " : {sources} sources registered"),
        }
    }
}

/// Rounds to whole milliseconds, unless that leaves nothing: a reader has no use for nanoseconds.
fn rounded(wait: Duration) -> Duration {
    match wait.as_millis() {
        0 => wait,
        millis => Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)),
    }
}
