//! How often a failed work is tried again, and how long it waits before.

use std::time::Duration;

/// How many attempts may follow the first, and the back-off before each.
///
/// ```
/// use crankwork::{Backoff, Retry};
/// use std::time::Duration;
/// let patient = Retry::A_LOT.with_backoff(Backoff::fixed(Duration::from_secs(2)));
/// assert_eq!(patient.limit(), 32);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    limit: u32,
    backoff: Option<Backoff>,
}

impl Retry {
    /// No retry: the first failure is final. The default.
    pub const NEVER: Retry = Retry::times(0);
    /// One retry.
    pub const ONCE: Retry = Retry::times(1);
    /// 5 retries.
    pub const A_FEW: Retry = Retry::times(5);
    /// 32 retries.
    pub const A_LOT: Retry = Retry::times(32);

    /// `limit` retries after the first attempt.
    pub const fn times(limit: u32) -> Retry {
        Retry {
            limit,
            backoff: None,
        }
    }

    /// The same number of retries with a back-off of its own instead of the scheduler's.
    pub const fn with_backoff(self, backoff: Backoff) -> Retry {
        Retry {
            limit: self.limit,
            backoff: Some(backoff),
        }
    }

    /// How many attempts may follow the first.
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// The work's own back-off, if it has one.
    pub const fn backoff(self) -> Option<Backoff> {
        self.backoff
    }
}

impl Default for Retry {
    fn default() -> Self {
        Retry::NEVER
    }
}

/// How long a failed work waits before its next attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backoff {
    /// Always the same.
    Fixed(Duration),
    /// Doubling ranges with jitter, as stellar-core's `BasicWork` has them: see [`Backoff::exponential`].
    #[default]
    Exponential,
}

impl Backoff {
    /// The same delay before every retry.
    pub const fn fixed(delay: Duration) -> Backoff {
        Backoff::Fixed(delay)
    }

    /// The default. With n retries made so far and m = min(n, 9): 1 s for n = 0, else a whole number of seconds drawn
    /// uniformly from `2^(m-1) + 1 ..= 2^m`, from the work's own seeded stream.
    pub const fn exponential() -> Backoff {
        Backoff::Exponential
    }

    /// The delay after `retries` retries; `draw(n)` gives a number below n. O(1).
    pub(crate) fn delay(self, retries: u32, draw: impl FnOnce(u64) -> u64) -> Duration {
        match self {
            Backoff::Fixed(delay) => delay,
            Backoff::Exponential => match retries.min(9) {
                0 => Duration::from_secs(1),
                m => {
                    let low = 1u64 << (m - 1);
                    Duration::from_secs(low + 1 + draw(low))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_ranges() {
        for retries in 0..40 {
            let least = Backoff::Exponential.delay(retries, |_| 0).as_secs();
            let most = Backoff::Exponential.delay(retries, |n| n - 1).as_secs();
            let m = retries.min(9);
            let expected = if m == 0 {
                (1, 1)
            } else {
                ((1 << (m - 1)) + 1, 1 << m)
            };
            assert_eq!((least, most), expected, "after {retries} retries");
        }
    }
}
