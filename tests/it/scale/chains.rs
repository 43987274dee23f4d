//! Works in a row: each is after the one before.

use super::{Count, Leaf, MILLION, add, assert_flat, failing_leaf, finish, leaf, scheduler};
use crankwork::{Retain, Spec, WorkId, WorkOutcome, WorkScheduler};

/// Adds `first`, and behind it a million less one. Returns the ids of the first and of the last.
fn chain(s: &mut WorkScheduler<Count>, first: Spec<Count, Leaf>) -> (WorkId, WorkId) {
    let first = add(s, first);
    let last = (1..MILLION).fold(first, |last, _| add(s, leaf().after(last)));
    (first, last)
}

#[test]
fn a_chain_of_a_million_succeeds() {
    let mut s = scheduler(Retain::Nothing);
    chain(&mut s, leaf());
    assert_eq!(finish(&mut s), MILLION as u64);
    assert_flat(&s);
}

#[test]
fn a_chain_of_a_million_is_blocked_by_its_first_and_knows_the_root_cause() {
    let mut s = scheduler(Retain::All);
    let (first, last) = chain(&mut s, failing_leaf());
    assert_eq!(finish(&mut s), 1);
    assert_eq!(s.metrics().blocked, MILLION as u64 - 1);
    let Some(WorkOutcome::Blocked(root)) = s.outcome(last) else {
        panic!("{:?}", s.outcome(last));
    };
    assert_eq!((root.id, &*root.name), (first, "first"));
    assert_eq!(s.reap_settled(), MILLION as usize);
    assert_flat(&s);
}

#[test]
fn a_blocked_chain_of_a_million_is_reclaimed_at_once_if_nothing_is_retained() {
    let mut s = scheduler(Retain::Nothing);
    let (first, _) = chain(&mut s, leaf());
    s.cancel(first).unwrap();
    finish(&mut s);
    assert_eq!(s.metrics().blocked, MILLION as u64 - 1);
    assert_flat(&s);
}

/// The edges are added one by one, from either end of the chain; each is searched for a cycle.
#[test]
fn a_chain_of_a_million_can_be_joined_from_either_end() {
    for backwards in [false, true] {
        let mut s = scheduler(Retain::Nothing);
        let ids: Vec<WorkId> = (0..MILLION).map(|_| add(&mut s, leaf())).collect();
        let mut pairs: Vec<_> = ids.windows(2).collect();
        if backwards {
            pairs.reverse();
        }
        for pair in pairs {
            s.add_dependency(pair[0], pair[1]).unwrap();
        }
        let refused = s.add_dependency(ids[ids.len() - 1], ids[0]).unwrap_err();
        assert!(refused.to_string().contains("(999988 more)"), "{refused}");
        assert_eq!(finish(&mut s), MILLION as u64);
        assert_flat(&s);
    }
}

#[test]
fn a_chain_of_a_million_is_cancelled() {
    let mut s = scheduler(Retain::Nothing);
    let first = add(&mut s, leaf());
    (1..MILLION).fold(first, |last, _| add(&mut s, leaf().after_settled(last)));
    s.cancel_all();
    assert_eq!(finish(&mut s), 0);
    assert_eq!(s.metrics().cancelled, MILLION as u64);
    assert_flat(&s);
}
