//! L25: shutdown refuses what is new, aborts the rest, and ends.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{AddError, Next, RestartError, Retry, Spec, WorkState};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

#[test]
fn l25_everything_new_is_refused() {
    let mut b = Bench::with_permits(1);
    let old = b.add("old", done());
    b.run();
    b.s.shutdown();
    assert!(b.s.is_shut_down());
    let refused = b.s.add(Spec::new("a", done())).map(|handle| handle.id());
    assert_eq!(refused, Err(AddError::ShutDown));
    let refused =
        b.s.add_fn("a", |_| Poll::Ready(Ok(1)))
            .map(|handle| handle.id());
    assert_eq!(refused, Err(AddError::ShutDown));
    assert_eq!(
        b.s.add_work(Box::new(done()), &[], 0),
        Err(AddError::ShutDown)
    );
    assert_eq!(b.s.restart(old), Err(RestartError::ShutDown));
    assert_eq!(b.s.metrics().total, 1);
}

#[test]
fn l25_works_cannot_add_either_and_get_their_spec_back() {
    let mut b = Bench::with_permits(1);
    let a = idling().on_abort(|cx| {
        let refused = cx.spawn_root(Spec::new("late", done()));
        assert!(matches!(refused, Err(AddError::ShutDown)));
        Poll::Ready(())
    });
    let a = b.add("a", a);
    b.crank();
    b.s.shutdown();
    b.run();
    assert_eq!(
        (b.state(a), b.s.metrics().panics),
        (WorkState::Cancelled, 0)
    );
    let refused = b.s.try_add(Spec::new("spec", done())).unwrap_err();
    assert_eq!(refused.error, AddError::ShutDown);
    drop(refused.spec);
}

#[test]
fn l25_works_in_every_state_end() {
    let mut b = Bench::with_permits(3);
    let settled = b.add("settled", done());
    let retrying = b.add_spec(Spec::new("retrying", failing()).retry(Retry::A_FEW));
    b.crank();
    let waiting = b.add("waiting", idling());
    let parent = b.add("waiting parent", parenting("child", idling));
    let joining = Probe::new(|cx| {
        cx.spawn(Spec::new("child", idling())).unwrap();
        OK
    });
    let joining = b.add("joining", joining);
    b.crank();
    let queued = b.add("queued", done());
    let pending = b.add_spec(Spec::new("pending", done()).after(waiting));
    let running = b.add_spec(Spec::new("running", done()).no_permit());
    let all = [retrying, waiting, parent, joining, queued, pending, running];
    use WorkState::*;
    let states = all.map(|id| b.state(id));
    assert_eq!(
        states,
        [
            Retrying, Waiting, Waiting, Joining, Queued, Pending, Running
        ]
    );
    b.s.shutdown();
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!(all.map(|id| b.state(id)), [Cancelled; 7]);
    assert_eq!(b.state(settled), Success);
}

#[test]
fn l25_it_ends_though_works_yield_fail_panic_or_stay_for_ever() {
    let mut b = Bench::with_permits(2);
    let aborts: [fn(&mut Cx<'_>) -> Poll<()>; 4] = [
        |cx| cx.yield_now(),
        |cx| cx.sleep(secs(1_000_000)),
        |_| panic!("{ON_PURPOSE}"),
        never,
    ];
    for abort in aborts {
        b.add_spec(
            Spec::new("a", idling().on_abort(abort))
                .no_permit()
                .abort_grace(secs(7)),
        );
        b.add(
            "own grace",
            parenting("child", move || idling().on_abort(abort)),
        );
    }
    b.add("yields", Probe::new(|cx| cx.yield_now()));
    for _ in 0..100 {
        b.turns(1);
    }
    b.s.shutdown();
    // A host that cranks with a budget, since one of them never stops yielding.
    let mut now = b.s.now();
    for _ in 0..1000 {
        let budget = crankwork::Budget::turns(20);
        match b.s.crank_work(now, &mut b.log, budget).next {
            Next::Idle => break,
            Next::At(t) => now = t,
            _ => now = now + secs(1),
        }
    }
    assert_eq!(b.s.next(), Next::Idle);
    assert_eq!(b.s.metrics().unsettled(), 0);
    // Within the longest grace, and one second of this host's clock.
    assert!(now <= at_secs(11), "{now}");
}

#[test]
fn l25_a_failure_still_aborting_is_not_retried() {
    let mut b = Bench::with_permits(1);
    let spec = Spec::new("a", idling().on_abort(slowly(secs(2))));
    let a = b.add_spec(spec.attempt_timeout(secs(1)).retry(Retry::A_FEW));
    b.crank();
    b.crank_at(at_secs(1));
    b.s.shutdown();
    b.run();
    assert_eq!((b.state(a), b.s.now()), (WorkState::Cancelled, at_secs(3)));
}

#[test]
fn l25_callbacks_and_events_still_come() {
    let mut b = Bench::with_permits(1);
    let seen: Rc<RefCell<Vec<WorkState>>> = Rc::default();
    for work in [idling(), done()] {
        let seen = seen.clone();
        let spec = Spec::new("a", work);
        b.add_spec(spec.on_settled(move |_, _, outcome| seen.borrow_mut().push(outcome.state())));
    }
    b.crank();
    b.s.shutdown();
    b.crank();
    assert_eq!(*seen.borrow(), [WorkState::Cancelled; 2]);
    let cancelled = b
        .events()
        .iter()
        .filter(|e| e.contains("Cancelled"))
        .count();
    assert_eq!(cancelled, 2);
}

#[test]
fn l25_a_second_shutdown_changes_nothing() {
    let mut b = Bench::with_permits(1);
    b.add("a", idling().on_abort(slowly(secs(2))));
    b.crank();
    b.s.shutdown();
    b.crank_at(at_secs(1));
    b.s.shutdown();
    b.run();
    assert_eq!(
        b.lines_of("a"),
        ["on_reset", "poll 1", "on_abort", "on_abort", "on_reset"]
    );
    assert_eq!(b.s.now(), at_secs(3));
}

#[test]
fn l25_shutdown_may_come_from_a_posted_closure() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", idling());
    b.crank();
    let remote = b.s.remote();
    remote.post(|_, scheduler| scheduler.shutdown()).unwrap();
    assert_eq!(b.crank().next, Next::Idle);
    assert_eq!(b.state(a), WorkState::Cancelled);
}

#[test]
fn cancel_all_is_no_shutdown() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", idling());
    b.crank();
    b.s.cancel_all();
    let late = b.add("late", done());
    b.run();
    assert_eq!(
        b.states([a, late]),
        [WorkState::Cancelled, WorkState::Success]
    );
}
