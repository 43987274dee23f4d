//! L9: what `Next` promises.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Pending, Yield};
use crate::workbench::*;
use crankwork::WorkState::{self, Aborting, Joining, Queued, Retrying, Success, Waiting};
use crankwork::{Next, OnChildFailure, Retry, Spec, Stream, Time, VirtualDriver, WaitsFor};

#[test]
fn l09_idle_is_that_all_is_settled() {
    let mut bench = Bench::with_permits(1);
    assert_eq!(bench.s.next(), Next::Idle);
    assert_eq!(bench.crank().next, Next::Idle);
    bench.script("a", []);
    bench.script("b", [Fail("x")]);
    assert_eq!(bench.crank().next, Next::Idle);
}

#[test]
fn l09_a_call_into_the_engine_makes_next_stale() {
    let mut bench = Bench::with_permits(1);
    assert_eq!(bench.crank().next, Next::Idle);
    let a = bench.script("a", [Nap(9), Expect]);
    assert_eq!(bench.s.next(), Next::Now);
    assert_eq!(bench.crank().next, Next::At(at_ms(9)));
    bench.s.wake(a).unwrap();
    assert_eq!(bench.s.next(), Next::Now);
    assert_eq!(bench.crank().next, Next::External);
    let b = bench.script("b", []);
    assert_eq!(bench.s.next(), Next::External, "no permit for it");
    bench.s.set_pool_capacity("max_concurrency", 2);
    assert_eq!(bench.s.next(), Next::Now);
    bench.crank();
    assert_eq!(bench.state(b), Success);
    bench.s.remote().post(|_, _| ()).unwrap();
    assert_eq!(bench.s.next(), Next::Now);
    assert_eq!(bench.crank().next, Next::External);
    bench.s.cancel(a).unwrap();
    assert_eq!(bench.s.next(), Next::Now);
    assert_eq!(bench.crank().next, Next::Idle);
    bench.s.restart(b).unwrap();
    assert_eq!(bench.s.next(), Next::Now);
}

#[test]
fn l09_external_is_that_nothing_happens_before_an_outside_wake() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script("a", [Expect]);
    assert_eq!(bench.crank().next, Next::External);
    for later in [1, 1_000, 1_000_000] {
        let crank = bench.crank_at(at_ms(later));
        assert_eq!(
            (crank.turns, crank.settled, crank.next),
            (0, 0, Next::External)
        );
    }
    bench.s.wake(a).unwrap();
    assert_eq!(bench.crank_at(at_ms(1_000_000)).next, Next::Idle);
}

#[test]
fn l09_an_alarm_wins_over_external() {
    let mut bench = Bench::with_permits(2);
    bench.script("a", [Expect]);
    bench.script("b", [Nap(4)]);
    assert_eq!(bench.crank().next, Next::At(at_ms(4)));
    assert_eq!(bench.crank_at(at_ms(4)).next, Next::External);
}

/// Two works that watch each other.
fn embrace(bench: &mut Bench) {
    bench.script(
        "a",
        [
            Yield,
            then(|cx| {
                let b = cx.app.id("b");
                cx.watch(b).unwrap();
                Pending
            }),
        ],
    );
    bench.script(
        "b",
        [then(|cx| {
            let a = cx.app.id("a");
            cx.watch(a).unwrap();
            Pending
        })],
    );
}

#[test]
fn l09_stalled_comes_with_a_report_of_who_waits_for_what() {
    let mut bench = Bench::with_permits(2);
    embrace(&mut bench);
    let c = bench.script("c", []);
    let d = bench.add_spec(script("d", []).after(c));
    assert_eq!(bench.crank_at(at_ms(3)).next, Next::Stalled);
    let report = bench.s.stall_report();
    assert_eq!(report.time, at_ms(3));
    let named: Vec<_> = report
        .works
        .iter()
        .map(|work| (&*work.name, work.state))
        .collect();
    assert_eq!(
        named,
        [
            ("a", Waiting),
            ("b", Waiting),
            ("c", Queued),
            ("d", WorkState::Pending)
        ]
    );
    let (a, b) = (bench.log.id("a"), bench.log.id("b"));
    assert_eq!(
        report.works[0].waits_for,
        [WaitsFor::Watched(b, "b".into())]
    );
    assert_eq!(
        report.works[1].waits_for,
        [WaitsFor::Watched(a, "a".into())]
    );
    let permit = WaitsFor::Permit {
        pool: "max_concurrency".into(),
        used: 2,
        capacity: 2,
    };
    assert_eq!(report.works[2].waits_for, [permit]);
    assert_eq!(
        report.works[3].waits_for,
        [WaitsFor::Dependency(c, "c".into())]
    );
    assert_eq!(report.works[3].id, d);
}

#[test]
fn l09_to_the_virtual_driver_external_with_nothing_outstanding_is_stalled() {
    let mut bench = Bench::with_permits(2);
    bench.script("a", [Nap(7), Expect]);
    let mut clock = VirtualDriver::new();
    let stall = bench
        .s
        .run_until_done(&mut bench.log, &mut clock)
        .unwrap_err();
    assert_eq!(stall.report.works[0].waits_for, [WaitsFor::Wake]);
    assert_eq!((stall.summary.turns, stall.summary.finished), (2, at_ms(7)));
    // Nothing is lost: it goes on when it is woken.
    bench.s.wake(bench.log.id("a")).unwrap();
    bench.s.run_until_done(&mut bench.log, &mut clock).unwrap();
}

#[test]
fn l09_timeout_says_how_long_a_host_may_wait() {
    let now = at_ms(10);
    assert_eq!(Next::Now.timeout(now), Some(ms(0)));
    assert_eq!(Next::At(at_ms(13)).timeout(now), Some(ms(3)));
    assert_eq!(Next::At(at_ms(9)).timeout(now), Some(ms(0)));
    for never in [Next::External, Next::Stalled, Next::Idle] {
        assert_eq!(never.timeout(now), None);
    }
}

/// Every kind of timer, alone: a crank at its time does something, one just before it nothing.
#[test]
fn l09_at_is_true_for_every_kind_of_timer() {
    let joining = || {
        then(|cx| {
            cx.spawn(script("child", [Expect])).unwrap();
            Done
        })
    };
    let stubborn = acting([Expect]).aborting([Nap(5), Done]);
    let stuck = acting([Expect]).aborting([Expect]);
    let waiting: Vec<(Spec<Log, Probe>, WorkState)> = vec![
        (script("alarm", [Nap(5)]), Waiting),
        (script("back-off", [Fail("x")]).retry(Retry::ONCE), Retrying),
        (script("deadline", [Expect]).deadline(at_ms(5)), Waiting),
        (
            script("deadline of one that joins", [joining()]).deadline(at_ms(5)),
            Joining,
        ),
        (script("timeout", [Expect]).attempt_timeout(ms(5)), Waiting),
        (
            script("timeout of one that joins", [joining()]).attempt_timeout(ms(5)),
            Joining,
        ),
        (Spec::new("alarm in an abort", stubborn), Aborting),
        (Spec::new("grace", stuck).abort_grace(ms(5)), Aborting),
    ];
    for (spec, state) in waiting {
        let mut bench = Bench::with_back_off(9, ms(10));
        let id = bench.add_spec(spec);
        let mut next = bench.crank().next;
        if state == Aborting {
            bench.s.cancel(id).unwrap();
            next = bench.crank().next;
        }
        let name = bench.s.name(id).unwrap();
        assert_eq!(bench.state(id), state, "{name}");
        assert_next_is_true(&mut bench, next, &name);
    }
}

/// A crank just before the named time changes nothing, one at it does.
fn assert_next_is_true(bench: &mut Bench, next: Next, name: &str) -> Next {
    let Next::At(time) = next else {
        panic!("{name}: {next:?}");
    };
    assert!(time > bench.s.now(), "{name}: {time} has passed");
    bench.events();
    let before = bench.crank_at(Time::from_nanos(time.as_nanos() - 1));
    assert_eq!(
        (before.turns, before.next),
        (0, next),
        "{name}, just before {time}"
    );
    assert_eq!(bench.events(), [""; 0], "{name}, just before {time}");
    let on_time = bench.crank_at(time);
    let changed = !bench.events().is_empty();
    assert!(
        on_time.turns > 0 || changed,
        "{name}: {time} was a false alarm"
    );
    on_time.next
}

/// A work whose steps, limits and dependencies are drawn.
fn drawn(rng: &mut Stream, earlier: &[crankwork::WorkId]) -> Spec<Log, Probe> {
    let steps: Vec<Step> = (0..rng.below(5)).map(|_| drawn_step(rng, 2)).collect();
    let abort: Vec<Step> = (0..rng.below(3))
        .map(|_| match rng.below(4) {
            0 => Nap(rng.below(20)),
            1 => Expect,
            2 => Yield,
            _ => Pending,
        })
        .collect();
    let mut spec = Spec::new("w", acting(steps).aborting(abort))
        .retry(Retry::times(rng.below(3) as u32))
        .abort_grace(ms(rng.below(30)))
        .priority(rng.below(3) as i8);
    if rng.chance(1, 2) {
        spec = spec.on_child_failure(OnChildFailure::Collect);
    }
    if rng.chance(1, 4) {
        spec = spec.attempt_timeout(ms(rng.below(30)));
    }
    if rng.chance(1, 4) {
        spec = spec.deadline(at_ms(rng.below(60)));
    }
    if rng.chance(1, 4) {
        spec = spec.pool("disk", 1 + rng.below(2) as u32);
    }
    if !earlier.is_empty() && rng.chance(1, 2) {
        let other = earlier[rng.below(earlier.len() as u64) as usize];
        spec = if rng.chance(1, 2) {
            spec.after(other)
        } else {
            spec.after_settled(other)
        };
    }
    spec
}

fn drawn_step(rng: &mut Stream, depth: u32) -> Step {
    match rng.below(if depth > 0 { 11 } else { 8 }) {
        0 => Yield,
        1 => Fail("drawn"),
        2 => Expect,
        3 => Nap(0),
        4..6 => Nap(1 + rng.below(20)),
        6 => then(|cx| {
            cx.release_permit();
            Nap(3)
        }),
        7 => Done,
        _ => {
            let child: Vec<Step> = (0..rng.below(4))
                .map(|_| drawn_step(rng, depth - 1))
                .collect();
            let last = drawn_step(rng, 0);
            then(move |cx| {
                let spec = Spec::new("child", acting(child)).retry(Retry::ONCE);
                let _: Result<crankwork::Handle<()>, _> = cx.spawn(spec);
                last
            })
        }
    }
}

#[test]
fn l09_next_is_true_of_drawn_programs() {
    let mut seen = [0; 4];
    for seed in 0..400 {
        let mut rng = Stream::new(seed);
        let mut bench = Bench::new(config(2).retry_delay(ms(10)).pool("disk", 2).seed(seed));
        let mut ids = Vec::new();
        for _ in 0..1 + rng.below(6) {
            let spec = drawn(&mut rng, &ids);
            ids.push(bench.add_spec(spec));
        }
        let mut next = bench.crank().next;
        for _ in 0..500 {
            match next {
                Next::Now => panic!("seed {seed}: an unlimited crank has left something to do"),
                Next::At(_) => {
                    seen[0] += 1;
                    if rng.chance(1, 6) {
                        // The host calls in between; the old answer is stale then.
                        bench
                            .s
                            .cancel(ids[rng.below(ids.len() as u64) as usize])
                            .unwrap();
                        next = bench.crank().next;
                    } else {
                        next = assert_next_is_true(&mut bench, next, &format!("seed {seed}"));
                    }
                }
                Next::External | Next::Stalled => {
                    seen[if next == Next::External { 1 } else { 2 }] += 1;
                    next = nothing_happens_until_woken(&mut bench, next, seed);
                }
                Next::Idle => break,
            }
        }
        if next == Next::Idle {
            seen[3] += 1;
            assert_eq!(bench.s.metrics().unsettled(), 0, "seed {seed}");
        }
    }
    // All answers but a stall came up, and most programs came to their end.
    assert!(seen[0] > 1_000 && seen[1] > 50 && seen[3] > 300, "{seen:?}");
}

#[test]
fn l09_the_failure_of_an_attempt_to_come_is_nothing_to_do_now() {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Nap(50)]);
    bench.crank();
    let parent = bench.script("parent", []);
    let child = bench.add_spec(script("child", []).parent(parent));
    bench.crank();
    assert_eq!(bench.states([parent, child]), [Queued, WorkState::Pending]);
    bench.s.cancel(child).unwrap();
    assert_eq!(bench.s.next(), Next::At(at_ms(50)));
    bench.run();
    assert_eq!(bench.state(parent), WorkState::Failed);
}

fn nothing_happens_until_woken(bench: &mut Bench, next: Next, seed: u64) -> Next {
    bench.events();
    let later = bench.s.now() + ms(100_000);
    let crank = bench.crank_at(later);
    assert_eq!((crank.turns, crank.next), (0, next), "seed {seed}");
    assert_eq!(bench.events(), [""; 0], "seed {seed}");
    let report = bench.s.stall_report();
    assert_eq!(report.works.len() as u64, bench.s.metrics().unsettled());
    let all_wait = report.works.iter().all(|work| !work.waits_for.is_empty());
    assert!(all_wait, "seed {seed}: {report}");
    for work in &report.works {
        bench.s.wake(work.id).unwrap();
    }
    if bench.s.next() != Next::Now {
        bench.s.cancel_all();
    }
    bench.crank_at(later).next
}

#[test]
fn l09_nothing_is_left_to_do_now_after_an_unlimited_crank() {
    // Permits enough for all of the mixture, and for two works that wait for each other for ever.
    let mut bench = Bench::new(config(20).retry_delay(ms(10)).pool("disk", 2));
    super::order::mixture(&mut bench);
    embrace(&mut bench);
    let mut crank = bench.crank();
    let mut cranks = 1;
    while let Next::At(time) = crank.next {
        assert!(bench.ran() != "", "the crank at {time} has given turns");
        assert_eq!(crank.next, bench.s.next());
        crank = bench.crank_at(time);
        cranks += 1;
    }
    assert_eq!(crank.next, Next::Stalled);
    assert!(cranks > 5, "only {cranks} cranks");
}
