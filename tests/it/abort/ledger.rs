//! L20: the ledger adds up.

use crate::units::secs;
use crate::workbench::*;
use crankwork::{Next, OnChildFailure, Retry, Spec, Stream, Time, WorkSchedulerConfig, WorkState};
use std::task::Poll;

/// A work that does something of everything, as its stream says.
pub(super) fn anything(mut luck: Stream, depth: u32) -> Probe {
    let aborts = luck.below(4);
    Probe::new(move |cx| {
        if cx.children().any_running() && luck.chance(1, 2) {
            return Poll::Pending;
        }
        match luck.below(9) {
            0 => OK,
            1 => fail("bad luck"),
            2 => cx.sleep(secs(luck.below(4))).map(Ok),
            3 => {
                cx.release_permit();
                cx.yield_now()
            }
            4 => {
                cx.release_permit();
                cx.wake_after(secs(luck.below(3)));
                Poll::Pending
            }
            5 => {
                let id = cx.id();
                cx.cancel(id).unwrap();
                OK
            }
            6 => {
                cx.cancel_children();
                cx.yield_now()
            }
            _ if depth < 3 => {
                let child = anything(Stream::new(luck.next_u64()), depth + 1);
                let spec = Spec::new("child", child).retry(Retry::ONCE);
                let spec = match luck.below(3) {
                    0 => spec.pool("disk", 1),
                    1 => spec.no_permit().on_child_failure(OnChildFailure::Collect),
                    _ => spec.attempt_timeout(secs(2)),
                };
                // A host that has taken the pool away gets no child.
                let _ = cx.spawn(spec);
                cx.yield_now()
            }
            _ => cx.yield_now(),
        }
    })
    .on_abort(move |cx| match aborts {
        0 => cx.sleep(secs(1)),
        1 => Poll::Pending,
        _ => Poll::Ready(()),
    })
}

#[test]
fn l20_the_ledger_adds_up_after_every_crank_and_all_permits_come_back() {
    let (mut attempts, mut failed) = (0, 0);
    for seed in 0..300 {
        let config = WorkSchedulerConfig::default()
            .max_concurrency(2)
            .pool("disk", 2);
        let mut b = Bench::new(config.retry_delay(secs(1)));
        let mut luck = Stream::new(seed);
        for i in 0..6 {
            let work = anything(Stream::new(luck.next_u64()), 0);
            let spec = Spec::new("root", work)
                .retry(Retry::ONCE)
                .priority(i as i8 % 2);
            b.add_spec(if luck.chance(1, 3) {
                spec.pool("disk", 2)
            } else {
                spec
            });
        }
        // The engine checks itself after every crank: many small ones.
        let mut now = Time::ZERO;
        for _ in 0..100_000 {
            match b.turns_at(now, 1).next {
                Next::Idle => break,
                Next::At(t) => now = t,
                Next::Now => {}
                other => panic!("seed {seed}: {other:?}\n{}", b.s.stall_report()),
            }
        }
        assert_eq!(b.s.next(), Next::Idle, "seed {seed}");
        b.s.audit().unwrap();
        attempts += b.s.metrics().attempts;
        failed += b.s.metrics().failed;
        let all = [
            b.add("one", done()),
            b.add_spec(Spec::new("two", done()).pool("disk", 2)),
        ];
        for id in all {
            assert_eq!(b.state(id), WorkState::Running, "seed {seed}");
        }
        let third = b.add("three", done());
        assert_eq!(b.state(third), WorkState::Queued, "seed {seed}");
    }
    // These floors are well below what the seeds give.
    assert!(attempts > 2_000 && failed > 200, "{attempts} {failed}");
}
