//! The end of a scheduler that is full of values whose drops panic, and panics that are let through.

use super::{KINDS, Kind, busy, config, holder};
use crate::units::secs;
use crate::workbench::{Bench, Log, OK, Probe, done, quiet_panics};
use crankwork::{
    Budget, CancelToken, Decision, InlineOffload, Next, Spec, Time, VirtualDriver, WorkContext,
    WorkEvent, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

type Fill = fn(&mut WorkScheduler<Log>, Kind);

fn work(kind: Kind) -> Probe {
    let holds = holder(kind);
    Probe::new(move |_| {
        holds();
        OK
    })
}

fn crank(s: &mut WorkScheduler<Log>) {
    let _ = s.crank_work(Time::ZERO, &mut Log::default(), Budget::unlimited());
}

const FILLS: [(&str, Fill); 10] = [
    ("works", |s, kind| {
        s.add(Spec::new("a", work(kind))).unwrap();
    }),
    ("works of graphs", |s, kind| {
        s.add_graph(3, |_| Spec::new("a", work(kind)), &[(0, 1)])
            .unwrap();
    }),
    ("outputs", |s, kind| {
        let output = move |_: &mut WorkContext<'_, Log>| Poll::Ready(Ok(kind.bomb()));
        s.add_fn("a", output).unwrap();
        crank(s);
    }),
    ("errors", |s, kind| {
        let fails = Probe::new(move |_| kind.fail());
        s.add(Spec::new("a", fails)).unwrap();
        crank(s);
    }),
    ("callbacks", |s, kind| {
        let holds = holder(kind);
        s.add(Spec::new("a", done()).on_settled(move |_, _, _| holds()))
            .unwrap();
    }),
    ("callbacks that wait", |s, kind| {
        let holds = holder(kind);
        let spec = Spec::new("a", done()).after(s.add(Spec::new("b", done())).unwrap());
        let id = s.add(spec.on_settled(move |_, _, _| holds())).unwrap();
        s.cancel(id).unwrap();
    }),
    ("posted closures", |s, kind| {
        let holds = holder(kind);
        s.remote().post(move |_, _| holds()).unwrap();
    }),
    ("notifiers", |s, kind| s.set_notifier(holder(kind))),
    ("deciders", |s, kind| {
        let holds = holder(kind);
        s.set_decider(Some(Box::new(move |_: &Decision<'_>| {
            holds();
            0
        })));
    }),
    ("offloads", |s, kind| {
        let holds = holder(kind);
        s.set_offload(InlineOffload::with_latency(move |_| {
            holds();
            secs(1)
        }));
        // A job, too.
        let work = busy(holder(kind));
        s.add(Spec::new("a", work)).unwrap();
        crank(s);
    }),
];

/// A second panic on the way of the first would end the process.
#[test]
fn l24_a_scheduler_ends_whatever_the_drops_of_what_it_holds_do() {
    quiet_panics();
    for kind in KINDS {
        for (what, fill) in FILLS {
            let mut s = WorkScheduler::new(config().max_concurrency(9));
            fill(&mut s, kind);
            fill(&mut s, kind);
            let end = catch_unwind(AssertUnwindSafe(|| drop(s)));
            assert!(end.is_ok(), "{what}, {kind:?}");
        }
        let holds = holder(kind);
        let sink = move |_: &WorkEvent| {
            holds();
            true
        };
        let mut s = WorkScheduler::new(config().max_concurrency(99).event_sink(sink));
        FILLS.iter().for_each(|(_, fill)| fill(&mut s, kind));
        let end = catch_unwind(AssertUnwindSafe(|| drop(s)));
        assert!(end.is_ok(), "all of them, {kind:?}");
    }
}

#[test]
fn l24_the_end_of_a_scheduler_is_not_counted_by_the_next() {
    quiet_panics();
    let mut s = WorkScheduler::new(config());
    (0..2).for_each(|_| _ = s.add(Spec::new("a", work(Kind::Payload))).unwrap());
    drop(s);
    let mut b = Bench::new(config());
    b.add("b", done());
    b.run();
    assert_eq!(b.s.metrics().panics, 0);
}

// ---- panics that are let through ----

fn letting_through() -> Bench {
    Bench::new(WorkSchedulerConfig::default().catch_panics(false))
}

/// The panic that comes out of a crank, as text; `None` if none does.
fn crank_through(b: &mut Bench) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(|| b.crank().next)).err()?;
    let text = payload.downcast_ref::<String>().cloned();
    std::mem::forget(payload);
    Some(text.unwrap_or_default())
}

/// The last of several panics comes through. The payloads of the others are dropped, and that may panic.
#[test]
fn l24_of_several_panics_that_are_let_through_the_last_comes() {
    for kind in KINDS {
        let mut b = letting_through();
        // Its own drop is the second panic.
        let holds = holder(Kind::Ordinary);
        b.add(
            "a",
            Probe::new(move |_| {
                holds();
                kind.panic()
            }),
        );
        let behind = b.add("behind", done());
        let text = crank_through(&mut b);
        assert_eq!(text.as_deref(), Some("on purpose, in drop"), "{kind:?}");
        b.run();
        assert_eq!(b.state(behind), WorkState::Success);
        b.s.audit().unwrap();
    }
}

/// A payload that waits for the next crank goes with the scheduler.
#[test]
fn l24_a_payload_that_nobody_has_seen_is_dropped_with_the_scheduler() {
    for kind in KINDS {
        let mut b = letting_through();
        let ids = [(); 2].map(|()| b.add("a", work(kind)));
        b.run();
        ids.into_iter().for_each(|id| drop(b.s.reap(id).unwrap()));
        assert!(
            catch_unwind(AssertUnwindSafe(|| drop(b))).is_ok(),
            "{kind:?}"
        );
    }
}

#[test]
fn l24_the_flag_lets_the_panic_of_a_decider_through_after_the_turn() {
    let mut b = letting_through();
    let fuse = Kind::Ordinary.fuse();
    b.s.set_decider(Some(Box::new(move |_: &Decision<'_>| {
        fuse.burn();
        0
    })));
    let ids = [(); 2].map(|()| b.add("a", done()));
    assert_eq!(crank_through(&mut b).as_deref(), Some("on purpose"));
    assert_eq!(crank_through(&mut b), None);
    b.run();
    assert_eq!(ids.map(|id| b.state(id)), [WorkState::Success; 2]);
}

/// A run that ends by a panic leaves nothing of its driver behind.
#[test]
fn l24_a_panic_that_comes_through_a_run_gives_the_notifier_back() {
    let mut b = letting_through();
    let calls = Arc::new(AtomicU32::new(0));
    let called = calls.clone();
    b.s.set_notifier(move || _ = called.fetch_add(1, Ordering::Relaxed));
    b.add("a", Probe::new(|_| Kind::Ordinary.panic()));
    let token = CancelToken::new();
    let mut driver = VirtualDriver::new();
    let run = || {
        b.s.run_until_done_with_cancel(&mut b.log, &mut driver, &token)
    };
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    b.s.remote().post(|_, _| ()).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    b.run();
    // The token's cancel is not sent any more either.
    token.cancel();
    assert_eq!(
        (calls.load(Ordering::Relaxed), b.crank().next),
        (1, Next::Idle)
    );
}
