//! Decisions: the hook that a search uses, and that production never notices.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{
    Decider, Decision, DecisionKind, Fifo, Lifo, OnChildFailure, RandomOrder, Retry, Spec, Stream,
    WorkId, WorkSchedulerConfig, WorkState,
};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::task::Poll;

/// A step of one of the works of `workload`.
fn step(cx: &mut Cx<'_>, left: u64, depth: u32) -> Turn {
    match cx.rng().below(8) {
        _ if left == 0 => OK,
        0 => fail("bad luck"),
        1 | 2 => {
            let nap = cx.rng().below(3);
            cx.wake_after(secs(nap));
            Poll::Pending
        }
        3 => {
            cx.release_permit();
            cx.yield_now()
        }
        4 if depth < 2 => {
            let spec = Spec::new("child", worker(3, depth + 1)).retry(Retry::ONCE);
            cx.spawn(spec).unwrap();
            cx.yield_now()
        }
        _ => cx.yield_now(),
    }
}

fn worker(steps: u64, depth: u32) -> Probe {
    let mut left = steps;
    Probe::new(move |cx| {
        left = left.saturating_sub(1);
        step(cx, left, depth)
    })
}

/// Works of all kinds, with dependencies, ties and too few permits.
fn workload(seed: u64, decider: Option<Box<dyn Decider>>) -> Bench {
    let config = WorkSchedulerConfig::default().max_concurrency(3).seed(seed);
    let mut b = Bench::new(config.retry_delay(secs(1)).pool("disk", 2).events(1 << 20));
    b.s.set_decider(decider);
    let mut luck = Stream::new(seed);
    let mut ids: Vec<WorkId> = Vec::new();
    for i in 0..12_u64 {
        let name = ["get", "put", "check"][i as usize % 3];
        let mut spec = Spec::new(name, worker(4 + i % 3, 0)).retry(Retry::times(2));
        if let Some(&before) = ids.get(luck.below(12) as usize) {
            spec = spec.after(before);
        }
        if luck.chance(1, 3) {
            spec = spec.pool("disk", 1 + luck.below(2) as u32);
        }
        if luck.chance(1, 2) {
            spec = spec.on_child_failure(OnChildFailure::Collect);
        }
        ids.push(b.add_spec(spec));
    }
    for i in 0..4 {
        b.s.remote()
            .post(move |log: &mut Log, _| log.push(format!("post {i}")))
            .unwrap();
    }
    b.run();
    b.s.audit().unwrap();
    b
}

/// The decisions, as text.
type Seen = Rc<RefCell<Vec<String>>>;

fn watching(
    seen: &Seen,
    mut answer: impl FnMut(&Decision<'_>) -> usize + 'static,
) -> Box<dyn Decider> {
    let seen = seen.clone();
    Box::new(move |decision: &Decision<'_>| {
        let asks = matches!(decision.kind(), DecisionKind::Fault | DecisionKind::Choose);
        assert!(decision.arity() >= 2, "{:?}", decision.kind());
        let expected = if asks { 1 } else { decision.arity() };
        assert_eq!(decision.candidates().len(), expected);
        let candidates = decision
            .candidates()
            .map(|c| format!("{} {:x} {} {}", decision.path(&c), c.key, c.turn, c.attempt));
        let text = candidates.collect::<Vec<_>>().join(", ");
        seen.borrow_mut()
            .push(format!("{:?}: {text}", decision.kind()));
        answer(decision)
    })
}

#[test]
fn every_decision_has_two_answers_and_its_keys_are_the_same_in_every_run() {
    for seed in 0..20 {
        let runs = [Seen::default(), Seen::default()];
        for seen in &runs {
            let mut order = RandomOrder::new(seed);
            workload(seed, Some(watching(seen, move |d| order.decide(d))));
        }
        assert!(runs[0].borrow().len() > 10);
        assert_eq!(runs[0], runs[1], "seed {seed}");
    }
}

#[test]
fn all_kinds_of_orders_are_decided() {
    let seen = Seen::default();
    for seed in 0..20 {
        workload(seed, Some(watching(&seen, |_| 0)));
    }
    for kind in ["Turn", "Permit", "TimerTie", "Inbox"] {
        let prefix = format!("{kind}: ");
        assert!(
            seen.borrow().iter().any(|line| line.starts_with(&prefix)),
            "{kind}"
        );
    }
}

#[test]
fn keys_are_name_paths_and_other_works_do_not_shift_them() {
    let keys = |with_more: bool| {
        let seen = Seen::default();
        let mut b = Bench::with_permits(9);
        b.s.set_decider(Some(watching(&seen, |_| 0)));
        if with_more {
            b.add("more", parenting("child", done));
        }
        for _ in 0..2 {
            b.add("top", parenting("child", || napping(secs(1))));
        }
        b.run();
        let lines = seen.borrow();
        let parts = lines
            .iter()
            .flat_map(|l| l.split_once(": ").unwrap().1.split(", "));
        let keys = parts.map(|part| part.split(' ').take(2).collect::<Vec<_>>().join(" "));
        keys.filter(|key| key.starts_with("top"))
            .collect::<BTreeSet<String>>()
    };
    let alone = keys(false);
    let paths: Vec<&str> = alone
        .iter()
        .map(|key| key.split(' ').next().unwrap())
        .collect();
    assert_eq!(paths, ["top", "top/child", "top[1]", "top[1]/child"]);
    let distinct: BTreeSet<&str> = alone
        .iter()
        .map(|key| key.split(' ').nth(1).unwrap())
        .collect();
    assert_eq!(distinct.len(), 4);
    assert_eq!(keys(true), alone);
}

#[test]
fn answer_zero_is_production() {
    for seed in 0..40 {
        let mut plain = workload(seed, None);
        let events = plain.events();
        assert!(events.len() > 30);
        let deciders: [Box<dyn Decider>; 2] = [Box::new(Fifo), Box::new(|_: &Decision<'_>| 0)];
        for decider in deciders {
            let mut decided = workload(seed, Some(decider));
            assert_eq!(decided.events(), events, "seed {seed}");
            assert_eq!(decided.log.lines, plain.log.lines, "seed {seed}");
        }
    }
}

#[test]
fn an_answer_that_is_too_large_counts_as_the_last() {
    let mut last = workload(3, Some(Box::new(|_: &Decision<'_>| usize::MAX)));
    let mut lifo = workload(3, Some(Box::new(|d: &Decision<'_>| d.arity() - 1)));
    assert_eq!(last.events(), lifo.events());
}

/// Takes the last answer of one kind and the first of all others.
fn reversed(kind: DecisionKind) -> Box<dyn Decider> {
    Box::new(
        move |decision: &Decision<'_>| match decision.kind() == kind {
            true => Lifo.decide(decision),
            false => 0,
        },
    )
}

/// The names in the order of their last lines of that sort.
fn order(log: &[String], what: &str) -> Vec<String> {
    let suffix = format!(": {what}");
    let names = log.iter().filter_map(|line| line.strip_suffix(&suffix));
    names.map(str::to_owned).collect()
}

fn three(decider: Box<dyn Decider>, permits: usize, work: fn() -> Probe) -> Vec<String> {
    let mut b = Bench::with_permits(permits);
    b.s.set_decider(Some(decider));
    for name in ["a", "b", "c"] {
        b.add(name, work());
    }
    b.run();
    order(&b.log.lines, "on_success")
}

#[test]
fn lifo_reverses_turns() {
    assert_eq!(three(Box::new(Fifo), 9, done), ["a", "b", "c"]);
    assert_eq!(
        three(reversed(DecisionKind::Turn), 9, done),
        ["c", "b", "a"]
    );
    assert_eq!(three(Box::new(Lifo), 9, done), ["c", "b", "a"]);
}

#[test]
fn lifo_reverses_permits() {
    // The first has the only permit as soon as it is added.
    assert_eq!(
        three(reversed(DecisionKind::Permit), 1, done),
        ["a", "c", "b"]
    );
    assert_eq!(three(Box::new(Lifo), 1, done), ["a", "c", "b"]);
}

/// Where nobody hears of it, works may begin as they are released; not if somebody decides who does.
#[test]
fn who_is_released_is_decided_about_even_if_nobody_listens() {
    let mut b = Bench::new(WorkSchedulerConfig::default().max_concurrency(1));
    b.s.set_decider(Some(reversed(DecisionKind::Permit)));
    let first = b.add("a", done());
    for name in ["b", "c"] {
        b.add_spec(Spec::new(name, done()).after(first));
    }
    b.run();
    assert_eq!(order(&b.log.lines, "on_success"), ["a", "c", "b"]);
}

/// They wait in lanes of their own.
#[test]
fn works_that_need_more_or_less_of_one_pool_are_rivals() {
    let mut b = Bench::new(WorkSchedulerConfig::default().pool("disk", 2));
    b.s.set_decider(Some(reversed(DecisionKind::Permit)));
    b.add_spec(Spec::new("holder", napping(secs(1))).pool("disk", 2));
    for (name, weight) in [("one", 1), ("two", 2)] {
        b.add_spec(Spec::new(name, done()).pool("disk", weight));
    }
    b.run();
    assert_eq!(order(&b.log.lines, "on_success"), ["holder", "two", "one"]);
}

#[test]
fn lifo_reverses_timers_of_one_instant() {
    let nap: fn() -> Probe = || napping(secs(1));
    assert_eq!(three(Box::new(Fifo), 9, nap), ["a", "b", "c"]);
    assert_eq!(
        three(reversed(DecisionKind::TimerTie), 9, nap),
        ["c", "b", "a"]
    );
}

#[test]
fn timers_of_different_instants_are_no_tie() {
    let seen = Seen::default();
    let mut b = Bench::with_permits(4);
    b.s.set_decider(Some(watching(&seen, |_| 0)));
    b.add("a", napping(secs(1)));
    b.add("b", napping(secs(2)));
    b.crank();
    b.crank_at(at_secs(5));
    let seen = seen.borrow();
    assert!(seen.iter().any(|line| line.starts_with("Turn")), "{seen:?}");
    let tie = |line: &String| line.starts_with("TimerTie");
    assert!(!seen.iter().any(tie), "{seen:?}");
    assert_eq!(b.s.metrics().success, 2);
}

/// Fails the test unless the events keep the order of dependencies. The engine audits its permits itself, after every
/// crank of a debug build.
fn assert_lawful(b: &mut Bench, seed: u64) {
    let all = b.s.snapshot();
    let mut settled: BTreeSet<WorkId> = BTreeSet::new();
    let mut checked = 0;
    while let Some(event) = b.s.poll_event() {
        if event.state == WorkState::Running
            && let Some(work) = all.iter().find(|work| work.id == event.id)
        {
            let ready = work.deps.iter().all(|dep| settled.contains(dep));
            assert!(ready, "seed {seed}: {event}");
            checked += 1;
        }
        if event.state == WorkState::Success {
            settled.insert(event.id);
        }
    }
    assert!(checked > 2, "seed {seed}: only {checked} works began");
    assert_eq!(b.s.metrics().unsettled(), 0);
    for work in &all {
        let bad = |id: &WorkId| b.s.state(*id) != Some(WorkState::Success);
        let blocked = work.deps.iter().any(bad);
        assert_eq!(
            work.state == WorkState::Blocked,
            blocked,
            "seed {seed}: {}",
            work.name
        );
    }
}

#[test]
fn the_laws_hold_in_every_order() {
    let mut logs = BTreeSet::new();
    for seed in 0..200 {
        let mut b = workload(5, Some(Box::new(RandomOrder::new(seed))));
        logs.insert(b.lines());
        assert_lawful(&mut b, seed);
        let mut b = workload(seed, Some(Box::new(Lifo)));
        assert_lawful(&mut b, seed);
    }
    assert!(logs.len() > 150, "{} different schedules", logs.len());
}

#[test]
fn a_random_order_is_the_same_for_the_same_seed() {
    let run = |seed| workload(1, Some(Box::new(RandomOrder::new(seed)))).lines();
    assert_eq!(run(4), run(4));
    assert_ne!(run(4), run(5));
}

#[test]
fn faults_and_choices_are_zero_in_production_and_named_to_a_decider() {
    let asks = || {
        Probe::new(|cx| {
            let answers = (
                cx.fault("disk full"),
                cx.choose("many", 5),
                cx.choose("one", 1),
                cx.choose("none", 0),
            );
            cx.app.push(format!("{answers:?}"));
            OK
        })
    };
    let run = |decider: Option<Box<dyn Decider>>| {
        let mut b = Bench::with_permits(1);
        b.s.set_decider(decider);
        b.add("a", asks());
        b.run();
        b.log.lines.swap_remove(2)
    };
    let nothing = "(false, 0, 0, 0)";
    assert_eq!(run(None), nothing);
    let quiet: [Box<dyn Decider>; 2] = [Box::new(Fifo), Box::new(Lifo)];
    for decider in quiet {
        assert_eq!(run(Some(decider)), nothing);
    }
    let sites: Seen = Seen::default();
    let note = sites.clone();
    let decider = move |d: &Decision<'_>| {
        let line = format!("{:?} {:?} of {}", d.kind(), d.site(), d.arity());
        note.borrow_mut().push(line);
        d.arity() - 1
    };
    assert_eq!(run(Some(Box::new(decider))), "(true, 4, 0, 0)");
    assert_eq!(
        *sites.borrow(),
        ["Fault \"disk full\" of 2", "Choose \"many\" of 5"]
    );
}
