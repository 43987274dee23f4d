//! Defects of stellar-core's `Work`, reproduced from its code.

use crate::units::{at_ms, at_secs, ms, secs};
use crate::workbench::*;
use crankwork::WorkState::{Cancelled, Retrying, Success, Waiting};
use crankwork::time::TimerWheel;
use crankwork::{
    AddError, Failure, Next, OnChildFailure, RemoteWaker, Retry, RunUntilError, Spec, Time,
    VirtualDriver,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;

fn nest(depth: u32, leaf: Rc<Cell<u32>>) -> Probe {
    match depth {
        0 => Probe::new(move |cx| {
            leaf.set(leaf.get() + 1);
            if leaf.get() == 100 {
                OK
            } else {
                cx.yield_now()
            }
        }),
        _ => parenting("deeper", move || nest(depth - 1, leaf.clone())),
    }
}

#[test]
fn a_leafs_step_costs_one_turn_however_deep_it_is() {
    for depth in [0, 1, 10, 100] {
        let mut b = Bench::with_permits(1);
        let steps = Rc::default();
        b.add("top", nest(depth, Rc::clone(&steps)));
        let summary = b.run();
        assert_eq!(steps.get(), 100);
        // Each level has one turn to spawn and one to see its child's end.
        assert_eq!(summary.turns, 100 + 2 * depth as u64);
    }
}

#[test]
fn siblings_that_wait_are_not_polled() {
    let mut b = Bench::with_permits(2000);
    for _ in 0..1000 {
        b.add("waits", napping(secs(60)));
    }
    let mut left = 500;
    b.add(
        "busy",
        Probe::new(move |cx| {
            left -= 1;
            if left == 0 { OK } else { cx.yield_now() }
        }),
    );
    assert_eq!(b.run().turns, 2 * 1000 + 500);
}

#[test]
fn a_restarted_closure_is_called_again() {
    let mut b = Bench::with_permits(1);
    let a = b.add("a", done());
    for _ in 0..3 {
        b.run();
        assert_eq!(b.lines_of("a"), ["on_reset", "poll 1", "on_success"]);
        b.s.restart(a).unwrap();
    }
}

#[test]
fn a_wake_during_a_retry_wait_neither_shortens_it_nor_harms() {
    let mut b = Bench::with_permits(1);
    let kept: Rc<RefCell<Option<RemoteWaker>>> = Rc::default();
    let keep = kept.clone();
    let a = Probe::new(move |cx| {
        *keep.borrow_mut() = Some(cx.remote_waker());
        fail("no")
    });
    let a = b.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    b.crank();
    for second in 1..10 {
        b.s.wake(a).unwrap();
        kept.borrow().as_ref().unwrap().wake();
        assert_eq!(b.crank_at(at_secs(second)).next, Next::At(at_secs(10)));
        assert_eq!(b.state(a), Retrying);
    }
    b.run();
    assert_eq!((b.s.now(), b.s.metrics().turns), (at_secs(10), 2));
}

#[test]
fn an_alarm_left_over_from_an_attempt_does_nothing_later() {
    let mut b = Bench::with_permits(1);
    let mut turns = 0;
    let a = Probe::new(move |cx| {
        turns += 1;
        cx.wake_after(secs(5));
        match turns {
            1 => Poll::Pending,
            2 => fail("woken too early"),
            _ => OK,
        }
    });
    let a = b.add_spec(Spec::new("a", a).retry(Retry::ONCE));
    b.crank();
    b.s.wake(a).unwrap();
    assert_eq!(b.crank_at(at_secs(1)).next, Next::At(at_secs(11)));
    assert_eq!(b.crank_at(at_secs(5)).next, Next::At(at_secs(11)));
    assert_eq!(b.s.metrics().turns, 2);
    assert_eq!(
        b.crank_at(at_secs(11)).next,
        Next::Idle,
        "nor is one of the last turn left"
    );
    assert_eq!(b.state(a), Success);
}

#[test]
fn a_timer_that_fires_while_its_work_has_a_turn_coming_does_not_spoil_the_next_wait() {
    let mut b = Bench::with_permits(2);
    let times: Rc<RefCell<Vec<Time>>> = Rc::default();
    let seen = times.clone();
    let a = b.add(
        "a",
        Probe::new(move |cx| {
            seen.borrow_mut().push(cx.now());
            if cx.now() >= at_secs(3) {
                return OK;
            }
            // Due at once, in a second, and in the middle of a turn.
            cx.wake_at(cx.now() + secs(1));
            Poll::Pending
        }),
    );
    b.crank();
    // Woken from outside and by its alarm at one instant.
    b.s.wake(a).unwrap();
    b.crank_at(at_secs(1));
    b.run();
    assert_eq!(*times.borrow(), [0, 1, 2, 3].map(at_secs));
}

#[test]
fn the_end_of_a_waiting_work_is_told_to_parent_dependents_and_watchers() {
    let mut b = Bench::with_permits(4);
    let parent = Spec::new("parent", parenting("child", idling));
    let parent = b.add_spec(parent.on_child_failure(OnChildFailure::Collect));
    b.crank();
    let child = b.find("child");
    let dependent = b.add_spec(Spec::new("dependent", done()).after_settled(child));
    let watcher = b.add(
        "watcher",
        Probe::new(move |cx| match cx.state(child) {
            Some(state) if !state.is_settled() => {
                cx.watch(child).unwrap();
                Poll::Pending
            }
            _ => OK,
        }),
    );
    b.crank();
    b.s.cancel(child).unwrap();
    assert_eq!(b.crank().next, Next::Idle);
    let states = b.states([parent, dependent, watcher]);
    assert_eq!(states, [Success; 3]);
}

#[test]
fn a_child_added_just_before_waiting_wakes_its_parent() {
    // Even one that settles within the parent's turn, having never run.
    let mut b = Bench::with_permits(4);
    let bad = b.add("bad", failing());
    b.run();
    for after in [None, Some(bad)] {
        let parent = Probe::new(move |cx| {
            if cx.children().is_empty() {
                let spec = Spec::new("child", done());
                cx.spawn(after.into_iter().fold(spec, Spec::after)).unwrap();
                return Poll::Pending;
            }
            OK
        });
        let spec = Spec::new("parent", parent).on_child_failure(OnChildFailure::Collect);
        let parent = b.add_spec(spec);
        b.run();
        assert_eq!(b.state(parent), Success);
    }
}

#[test]
fn a_step_that_panics_does_not_stop_the_scheduler() {
    let mut b = Bench::with_permits(1);
    b.add("bad", panicking());
    let rest: Vec<_> = (0..10).map(|_| b.add("good", napping(secs(1)))).collect();
    b.run();
    assert!(rest.iter().all(|&id| b.state(id) == Success));
}

#[test]
fn rearming_a_timer_leaves_nothing_behind() {
    let mut wheel = TimerWheel::new();
    let key = wheel.arm(at_secs(1), 7);
    for i in 0..100_000 {
        wheel.rearm(key, at_secs(2) + secs(i % 1000));
    }
    wheel.rearm(key, at_secs(1));
    wheel.advance(at_secs(10_000));
    assert_eq!(wheel.pop_due(), Some((at_secs(1), 7)));
    assert_eq!(wheel.pop_due(), None);

    let mut b = Bench::with_permits(1);
    let mut left = 100_000;
    let a = b.s.add_fn("a", move |cx: &mut Cx<'_>| {
        left -= 1;
        cx.wake_after(secs(3600));
        if left == 0 { OK } else { Poll::Pending }
    });
    let a = a.unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(3600)));
    while b.state(a.id()) == Waiting {
        b.s.wake(a).unwrap();
        b.crank();
    }
    assert_eq!(b.s.next(), Next::Idle);
    assert_eq!(b.s.metrics().turns, 100_000);
}

#[test]
fn timers_of_one_instant_fire_in_the_order_in_which_they_were_armed() {
    let mut b = Bench::with_permits(1000);
    let names: Vec<String> = (0..200).map(|i| format!("w{i}")).collect();
    for (i, name) in names.iter().enumerate() {
        // From many starting points to one instant.
        b.crank_at(at_ms(i as u64));
        let nap = Probe::new(|cx| {
            if cx.now() >= at_secs(9) {
                return OK;
            }
            cx.wake_at(at_secs(9));
            Poll::Pending
        });
        b.add(name.clone(), nap);
    }
    b.crank_at(at_secs(1));
    b.lines();
    b.crank_at(at_secs(9));
    let ends: Vec<String> = b.lines();
    let ends: Vec<&str> = ends
        .iter()
        .filter_map(|l| l.strip_suffix(": on_success"))
        .collect();
    assert_eq!(ends, names);
}

#[test]
fn adding_a_child_during_an_abort_is_refused_and_harmless() {
    let mut b = Bench::with_permits(4);
    let a = b.add("a", idling().on_abort(slowly(secs(1))));
    b.crank();
    b.s.cancel(a).unwrap();
    for _ in 0..3 {
        let refused = b.s.add(Spec::new("late", done()).parent(a));
        assert!(matches!(refused, Err(AddError::ParentDone(..))));
        b.crank();
    }
    b.run();
    assert_eq!((b.state(a), b.s.metrics().total), (Cancelled, 1));
}

#[test]
fn a_failed_child_does_not_linger_into_the_next_attempt() {
    let mut b = Bench::with_permits(4);
    let seen: Rc<RefCell<Vec<(usize, bool)>>> = Rc::default();
    let note = seen.clone();
    let parent = Probe::new(move |cx| {
        if cx.children().is_empty() {
            let good = cx.attempt() > 1;
            let child = Probe::new(move |_| if good { OK } else { fail("no") });
            cx.spawn(Spec::new("child", child)).unwrap();
            return Poll::Pending;
        }
        note.borrow_mut()
            .push((cx.children().len(), cx.children().all_successful()));
        match cx.children().all_successful() {
            true => OK,
            false => fail("a child failed"),
        }
    });
    let spec = Spec::new("parent", parent).retry(Retry::ONCE);
    let parent = b.add_spec(spec.on_child_failure(OnChildFailure::Collect));
    b.run();
    assert_eq!(b.state(parent), Success);
    assert_eq!(*seen.borrow(), [(1, false), (1, true)]);
}

#[test]
fn a_chain_of_steps_takes_the_sum_of_its_steps() {
    let mut b = Bench::with_permits(4);
    let step = || napping(ms(3));
    let mut last = b.add("step", step());
    for _ in 1..32 {
        last = b.add_spec(Spec::new("step", step()).after(last));
    }
    let summary = b.run();
    assert_eq!(summary.finished, at_ms(96));
    assert_eq!(summary.turns, 64);
}

#[test]
fn retries_of_a_leaf_multiply_only_by_what_its_ancestors_asked_for() {
    for (above, attempts) in [(Retry::NEVER, 6), (Retry::ONCE, 2 * 2 * 6)] {
        let mut b = Bench::with_permits(4);
        let count = Rc::new(Cell::new(0));
        let counted = count.clone();
        let spawn = move |cx: &mut Cx<'_>, spec: Spec<Log, Probe>| {
            if cx.children().is_empty() {
                cx.spawn(spec).unwrap();
            }
            Poll::Pending
        };
        let top = Probe::new(move |cx| {
            let counted = counted.clone();
            let middle = Probe::new(move |cx| {
                let counted = counted.clone();
                let leaf = Probe::new(move |_| {
                    counted.set(counted.get() + 1);
                    fail("no")
                });
                spawn(cx, Spec::new("leaf", leaf).retry(Retry::A_FEW))
            });
            spawn(cx, Spec::new("middle", middle).retry(above))
        });
        b.add_spec(Spec::new("top", top).retry(above));
        b.run();
        assert_eq!(count.get(), attempts, "{above:?}");
    }
}

#[test]
fn a_parent_ends_the_multiplication_with_a_fatal_failure() {
    let mut b = Bench::with_permits(4);
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("leaf", failing()).retry(Retry::A_FEW))
                .unwrap();
        }
        match cx.children().any_failed() {
            true => Poll::Ready(Err(Failure::fatal("a leaf failed"))),
            false => Poll::Pending,
        }
    });
    let spec = Spec::new("parent", parent).retry(Retry::A_LOT);
    b.add_spec(spec.on_child_failure(OnChildFailure::Collect));
    b.run();
    assert_eq!(b.s.metrics().attempts, 1 + 6);
}

#[test]
fn works_scheduled_after_shutdown_are_refused() {
    let mut b = Bench::with_permits(1);
    b.s.shutdown();
    assert!(matches!(
        b.s.add(Spec::new("a", done())),
        Err(AddError::ShutDown)
    ));
    assert_eq!(b.crank().next, Next::Idle);
}

#[test]
fn running_one_work_does_not_wait_for_all() {
    let mut b = Bench::with_permits(4);
    let wanted = b.add("wanted", napping(secs(2)));
    let other = b.add("other", napping(secs(3600)));
    let mut driver = VirtualDriver::new();
    let outcome = b.s.run_until(wanted, &mut b.log, &mut driver).unwrap();
    assert!(outcome.is_success());
    assert_eq!((driver.now(), b.state(other)), (at_secs(2), Waiting));
    let stuck = b.add("stuck", idling());
    let result = b.s.run_until(stuck, &mut b.log, &mut driver);
    assert!(matches!(result, Err(RunUntilError::Stall(_))));
    assert_eq!(b.state(other), Success);
}
