//! L9: what `Next` promises.

use super::Step::{Done, Expect, Fail, Nap, Pending, Yield};
use super::{Lab, Script, Step, config, lab, lab_with, script, then, time_of};
use crate::units::{at_ms, ms};
use crankwork::WorkState::{self, Aborting, Joining, Queued, Retrying, Success, Waiting};
use crankwork::{Next, OnChildFailure, Retry, Spec, Stream, Time, VirtualDriver, WaitsFor};

#[test]
fn l09_idle_is_that_all_is_settled() {
    let mut lab = lab(1);
    assert_eq!(lab.s.next(), Next::Idle);
    assert_eq!(lab.crank(0).next, Next::Idle);
    lab.work("a", []);
    lab.work("b", [Fail("x")]);
    assert_eq!(lab.crank(0).next, Next::Idle);
}

#[test]
fn l09_a_call_into_the_engine_makes_next_stale() {
    let mut lab = lab(1);
    assert_eq!(lab.crank(0).next, Next::Idle);
    let a = lab.work("a", [Nap(9), Expect]);
    assert_eq!(lab.s.next(), Next::Now);
    assert_eq!(lab.crank(0).next, Next::At(at_ms(9)));
    lab.s.wake(a).unwrap();
    assert_eq!(lab.s.next(), Next::Now);
    assert_eq!(lab.crank(0).next, Next::External);
    let b = lab.work("b", []);
    assert_eq!(lab.s.next(), Next::External, "no permit for it");
    lab.s.set_pool_capacity("max_concurrency", 2);
    assert_eq!(lab.s.next(), Next::Now);
    let _ = lab.crank(0);
    assert_eq!(lab.state(b), Success);
    lab.s.remote().post(|_, _| ()).unwrap();
    assert_eq!(lab.s.next(), Next::Now);
    assert_eq!(lab.crank(0).next, Next::External);
    lab.s.cancel(a).unwrap();
    assert_eq!(lab.s.next(), Next::Now);
    assert_eq!(lab.crank(0).next, Next::Idle);
    lab.s.restart(b).unwrap();
    assert_eq!(lab.s.next(), Next::Now);
}

#[test]
fn l09_external_is_that_nothing_happens_before_an_outside_wake() {
    let mut lab = lab(1);
    let a = lab.work("a", [Expect]);
    assert_eq!(lab.crank(0).next, Next::External);
    for later in [1, 1_000, 1_000_000] {
        let crank = lab.crank(later);
        assert_eq!(
            (crank.turns, crank.settled, crank.next),
            (0, 0, Next::External)
        );
    }
    lab.s.wake(a).unwrap();
    assert_eq!(lab.crank(1_000_000).next, Next::Idle);
}

#[test]
fn l09_an_alarm_wins_over_external() {
    let mut lab = lab(2);
    lab.work("a", [Expect]);
    lab.work("b", [Nap(4)]);
    assert_eq!(lab.crank(0).next, Next::At(at_ms(4)));
    assert_eq!(lab.crank(4).next, Next::External);
}

/// Two works that watch each other.
fn embrace(lab: &mut Lab) {
    lab.work(
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
    lab.work(
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
    let mut lab = lab(2);
    embrace(&mut lab);
    let c = lab.work("c", []);
    let d = lab.add(script("d", []).after(c));
    assert_eq!(lab.crank(3).next, Next::Stalled);
    let report = lab.s.stall_report();
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
    let (a, b) = (lab.log.id("a"), lab.log.id("b"));
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
    let mut lab = lab(2);
    lab.work("a", [Nap(7), Expect]);
    let mut clock = VirtualDriver::new();
    let stall = lab.s.run_until_done(&mut lab.log, &mut clock).unwrap_err();
    assert_eq!(stall.report.works[0].waits_for, [WaitsFor::Wake]);
    assert_eq!((stall.summary.turns, stall.summary.finished), (2, at_ms(7)));
    // Nothing is lost: it goes on when it is woken.
    lab.s.wake(lab.log.id("a")).unwrap();
    lab.s.run_until_done(&mut lab.log, &mut clock).unwrap();
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
    let stubborn = Script::new([Expect]).on_abort([Nap(5), Done]);
    let stuck = Script::new([Expect]).on_abort([Expect]);
    let waiting: Vec<(Spec<super::Log, Script>, WorkState)> = vec![
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
        let mut lab = lab(9);
        let id = lab.add(spec);
        let mut next = lab.crank(0).next;
        if state == Aborting {
            lab.s.cancel(id).unwrap();
            next = lab.crank(0).next;
        }
        let name = lab.s.name(id).unwrap();
        assert_eq!(lab.state(id), state, "{name}");
        assert_next_is_true(&mut lab, next, &name);
    }
}

/// A crank just before the named time changes nothing, one at it does.
fn assert_next_is_true(lab: &mut Lab, next: Next, name: &str) -> Next {
    let time = time_of(next);
    assert!(time > lab.s.now(), "{name}: {time} has passed");
    lab.events();
    let before = lab.crank_at(Time::from_nanos(time.as_nanos() - 1));
    assert_eq!(
        (before.turns, before.next),
        (0, next),
        "{name}, just before {time}"
    );
    assert_eq!(lab.events(), "", "{name}, just before {time}");
    let on_time = lab.crank_at(time);
    let changed = !lab.events().is_empty();
    assert!(
        on_time.turns > 0 || changed,
        "{name}: {time} was a false alarm"
    );
    on_time.next
}

/// A work whose steps, limits and dependencies are drawn.
fn drawn(rng: &mut Stream, earlier: &[crankwork::WorkId]) -> Spec<super::Log, Script> {
    let steps: Vec<Step> = (0..rng.below(5)).map(|_| drawn_step(rng, 2)).collect();
    let abort: Vec<Step> = (0..rng.below(3))
        .map(|_| match rng.below(4) {
            0 => Nap(rng.below(20)),
            1 => Expect,
            2 => Yield,
            _ => Pending,
        })
        .collect();
    let mut spec = Spec::new("w", Script::new(steps).on_abort(abort))
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
                let spec = Spec::new("child", Script::new(child)).retry(Retry::ONCE);
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
        let mut lab = lab_with(config(2).pool("disk", 2).seed(seed));
        let mut ids = Vec::new();
        for _ in 0..1 + rng.below(6) {
            let spec = drawn(&mut rng, &ids);
            ids.push(lab.s.add(spec).unwrap().id());
        }
        let mut next = lab.crank(0).next;
        for _ in 0..500 {
            match next {
                Next::Now => panic!("seed {seed}: an unlimited crank has left something to do"),
                Next::At(_) => {
                    seen[0] += 1;
                    if rng.chance(1, 6) {
                        // The host calls in between; the old answer is stale then.
                        lab.s
                            .cancel(ids[rng.below(ids.len() as u64) as usize])
                            .unwrap();
                        next = lab.crank_at(lab.s.now()).next;
                    } else {
                        next = assert_next_is_true(&mut lab, next, &format!("seed {seed}"));
                    }
                }
                Next::External | Next::Stalled => {
                    seen[if next == Next::External { 1 } else { 2 }] += 1;
                    next = nothing_happens_until_woken(&mut lab, next, seed);
                }
                Next::Idle => break,
            }
        }
        if next == Next::Idle {
            seen[3] += 1;
            assert_eq!(lab.s.metrics().unsettled(), 0, "seed {seed}");
        }
    }
    // All answers but a stall came up, and most programs came to their end.
    assert!(seen[0] > 1_000 && seen[1] > 50 && seen[3] > 300, "{seen:?}");
}

#[test]
fn l09_the_failure_of_an_attempt_to_come_is_nothing_to_do_now() {
    let mut lab = lab(1);
    lab.work("holder", [Nap(50)]);
    let _ = lab.crank(0);
    let parent = lab.work("parent", []);
    let child = lab.add(script("child", []).parent(parent));
    let _ = lab.crank(0);
    assert_eq!(lab.states(&[parent, child]), [Queued, WorkState::Pending]);
    lab.s.cancel(child).unwrap();
    assert_eq!(lab.s.next(), Next::At(at_ms(50)));
    lab.run();
    assert_eq!(lab.state(parent), WorkState::Failed);
}

fn nothing_happens_until_woken(lab: &mut Lab, next: Next, seed: u64) -> Next {
    lab.events();
    let later = lab.s.now() + ms(100_000);
    let crank = lab.crank_at(later);
    assert_eq!((crank.turns, crank.next), (0, next), "seed {seed}");
    assert_eq!(lab.events(), "", "seed {seed}");
    let report = lab.s.stall_report();
    assert_eq!(report.works.len() as u64, lab.s.metrics().unsettled());
    let all_wait = report.works.iter().all(|work| !work.waits_for.is_empty());
    assert!(all_wait, "seed {seed}: {report}");
    for work in &report.works {
        lab.s.wake(work.id).unwrap();
    }
    if lab.s.next() != Next::Now {
        lab.s.cancel_all();
    }
    lab.crank_at(later).next
}

#[test]
fn l09_nothing_is_left_to_do_now_after_an_unlimited_crank() {
    // Permits enough for all of the mixture, and for two works that wait for each other for ever.
    let mut lab = lab_with(config(20).pool("disk", 2));
    super::order::mixture(&mut lab);
    embrace(&mut lab);
    let mut crank = lab.crank(0);
    let mut cranks = 1;
    while let Next::At(time) = crank.next {
        assert!(lab.ran() != "", "the crank at {time} has given turns");
        assert_eq!(crank.next, lab.s.next());
        crank = lab.crank_at(time);
        cranks += 1;
    }
    assert_eq!(crank.next, Next::Stalled);
    assert!(cranks > 5, "only {cranks} cranks");
}
