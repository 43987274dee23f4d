//! How often a failed work is tried again, and how long it waits before that.

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

    /// Allows `limit` retries after the first attempt.
    pub const fn times(limit: u32) -> Retry {
        Retry {
            limit,
            backoff: None,
        }
    }

    /// Returns the policy with a back-off of its own instead of the scheduler's.
    pub const fn with_backoff(self, backoff: Backoff) -> Retry {
        Retry {
            limit: self.limit,
            backoff: Some(backoff),
        }
    }

    /// Returns how many attempts may follow the first.
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// Returns the work's own back-off, if it has one.
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
///
/// ```
/// use crankwork::{Backoff, Jitter, Retry};
/// use std::time::Duration;
/// // Somewhere below 100 ms, 200 ms, 400 ms, ..., 30 s.
/// let backoff = Backoff::growing(Duration::from_millis(100))
///     .cap(Duration::from_secs(30))
///     .jitter(Jitter::Full);
/// let retry = Retry::A_LOT.with_backoff(backoff.into());
/// # let _ = retry;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backoff {
    /// A fixed delay before each retry.
    Fixed(Duration),
    /// Doubling ranges with jitter, as in stellar-core's `BasicWork`: see [`Backoff::exponential`].
    #[default]
    Exponential,
    /// A base that is multiplied before each further retry, up to a cap, with or without jitter.
    Growing(Growing),
}

impl Backoff {
    /// Waits `delay` before every retry.
    pub const fn fixed(delay: Duration) -> Backoff {
        Backoff::Fixed(delay)
    }

    /// The default. Let n be the number of retries made so far and m = min(n, 9). The delay is 1 s for n = 0. Later it
    /// is a whole number of seconds from `2^(m-1) + 1 ..= 2^m`, drawn uniformly from the work's own seeded stream.
    pub const fn exponential() -> Backoff {
        Backoff::Exponential
    }

    /// Waits `base` before the first retry and twice as long before each further one. There is neither jitter nor a cap
    /// unless a method of [`Growing`] sets it.
    pub const fn growing(base: Duration) -> Growing {
        Growing {
            base,
            factor: 2,
            cap: Duration::MAX,
            jitter: Jitter::None,
        }
    }

    /// Returns the delay after `retries` retries. `draw(n)` returns a number below n. O(1).
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
            Backoff::Growing(growing) => growing.delay(retries, draw),
        }
    }
}

/// A [`Backoff`] that grows; see [`Backoff::growing`]. After n retries the delay is `min(cap, base * factor^n)`, before
/// jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growing {
    base: Duration,
    factor: u32,
    cap: Duration,
    jitter: Jitter,
}

/// How a [`Growing`] back-off is spread, so that works which failed together do not come back together. The draws come
/// from the work's own seeded stream. (Marc Brooker, "Exponential Backoff And Jitter", 2015, compares the three.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jitter {
    /// The delay without a draw.
    #[default]
    None,
    /// Uniform from zero to the delay.
    Full,
    /// Uniform from half the delay to the delay.
    Equal,
}

impl Growing {
    /// Sets how many times longer each delay is than the one before. Default 2; 0 counts as 1.
    pub const fn factor(mut self, factor: u32) -> Self {
        self.factor = if factor == 0 { 1 } else { factor };
        self
    }

    /// Sets the longest delay. Default: no limit.
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets the jitter. Default: [`Jitter::None`].
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    fn delay(self, retries: u32, draw: impl FnOnce(u64) -> u64) -> Duration {
        // 64 bits of nanoseconds suffice, since the scheduler's time ends with them.
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
        let growth = u64::from(self.factor).saturating_pow(retries);
        let longest = nanos(self.base).saturating_mul(growth).min(nanos(self.cap));
        let spread = match self.jitter {
            Jitter::None => 0,
            Jitter::Full => longest,
            Jitter::Equal => longest / 2,
        };
        if spread == 0 {
            return Duration::from_nanos(longest);
        }
        Duration::from_nanos(longest - spread + draw(spread.saturating_add(1)))
    }
}

impl From<Growing> for Backoff {
    fn from(growing: Growing) -> Self {
        Backoff::Growing(growing)
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

    /// The least and the most delay after 0, 1, 2, ... retries, in milliseconds.
    fn ranges(growing: Growing) -> Vec<(u128, u128)> {
        let millis = |retries, draw: fn(u64) -> u64| growing.delay(retries, draw).as_millis();
        let range = |retries| (millis(retries, |_| 0), millis(retries, |n| n - 1));
        (0..5).map(range).collect()
    }

    #[test]
    fn growing_ranges() {
        let second = Backoff::growing(Duration::from_secs(1));
        let tripled = second.factor(3).cap(Duration::from_secs(20));
        let plain = [1, 3, 9, 20, 20].map(|s| (s * 1000, s * 1000));
        assert_eq!(ranges(tripled), plain);
        let full = plain.map(|(most, _)| (0, most));
        assert_eq!(ranges(tripled.jitter(Jitter::Full)), full);
        let equal = plain.map(|(most, _)| (most / 2, most));
        assert_eq!(ranges(tripled.jitter(Jitter::Equal)), equal);
    }

    #[test]
    fn what_grows_beyond_time_ends_with_it() {
        let endless = Backoff::growing(Duration::MAX).jitter(Jitter::Full);
        assert_eq!(
            endless.delay(u32::MAX, |n| n - 1).as_nanos(),
            u64::MAX as u128 - 1
        );
        let nothing = Backoff::growing(Duration::ZERO).factor(0);
        assert_eq!(nothing.delay(u32::MAX, |_| 7), Duration::ZERO);
    }
}
