//! Running a catch-up to its end: in the real world, or simulated.

mod ended;
mod interrupt;
mod real;
mod simulation;

pub use ended::{Cranks, Ended, Watch, crank_to_end};
pub use interrupt::Interrupt;
pub use real::{Real, RunError};
pub use simulation::{Simulated, Simulation};

use crate::catchup::{App, CatchUp};
use crankwork::{AddError, WorkScheduler, WorkSchedulerConfig};
use std::time::Duration;

/// How long works have to end in an orderly way when they are interrupted.
pub const GRACE: Duration = Duration::from_secs(5);

/// A scheduler with the catch-up in it.
fn scheduler(
    config: WorkSchedulerConfig,
    slots: usize,
    seed: u64,
) -> Result<WorkScheduler<App>, AddError> {
    let config = config.max_concurrency(slots).seed(seed).abort_grace(GRACE);
    let mut scheduler = WorkScheduler::new(config);
    scheduler.add(CatchUp::spec())?;
    Ok(scheduler)
}
