//! Catch-ups in virtual time.

use crate::common::{EIGHT, SIXTY_FOUR, catch_up, simulation};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

#[test]
fn without_faults_it_ends_right_at_the_first_attempt() {
    let ended = catch_up(&EIGHT.files);
    assert_eq!(ended.failure, None);
    assert_eq!(ended.hash, EIGHT.last_hash);
    assert_eq!((ended.ledger, ended.tally.ledgers), (511, 511));
    assert_eq!(ended.tally.retries, 0);
    // Every file but the states of earlier checkpoints, once.
    let asked = EIGHT.files.keys();
    let asked = asked.filter(|file| file.is_packed()).count() as u64 + 2;
    assert!(ended.tally.attempts <= asked);
    assert_eq!(ended.tally.attempts, ended.tally.files);
}

#[test]
fn a_hundred_seeds_with_faults_end_right() {
    let next = AtomicU64::new(0);
    let work = || {
        while let seed @ 0..100 = next.fetch_add(1, Ordering::Relaxed) {
            let run = simulation(&SIXTY_FOUR.files, 0.2, seed).run(false);
            let ended = run.unwrap().ended;
            assert_eq!(ended.failure, None, "seed {seed}");
            assert_eq!(ended.hash, SIXTY_FOUR.last_hash, "seed {seed}");
            assert!(ended.tally.retries > 0, "seed {seed}");
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
}

#[test]
fn the_same_seed_gives_the_same_events_byte_by_byte() {
    let run = |seed| simulation(&EIGHT.files, 0.3, seed).run(true).unwrap();
    let (one, two, other) = (run(7), run(7), run(8));
    assert_eq!(one.events, two.events);
    assert_eq!(one.events_hash, two.events_hash);
    assert_eq!(one.ended.tally, two.ended.tally);
    assert_ne!(one.events_hash, other.events_hash);
    assert!(one.events.unwrap().lines().count() > 300);
}

#[test]
fn one_slot_is_enough() {
    let mut one = simulation(&EIGHT.files, 0.1, 3);
    one.settings.slots = 1;
    let ended = one.run(false).unwrap().ended;
    assert_eq!((ended.failure, ended.hash), (None, EIGHT.last_hash));
}

#[test]
fn fewer_checkpoints_than_there_are() {
    let mut some = simulation(&EIGHT.files, 0.0, 1);
    some.settings.checkpoints = Some(3);
    let ended = some.run(false).unwrap().ended;
    assert_eq!((ended.failure, ended.ledger), (None, 191));
}

#[test]
fn more_checkpoints_than_there_are() {
    let mut more = simulation(&EIGHT.files, 0.0, 1);
    more.settings.checkpoints = Some(9);
    let ended = more.run(false).unwrap().ended;
    let failure = ended.failure.unwrap();
    assert!(failure.contains("has 8 checkpoints, not 9"), "{failure}");
    assert_eq!(ended.ledger, 0);
}
