//! A job holds up the works above its own.

use super::{bench, busy, forced_and_abandoned, start};
use crate::units::{at_secs, secs};
use crate::workbench::{Probe, idling, never, parenting};
use crankwork::{Next, Spec, WorkState};
use std::task::Poll;

/// A work that spawns `child` in its first turn and waits for it.
fn parent_of(child: Probe) -> Probe {
    let mut child = Some(child);
    parenting("child", move || child.take().unwrap())
}

#[test]
fn l34_those_above_a_work_that_its_job_holds_up_have_their_on_abort() {
    let mut b = bench(10);
    let (gate, poll) = busy();
    let top = parent_of(parent_of(parent_of(Probe::new(poll))));
    let top = start(&mut b, &gate, Spec::new("top", top).abort_grace(secs(10)));
    b.lines();
    b.s.cancel(top).unwrap();
    b.crank();
    assert_eq!(b.lines(), ["child: on_abort"], "the innermost");
    assert_eq!(b.crank_at(at_secs(10)).next, Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (0, 1));
    assert_eq!(b.state(top), WorkState::Cancelled);
    let child = ["child: on_reset", "child: on_abort"];
    let expected = [&child[..], &child, &["child: on_reset"]].concat();
    let top = ["top: on_abort", "top: on_reset"];
    assert_eq!(b.lines(), [&expected[..], &top].concat());
    drop(gate);
}

#[test]
fn l34_those_above_are_forced_if_their_on_abort_is_not_ready_at_once() {
    let mut b = bench(10);
    let (gate, poll) = busy();
    let top = parent_of(Probe::new(poll)).on_abort(|cx| cx.yield_now());
    let top = start(&mut b, &gate, Spec::new("top", top));
    b.s.cancel(top).unwrap();
    assert_eq!(b.crank().next, Next::At(at_secs(10)));
    assert_eq!(b.crank_at(at_secs(10)).next, Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (1, 1));
    assert_eq!(b.state(top), WorkState::Cancelled);
    drop(gate);
}

#[test]
fn l34_what_does_not_end_beside_a_work_that_its_job_holds_up_is_forced() {
    let mut b = bench(10);
    let (gate, poll) = busy();
    let mut children = Some([Probe::new(poll), idling().on_abort(never)]);
    let top = Probe::new(move |cx| {
        for child in children.take().into_iter().flatten() {
            cx.spawn(Spec::new("child", child)).unwrap();
        }
        Poll::Pending
    });
    let top = start(&mut b, &gate, Spec::new("top", top));
    b.s.cancel(top).unwrap();
    b.crank();
    b.lines();
    assert_eq!(b.crank_at(at_secs(10)).next, Next::Idle);
    assert_eq!(forced_and_abandoned(&b), (1, 1), "the idle child alone");
    assert_eq!(b.lines_of("top"), ["on_abort", "on_reset"]);
    drop(gate);
}
