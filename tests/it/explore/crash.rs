//! Nodes that crash, and start again with what was durable; and what else faults leave to do between turns.

use super::conditions::{App, passes, search};
use crate::units::{at_ms, ms, secs};
use crankwork::explore::{Explore, Family, Fault, Faults, Item, Node, Policy, Sim, Step, Verdict};
use crankwork::{WorkContext, WorkScheduler};
use std::task::{Poll, ready};

/// A counter with what is on its disk.
#[derive(Default)]
struct Counter {
    count: u32,
    disk: u32,
}

/// Counts to five. The careful counter writes in the turn in which it counts, the careless one in the next.
fn counts(work: &mut WorkScheduler<Counter>, is_careful: bool) {
    let mut is_due = false;
    let counts = move |cx: &mut WorkContext<'_, Counter>| {
        if std::mem::take(&mut is_due) {
            cx.app.disk = cx.app.count;
        }
        if cx.app.count == 5 {
            return Poll::Ready(Ok(()));
        }
        cx.app.count += 1;
        match is_careful {
            true => cx.app.disk = cx.app.count,
            false => is_due = true,
        }
        cx.yield_now()
    };
    work.add_fn("job", counts).unwrap();
}

/// Remembers the most that anybody has seen, which must never go down.
fn counter(sim: &mut Sim, is_careful: bool) -> Node<Counter> {
    let node = sim.node("server", Counter::default());
    let start = move |work: &mut WorkScheduler<Counter>, disk: Option<u32>| {
        counts(work, is_careful);
        let disk = disk.unwrap_or_default();
        Counter { count: disk, disk }
    };
    sim.restarts(node, |app| app.disk, start);
    let most = std::cell::Cell::new(0);
    sim.always("no count is lost", move |world| {
        let count = world.app(node).count;
        count >= most.replace(count)
    });
    sim.eventually("all are counted", move |world| {
        world.is_up(node) && world.app(node).count == 5
    });
    node
}

fn with(family: Family) -> Explore {
    let faults = Faults::none().with(family);
    search().runs(2_000).policy(Policy::Fifo).faults(faults)
}

#[test]
fn a_crash_is_found_where_something_was_not_durable() {
    let failure = with(Family::Crash)
        .check(|sim| _ = counter(sim, false))
        .expect_err("a count is lost");
    assert_eq!(failure.verdict, Verdict::Always("no count is lost".into()));
    let [ref crash] = failure.items[..] else {
        panic!("one crash: {failure}");
    };
    let Item::Fault(Fault::Crash(at, _)) = &crash.item else {
        panic!("one crash: {failure}");
    };
    assert_eq!(at.work, "job");
    assert!(failure.reproduced, "{failure}");
    // The text repeats it in another search.
    let replay = search().replay(failure.replay.clone());
    let again = replay.check(|sim| _ = counter(sim, false));
    assert_eq!(again.map_err(|it| it.verdict).unwrap_err(), failure.verdict);
}

#[test]
fn a_careful_node_survives_its_crashes() {
    let stats = passes(&with(Family::Crash), |sim| _ = counter(sim, true));
    assert_eq!(stats.runs, 2_000);
}

#[test]
fn each_start_of_a_node_has_names_of_its_own() {
    passes(&search().policy(Policy::Fifo).runs(1), |sim| {
        let node = counter(sim, true);
        sim.fault(Fault::Crash(Step::new("job", 2), ms(5)));
        sim.fault(Fault::Crash(Step::new("server~2:job", 1), secs(1)));
        sim.run();
        assert_eq!((sim.app(node).count, sim.now()), (5, at_ms(1_005)));
    });
}

#[test]
fn a_crash_by_hand_loses_messages_until_the_start() {
    passes(&search().policy(Policy::Fifo).runs(1), |sim| {
        let node = sim.node("store", Vec::new());
        sim.restarts(node, Vec::clone, |_, kept| kept.unwrap_or_default());
        let link = sim.link(node, |app: &mut Vec<u32>, _, number| app.push(number));
        link.send(1);
        sim.run_for(ms(1));
        sim.crash(node);
        link.send(2);
        sim.run_until("the node is down", move |world| !world.is_up(node));
        sim.run_for(ms(1));
        sim.restart(node);
        link.send(3);
        sim.run_for(ms(1));
        assert_eq!(*sim.app(node), [1, 3]);
    });
}

/// A work that takes its wake for the end of its sleep.
fn naps(sim: &mut Sim) -> Node<App> {
    let node = sim.node("", App::new());
    let mut sleeps = false;
    let nap = move |cx: &mut WorkContext<'_, App>| {
        if std::mem::replace(&mut sleeps, true) {
            cx.app.push("up");
            return Poll::Ready(Ok(()));
        }
        let _ = cx.sleep(ms(10));
        Poll::Pending
    };
    sim.work(node).add_fn("nap", nap).unwrap();
    node
}

#[test]
fn a_wake_for_nothing_is_found() {
    let program = |sim: &mut Sim| {
        let node = naps(sim);
        sim.always("it sleeps for 10 ms", move |world| {
            world.app(node).is_empty() || world.now() >= at_ms(10)
        });
    };
    let failure = with(Family::Wake).check(program).expect_err("it is woken");
    let [ref wake] = failure.items[..] else {
        panic!("one wake: {failure}");
    };
    assert_eq!(wake.item, Item::Fault(Fault::Wake(Step::new("nap", 2))));
}

/// A sleeper that must not be late, beside a work with turns of its own.
fn in_time(sim: &mut Sim) {
    let node = sim.node("", App::new());
    for (name, time) in [("a", ms(10)), ("b", ms(15))] {
        let sleeps = move |cx: &mut WorkContext<'_, App>| {
            ready!(cx.sleep(time));
            cx.app.push(name);
            Poll::Ready(Ok(()))
        };
        sim.work(node).add_fn(name, sleeps).unwrap();
    }
    sim.always("a is first", move |world| {
        world.app(node).first() != Some(&"b")
    });
    sim.eventually("both are up", move |world| world.app(node).len() == 2);
}

#[test]
fn a_late_sleeper_is_found() {
    let failure = with(Family::Oversleep)
        .check(in_time)
        .expect_err("a oversleeps");
    let [ref late] = failure.items[..] else {
        panic!("one sleeper: {failure}");
    };
    let Item::Fault(Fault::Oversleep(at, time)) = &late.item else {
        panic!("one sleeper: {failure}");
    };
    assert!(at.work == "a" && *time > ms(5), "{failure}");
}

#[test]
fn a_late_sleeper_is_late_by_that_time_and_no_more() {
    passes(&search().policy(Policy::Fifo).runs(1), |sim| {
        in_time(sim);
        sim.fault(Fault::Oversleep(Step::new("b", 2), secs(1)));
        sim.run();
        assert_eq!(sim.now(), at_ms(1_015));
    });
}

#[test]
fn a_jump_of_the_clock_is_found() {
    let program = |sim: &mut Sim| {
        let node = naps(sim);
        sim.always("no time has gone", move |world| {
            !world.app(node).is_empty() || world.now() <= at_ms(10)
        });
    };
    let failure = with(Family::Jump).check(program).expect_err("it jumps");
    assert!(
        matches!(failure.items[0].item, Item::Fault(Fault::Jump(..))),
        "{failure}"
    );
}

#[test]
fn slow_jobs_are_found() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        sim.offload(node, ms(3));
        let mut ticket = None;
        let work = move |cx: &mut WorkContext<'_, App>| {
            let ticket = match &mut ticket {
                Some(ticket) => ticket,
                none => none.insert(cx.offload(|| 7)),
            };
            let seven = ready!(ticket.poll(cx));
            assert_eq!(seven.ok(), Some(7));
            Poll::Ready(Ok(()))
        };
        sim.work(node).add_fn("work", work).unwrap();
        sim.run();
        assert_eq!(sim.now(), at_ms(3), "the job takes 3 ms");
    };
    let failure = with(Family::Job).check(program).expect_err("a job is slow");
    let [ref slow] = failure.items[..] else {
        panic!("one job: {failure}");
    };
    assert!(
        matches!(&slow.item, Item::Fault(Fault::Job(at, _)) if *at == Step::new("work", 1)),
        "{failure}"
    );
}

/// A work that gives up after a failed write and goes on ticking.
fn gives_up(sim: &mut Sim) {
    let node = sim.node("", App::new());
    let mut has_failed = false;
    let ticks = move |cx: &mut WorkContext<'_, App>| {
        has_failed |= cx.fault("disk full");
        if !has_failed && cx.app.is_empty() {
            cx.app.push("written");
        }
        ready!(cx.sleep(secs(1)));
        cx.yield_now::<Result<(), crankwork::Failure>>()
    };
    sim.work(node).add_fn("ticks", ticks).unwrap();
    sim.eventually("it is written", move |world| !world.app(node).is_empty());
}

#[test]
fn a_run_that_never_settles_says_so() {
    let explore = with(Family::Named).settle(secs(60));
    let failure = explore.check(gives_up).expect_err("a write fails");
    let unsettled = Verdict::Unsettled("it is written".into(), secs(60));
    assert_eq!(failure.verdict, unsettled);
    assert_eq!(failure.items.len(), 1, "{failure}");
    assert!(
        failure
            .to_string()
            .contains("still false 60s after the last fault")
    );
}
