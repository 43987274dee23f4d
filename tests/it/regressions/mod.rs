//! Finds of a critical reading of the engine: each of these tests failed once.

use crate::workbench::Bench;
use crankwork::WorkSchedulerConfig;

mod corners;
mod panics;
mod surface;
mod waits;

/// A bench as the configuration has it by default, with an event log.
fn bench() -> Bench {
    Bench::new(WorkSchedulerConfig::default().events(100))
}
