//! L19, L20 and L25 with a host that interferes: whatever happened before, shutdown ends, within the longest grace.

use super::ledger::anything;
use crate::units::secs;
use crate::workbench::*;
use crankwork::{
    Next, OnChildFailure, Retain, Retry, Spec, Stream, Time, WorkId, WorkSchedulerConfig,
};

/// Something that a host may do between two cranks.
fn interfere(b: &mut Bench, ids: &mut Vec<WorkId>, luck: &mut Stream) {
    let all = b.s.snapshot();
    let pick = |luck: &mut Stream| all.get(luck.below(all.len() as u64) as usize).map(|w| w.id);
    let (Some(one), Some(two)) = (pick(luck), pick(luck)) else {
        return;
    };
    // Most of these may be refused, depending on the states: that is not the point.
    match luck.below(10) {
        0 => drop(b.s.cancel(one)),
        1 => drop(b.s.wake(one)),
        2 => drop(b.s.restart(one)),
        3 => drop(b.s.add_dependency(one, two)),
        4 => b.s.set_pool_capacity("disk", luck.below(3) as u32),
        5 => {
            b.s.set_pool_capacity("max_concurrency", 1 + luck.below(3) as u32)
        }
        6 => drop(b.s.reap(one)),
        7 => b.s.remote().cancel(one),
        _ => {
            let work = anything(Stream::new(luck.next_u64()), 0);
            let spec = Spec::new("late", work).retry(Retry::ONCE);
            let spec = match luck.below(4) {
                0 => spec.parent(one),
                1 => spec.after(one),
                2 => spec.after_settled(one).pool("disk", 1),
                _ => spec.on_child_failure(OnChildFailure::Collect),
            };
            ids.extend(b.s.add(spec).ok().map(|handle| handle.id()));
        }
    }
}

fn crank(b: &mut Bench, turns: u64, now: &mut Time) -> Next {
    let next = b.turns_at(*now, turns).next;
    b.s.audit().unwrap();
    if let Next::At(at) = next {
        *now = at;
    }
    next
}

#[test]
fn l25_shutdown_ends_at_any_moment_of_any_mess() {
    let (mut attempts, mut cancelled, mut forced) = (0, 0, 0);
    for seed in 0..400 {
        let mut luck = Stream::new(seed);
        let retain = [Retain::All, Retain::Failures, Retain::Nothing][luck.below(3) as usize];
        let config = WorkSchedulerConfig::default().max_concurrency(2);
        let config = config.retry_delay(secs(1)).pool("disk", 2);
        let mut b = Bench::new(config.abort_grace(secs(5)).retain(retain));
        let mut now = Time::ZERO;
        let mut ids = vec![b.add("first", anything(Stream::new(luck.next_u64()), 0))];
        for _ in 0..luck.below(120) {
            interfere(&mut b, &mut ids, &mut luck);
            crank(&mut b, 1 + luck.below(4), &mut now);
        }
        let begun = b.s.now();
        b.s.shutdown();
        let mut cranks = 0;
        while crank(&mut b, 1, &mut now) != Next::Idle {
            cranks += 1;
            assert!(cranks < 10_000, "seed {seed}: {}", b.s.stall_report());
        }
        assert!(b.s.now() - begun <= secs(6), "seed {seed}");
        assert_eq!(b.s.metrics().unsettled(), 0, "seed {seed}");
        for id in ids {
            assert!(b.s.state(id).is_none_or(|state| state.is_settled()));
        }
        let metrics = b.s.metrics();
        attempts += metrics.attempts;
        cancelled += metrics.cancelled;
        forced += metrics.forced_aborts;
    }
    // It was a mess: these floors are well below what the seeds give.
    assert!(
        attempts > 2_000 && cancelled > 1_000 && forced > 200,
        "{attempts} {cancelled} {forced}"
    );
}
