//! Catch-ups in virtual time.

use crate::common::{EIGHT, eight};

#[test]
fn without_faults_it_ends_right_at_the_first_attempt() {
    let ended = eight(0.0, 1).run(false).unwrap().ended;
    assert_eq!(ended.failure, None);
    assert_eq!(ended.hash, EIGHT.1.last_hash);
    assert_eq!(ended.ledger, 511);
    assert_eq!(ended.tally.ledgers, 511);
    assert_eq!(ended.tally.retries, 0);
}

#[test]
fn with_faults_it_ends_right_too() {
    for seed in 0..20 {
        let ended = eight(0.3, seed).run(false).unwrap().ended;
        assert_eq!(ended.failure, None, "seed {seed}");
        assert_eq!(ended.hash, EIGHT.1.last_hash, "seed {seed}");
        assert!(ended.tally.retries > 0, "seed {seed}");
    }
}
