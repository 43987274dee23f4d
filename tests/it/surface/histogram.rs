//! Histograms: their buckets, quantiles and sums, compared with sorted lists.

use crankwork::{Histogram, Stream};
use std::time::Duration;

#[test]
fn bounds_are_one_two_five_in_each_decade() {
    let bounds: Vec<Duration> = (0..).map_while(Histogram::bound).collect();
    assert_eq!(bounds.len() + 1, Histogram::BUCKETS);
    for decade in bounds.chunks(3).enumerate() {
        let (power, bounds) = decade;
        let unit = Duration::from_nanos(1_000 * 10_u64.pow(power as u32));
        assert_eq!(bounds, [unit, 2 * unit, 5 * unit]);
    }
    assert_eq!(bounds.last(), Some(&Duration::from_secs(5_000)));
}

#[test]
fn a_bound_belongs_to_its_bucket() {
    let bucket_of = |duration| {
        let mut histogram = Histogram::default();
        histogram.record(duration);
        histogram.buckets().iter().position(|&count| count == 1)
    };
    let nano = Duration::from_nanos(1);
    for bucket in 0..Histogram::BUCKETS - 1 {
        let bound = Histogram::bound(bucket).unwrap();
        assert_eq!(bucket_of(bound), Some(bucket));
        assert_eq!(bucket_of(bound + nano), Some(bucket + 1));
    }
    assert_eq!(bucket_of(Duration::ZERO), Some(0));
    assert_eq!(bucket_of(Duration::MAX), Some(Histogram::BUCKETS - 1));
}

#[test]
fn an_empty_histogram_has_no_quantile() {
    let empty = Histogram::default();
    assert_eq!(
        (empty.count(), empty.sum(), empty.max()),
        (0, Duration::ZERO, Duration::ZERO)
    );
    assert_eq!(empty.quantile(0.5), None);
}

/// A quantile is never below the exact one, and at most 2.5 times as high.
#[test]
fn quantiles_are_those_of_a_sorted_list_up_to_the_bucket() {
    for seed in 0..50 {
        let mut draws = Stream::new(seed);
        let mut histogram = Histogram::default();
        let count = 1 + draws.below(300);
        let mut drawn = || {
            let bits = 10 + draws.below(30);
            Duration::from_nanos(1_000 + draws.below(1 << bits))
        };
        let mut durations: Vec<Duration> = (0..count).map(|_| drawn()).collect();
        durations
            .iter()
            .for_each(|&duration| histogram.record(duration));
        durations.sort_unstable();
        for q in [-1.0, 0.0, 0.01, 0.5, 0.9, 0.99, 1.0, 7.0] {
            let rank = (q * count as f64).ceil().clamp(1.0, count as f64) as usize;
            let exact = durations[rank - 1];
            let found = histogram.quantile(q).unwrap();
            assert!(
                found >= exact && found <= exact * 5 / 2,
                "{q}: {found:?} for {exact:?}"
            );
        }
        assert_eq!(histogram.quantile(1.0), durations.last().copied());
        assert!(histogram.quantile(f64::NAN).is_some());
    }
}

#[test]
fn merging_is_recording_all_in_one() {
    let mut draws = Stream::new(3);
    let [mut one, mut other, mut both] = [0; 3].map(|_| Histogram::default());
    for number in 0..500 {
        let duration = Duration::from_nanos(draws.below(1 << 40));
        [&mut one, &mut other][number % 2].record(duration);
        both.record(duration);
    }
    one.merge(&other);
    assert_eq!(one, both);
    assert_eq!(one.count(), 500);
}

#[test]
fn a_sum_that_is_too_large_stays_the_largest() {
    let mut histogram = Histogram::default();
    histogram.record(Duration::MAX);
    histogram.record(Duration::MAX);
    assert_eq!((histogram.count(), histogram.sum()), (2, Duration::MAX));
    assert_eq!(histogram.quantile(0.1), Some(Duration::MAX));
}
