//! Retry constants and back-off, as stellar-core's `BasicWork` has them.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{Backoff, Next, Retry, Spec, WorkSchedulerConfig, WorkState};

#[test]
fn the_constants() {
    let limits = [Retry::NEVER, Retry::ONCE, Retry::A_FEW, Retry::A_LOT].map(Retry::limit);
    assert_eq!(limits, [0, 1, 5, 32]);
    assert_eq!(Retry::default(), Retry::NEVER);
    for limit in limits {
        let mut b = Bench::new(WorkSchedulerConfig::default());
        b.add_spec(Spec::new("a", failing()).retry(Retry::times(limit)));
        b.run();
        assert_eq!(b.s.metrics().attempts, limit as u64 + 1);
    }
}

/// The delays, in seconds, between the attempts of the works of that name.
fn delays(seed: u64, more: &[&'static str], name: &'static str) -> Vec<u64> {
    let mut b = Bench::new(
        WorkSchedulerConfig::default()
            .seed(seed)
            .max_concurrency(99),
    );
    for &other in more {
        b.add_spec(Spec::new(other, failing()).retry(Retry::A_LOT));
    }
    let a = b.add_spec(Spec::new(name, failing()).retry(Retry::times(14)));
    let mut delays = Vec::new();
    let mut last = b.s.now();
    b.crank();
    while let Some(eta) = b.s.retry_eta(a) {
        delays.push((eta - last).as_secs());
        last = eta;
        // The others' attempts in between, then its own.
        while let Next::At(next) = b.s.next()
            && next <= eta
        {
            b.crank_at(next);
        }
    }
    delays
}

#[test]
fn exponential_delays_are_whole_seconds_within_their_bounds_and_vary() {
    let mut distinct = std::collections::BTreeSet::new();
    for seed in 0..30 {
        let delays = delays(seed, &[], "a");
        assert_eq!((delays.len(), delays[0]), (14, 1));
        for (n, &delay) in delays.iter().enumerate().skip(1) {
            let m = n.min(9) as u32;
            let bounds = 2_u64.pow(m - 1) + 1..=2_u64.pow(m);
            assert!(bounds.contains(&delay), "seed {seed}, retry {n}: {delay} s");
        }
        distinct.insert(delays[9]);
    }
    assert!(distinct.len() > 15, "{distinct:?}");
}

#[test]
fn the_jitter_comes_from_the_works_own_stream() {
    let alone = delays(7, &[], "a");
    assert_eq!(delays(7, &[], "a"), alone, "the same seed, the same delays");
    assert_eq!(
        delays(7, &["other", "another"], "a"),
        alone,
        "whoever else draws"
    );
    assert_ne!(delays(8, &[], "a"), alone, "another seed");
    assert_ne!(delays(7, &[], "b"), alone, "another name");
    // A second work of this name is another work.
    assert_ne!(delays(7, &["a"], "a"), alone);
}

#[test]
fn a_works_own_backoff_beats_the_schedulers() {
    let mut b = Bench::with_permits(4);
    let own = Retry::ONCE.with_backoff(Backoff::fixed(secs(3)));
    let own = b.add_spec(Spec::new("own", failing()).retry(own));
    let common = b.add_spec(Spec::new("common", failing()).retry(Retry::ONCE));
    b.crank();
    assert_eq!(b.s.retry_eta(own), Some(at_secs(3)));
    assert_eq!(b.s.retry_eta(common), Some(at_secs(10)));
}

#[test]
fn restart_gives_the_retries_back() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
    b.run();
    b.s.restart(a).unwrap();
    assert_eq!(b.s.metrics().retries_left, 1);
    b.run();
    assert_eq!(b.state(a), WorkState::Failed);
    assert_eq!(b.s.metrics().attempts, 4);
}
