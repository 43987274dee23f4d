//! Defects of henyey-work, reproduced by running it.

use crate::workbench::*;
use crankwork::{
    AddError, DependencyError, Next, Retain, Retry, Spec, WorkSchedulerConfig, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;

#[test]
fn blocked_reaches_the_grandchildren_and_the_run_ends_with_all_settled() {
    let mut b = Bench::with_permits(4);
    let bad = b.add("bad", failing());
    let mut last = bad;
    let chain: Vec<_> = (0..50)
        .map(|_| {
            last = b.add_spec(Spec::new("next", done()).after(last));
            last
        })
        .collect();
    b.run();
    assert!(chain.iter().all(|&id| b.state(id) == WorkState::Blocked));
    let root = b.outcome(last).failure().unwrap().to_string();
    assert_eq!(root, "no luck");
    assert_eq!(b.s.metrics().unsettled(), 0);
}

#[test]
fn an_unknown_dependency_is_refused_when_the_work_is_added() {
    let mut b = Bench::with_permits(4);
    let gone = b.add("gone", done());
    b.run();
    b.s.reap(gone).unwrap();
    let refused = b.s.add(Spec::new("a", done()).after(gone)).unwrap_err();
    assert!(matches!(refused, AddError::Dependency(_)), "{refused}");
    let foreign = Bench::with_permits(1).add("foreign", done());
    let refused = b.s.add_work(Box::new(done()), &[foreign], 0).unwrap_err();
    assert!(
        refused.to_string().contains("another scheduler"),
        "{refused}"
    );
    assert_eq!(b.s.next(), Next::Idle);
}

#[test]
fn a_cycle_is_refused_with_its_path() {
    let mut b = Bench::with_permits(1);
    let first = b.add_spec(Spec::new("first", done()));
    let second = b.add_spec(Spec::new("second", done()).after(first));
    let third = b.add_spec(Spec::new("third", done()).after(second));
    let refused = b.s.add_dependency(third, first).unwrap_err();
    let DependencyError::Cycle(path) = &refused else {
        panic!("{refused}");
    };
    let mut names: Vec<&str> = path.0.iter().map(|(_, name)| &**name).collect();
    names.sort_unstable();
    assert_eq!(names, ["first", "second", "third"]);
    b.run();
    assert_eq!(b.s.metrics().success, 3);
}

#[test]
fn the_retry_budget_is_there_for_every_failed_attempt() {
    let mut b = Bench::with_permits(1);
    let a = b.s.add_work(Box::new(failing()), &[], 3).unwrap();
    b.run();
    assert_eq!((b.state(a), b.s.metrics().attempts), (WorkState::Failed, 4));
}

#[test]
fn works_start_in_the_order_in_which_they_were_added() {
    let mut b = Bench::with_permits(3);
    let names: Vec<String> = (0..100).map(|i| format!("w{}", i * 7919 % 100)).collect();
    for name in &names {
        b.add(name.clone(), done());
    }
    b.run();
    let log = b.lines();
    let started: Vec<&str> = log
        .iter()
        .filter_map(|line| line.strip_suffix(": poll 1"))
        .collect();
    assert_eq!(started, names);
}

#[test]
fn a_limit_as_large_as_the_number_of_works_costs_one_turn_each() {
    const N: u64 = 30_000;
    let mut b = Bench::new(WorkSchedulerConfig::default().max_concurrency(N as usize));
    for _ in 0..N {
        b.s.add_fn("a", |_| std::task::Poll::Ready(Ok(()))).unwrap();
    }
    let summary = b.run();
    assert_eq!((summary.turns, summary.settled), (N, N));
}

#[test]
fn entries_are_freed() {
    for (retain, left) in [
        (Retain::All, 200),
        (Retain::Failures, 100),
        (Retain::Nothing, 0),
    ] {
        let mut b = Bench::new(WorkSchedulerConfig::default().retain(retain));
        for _ in 0..100 {
            b.add("good", done());
            b.add("bad", failing());
            b.run();
        }
        assert_eq!(b.s.metrics().in_scheduler, left, "{retain:?}");
        assert_eq!(b.s.metrics().total, 200);
        b.s.reap_settled();
        assert_eq!(b.s.metrics().in_scheduler, 0);
    }
}

#[test]
fn a_host_that_adds_and_settles_for_ever_stays_flat() {
    let mut b = Bench::new(WorkSchedulerConfig::default().retain(Retain::Nothing));
    for _ in 0..10_000 {
        b.add("parent", parenting("child", done));
        b.run();
        b.lines();
        assert_eq!(b.s.metrics().in_scheduler, 0);
    }
    assert_eq!(b.s.metrics().total, 20_000);
}

#[test]
fn works_can_be_added_while_others_run() {
    let mut b = Bench::with_permits(1);
    b.add(
        "adds",
        Probe::new(|cx| {
            let one = cx.spawn_root(Spec::new("one", done())).unwrap();
            cx.spawn_root(Spec::new("two", done()).after(one)).unwrap();
            OK
        }),
    );
    let remote = b.s.remote();
    remote
        .post(|_, scheduler| {
            scheduler.add(Spec::new("posted", done())).unwrap();
        })
        .unwrap();
    b.turns(1);
    b.add("between", done());
    b.run();
    assert_eq!(b.s.metrics().success, 5);
}

#[test]
fn events_that_find_no_room_are_counted() {
    let mut b = Bench::new(WorkSchedulerConfig::default().events(5));
    for _ in 0..10 {
        b.add("a", done());
    }
    b.run();
    assert_eq!(b.events().len(), 5);
    let all = b.s.metrics();
    // Each work: Running or Queued then Running, and Success.
    assert_eq!(all.events_dropped, 4 * 2 + 6 * 3 - 5);

    let seen: Rc<RefCell<u32>> = Rc::default();
    let count = seen.clone();
    let mut b = Bench::new(WorkSchedulerConfig::default().event_sink(move |_: &_| {
        *count.borrow_mut() += 1;
        count.borrow().is_multiple_of(2)
    }));
    b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
    b.run();
    // Running, Retrying, Queued, Running, Failed; every second is taken.
    assert_eq!((*seen.borrow(), b.s.metrics().events_dropped), (5, 3));
}
