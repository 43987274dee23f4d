//! Short names for lengths and points of time.

use crankwork::Time;
use std::time::Duration;

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The moment this many milliseconds after the start.
pub const fn at_ms(millis: u64) -> Time {
    Time::from_millis(millis)
}

/// The moment this many seconds after the start.
pub const fn at_secs(seconds: u64) -> Time {
    Time::from_secs(seconds)
}
