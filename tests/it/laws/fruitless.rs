//! L33: turns that come to nothing are counted, named, and end a run in virtual time.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Nap, Yield};
use crate::workbench::*;
use crankwork::{Driver, Notifier, Spec, Time, VirtualDriver, Work, WorkId};
use std::task::Poll;

/// Looks every millisecond for a line "open", for `looks` turns at most.
fn poller(name: &'static str, mut looks: u64) -> Spec<Log, impl Work<Log>> {
    Spec::new(name, move |cx: &mut Cx<'_>| {
        looks -= 1;
        if looks == 0 || cx.app.lines.iter().any(|line| line == "open") {
            return Poll::Ready(Ok(()));
        }
        cx.wake_after(ms(1));
        Poll::Pending
    })
}

impl Bench {
    fn poller(&mut self, name: &'static str, looks: u64) -> WorkId {
        self.add_spec(poller(name, looks))
    }
}

fn opener() -> Spec<Log, Probe> {
    script(
        "opener",
        [then(|cx| {
            cx.app.push("open");
            Done
        })],
    )
}

/// Two pollers hold both permits; what they wait for is Queued.
fn starved() -> (Bench, [WorkId; 3]) {
    let mut bench = Bench::with_permits(2);
    let works = [
        bench.poller("one", u64::MAX),
        bench.poller("two", u64::MAX),
        bench.add_spec(opener()),
    ];
    (bench, works)
}

#[test]
fn l33_a_run_in_virtual_time_ends_and_names_who_holds_what() {
    let (mut bench, [one, two, opener]) = starved();
    let mut driver = VirtualDriver::new().stop_after(1_000);
    let stall = bench
        .s
        .run_until_done(&mut bench.log, &mut driver)
        .unwrap_err();
    let report = &stall.report;
    let holders: Vec<WorkId> = report.holders.iter().map(|holder| holder.id).collect();
    assert_eq!(holders, [one, two]);
    assert!(report.holders.iter().all(|h| h.pool == *"max_concurrency"));
    assert!(report.fruitless_turns >= 1_000, "{report}");
    assert!(report.works.iter().any(|work| work.id == opener));
    let text = stall.to_string();
    assert!(text.contains("asleep with permits"), "{text}");
    assert!(text.contains("turns did nothing but arm"), "{text}");
}

#[test]
fn l33_by_default_after_a_million() {
    let (mut bench, _) = starved();
    let stall = bench
        .s
        .run_until_done(&mut bench.log, &mut VirtualDriver::new());
    let turns = stall.unwrap_err().report.fruitless_turns;
    assert!((1_000_000..1_010_000).contains(&turns), "{turns}");
}

#[test]
fn l33_only_while_a_work_is_queued_behind_them() {
    let mut bench = Bench::with_permits(2);
    for name in ["one", "two"] {
        bench.poller(name, 5_001);
    }
    let mut driver = VirtualDriver::new().stop_after(100);
    bench.s.run_until_done(&mut bench.log, &mut driver).unwrap();
    assert_eq!(driver.now(), at_ms(5_000));
}

/// Virtual time that counts as real.
struct Real(VirtualDriver);

impl Driver for Real {
    fn now(&mut self) -> Time {
        Driver::now(&mut self.0)
    }

    fn wait(&mut self, until: Option<Time>) -> bool {
        self.0.wait(until)
    }

    fn notifier(&self) -> Option<Notifier> {
        self.0.notifier()
    }
}

#[test]
fn l33_real_drivers_never_end_a_run() {
    let mut bench = Bench::with_permits(2);
    for name in ["one", "two"] {
        bench.poller(name, 5_001);
    }
    bench.add_spec(opener());
    let mut driver = Real(VirtualDriver::new().stop_after(100));
    bench.s.run_until_done(&mut bench.log, &mut driver).unwrap();
}

/// Ten turns that come to nothing, then `what`, and then how many are counted.
fn counted_after(what: impl FnOnce(&mut Bench)) -> u64 {
    let mut bench = Bench::with_permits(2);
    bench.script("done", []);
    bench.crank();
    bench.poller("poller", u64::MAX);
    for millis in 0..=10 {
        bench.crank_at(at_ms(millis));
    }
    assert_eq!(bench.s.fruitless_turns(), 10);
    what(&mut bench);
    bench.s.fruitless_turns()
}

type Deed = Box<dyn FnOnce(&mut Bench)>;

#[test]
fn l33_anything_else_begins_the_count_anew() {
    assert_eq!(counted_after(|_| ()), 10);
    assert_eq!(counted_after(|bench| _ = bench.crank_at(at_ms(11))), 11);
    let others: Vec<(&str, Deed)> = vec![
        (
            "a work added",
            Box::new(|bench| _ = bench.script("new", [])),
        ),
        (
            "a host's wake",
            Box::new(|bench| _ = bench.s.wake(bench.log.id("poller")).unwrap()),
        ),
        ("a cancel", Box::new(|bench| bench.s.cancel_all())),
        (
            "a reap",
            Box::new(|bench| _ = bench.s.reap(bench.log.id("done")).unwrap()),
        ),
        (
            "a restart",
            Box::new(|bench| bench.s.restart(bench.log.id("done")).unwrap()),
        ),
        (
            "a pool",
            Box::new(|bench| bench.s.set_pool_capacity("disk", 3)),
        ),
        (
            "a message",
            Box::new(|bench| {
                bench.s.remote().post(|_, _| ()).unwrap();
                bench.crank_at(at_ms(10));
            }),
        ),
        (
            "another turn",
            Box::new(|bench| {
                bench.script("yielder", [Yield, Nap(100)]);
                bench.crank_at(at_ms(10));
            }),
        ),
    ];
    for (what, other) in others {
        assert_eq!(counted_after(other), 0, "{what}");
    }
}

/// A work that another's wake brings has not come by its alarm.
#[test]
fn l33_a_turn_that_a_wake_brings_is_not_fruitless() {
    let mut bench = Bench::with_permits(4);
    let sleeper = bench.add_spec(script(
        "sleeper",
        std::iter::repeat_with(|| Nap(100)).take(50),
    ));
    let nudge = move |cx: &mut Cx<'_>| {
        cx.wake(sleeper).unwrap();
        cx.wake_after(ms(1));
        Poll::<Result<(), crankwork::Failure>>::Pending
    };
    bench.s.add_fn("nudger", nudge).unwrap();
    for millis in 0..20 {
        bench.crank_at(at_ms(millis));
        assert!(bench.s.fruitless_turns() <= 1);
    }
}
