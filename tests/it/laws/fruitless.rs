//! L33: turns that come to nothing are counted, named, and end a run in virtual time.

use super::Step::{Done, Nap, Yield};
use super::{Cx, Lab, Log, Script, lab, script, then};
use crate::units::{at_ms, ms};
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

impl Lab {
    fn poller(&mut self, name: &'static str, looks: u64) -> WorkId {
        let id = self.s.add(poller(name, looks)).unwrap().id();
        self.log.ids.insert(name, id);
        id
    }
}

fn opener() -> Spec<Log, Script> {
    script(
        "opener",
        [then(|cx| {
            cx.app.say("open");
            Done
        })],
    )
}

/// Two pollers hold both permits; what they wait for is Queued.
fn starved() -> (Lab, [WorkId; 3]) {
    let mut lab = lab(2);
    let works = [
        lab.poller("one", u64::MAX),
        lab.poller("two", u64::MAX),
        lab.add(opener()),
    ];
    (lab, works)
}

#[test]
fn l33_a_run_in_virtual_time_ends_and_names_who_holds_what() {
    let (mut lab, [one, two, opener]) = starved();
    let mut driver = VirtualDriver::new().stop_after(1_000);
    let stall = lab.s.run_until_done(&mut lab.log, &mut driver).unwrap_err();
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
    let (mut lab, _) = starved();
    let stall = lab
        .s
        .run_until_done(&mut lab.log, &mut VirtualDriver::new());
    let turns = stall.unwrap_err().report.fruitless_turns;
    assert!((1_000_000..1_010_000).contains(&turns), "{turns}");
}

#[test]
fn l33_only_while_a_work_is_queued_behind_them() {
    let mut lab = lab(2);
    for name in ["one", "two"] {
        lab.poller(name, 5_001);
    }
    let mut driver = VirtualDriver::new().stop_after(100);
    lab.s.run_until_done(&mut lab.log, &mut driver).unwrap();
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
    let mut lab = lab(2);
    for name in ["one", "two"] {
        lab.poller(name, 5_001);
    }
    lab.add(opener());
    let mut driver = Real(VirtualDriver::new().stop_after(100));
    lab.s.run_until_done(&mut lab.log, &mut driver).unwrap();
}

/// Ten turns that come to nothing, then `what`, and then how many are counted.
fn counted_after(what: impl FnOnce(&mut Lab)) -> u64 {
    let mut lab = lab(2);
    let done = lab.work("done", []);
    lab.crank(0);
    lab.log.ids.insert("done", done);
    lab.poller("poller", u64::MAX);
    for millis in 0..=10 {
        lab.crank(millis);
    }
    assert_eq!(lab.s.fruitless_turns(), 10);
    what(&mut lab);
    lab.s.fruitless_turns()
}

type Deed = Box<dyn FnOnce(&mut Lab)>;

#[test]
fn l33_anything_else_begins_the_count_anew() {
    assert_eq!(counted_after(|_| ()), 10);
    assert_eq!(counted_after(|lab| _ = lab.crank(11)), 11);
    let others: Vec<(&str, Deed)> = vec![
        ("a work added", Box::new(|lab| _ = lab.work("new", []))),
        (
            "a host's wake",
            Box::new(|lab| _ = lab.s.wake(lab.log.id("poller")).unwrap()),
        ),
        ("a cancel", Box::new(|lab| lab.s.cancel_all())),
        (
            "a reap",
            Box::new(|lab| _ = lab.s.reap(lab.log.id("done")).unwrap()),
        ),
        (
            "a restart",
            Box::new(|lab| lab.s.restart(lab.log.id("done")).unwrap()),
        ),
        ("a pool", Box::new(|lab| lab.s.set_pool_capacity("disk", 3))),
        (
            "a message",
            Box::new(|lab| {
                lab.s.remote().post(|_, _| ()).unwrap();
                lab.crank(10);
            }),
        ),
        (
            "another turn",
            Box::new(|lab| {
                lab.work("yielder", [Yield, Nap(100)]);
                lab.crank(10);
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
    let mut lab = lab(4);
    let sleeper = lab.add(script(
        "sleeper",
        std::iter::repeat_with(|| Nap(100)).take(50),
    ));
    let nudge = move |cx: &mut Cx<'_>| {
        cx.wake(sleeper).unwrap();
        cx.wake_after(ms(1));
        Poll::<Result<(), crankwork::Failure>>::Pending
    };
    lab.s.add_fn("nudger", nudge).unwrap();
    for millis in 0..20 {
        lab.crank(millis);
        assert!(lab.s.fruitless_turns() <= 1);
    }
}
