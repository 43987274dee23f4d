//! What many simulated runs came to.

use super::units::{count, duration};
use crate::archive::Hash;
use crate::run::Simulated;
use serde_json::json;
use std::time::Duration;

/// Failed runs that are named.
const FAILURES_SHOWN: usize = 5;

/// Runs with different seeds.
#[derive(Clone, Debug)]
pub struct Many {
    /// Each run and its seed, by seed.
    pub runs: Vec<(u64, Simulated)>,
    /// The hash that the last header must have.
    pub expected: Option<Hash>,
    /// How long all of them took, in real time.
    pub wall: Duration,
}

impl Many {
    /// Whether a run came to where it should.
    fn is_right(&self, run: &Simulated) -> bool {
        run.ended.complete && self.expected.is_none_or(|hash| hash == run.ended.hash)
    }

    fn wrong(&self) -> impl Iterator<Item = &(u64, Simulated)> {
        self.runs.iter().filter(|(_, run)| !self.is_right(run))
    }

    /// Whether all came to where they should.
    pub fn all_right(&self) -> bool {
        self.wrong().next().is_none()
    }

    /// The hash of all runs' events.
    fn events_hash(&self) -> Hash {
        Hash::of_parts(self.runs.iter().map(|(_, run)| &run.events_hash.0[..]))
    }

    fn sum(&self, of: impl Fn(&Simulated) -> u64) -> u64 {
        self.runs.iter().map(|(_, run)| of(run)).sum()
    }

    /// One line: how they ended.
    pub fn line(&self) -> String {
        let (all, wrong) = (self.runs.len(), self.wrong().count());
        let seeds = match (self.runs.first(), self.runs.last()) {
            (Some((first, _)), Some((last, _))) => format!("seeds {first} to {last}"),
            _ => String::from("no seeds"),
        };
        format!(
            "{} of {} simulated runs ended right ({seeds}), in {}",
            count((all - wrong) as u64),
            count(all as u64),
            duration(self.wall)
        )
    }

    /// Several lines.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.line());
        let virtual_time = self.runs.iter().map(|(_, run)| run.ended.elapsed).sum();
        let rows = [
            (
                "applied",
                format!("{} ledgers", count(self.sum(|run| run.ended.tally.ledgers))),
            ),
            (
                "attempts",
                format!(
                    "{}, of which {} were retries",
                    count(self.sum(|run| run.ended.tally.attempts)),
                    count(self.sum(|run| run.ended.tally.retries))
                ),
            ),
            ("virtual time", duration(virtual_time)),
            (
                "events",
                format!("the hash of all logs is {}", self.events_hash()),
            ),
        ];
        for (name, value) in rows {
            text.push_str(&format!("  {name:14}{value}\n"));
        }
        for (seed, run) in self.wrong().take(FAILURES_SHOWN) {
            let why = run
                .ended
                .failure
                .as_deref()
                .unwrap_or("another last header");
            text.push_str(&format!(
                "  seed {seed}: {why}; again: --simulate --seed {seed} and the same options\n"
            ));
        }
        text
    }

    /// One line of JSON. Times are in seconds.
    pub fn json(&self) -> String {
        let wrong: Vec<u64> = self.wrong().map(|(seed, _)| *seed).collect();
        json!({
            "status": if wrong.is_empty() { "ok" } else { "failed" },
            "runs": self.runs.len(),
            "failed_seeds": wrong,
            "applied_ledgers": self.sum(|run| run.ended.tally.ledgers),
            "attempts": self.sum(|run| run.ended.tally.attempts),
            "retries": self.sum(|run| run.ended.tally.retries),
            "events_hash": self.events_hash().to_string(),
            "wall_s": self.wall.as_secs_f64(),
        })
        .to_string()
    }
}
