//! What a run came to: a text, a line, or JSON.

use super::units::{bytes, count, duration};
use crate::catchup::{Stage, StageCount};
use crate::run::Ended;
use serde_json::{Value, json};
use std::time::Duration;

/// What a run cost. `None` in a simulation, where neither means anything.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// CPU time of the whole process since the run began: its threads, and the built-in server.
    pub process: Duration,
    /// CPU time of the engine: cranks without the turns of the works.
    pub engine: Duration,
}

/// What is reported.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What it came to.
    pub ended: Ended,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// What it cost.
    pub costs: Option<Costs>,
    /// Where things are kept, and a word on how to go on.
    pub kept: Option<String>,
    /// The most bytes that the process has had in memory, if that is known.
    pub peak_memory: Option<u64>,
    /// What to say of the events of a simulation.
    pub events: Option<String>,
}

/// A name and a value.
type Row = (&'static str, String);

impl Summary {
    /// One line: how it ended.
    pub fn line(&self) -> String {
        let ended = &self.ended;
        let target = ended.target.map_or_else(
            || String::from("an unknown number of"),
            |target| count(target.into()),
        );
        let applied = format!("{} of {target} ledgers applied", count(ended.ledger.into()));
        match (&ended.failure, self.interrupted) {
            (_, true) => format!("Interrupted: {applied}"),
            (Some(_), false) => format!("Failed: {applied}"),
            (None, false) if ended.tally.ledgers == 0 => format!(
                "Nothing to do: all {target} ledgers were applied before; the last header's hash is {}",
                ended.hash
            ),
            (None, false) => format!(
                "Caught up: all {target} ledgers verified and applied; the last header's hash is {}",
                ended.hash
            ),
        }
    }

    /// Several lines.
    pub fn text(&self) -> String {
        let mut rows = self.done();
        rows.extend(self.cost());
        rows.extend(self.peak_memory.map(|peak| ("peak memory", bytes(peak))));
        if self.interrupted {
            rows.push(("left", self.left()));
        }
        rows.extend(self.events.clone().map(|events| ("events", events)));
        rows.extend(self.kept.clone().map(|kept| ("kept", kept)));
        let rows = rows
            .iter()
            .map(|(name, value)| format!("  {name:14}{value}\n"));
        format!("{}\n{}", self.line(), rows.collect::<String>())
    }

    /// What was received and applied.
    fn done(&self) -> Vec<Row> {
        let tally = &self.ended.tally;
        let mut rows = vec![
            (
                "received",
                format!("{} in {} files", bytes(tally.bytes), count(tally.files)),
            ),
            (
                "attempts",
                format!(
                    "{}, of which {} were retries",
                    count(tally.attempts),
                    count(tally.retries)
                ),
            ),
            (
                "applied",
                format!(
                    "{} ledgers with {} transactions",
                    count(tally.ledgers),
                    count(tally.transactions)
                ),
            ),
        ];
        if tally.kept > 0 {
            rows.push((
                "from disk",
                format!(
                    "{} files of an earlier run, verified again",
                    count(tally.kept)
                ),
            ));
        }
        rows
    }

    /// What it cost.
    fn cost(&self) -> Vec<Row> {
        let Ended {
            cranks, elapsed, ..
        } = &self.ended;
        let mut rows = Vec::new();
        match self.costs {
            None => rows.push(("virtual time", duration(*elapsed))),
            Some(costs) => {
                rows.push(("wall time", duration(*elapsed)));
                rows.push((
                    "longest crank",
                    format!(
                        "{}, {} of it CPU time",
                        duration(cranks.longest),
                        duration(cranks.longest_cpu)
                    ),
                ));
                let share =
                    100.0 * costs.engine.as_secs_f64() / costs.process.as_secs_f64().max(1e-9);
                rows.push((
                    "engine",
                    format!(
                        "{} of CPU time for {} cranks, without the works' own turns: {share:.1} % of the process's",
                        duration(costs.engine),
                        count(cranks.count)
                    ),
                ));
            }
        }
        rows
    }

    /// What was left to do when it was interrupted.
    fn left(&self) -> String {
        let stages = Stage::ALL.iter().zip(self.ended.stages);
        let left = stages.map(|(stage, StageCount { done, total })| {
            format!("{} {}", stage.name(), count(total.saturating_sub(done)))
        });
        let mut text = left.collect::<Vec<_>>().join(", ");
        match self.ended.metrics.forced_aborts {
            0 => {}
            dropped => text.push_str(&format!(
                "; {dropped} works did not end in time and were dropped"
            )),
        }
        match self.ended.metrics.abandoned_jobs {
            0 => {}
            jobs => text.push_str(&format!("; {jobs} jobs did not end in time")),
        }
        text
    }

    /// One line of JSON. Times are in seconds.
    pub fn json(&self) -> String {
        let Ended {
            tally,
            cranks,
            elapsed,
            ..
        } = &self.ended;
        let status = match (&self.ended.failure, self.interrupted) {
            (_, true) => "interrupted",
            (Some(_), false) => "failed",
            (None, false) => "ok",
        };
        let mut object = json!({
            "status": status,
            "ledger": self.ended.ledger,
            "hash": self.ended.hash.to_string(),
            "target": self.ended.target,
            "failure": self.ended.failure,
            "bytes": tally.bytes,
            "files": tally.files,
            "files_from_disk": tally.kept,
            "attempts": tally.attempts,
            "retries": tally.retries,
            "applied_ledgers": tally.ledgers,
            "applied_transactions": tally.transactions,
            "elapsed_s": elapsed.as_secs_f64(),
            "forced_aborts": self.ended.metrics.forced_aborts,
            "cranks": cranks.count,
            "longest_crank_s": cranks.longest.as_secs_f64(),
            "peak_memory_bytes": self.peak_memory,
        });
        if let (Some(costs), Value::Object(fields)) = (self.costs, &mut object) {
            let seconds = |time: Duration| Value::from(time.as_secs_f64());
            fields.insert(String::from("process_cpu_s"), seconds(costs.process));
            fields.insert(String::from("engine_cpu_s"), seconds(costs.engine));
            let longest = seconds(cranks.longest_cpu);
            fields.insert(String::from("longest_crank_cpu_s"), longest);
        }
        object.to_string()
    }
}
