//! What a person sees: progress while it runs, and what came of it.

mod bars;
mod lines;
mod many;
mod memory;
mod summary;
mod units;

pub use bars::Bars;
pub use lines::Lines;
pub use many::Many;
pub use memory::peak_memory;
pub use summary::{Costs, Summary};
pub use units::count;

use crate::run::{Interrupt, Watch};
use std::io::{IsTerminal, stderr};

/// What shows progress: bars on a terminal, else a line a second, or nothing. A terminal that goes away is an
/// interrupt.
pub fn watch(quiet: bool, interrupt: &Interrupt) -> Box<dyn Watch> {
    match (quiet, stderr().is_terminal()) {
        (true, _) => Box::new(()),
        (false, true) => Box::new(Bars::new(interrupt.clone())),
        (false, false) => Box::new(Lines::new()),
    }
}
