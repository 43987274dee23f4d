//! Time as the engine counts it.
//!
//! A [`Time`] is a number of nanoseconds since the engine's epoch. The host chooses the epoch, usually the start of the
//! program or of the simulation. The engine never asks the machine for the time: the host tells it. So the same works
//! run in real and in virtual time.
//!
//! All arithmetic saturates, and nothing here panics. The end of time, [`Time::MAX`], is `u64::MAX` nanoseconds or 584
//! years after the epoch. "Never" is not a time: an `Option<Time>` says that there may be none.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

#[cfg(feature = "serde")]
pub(crate) mod nanos;
pub mod wheel;

pub use wheel::{TimerKey, TimerWheel};

const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_SEC: u64 = 1_000_000_000;

/// A moment: nanoseconds since the engine's epoch.
///
/// ```
/// use crankwork::time::Time;
/// use std::time::Duration;
///
/// let start = Time::from_secs(40);
/// let later = start + Duration::from_millis(1_200);
/// assert_eq!(later - start, Duration::from_millis(1_200));
/// assert_eq!(later.to_string(), "00:00:41.200");
///
/// // The end of time is a wall, not a cliff.
/// assert_eq!(later + Duration::MAX, Time::MAX);
/// assert_eq!(start - later, Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Time(u64);

impl Time {
    /// The epoch.
    pub const ZERO: Self = Self(0);

    /// The end of time: `u64::MAX` nanoseconds, 584 years after the epoch.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns the moment `nanos` nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Returns the moment `millis` milliseconds after the epoch, at most [`Time::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(NANOS_PER_MILLI))
    }

    /// Returns the moment `secs` seconds after the epoch, at most [`Time::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SEC))
    }

    /// Returns the nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns the time since the epoch as a duration. It loses nothing.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Returns the seconds since the epoch, for charts and metrics. Beyond 2^53 nanoseconds (104 days) it is rounded.
    ///
    /// ```
    /// use crankwork::time::Time;
    /// use std::time::Duration;
    ///
    /// let time = Time::from_millis(1_500);
    /// assert_eq!((time.as_secs_f64(), time.as_duration()), (1.5, Duration::from_millis(1_500)));
    /// ```
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.as_duration().as_secs_f64()
    }

    /// Returns this moment plus `delay`, at most [`Time::MAX`].
    #[must_use]
    pub fn saturating_add(self, delay: Duration) -> Self {
        self.checked_add(delay).unwrap_or(Self::MAX)
    }

    /// Returns this moment plus `delay`, or `None` if that lies beyond [`Time::MAX`].
    ///
    /// ```
    /// use crankwork::time::Time;
    /// use std::time::Duration;
    ///
    /// let second = Duration::from_secs(1);
    /// assert_eq!(Time::from_secs(1).checked_add(second), Some(Time::from_secs(2)));
    /// assert_eq!(Time::MAX.checked_add(second), None);
    /// ```
    #[must_use]
    pub fn checked_add(self, delay: Duration) -> Option<Self> {
        let nanos = u64::try_from(delay.as_nanos()).ok()?;
        self.0.checked_add(nanos).map(Self)
    }

    /// Returns how long after `earlier` this moment is, or zero if it is not after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Saturates at [`Time::MAX`]; never panics.
impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, delay: Duration) -> Self {
        self.saturating_add(delay)
    }
}

/// Saturates at zero; never panics.
impl Sub for Time {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

/// Prints `hh:mm:ss` and three, six or nine decimals, the fewest that are exact. Hours are not folded into days.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / NANOS_PER_SEC;
        let nanos = self.0 % NANOS_PER_SEC;
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{h:02}:{m:02}:{s:02}.")?;
        if nanos.is_multiple_of(1_000_000) {
            write!(f, "{:03}", nanos / 1_000_000)
        } else if nanos.is_multiple_of(1_000) {
            write!(f, "{:06}", nanos / 1_000)
        } else {
            write!(f, "{nanos:09}")
        }
    }
}

/// Prints as `Display` does, since a test that fails should print a moment and not a twenty-digit number.
impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_as_many_decimals_as_it_needs() {
        let shown = |nanos| Time::from_nanos(nanos).to_string();
        assert_eq!(shown(0), "00:00:00.000");
        assert_eq!(shown(41_200_000_000), "00:00:41.200");
        assert_eq!(shown(3_661_000_001_000), "01:01:01.000001");
        assert_eq!(shown(1), "00:00:00.000000001");
        assert_eq!(shown(u64::MAX), "5124095:34:33.709551615");
        assert_eq!(format!("{:?}", Time::from_millis(1)), "00:00:00.001");
    }

    #[test]
    fn constructors_agree_and_saturate() {
        assert_eq!(Time::from_secs(2), Time::from_millis(2_000));
        assert_eq!(Time::from_millis(2), Time::from_nanos(2_000_000));
        assert_eq!(Time::from_secs(u64::MAX), Time::MAX);
        assert_eq!(Time::from_millis(u64::MAX), Time::MAX);
        assert_eq!(Time::default(), Time::ZERO);
    }

    #[test]
    fn addition_saturates_even_beyond_u64_nanoseconds() {
        let last = Time::from_nanos(u64::MAX - 1);
        assert_eq!(last + Duration::from_nanos(1), Time::MAX);
        assert_eq!(last + Duration::from_nanos(2), Time::MAX);
        assert_eq!(Time::ZERO + Duration::MAX, Time::MAX);
        assert_eq!(Time::ZERO.checked_add(Duration::MAX), None);
        assert_eq!(last.checked_add(Duration::from_nanos(1)), Some(Time::MAX));
    }

    #[test]
    fn subtraction_saturates() {
        let (early, late) = (Time::from_secs(1), Time::from_secs(3));
        assert_eq!(late - early, Duration::from_secs(2));
        assert_eq!(early - late, Duration::ZERO);
        assert_eq!(Time::MAX - Time::ZERO, Duration::from_nanos(u64::MAX));
    }
}
