//! Works that come and go for ever need no more memory than those that are there at once.

use super::{Count, add, leaf};
use crankwork::{Budget, Limits, Next, Retain, Time, WorkScheduler, WorkSchedulerConfig};

/// The number of works that `ten_million_works_in_flat_memory` adds.
const ALL: u64 = 10_000_000;

/// Ten million works come and go, a few thousand at a time, in a few thousand slots.
/// `CRANKWORK_SCALE_WORKS` says how many instead.
#[test]
fn ten_million_works_in_flat_memory() {
    const AT_ONCE: usize = 4_096;
    let all = std::env::var("CRANKWORK_SCALE_WORKS").map_or(ALL, |n| n.parse().unwrap());
    let mut s = WorkScheduler::<Count>::new(
        WorkSchedulerConfig::default()
            .retain(Retain::Nothing)
            // The engine never uses more slots than that.
            .limits(Limits::default().works(AT_ONCE).edges(AT_ONCE)),
    );
    let mut turns = 0;
    let mut added = 0;
    while added < all {
        let mut last = add(&mut s, leaf());
        let batch = (all - added).min(AT_ONCE as u64);
        for n in 1..batch {
            // A chain now and then, so that edges come and go as well.
            let spec = match n % 4 {
                0 => leaf().after(last),
                _ => leaf(),
            };
            last = add(&mut s, spec);
        }
        added += batch;
        let crank = s.crank_work(Time::from_nanos(added), &mut turns, Budget::unlimited());
        assert_eq!((crank.next, s.metrics().in_scheduler), (Next::Idle, 0));
    }
    assert_eq!(
        (turns, s.metrics().total, s.metrics().success),
        (all, all, all)
    );
    // Slots and edges are used again: full to the limit once more, and no further.
    let gate = add(&mut s, leaf());
    for _ in 1..AT_ONCE {
        add(&mut s, leaf().after(gate));
    }
    assert!(s.add(leaf()).is_err());
    assert_eq!(s.metrics().in_scheduler, AT_ONCE as u64);
}
