//! What the program prints: a table for people, a line of JSON for programs.

use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;

use super::failures::first_attempt_fails;
use super::options::{Options, Slots};
use super::schedule::RunResult;
use super::workflow::Workflow;

/// The number of slowest tasks in the table.
const SLOWEST: usize = 5;

/// The report of a finished run.
pub struct Report<'a> {
    workflow: &'a Workflow,
    options: &'a Options,
    result: &'a RunResult,
    wall: Duration,
}

/// The JSON line; its fields are printed in this order.
#[derive(Serialize)]
struct JsonLine {
    tasks: usize,
    edges: usize,
    slots: JsonSlots,
    failures: bool,
    makespan_ns: u64,
    schedule_sha256: String,
    turns: u64,
    wall_ms: u64,
}

/// Writes the number, or the string `unlimited`.
#[derive(Serialize)]
#[serde(untagged)]
enum JsonSlots {
    Limited(usize),
    Unlimited(&'static str),
}

impl<'a> Report<'a> {
    /// Collects the figures of a report; `wall` is the real time that the run took.
    pub fn new(
        workflow: &'a Workflow,
        options: &'a Options,
        result: &'a RunResult,
        wall: Duration,
    ) -> Report<'a> {
        Report {
            workflow,
            options,
            result,
            wall,
        }
    }

    /// Returns one line of JSON, without a line feed.
    pub fn json_line(&self) -> String {
        let line = JsonLine {
            tasks: self.workflow.tasks().len(),
            edges: self.workflow.edge_count(),
            slots: match self.options.slots {
                Slots::Limited(slots) => JsonSlots::Limited(slots.get()),
                Slots::Unlimited => JsonSlots::Unlimited("unlimited"),
            },
            failures: self.options.failures,
            makespan_ns: self.result.makespan_ns(),
            schedule_sha256: self.result.schedule_sha256(self.workflow),
            turns: self.result.turns,
            wall_ms: u64::try_from(self.wall.as_millis()).unwrap_or(u64::MAX),
        };
        serde_json::to_string(&line).expect("numbers and strings always serialize")
    }

    /// Returns the one line of `--quiet`.
    pub fn makespan_line(&self) -> String {
        format!("makespan {}", duration(self.result.makespan_ns()))
    }

    /// Returns two tables: the run, and its slowest tasks.
    pub fn table(&self) -> String {
        format!("{}\n{}", self.run_table(), self.slowest_table())
    }

    fn run_table(&self) -> Table {
        let mut table = plain_table();
        for (name, value) in [
            ("tasks", self.workflow.tasks().len().to_string()),
            ("edges", self.workflow.edge_count().to_string()),
            ("slots", self.options.slots.to_string()),
            ("makespan", duration(self.result.makespan_ns())),
            ("critical path", self.critical_path()),
            ("slot utilisation", self.utilisation()),
            (
                "injected failures",
                self.failed_attempts().count().to_string(),
            ),
            ("turns", self.result.turns.to_string()),
            (
                "wall time",
                format!("{:.3} ms", self.wall.as_secs_f64() * 1e3),
            ),
            ("works per second", self.works_per_second()),
        ] {
            table.add_row([Cell::new(name), right(value)]);
        }
        table
    }

    fn slowest_table(&self) -> Table {
        let mut table = plain_table();
        table.set_header(["slowest tasks", "runtime", "start", "finish"]);
        for index in self.slowest() {
            let task = &self.workflow.tasks()[index];
            let span = self.result.spans[index];
            table.add_row([
                Cell::new(shortened(&task.key)),
                right(duration(task.runtime_ns)),
                right(duration(span.start_ns)),
                right(duration(span.finish_ns)),
            ]);
        }
        table
    }

    fn critical_path(&self) -> String {
        let path = self.workflow.critical_path();
        let (length, tasks) = (path.tasks.len(), self.workflow.tasks().len());
        format!("{} ({length} of {tasks} tasks)", duration(path.length_ns))
    }

    /// Returns the tasks with the longest runtimes, in file order among equals.
    fn slowest(&self) -> Vec<usize> {
        let tasks = self.workflow.tasks();
        let mut indices: Vec<usize> = (0..tasks.len()).collect();
        indices.sort_by_key(|index| std::cmp::Reverse(tasks[*index].runtime_ns));
        indices.truncate(SLOWEST);
        indices
    }

    /// Returns the share of the slots' time in which a task ran. Without a bound it returns how many tasks ran on
    /// average.
    fn utilisation(&self) -> String {
        let makespan = self.result.makespan_ns();
        if makespan == 0 {
            return "no time passed".to_owned();
        }
        let running = self.busy_ns() as f64 / makespan as f64;
        match self.options.slots {
            Slots::Limited(slots) => format!("{:.1} %", 100.0 * running / slots.get() as f64),
            Slots::Unlimited => format!("{running:.1} tasks at once, on average"),
        }
    }

    /// Returns how long tasks held slots, failed attempts included.
    fn busy_ns(&self) -> u128 {
        let once: u128 = self
            .workflow
            .tasks()
            .iter()
            .map(|task| u128::from(task.runtime_ns))
            .sum();
        once + self.failed_attempts().map(u128::from).sum::<u128>()
    }

    /// Returns the runtimes of the attempts that were made to fail.
    fn failed_attempts(&self) -> impl Iterator<Item = u64> {
        let tasks = self
            .workflow
            .tasks()
            .iter()
            .filter(|_| self.options.failures);
        tasks
            .filter(|task| first_attempt_fails(&task.key))
            .map(|task| task.runtime_ns)
    }

    fn works_per_second(&self) -> String {
        if self.wall.is_zero() {
            return "too short to measure".to_owned(); // some clocks are that coarse
        }
        format!(
            "{:.0}",
            self.workflow.tasks().len() as f64 / self.wall.as_secs_f64()
        )
    }
}

/// Formats nanoseconds for people, rounded down to milliseconds: `3h 25m 07.200s`, and below a second `0.054s`.
pub fn duration(ns: u64) -> String {
    let ms = ns / 1_000_000;
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let (seconds, ms) = (ms / 1_000 % 60, ms % 1_000);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}.{ms:03}s"),
        (0, _) => format!("{minutes}m {seconds:02}.{ms:03}s"),
        _ => format!("{hours}h {minutes:02}m {seconds:02}.{ms:03}s"),
    }
}

/// Makes a key fit a column: without line breaks, and with both ends of a long one, since similar keys differ at the
/// end.
fn shortened(key: &str) -> String {
    const FRONT: usize = 20;
    const BACK: usize = 25;
    let shown: Vec<char> = key
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if shown.len() <= FRONT + BACK + "...".len() {
        return shown.into_iter().collect();
    }
    let back = &shown[shown.len() - BACK..];
    shown[..FRONT]
        .iter()
        .copied()
        .chain("...".chars())
        .chain(back.iter().copied())
        .collect()
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}
