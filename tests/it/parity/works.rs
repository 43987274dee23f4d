//! What the page claims about works and their children, and no other test shows.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::compose::{BatchWork, ConditionalWork, WorkSequence, WorkWithCallback};
use crankwork::{
    Budget, Failure, OnChildFailure, Retry, Spec, Time, Work, WorkContext, WorkId, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// A member that sleeps, and takes 2 s for its abort.
fn member() -> Spec<Log, Probe> {
    Spec::new("member", idling().on_abort(slowly(secs(2))))
}

/// Cancels a composite while its member sleeps, and checks that it is Aborting until the member has ended.
fn aborted_with_its_member<W: Work<Log, T> + 'static, T: 'static>(composite: W) {
    let mut b = Bench::with_permits(4);
    let id = b.add_spec(Spec::new("composite", composite));
    b.crank();
    let member = b.find("member");
    assert_eq!(b.state(member), WorkState::Waiting, "it was started");
    assert!(b.s.cancel(id).unwrap());
    for second in 0..2 {
        b.crank_at(at_secs(second));
        let states = [id, member].map(|id| b.state(id));
        assert_eq!(states, [WorkState::Aborting; 2], "at {second} s");
    }
    b.crank_at(at_secs(2));
    assert_eq!(b.state(id), WorkState::Cancelled);
    let calls = b.lines_of("member");
    assert_eq!(calls[calls.len() - 2..], ["on_abort", "on_reset"]);
}

#[test]
fn a_conditional_aborts_until_what_it_started_has_ended() {
    aborted_with_its_member(ConditionalWork::new(|_: &mut Log| true, member));
}

#[test]
fn a_sequence_aborts_until_its_current_member_has_ended() {
    aborted_with_its_member(WorkSequence::new().then(member).then(member));
}

#[test]
fn a_batch_aborts_until_its_members_have_ended() {
    aborted_with_its_member(BatchWork::each(1, || std::iter::repeat_with(member)));
}

#[test]
fn a_work_without_an_on_abort_ends_in_the_turn_of_its_abort() {
    let mut b = Bench::with_permits(4);
    let sleeper =
        b.s.add_fn("sleeper", |cx: &mut Cx<'_>| cx.sleep(secs(9)).map(Ok));
    let sleeper = sleeper.unwrap().id();
    let callback = WorkWithCallback::new(|cx: &mut Cx<'_>| {
        say(cx, "called");
        true
    });
    b.turns(1);
    assert_eq!(b.state(sleeper), WorkState::Waiting);
    let callback = b.add_spec(Spec::new("callback", callback));
    assert_eq!(b.state(callback), WorkState::Running, "its turn is coming");
    for id in [sleeper, callback] {
        assert!(b.s.cancel(id).unwrap());
        assert_eq!(b.state(id), WorkState::Aborting);
    }
    b.crank();
    for id in [sleeper, callback] {
        assert_eq!(b.state(id), WorkState::Cancelled);
    }
    assert_eq!((b.s.now(), b.lines()), (Time::ZERO, vec![]));
    assert_eq!(b.s.metrics().forced_aborts, 0);
}

/// Turns since the count began.
#[derive(Default)]
struct Turns {
    lone: u64,
    leaves: u64,
}

/// Returns how `turns` turns are shared between a lone work and a root with `grandchildren` grandchildren. None of them
/// ever sleeps, and a pool lets `width` grandchildren run at a time.
fn turns_of_a_lone_work(grandchildren: u64, width: u32, turns: u64) -> Turns {
    let config = WorkSchedulerConfig::default().max_concurrency(10_000);
    let config = config.pool("leaves", width);
    let mut s = WorkScheduler::<Turns>::new(config);
    type Cx<'a> = WorkContext<'a, Turns>;
    let leaf = |cx: &mut Cx<'_>| {
        cx.app.leaves += 1;
        cx.yield_now::<Result<(), Failure>>()
    };
    let middle = move |cx: &mut Cx<'_>| {
        for _ in 0..grandchildren {
            cx.spawn(Spec::new("leaf", leaf).pool("leaves", 1)).unwrap();
        }
        Poll::<Result<(), Failure>>::Pending
    };
    let root = move |cx: &mut Cx<'_>| {
        cx.spawn(Spec::new("middle", middle)).unwrap();
        Poll::<Result<(), Failure>>::Pending
    };
    let lone = |cx: &mut Cx<'_>| {
        cx.app.lone += 1;
        cx.yield_now::<Result<(), Failure>>()
    };
    s.add(Spec::new("root", root)).unwrap();
    s.add(Spec::new("lone", lone)).unwrap();
    let mut counted = Turns::default();
    while counted.leaves == 0 {
        let _ = s.crank_work(Time::ZERO, &mut counted, Budget::turns(1));
    }
    counted = Turns::default();
    let _ = s.crank_work(Time::ZERO, &mut counted, Budget::turns(turns));
    counted
}

#[test]
fn beside_a_thousand_grandchildren_a_lone_work_has_one_turn_in_a_thousand() {
    let turns = turns_of_a_lone_work(1_000, 1_000, 10 * 1_001);
    assert_eq!((turns.lone, turns.leaves), (10, 10_000));
    // A pool bounds how many of them share the rounds with it.
    let turns = turns_of_a_lone_work(1_000, 9, 10 * 10);
    assert_eq!((turns.lone, turns.leaves), (10, 90));
}

#[test]
fn children_are_counted_by_attempt_and_the_settled_ones_stay_counted() {
    let seen: Rc<RefCell<Vec<_>>> = Rc::default();
    let note = seen.clone();
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(move |cx| {
        let children = cx.children();
        note.borrow_mut()
            .push((cx.attempt(), children.succeeded(), children.len()));
        if children.is_empty() {
            for name in ["one", "two"] {
                cx.spawn(Spec::new(name, done())).unwrap();
            }
        } else if children.all_done() {
            // They have settled, and stay listed.
            assert!(!children.is_empty() && children.all_successful());
            return if cx.attempt() == 2 { OK } else { fail("no") };
        }
        Poll::Pending
    });
    b.add_spec(Spec::new("parent", parent).retry(Retry::ONCE));
    b.run();
    // Each of the two wakes its parent; they settle in one round.
    assert_eq!(*seen.borrow(), [(1, 0, 0), (1, 2, 2), (2, 0, 0), (2, 2, 2)]);
}

#[test]
fn a_parent_that_collects_decides_by_itself_when_its_attempt_has_failed() {
    for (rule, ends) in [(OnChildFailure::FailFast, 0), (OnChildFailure::Collect, 5)] {
        let mut b = Bench::with_permits(4);
        let parent = Probe::new(|cx| {
            if cx.children().is_empty() {
                cx.spawn(Spec::new("bad", failing())).unwrap();
                cx.spawn(Spec::new("slow", napping(secs(5)))).unwrap();
            }
            match cx.children().all_done() {
                true => fail("one has failed"),
                false => Poll::Pending,
            }
        });
        let parent = b.add_spec(Spec::new("parent", parent).on_child_failure(rule));
        assert_eq!(b.run().finished, at_secs(ends), "{rule:?}");
        assert_eq!(b.state(parent), WorkState::Failed);
    }
}

/// The last duration of a work.
fn took(b: &Bench, id: WorkId) -> Option<std::time::Duration> {
    let all = b.s.snapshot();
    all.iter().find(|work| work.id == id)?.last_duration
}

#[test]
fn a_duration_is_in_the_schedulers_time_with_children_and_abort() {
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(|cx| {
        cx.spawn(Spec::new("child", napping(secs(3)))).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        OK
    });
    let parent = b.add("parent", parent);
    let aborted = b.add("aborted", idling().on_abort(slowly(secs(2))));
    b.crank();
    assert_eq!(took(&b, parent), None, "its attempt has not ended");
    b.crank_at(at_secs(1));
    b.s.cancel(aborted).unwrap();
    b.crank_at(at_secs(1));
    b.run();
    // The 5 ms of real time are nothing; the child's 3 s and the abort's 2 s count.
    assert_eq!(took(&b, parent), Some(secs(3)));
    assert_eq!(took(&b, aborted), Some(secs(3)));
}

#[test]
fn the_settled_works_are_counted_by_their_ends() {
    let mut b = Bench::with_permits(9);
    for _ in 0..4 {
        b.add("good", done());
    }
    let bad = b.add("bad", failing());
    for _ in 0..2 {
        b.add_spec(Spec::new("blocked", done()).after(bad));
    }
    let ended: Vec<WorkId> = (0..3).map(|_| b.add("ended", idling())).collect();
    b.crank();
    for id in ended {
        b.s.cancel(id).unwrap();
    }
    b.run();
    let m = b.s.metrics();
    let ends = (m.success, m.failed, m.blocked, m.cancelled);
    assert_eq!(ends, (4, 1, 2, 3));
}
