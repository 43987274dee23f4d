//! Progress where there is no terminal: a line a second on stderr.

use super::units;
use crate::catchup::{App, Stage};
use crate::run::Watch;
use crankwork::{Time, WorkScheduler, WorkState};
use std::io::{self, Write};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(1);

/// Prints a line a second.
#[derive(Debug)]
pub struct Lines {
    next: Time,
}

impl Lines {
    /// The first line comes after a second.
    pub fn new() -> Lines {
        Lines {
            next: Time::ZERO.saturating_add(EVERY),
        }
    }
}

impl Default for Lines {
    fn default() -> Self {
        Lines::new()
    }
}

impl Watch for Lines {
    fn look(&mut self, scheduler: &mut WorkScheduler<App>, app: &App) {
        let now = scheduler.now();
        if now < self.next {
            return;
        }
        self.next = now.saturating_add(EVERY);
        // Should nobody read it, the catch-up goes on all the same.
        let _ = writeln!(io::stderr(), "{}", line(scheduler, app));
    }

    fn next(&self) -> Option<Time> {
        Some(self.next)
    }
}

fn line(scheduler: &WorkScheduler<App>, app: &App) -> String {
    let seconds = scheduler.now().as_nanos() as f64 / 1e9;
    let mut line = format!("{seconds:6.1} s");
    for stage in Stage::ALL {
        let count = app.stages[stage as usize];
        let (done, total) = (units::count(count.done), units::count(count.total));
        line.push_str(&format!("  {} {done}/{total}", stage.name()));
    }
    let retrying = scheduler.metrics().in_state(WorkState::Retrying);
    if retrying > 0 {
        line.push_str(&format!("  ({retrying} wait to be tried again)"));
    }
    line
}
