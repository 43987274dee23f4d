//! What the tests share.

use catchup::catchup::Settings;
use catchup::maker::{self, Files, Made};
use catchup::run::Simulation;
use catchup::server::Faults;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// An archive of eight checkpoints, made once.
pub static EIGHT: LazyLock<(Arc<Files>, Made)> = LazyLock::new(|| {
    let made = maker::make(8, 1);
    (Arc::new(made.files.clone()), made)
});

/// Faults at this rate.
pub fn faults(rate: f64, seed: u64) -> Faults {
    Faults {
        rate,
        latency: Duration::from_millis(5),
        seed,
    }
}

/// Eight checkpoints with faults, simulated.
pub fn eight(rate: f64, seed: u64) -> Simulation {
    Simulation::new(EIGHT.0.clone(), Settings::local(4), faults(rate, seed))
}
