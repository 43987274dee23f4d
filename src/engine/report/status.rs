//! The status of works: lines of text for people, and the tree of them.
//!
//! The text is for people. A program reads snapshots and counters instead.

use super::{AskWork, StatusContext, Written};
use crate::engine::Engine;
use crate::work::{Progress, WorkId, WorkState};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::rc::Rc;
use std::time::Duration;

/// How deep statuses may ask for one another. Each level takes frames of the user's on the stack, and a status that
/// writes its child's twice doubles the text.
const NESTED: u32 = 8;

/// The deepest indentation, in levels.
const DEEPEST: usize = 40;

/// What has been asked of works for one report, so that no work is asked for one thing twice.
pub(crate) struct Report<'a> {
    pub(super) engine: &'a Engine,
    pub(super) works: &'a dyn AskWork,
    /// The progress of works, by slot.
    pub(super) known: RefCell<BTreeMap<u32, Option<Progress>>>,
    /// What works below others have said, by slot and depth. The depth decides where the text is cut.
    said: RefCell<BTreeMap<(u32, u32), Rc<str>>>,
}

impl<'a> Report<'a> {
    pub fn new(engine: &'a Engine, works: &'a dyn AskWork) -> Self {
        Report {
            engine,
            works,
            known: RefCell::default(),
            said: RefCell::default(),
        }
    }

    /// Returns what a work says of itself to a status that is `depth` levels above.
    pub fn words(&self, slot: u32, depth: u32) -> Rc<str> {
        if depth > NESTED {
            return "...".into();
        }
        if let Some(said) = self.said.borrow().get(&(slot, depth)) {
            return said.clone();
        }
        let guard = &self.engine.inbox.sender.guard;
        let said = guard.call("the status of a work", || self.own_words(slot, depth));
        let said: Rc<str> = said.as_deref().unwrap_or("(its status panicked)").into();
        self.said.borrow_mut().insert((slot, depth), said.clone());
        said
    }

    /// Returns what a work says. Its code may panic. A settled work is not asked: its words would be those of its last
    /// step, which is over.
    fn own_words(&self, slot: u32, depth: u32) -> String {
        let mut text = String::new();
        if self.engine.arena.at(slot).state.is_settled() {
            return text;
        }
        let cx = StatusContext::new(self, slot, depth);
        // A formatter's error ends the text there.
        let _ = write!(text, "{}", Written(|f| self.works.status(slot, &cx, f)));
        text
    }

    /// Returns the status line of a work.
    fn line(&self, slot: u32) -> String {
        let mut text = String::new();
        // Writing to a `String` cannot fail; a failure's own text may, and then the line ends there.
        let _ = self.write_line(&mut text, slot);
        text
    }

    fn write_line(&self, text: &mut String, slot: u32) -> fmt::Result {
        let engine = self.engine;
        let (state, cold) = (engine.arena.at(slot).state, engine.arena.cold(slot));
        write!(text, "{}: {state}", cold.name)?;
        if let Some(at) = engine.retry_eta(engine.id(slot)) {
            let wait = at.saturating_since(engine.now);
            write!(text, " in {:?}", rounded(wait))?;
        }
        engine.write_counts(text, slot)?;
        self.write_own(text, slot);
        match &cold.error {
            Some(error) if state != WorkState::Success => {
                let guard = &engine.inbox.sender.guard;
                // Printing the error is the program's code, and may panic.
                let error = guard.call("printing an error", || format!(" : {error}"));
                text.push_str(error.as_deref().unwrap_or(" : (its error panicked)"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Writes the progress and the status that a work gives of itself. A sum is left out: the lines below show it.
    fn write_own(&self, text: &mut String, slot: u32) {
        let own = || {
            let progress = self.works.progress(slot);
            let progress = progress.map_or(String::new(), |progress| format!(" : {progress}"));
            match self.own_words(slot, 0) {
                words if words.is_empty() => progress,
                words => format!("{progress} : {words}"),
            }
        };
        let own = self
            .engine
            .inbox
            .sender
            .guard
            .call("the status of a work", own);
        text.push_str(own.as_deref().unwrap_or(" : (its status panicked)"));
    }
}

impl Engine {
    /// As [`WorkScheduler::status_of`](crate::WorkScheduler::status_of).
    pub(crate) fn status_of(&self, id: WorkId, works: &dyn AskWork) -> Option<String> {
        let slot = self.lookup(id).ok()?;
        Some(Report::new(self, works).line(slot))
    }

    /// As [`WorkScheduler::status`](crate::WorkScheduler::status).
    pub(crate) fn status(&self, works: &dyn AskWork) -> String {
        let report = Report::new(self, works);
        let roots = self.arena.slots_by_age().into_iter();
        let roots = roots.filter(|&slot| self.arena.parent(slot).is_none());
        let mut text = String::new();
        // A stack instead of recursion, since trees may be deeper than a thread's stack.
        let mut stack: Vec<(u32, usize)> = roots.rev().map(|root| (root, 0)).collect();
        while let Some((slot, depth)) = stack.pop() {
            text.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
            text.push_str(&report.line(slot));
            text.push('\n');
            let above = stack.len();
            stack.extend(self.arena.children(slot).map(|child| (child, depth + 1)));
            stack[above..].reverse();
        }
        text
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
