//! The tree that a person wants to read at 3 a.m.

use crate::WorkScheduler;
use crate::engine::Engine;
use crate::work::WorkState;
use std::fmt::{self, Write};
use std::time::Duration;

impl<C: ?Sized> WorkScheduler<C> {
    /// Every work in the scheduler as an indented tree, one line each: name, state, what it says of itself, when it
    /// will be tried again, how many of its children are done and of its jobs are out, its last error. O(works log works).
    ///
    /// ```text
    /// sync: Waiting : 2/5 children completed
    ///   get 0000003f: Retrying in 3s : connection refused
    /// ```
    pub fn status(&self) -> String {
        let guard = &self.lent.engine.inbox.sender.guard;
        self.lent.engine.status(&|slot| {
            let mut text = String::new();
            self.bodies.look(slot, &mut |body| {
                let status = guard.call("the status of a work", || own_status(body));
                text.push_str(status.as_deref().unwrap_or(" : (its status panicked)"));
            });
            text
        })
    }
}

impl Engine {
    /// As [`WorkScheduler::status`]; `own` is what the work in a slot says of itself.
    fn status(&self, own: &dyn Fn(u32) -> String) -> String {
        let mut text = String::new();
        // A stack instead of recursion: trees may be deeper than a thread's stack.
        let roots = self
            .arena
            .slots_by_age()
            .into_iter()
            .filter(|&slot| self.arena.parent(slot).is_none());
        let mut stack: Vec<(u32, usize)> = roots.map(|slot| (slot, 0)).collect();
        stack.reverse();
        while let Some((slot, depth)) = stack.pop() {
            // Writing to a `String` cannot fail; a work's own `status` may, and then its line ends there.
            let _ = self.status_line(&mut text, slot, depth, &own(slot));
            text.push('\n');
            let children: Vec<(u32, usize)> = self
                .arena
                .children(slot)
                .map(|child| (child, depth + 1))
                .collect();
            stack.extend(children.into_iter().rev());
        }
        text
    }

    fn status_line(&self, text: &mut String, slot: u32, depth: usize, own: &str) -> fmt::Result {
        const DEEPEST: usize = 40;
        let (record, cold) = (self.arena.at(slot), self.arena.cold(slot));
        let indent = 2 * depth.min(DEEPEST);
        write!(text, "{:indent$}{}: {}", "", cold.name, record.state)?;
        if record.state == WorkState::Retrying
            && let Some(alarm) = record.alarm
        {
            let wait = self.wheel.deadline(alarm).saturating_since(self.now);
            write!(text, " in {:?}", rounded(wait))?;
        }
        if let Some(join) = self
            .arena
            .extension(slot)
            .map(|extension| &extension.join)
            .filter(|join| join.count > 0)
        {
            write!(
                text,
                " : {}/{} children completed",
                join.count - join.live,
                join.count
            )?;
        }
        self.outside_line(text, slot)?;
        let guard = &self.inbox.sender.guard;
        text.push_str(own);
        match &cold.error {
            Some(error) if record.state != WorkState::Success => {
                let error = guard.call("printing an error", || format!(" : {error}"));
                text.push_str(error.as_deref().unwrap_or(" : (its error panicked)"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What the work has outside of the scheduler.
    fn outside_line(&self, text: &mut String, slot: u32) -> fmt::Result {
        let Some(extension) = self.arena.extension(slot) else {
            return Ok(());
        };
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

/// Whole milliseconds, if it is as long: who reads a status has no use for nanoseconds.
fn rounded(wait: Duration) -> Duration {
    match wait.as_millis() {
        0 => wait,
        millis => Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)),
    }
}

/// What a work says of itself.
fn own_status<C: ?Sized>(body: &dyn crate::Work<C>) -> String {
    let mut text = String::new();
    if let Some(progress) = body.progress() {
        let _ = write!(text, " : {}/{}", progress.done, progress.total);
    }
    // A formatter's error ends the line there.
    let before = text.len();
    let _ = write!(text, " : {}", Said(body));
    if text.len() == before + " : ".len() {
        text.truncate(before);
    }
    text
}

/// A work's own status, as something that prints.
struct Said<'a, C: ?Sized>(&'a dyn crate::Work<C>);

impl<C: ?Sized> fmt::Display for Said<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.status(f)
    }
}
