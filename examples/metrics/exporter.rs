//! From the scheduler's metrics to Prometheus text, through the `metrics` facade.
//!
//! The scheduler keeps totals. So counters and gauges are set to them, and a histogram records what has come since the
//! last page. The exporter's own metrics would go through the same recorder.

use crankwork::{GroupMetrics, Histogram, Metrics, WorkState};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{
    BuildError, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

/// The label of the works whose names have no group of their own.
pub const OTHER: &str = "(other)";

/// Makes a page of text from metrics.
pub struct Exporter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// The metrics of the last page.
    seen: Metrics,
}

impl Exporter {
    /// Returns an exporter whose histograms have the bounds of the scheduler's.
    pub fn new() -> Result<Self, BuildError> {
        let bounds = (0..).map_while(Histogram::bound);
        let bounds: Vec<f64> = bounds.map(|bound| bound.as_secs_f64()).collect();
        let recorder = PrometheusBuilder::new()
            .set_buckets(&bounds)?
            .build_recorder();
        metrics::with_local_recorder(&recorder, describe);
        Ok(Exporter {
            handle: recorder.handle(),
            recorder,
            seen: Metrics::default(),
        })
    }

    /// Returns the page of these metrics. It costs O(durations measured since the last page), since the facade takes
    /// them one by one.
    pub fn page(&mut self, metrics: Metrics) -> String {
        metrics::with_local_recorder(&self.recorder, || publish(&metrics, &self.seen));
        self.seen = metrics;
        self.handle.run_upkeep();
        self.handle.render()
    }
}

fn describe() {
    describe_counter!("crankwork_works_total", "Works ever added.");
    describe_counter!("crankwork_attempts_total", "Attempts ever begun.");
    describe_counter!("crankwork_turns_total", "Turns ever given.");
    describe_gauge!(
        "crankwork_works_in_state",
        "Works by state; settled ones include reclaimed ones."
    );
    describe_gauge!("crankwork_pool_permits", "Permits of a pool.");
    describe_gauge!("crankwork_pool_permits_used", "Permits that works hold.");
    let describe = |name, text| describe_histogram!(name, Unit::Seconds, text);
    describe("crankwork_queue_age_seconds", "From ready to turn.");
    describe("crankwork_permit_wait_seconds", "From Queued to permit.");
    describe("crankwork_turn_duration_seconds", "Wall time of a turn.");
}

/// Tells the recorder of this thread what has changed since `seen`.
fn publish(metrics: &Metrics, seen: &Metrics) {
    let nothing = GroupMetrics::default();
    for group in &metrics.by_name {
        // A group never goes away, but for a reset of the scheduler.
        let before = seen.by_name.iter().find(|before| before.name == group.name);
        let before = before.map_or(&nothing, |before| &before.works);
        publish_named(&group.name, &group.works, before);
    }
    publish_named(OTHER, &metrics.other, &seen.other);
    for (number, pool) in metrics.by_pool.iter().enumerate() {
        let label = pool.name.to_string();
        gauge!("crankwork_pool_permits", "pool" => label.clone()).set(pool.capacity);
        gauge!("crankwork_pool_permits_used", "pool" => label.clone()).set(pool.used);
        let before = seen.by_pool.get(number);
        let before = before.map_or(&nothing, |before| &before.works);
        let waits = histogram!("crankwork_permit_wait_seconds", "pool" => label);
        record(&waits, &pool.works.permit_wait, &before.permit_wait);
    }
}

fn publish_named(name: &str, group: &GroupMetrics, before: &GroupMetrics) {
    let label = || name.to_owned();
    counter!("crankwork_works_total", "name" => label()).absolute(group.works());
    counter!("crankwork_attempts_total", "name" => label()).absolute(group.attempts);
    counter!("crankwork_turns_total", "name" => label()).absolute(group.turns);
    for state in WorkState::ALL {
        gauge!("crankwork_works_in_state", "name" => label(), "state" => state.as_str())
            .set(group.in_state(state) as f64);
    }
    let ages = histogram!("crankwork_queue_age_seconds", "name" => label());
    record(&ages, &group.queue_age, &before.queue_age);
    let turns = histogram!("crankwork_turn_duration_seconds", "name" => label());
    record(&turns, &group.turn_duration, &before.turn_duration);
}

/// Records the durations that `now` has and `before` has not. Their buckets and their sum are known. So each is
/// recorded as a value of its bucket, and all as far above the lower bounds as the sum asks for.
fn record(into: &metrics::Histogram, now: &Histogram, before: &Histogram) {
    let counts = now.buckets().iter().zip(before.buckets());
    let new = counts.map(|(now, before)| now.saturating_sub(*before));
    let seconds = |bound: Option<std::time::Duration>| bound.map(|it| it.as_secs_f64());
    let buckets: Vec<(u64, f64, f64)> = new
        .enumerate()
        .map(|(bucket, count)| {
            let below = bucket.checked_sub(1).and_then(Histogram::bound);
            let low = seconds(below).map_or(0.0, f64::next_up);
            let high = seconds(Histogram::bound(bucket)).unwrap_or(now.max().as_secs_f64());
            (count, low, high.max(low))
        })
        .collect();
    let total = |of: fn(&(u64, f64, f64)) -> f64| -> f64 {
        buckets
            .iter()
            .map(|bucket| bucket.0 as f64 * of(bucket))
            .sum()
    };
    let (least, most) = (total(|bucket| bucket.1), total(|bucket| bucket.2));
    let sum = now.sum().saturating_sub(before.sum()).as_secs_f64();
    let part = match most > least {
        true => ((sum - least) / (most - least)).clamp(0.0, 1.0),
        false => 0.0,
    };
    for (count, low, high) in buckets {
        let value = (low + part * (high - low)).clamp(low, high);
        into.record_many(value, count as usize);
    }
}
