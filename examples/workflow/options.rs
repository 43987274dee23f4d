//! The options of a run.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// The options of one run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many tasks may run at once.
    pub slots: Slots,
    /// Whether the tasks that `failures::first_attempt_fails` chooses fail once.
    pub failures: bool,
}

/// The bound on running tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slots {
    /// At most this many tasks.
    Limited(NonZeroUsize),
    /// No bound.
    Unlimited,
}

impl Slots {
    /// Returns the bound as a number; `usize::MAX` stands for no bound.
    pub fn limit(self) -> usize {
        match self {
            Slots::Limited(slots) => slots.get(),
            Slots::Unlimited => usize::MAX,
        }
    }
}

impl FromStr for Slots {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "unlimited" {
            return Ok(Slots::Unlimited);
        }
        text.parse()
            .map(Slots::Limited)
            .map_err(|_| "give a number from 1, or `unlimited`")
    }
}

impl fmt::Display for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Slots::Limited(slots) => slots.fmt(f),
            Slots::Unlimited => f.write_str("unlimited"),
        }
    }
}
