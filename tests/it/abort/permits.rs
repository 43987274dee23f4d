//! L16 to L19: who holds permits when, and who gets the next one.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::WorkState::{
    Aborting, Cancelled, Joining, Pending, Queued, Retrying, Running, Success, Waiting,
};
use crankwork::{Retry, Spec, WaitsFor, WorkId, WorkSchedulerConfig};
use std::task::Poll;

/// One permit, and a pool "disk" of one.
fn one_disk() -> Bench {
    let config = WorkSchedulerConfig::default().max_concurrency(1);
    Bench::new(config.retry_delay(secs(10)).pool("disk", 1))
}

/// One permit for two works: `a`, and behind it `other`, which is done in one turn.
fn with_one_behind(a: Probe) -> (Bench, [WorkId; 2]) {
    let mut b = Bench::with_permits(1);
    let ids = [b.add("a", a), b.add("other", done())];
    (b, ids)
}

#[test]
fn l16_a_permit_is_held_from_the_grant_not_from_the_first_turn() {
    let (mut b, [a, other]) = with_one_behind(done());
    assert_eq!(b.states([a, other]), [Running, Queued]);
    b.turns(1);
    assert_eq!(b.states([a, other]), [Success, Running]);
}

#[test]
fn l16_a_sleeper_keeps_its_permit() {
    let (mut b, [a, other]) = with_one_behind(napping(secs(10)));
    b.crank();
    b.crank_at(at_secs(9));
    assert_eq!(b.states([a, other]), [Waiting, Queued]);
    b.crank_at(at_secs(10));
    assert_eq!(b.state(other), Success);
}

#[test]
fn l16_an_aborting_work_keeps_its_permit() {
    let (mut b, [a, other]) = with_one_behind(idling().on_abort(slowly(secs(3))));
    b.crank();
    b.s.cancel(a).unwrap();
    b.crank_at(at_secs(2));
    assert_eq!(b.states([a, other]), [Aborting, Queued]);
    b.crank_at(at_secs(5));
    assert_eq!(b.states([a, other]), [Cancelled, Success]);
}

#[test]
fn l16_the_same_holds_for_a_named_pool() {
    let mut b = Bench::new(WorkSchedulerConfig::default().pool("disk", 3));
    b.add_spec(Spec::new("a", napping(secs(4))).pool("disk", 2));
    let big = b.add_spec(Spec::new("big", done()).pool("disk", 2));
    let small = b.add_spec(Spec::new("small", done()).pool("net", 0));
    b.crank();
    assert_eq!(b.states([big, small]), [Queued, Success]);
    b.crank_at(at_secs(4));
    assert_eq!(b.state(big), Success);
}

#[test]
fn l17_a_pending_work_holds_no_permit() {
    let mut b = Bench::with_permits(1);
    let first = b.add_spec(Spec::new("first", idling()).no_permit());
    let pending = b.add_spec(Spec::new("pending", done()).after(first));
    let other = b.add("other", done());
    b.crank();
    assert_eq!(b.states([pending, other]), [Pending, Success]);
}

#[test]
fn l17_a_queued_work_holds_no_part_of_what_it_needs() {
    let mut b = one_disk();
    b.add_spec(Spec::new("owner", idling()).no_permit().pool("disk", 1));
    let queued = b.add_spec(Spec::new("queued", done()).pool("disk", 1));
    let low = b.add_spec(Spec::new("low", done()).no_permit());
    b.crank();
    assert_eq!(b.states([queued, low]), [Queued, Success]);
    // It lacks the disk only: the general permit is not out.
    let report = b.s.stall_report();
    let waits: Vec<_> = report.works.iter().flat_map(|w| &w.waits_for).collect();
    let lacks = |pool: &str| {
        waits
            .iter()
            .any(|w| matches!(w, WaitsFor::Permit { pool: p, .. } if *p == pool))
    };
    assert!(lacks("disk") && !lacks("max_concurrency"), "{report}");
}

#[test]
fn l17_a_work_that_backs_off_holds_no_permit() {
    let mut b = Bench::with_permits(1);
    let a = b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
    let other = b.add("other", napping(secs(3)));
    b.crank();
    assert_eq!(b.states([a, other]), [Retrying, Waiting]);
}

#[test]
fn l17_a_joining_parent_holds_no_permit() {
    let mut b = Bench::with_permits(1);
    let parent = b.add(
        "parent",
        Probe::new(|cx| {
            cx.spawn(Spec::new("child", napping(secs(5)))).unwrap();
            OK
        }),
    );
    b.crank();
    assert_eq!(b.state(parent), Joining);
    assert_eq!(b.state(b.find("child")), Waiting);
    b.run();
    assert_eq!(b.state(parent), Success);
}

#[test]
fn l17_a_parent_asleep_holds_no_permit_whatever_else_it_waits_for() {
    let mut b = Bench::with_permits(1);
    let other = b.add_spec(Spec::new("watched", idling()).no_permit());
    let parent = b.add(
        "parent",
        Probe::new(move |cx| {
            if cx.children().is_empty() {
                cx.spawn(Spec::new("child", napping(secs(5)))).unwrap();
            }
            if cx.children().all_done() {
                return OK;
            }
            cx.wake_after(secs(3600));
            cx.expect_wake();
            cx.watch(other).unwrap();
            Poll::Pending
        }),
    );
    b.crank();
    assert_eq!(b.state(parent), Waiting);
    assert_eq!(b.state(b.find("child")), Waiting);
    b.crank_at(at_secs(5));
    assert_eq!(b.state(parent), Success);
}

#[test]
fn l17_release_permit_gives_it_back_at_the_end_of_the_turn() {
    let mut b = Bench::with_permits(1);
    let mut turns = 0;
    b.add(
        "a",
        Probe::new(move |cx| {
            turns += 1;
            if turns > 1 {
                return OK;
            }
            cx.release_permit();
            // Still held in this turn: a work that is added now has to queue.
            let late = cx.spawn_root(Spec::new("late", done())).unwrap();
            assert_eq!(cx.state(late), Some(Queued));
            cx.yield_now()
        }),
    );
    b.turns(1);
    // A turn was wanted and the permit was gone; it comes back ahead of "late", which has not started.
    assert_eq!(b.state(b.find("late")), Queued);
    let events = b.events();
    assert!(
        events.iter().any(|e| e.ends_with("a Queued attempt 1")),
        "{events:?}"
    );
    b.crank();
    let polls: Vec<_> = b
        .lines()
        .into_iter()
        .filter(|l| l.contains("poll"))
        .collect();
    assert_eq!(polls, ["a: poll 1", "a: poll 1", "late: poll 1"]);
}

#[test]
fn l17_a_sleeper_that_released_its_permit_queues_for_it_when_woken() {
    let mut b = Bench::with_permits(1);
    let mut turns = 0;
    let a = b.add(
        "a",
        Probe::new(move |cx| {
            turns += 1;
            if turns == 1 {
                cx.release_permit();
                cx.wake_after(secs(1));
                return Poll::Pending;
            }
            OK
        }),
    );
    let other = b.add("other", napping(secs(5)));
    b.crank();
    assert_eq!(b.states([a, other]), [Waiting, Waiting]);
    b.crank_at(at_secs(1));
    assert_eq!(b.state(a), Queued);
    b.crank_at(at_secs(5));
    assert_eq!(b.state(a), Success);
}

#[test]
fn l17_a_release_in_the_last_turn_of_an_attempt_changes_nothing() {
    let mut b = Bench::with_permits(1);
    let mut attempts = 0;
    let a = b.add_spec(
        Spec::new(
            "a",
            Probe::new(move |cx| {
                attempts += 1;
                cx.release_permit();
                if attempts == 1 { fail("first") } else { OK }
            }),
        )
        .retry(Retry::ONCE),
    );
    b.run();
    assert_eq!(b.state(a), Success);
    // Nothing is left over: the one permit is free, and there is one only.
    b.add("b", idling());
    let c = b.add("c", idling());
    b.crank();
    assert_eq!(b.state(c), Queued);
}

#[test]
fn l18_an_attempt_that_comes_back_goes_ahead_of_those_not_yet_started() {
    let mut b = Bench::with_permits(1);
    let child = || {
        Probe::new(|cx| {
            cx.spawn_root(Spec::new("new 1", done())).unwrap();
            cx.spawn_root(Spec::new("new 2", done())).unwrap();
            OK
        })
    };
    b.add("parent", parenting("child", child));
    b.crank();
    let polls: Vec<_> = b
        .lines()
        .into_iter()
        .filter(|l| l.contains("poll"))
        .collect();
    let expected = ["parent", "child", "parent", "new 1", "new 2"];
    assert_eq!(polls, expected.map(|name| format!("{name}: poll 1")));
}

#[test]
fn l18_a_retry_joins_at_the_tail() {
    let config = WorkSchedulerConfig::default().max_concurrency(1);
    let mut b = Bench::new(config.retry_delay(secs(0)));
    b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
    // The back-off is over while "b" sleeps, and "c" has been waiting longer.
    b.add("b", napping(secs(1)));
    b.add("c", done());
    b.run();
    let starts: Vec<_> = b
        .lines()
        .into_iter()
        .filter(|l| l.contains("poll"))
        .collect();
    let expected = [
        "a: poll 1",
        "b: poll 1",
        "b: poll 1",
        "c: poll 1",
        "a: poll 2",
    ];
    assert_eq!(starts, expected);
}

#[test]
fn l19_aborting_needs_no_permit() {
    let mut b = Bench::with_permits(1);
    let back = b.add(
        "back",
        Probe::new(move |cx| {
            cx.release_permit();
            cx.wake_after(secs(1));
            Poll::Pending
        }),
    );
    b.add("owner", idling());
    b.crank();
    b.crank_at(at_secs(1));
    assert_eq!(b.state(back), Queued);
    b.lines();
    b.s.cancel(back).unwrap();
    b.crank();
    assert_eq!(b.state(back), Cancelled);
    assert_eq!(b.lines_of("back"), ["on_abort", "on_reset"]);
}

#[test]
fn l19_shutdown_ends_a_deep_tree_that_shares_one_permit() {
    fn nest(depth: u32) -> Probe {
        Probe::new(move |cx| {
            if depth > 0 && cx.children().is_empty() {
                cx.spawn(Spec::new("deeper", nest(depth - 1))).unwrap();
            }
            cx.expect_wake();
            Poll::Pending
        })
        .on_abort(slowly(secs(1)))
    }
    let mut b = Bench::new(
        WorkSchedulerConfig::default()
            .max_concurrency(1)
            .abort_grace(secs(60)),
    );
    let top = b.add("top", nest(8));
    b.crank();
    b.s.shutdown();
    let summary = b.run();
    assert_eq!(b.state(top), Cancelled);
    assert_eq!(summary.finished, at_secs(9));
    assert_eq!(b.s.metrics().forced_aborts, 0);
}
