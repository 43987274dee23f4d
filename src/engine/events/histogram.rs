//! Durations in fixed buckets.
//!
//! The bounds are 1, 2 and 5 in each decade from 1 µs to 5,000 s. So a quantile is at most 2.5 times too high, and
//! charts have labels that people read. All histograms have equal bounds, so any two can be merged.

use std::time::Duration;

/// How many buckets have an upper bound.
const BOUNDED: usize = 30;

/// The upper bounds in nanoseconds.
const NANOS: [u64; BOUNDED] = {
    let mut nanos = [0; BOUNDED];
    let (mut decade, mut at) = (1_000, 0);
    while at < BOUNDED {
        (nanos[at], nanos[at + 1], nanos[at + 2]) = (decade, 2 * decade, 5 * decade);
        (decade, at) = (10 * decade, at + 3);
    }
    nanos
};

/// Durations, counted in 31 fixed buckets. A duration of zero is in the first bucket. All methods are O(1).
///
/// ```
/// use crankwork::Histogram;
/// use std::time::Duration;
///
/// let mut waits = Histogram::default();
/// for millis in [1, 2, 3, 400] {
///     waits.record(Duration::from_millis(millis));
/// }
/// assert_eq!((waits.count(), waits.sum()), (4, Duration::from_millis(406)));
/// // Half of the durations are at most 2 ms. The longest is in the bucket up to 500 ms.
/// assert_eq!(waits.quantile(0.5), Some(Duration::from_millis(2)));
/// assert_eq!(waits.quantile(1.0), Some(Duration::from_millis(400)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Histogram {
    buckets: [u64; Histogram::BUCKETS],
    #[cfg_attr(feature = "serde", serde(with = "crate::time::nanos"))]
    sum: Duration,
    #[cfg_attr(feature = "serde", serde(with = "crate::time::nanos"))]
    max: Duration,
}

impl Histogram {
    /// The number of buckets. The last one has no upper bound.
    pub const BUCKETS: usize = BOUNDED + 1;

    /// Returns the upper bound of a bucket, which belongs to the bucket: 1 µs, 2 µs, 5 µs, 10 µs, ..., 5,000 s. Returns
    /// `None` for the last bucket and beyond.
    pub fn bound(bucket: usize) -> Option<Duration> {
        NANOS.get(bucket).copied().map(Duration::from_nanos)
    }

    /// Counts a duration.
    pub fn record(&mut self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = NANOS.partition_point(|&bound| bound < nanos);
        self.buckets[bucket] = self.buckets[bucket].saturating_add(1);
        self.sum = self.sum.saturating_add(duration);
        self.max = self.max.max(duration);
    }

    /// Returns how many durations each bucket has, without those of the buckets before it.
    pub fn buckets(&self) -> &[u64; Self::BUCKETS] {
        &self.buckets
    }

    /// Returns how many durations were recorded.
    pub fn count(&self) -> u64 {
        let buckets = self.buckets.iter();
        buckets.fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// Returns the exact sum of the durations.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// Returns the longest duration, or zero if there is none.
    pub fn max(&self) -> Duration {
        self.max
    }

    /// Returns a duration that at least the part `q` of all durations does not exceed: the bound of a bucket, or the
    /// longest duration if that is less. A `q` below 0 counts as 0, one above 1 as 1. Returns `None` if nothing was
    /// recorded.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        // The rank of the duration, from 1. The cast saturates, also for a `q` that is no number.
        let rank = ((q * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut below = 0_u64;
        for (bucket, &in_bucket) in self.buckets.iter().enumerate() {
            below = below.saturating_add(in_bucket);
            if below >= rank {
                let bound = Self::bound(bucket).unwrap_or(Duration::MAX);
                return Some(bound.min(self.max));
            }
        }
        None
    }

    /// Adds the durations of another histogram.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, &more) in self.buckets.iter_mut().zip(&other.buckets) {
            *bucket = bucket.saturating_add(more);
        }
        self.sum = self.sum.saturating_add(other.sum);
        self.max = self.max.max(other.max);
    }
}
