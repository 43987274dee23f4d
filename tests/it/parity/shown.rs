//! Claims of the page that no other test shows.

use crate::units::{at_secs, ms, secs};
use crate::workbench::*;
use crankwork::{
    Driver, Next, OnChildFailure, ParkDriver, Retry, Spec, TRANSITIONS, Time, VirtualDriver,
    WorkEvent, WorkScheduler, WorkState,
};
use std::collections::BTreeMap;
use std::task::{Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};

#[test]
fn settled_states_are_known_from_outside_and_inside() {
    let mut b = Bench::with_permits(4);
    let good = b.add("good", done());
    let bad = b.add("bad", failing());
    let blocked = b.add_spec(Spec::new("blocked", done()).after(bad));
    let ended = b.add("ended", idling());
    let observer = Probe::new(move |cx| {
        let states = [good, bad, blocked, ended].map(|id| cx.state(id).unwrap());
        let settled = states.map(|state| state.is_settled());
        assert_eq!(settled, [true, true, true, cx.now() > Time::ZERO]);
        say(cx, &states.map(WorkState::as_str).join(" "));
        cx.sleep(secs(1)).map(Ok)
    });
    b.add("observer", observer);
    b.crank();
    b.s.cancel(ended).unwrap();
    b.run();
    let expected = [
        "Success Failed Blocked Waiting",
        "Success Failed Blocked Cancelled",
    ];
    let seen = b.lines_of("observer");
    let seen: Vec<&String> = seen
        .iter()
        .filter(|line| line.starts_with("Succ"))
        .collect();
    assert_eq!(seen, expected);
    let well = [good, bad, blocked, ended].map(|id| b.outcome(id).is_success());
    assert_eq!(well, [true, false, false, false]);
    assert_eq!(b.state(ended).to_string(), b.state(ended).as_str());
}

/// Works that between them come into every state, some more than once.
fn mess(b: &mut Bench) {
    let collects = Spec::new("collects", parenting("fails", failing));
    b.add_spec(collects.on_child_failure(OnChildFailure::Collect));
    let retried = Spec::new("retried", parenting("fails too", failing));
    let retried = b.add_spec(retried.retry(Retry::ONCE));
    b.add_spec(Spec::new("blocked", done()).after(retried));
    let joins = Probe::new(|cx| {
        cx.spawn(Spec::new("slow child", napping(secs(3)))).unwrap();
        OK
    });
    let joins = b.add("joins", joins);
    b.add_spec(Spec::new("dependent", done()).after(joins));
    let releases = Probe::new(|cx| {
        cx.release_permit();
        cx.sleep(secs(1)).map(Ok)
    });
    b.add("releases", releases);
    b.add("aborts slowly", idling().on_abort(slowly(secs(2))));
    b.crank();
    let ended = b.find("aborts slowly");
    b.s.cancel(ended).unwrap();
    b.run();
    for id in [retried, ended, joins] {
        b.s.restart(id).unwrap();
    }
    b.crank();
    b.s.cancel_all();
    b.run();
}

#[test]
fn every_change_of_state_is_in_the_table() {
    let mut b = Bench::with_permits(1);
    mess(&mut b);
    let mut last: BTreeMap<_, WorkState> = BTreeMap::new();
    let mut entered = [0; WorkState::COUNT];
    while let Some(WorkEvent { id, state, .. }) = b.s.poll_event() {
        let from = last.insert(id, state);
        let row = TRANSITIONS.iter().find(|t| (t.from, t.to) == (from, state));
        assert!(row.is_some_and(|t| !t.by.is_empty()), "{from:?} -> {state}");
        assert!(from.is_none_or(|from| from.can_become(state)));
        entered[state as usize] += 1;
    }
    assert!(entered.iter().all(|&times| times > 0), "{entered:?}");
    assert!(!WorkState::Pending.can_become(WorkState::Success));
}

/// Naps of 2 ms and 1 ms, and who woke in what order.
fn naps(driver: &mut dyn Driver) -> Vec<String> {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    for (name, millis) in [("long", 2), ("short", 1)] {
        let nap = move |cx: &mut Cx<'_>| {
            ready!(cx.sleep(ms(millis)));
            say(cx, "awake");
            OK
        };
        s.add(Spec::new(name, nap)).unwrap();
    }
    let mut log = Log::default();
    s.run_until_done(&mut log, driver).unwrap();
    log.lines
}

#[test]
fn the_same_works_run_in_virtual_and_in_real_time() {
    let expected = ["short: awake", "long: awake"];
    assert_eq!(naps(&mut VirtualDriver::new()), expected);
    // Timers fire by their deadlines, however late the machine is.
    assert_eq!(naps(&mut ParkDriver::new()), expected);
}

#[test]
fn a_scheduler_says_that_it_has_been_shut_down_and_is_idle() {
    let mut b = Bench::with_permits(1);
    b.add("stays", idling().on_abort(slowly(secs(1))));
    assert_eq!(
        (b.crank().next, b.s.is_shut_down()),
        (Next::External, false)
    );
    b.s.shutdown();
    assert_eq!(
        (b.crank().next, b.s.is_shut_down()),
        (Next::At(at_secs(1)), true)
    );
    assert_eq!(
        (b.crank_at(at_secs(1)).next, b.s.is_shut_down()),
        (Next::Idle, true)
    );
}

#[test]
fn time_can_be_moved_on_by_hand() {
    let mut b = Bench::with_permits(2);
    let near = b.add("near", napping(secs(5)));
    let far = b.add("far", napping(secs(90)));
    b.crank();
    // No further than the next timer, or past it: it fires either way, once.
    assert_eq!(b.crank_at(at_secs(3)).next, Next::At(at_secs(5)));
    assert_eq!(b.crank_at(at_secs(60)).next, Next::At(at_secs(90)));
    assert_eq!(
        b.states([near, far]),
        [WorkState::Success, WorkState::Waiting]
    );
    let mut driver = VirtualDriver::at(at_secs(3600));
    b.s.run_until_done(&mut b.log, &mut driver).unwrap();
    assert_eq!(
        (b.state(far), b.s.now()),
        (WorkState::Success, at_secs(3600))
    );
}

/// An application that knows what date it was at time zero.
struct Dated {
    epoch: SystemTime,
    seen: Vec<u64>,
}

impl Dated {
    /// Seconds since 1970.
    fn seconds(&self, now: Time) -> u64 {
        let date = self.epoch + (now - Time::ZERO);
        date.duration_since(UNIX_EPOCH).unwrap().as_secs()
    }
}

#[test]
fn a_calendar_is_an_epoch_in_the_application() {
    let genesis = 1_443_571_200;
    let mut app = Dated {
        epoch: UNIX_EPOCH + secs(genesis),
        seen: Vec::new(),
    };
    let mut s = WorkScheduler::<Dated>::new(Default::default());
    s.add_fn("closes ledgers", |cx| {
        let seconds = cx.app.seconds(cx.now());
        cx.app.seen.push(seconds);
        if cx.app.seen.len() == 3 {
            return Poll::Ready(Ok(()));
        }
        // The host's calendar is set back by an hour; the next ledger still closes 5 s later.
        if cx.app.seen.len() == 2 {
            cx.app.epoch -= secs(3600);
        }
        cx.wake_after(secs(5));
        Poll::Pending
    })
    .unwrap();
    let mut driver = VirtualDriver::new();
    s.run_until_done(&mut app, &mut driver).unwrap();
    assert_eq!(app.seen, [genesis, genesis + 5, genesis + 10 - 3600]);
    assert_eq!(driver.now().to_string(), "00:00:10.000");
    assert_eq!(driver.now().as_nanos() / 1_000_000_000, 10);
}
