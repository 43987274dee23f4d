//! Composites of composites.

use crate::units::secs;
use crate::workbench::*;
use crankwork::compose::{BatchWork, ConditionalWork, WorkSequence, repeat};
use crankwork::{Spec, Work, WorkState};
use std::cell::Cell;
use std::rc::Rc;

type Any = Box<dyn Work<Log>>;

/// A leaf that takes `turns` turns, below `depth` sequences of one member.
fn nest(depth: u32, turns: u32) -> Spec<Log, Any> {
    if depth == 0 {
        let mut left = turns;
        let leaf = move |cx: &mut Cx<'_>| {
            left -= 1;
            if left == 0 { OK } else { cx.yield_now() }
        };
        return Spec::new("leaf", Box::new(leaf));
    }
    let below = WorkSequence::new().then(move || nest(depth - 1, turns));
    Spec::new("sequence", Box::new(below))
}

#[test]
fn a_leafs_turn_costs_one_turn_below_200_sequences() {
    for depth in [0, 1, 200] {
        for turns in [1, 1000] {
            let mut b = Bench::with_permits(1);
            let top = b.add_spec(nest(depth, turns));
            let summary = b.run();
            assert_eq!(b.state(top), WorkState::Success);
            // Each level has one turn to start its member and one to see its end.
            assert_eq!(summary.turns, (turns + 2 * depth) as u64);
        }
    }
}

#[test]
fn a_cancel_goes_down_200_sequences_and_up_again() {
    let mut b = Bench::with_permits(1);
    let top = b.add_spec(nest(200, u32::MAX));
    for _ in 0..1000 {
        b.turns(1);
    }
    assert_eq!(b.s.metrics().in_scheduler, 201);
    b.s.cancel(top).unwrap();
    let turns = b.s.metrics().turns;
    b.run();
    assert_eq!(b.state(top), WorkState::Cancelled);
    // One turn of `on_abort` each, from the leaf up.
    assert_eq!(b.s.metrics().turns - turns, 201);
    assert_eq!(b.s.metrics().cancelled, 201);
}

#[test]
fn a_failure_goes_up_through_all_kinds() {
    let mut b = Bench::with_permits(4);
    let batch = || {
        BatchWork::each(2, || {
            (0..4).map(|i| match i {
                3 => Spec::new("bad", failing()),
                _ => Spec::new("good", done()),
            })
        })
    };
    let sequence = move || WorkSequence::new().then(move || Spec::new("batch", batch()));
    let gated = move || {
        ConditionalWork::new(
            |_: &mut Log| true,
            move || Spec::new("sequence", sequence()),
        )
    };
    let beat = repeat(secs(1), move || Spec::new("gated", gated()));
    let beat = b.add_spec(Spec::new("beat", beat));
    b.run();
    let failure = b.failure(beat);
    assert!(
        failure.ends_with("child `bad` #7 failed: no luck"),
        "{failure}"
    );
    assert_eq!(b.s.metrics().in_scheduler, 1);
}

#[test]
fn a_batch_of_sequences_makes_each_anew() {
    let mut b = Bench::with_permits(100);
    let made = Rc::new(Cell::new(0));
    let count = made.clone();
    let batch = BatchWork::each(3, move || {
        let count = count.clone();
        (0..7u64).map(move |i| {
            let count = count.clone();
            let member = move || {
                count.set(count.get() + 1);
                Spec::new("step", napping(secs(1 + i % 2)))
            };
            Spec::new(
                "sequence",
                WorkSequence::new().then(member.clone()).then(member),
            )
        })
    });
    let batch = b.add_spec(Spec::new("batch", batch));
    b.run();
    assert_eq!((b.state(batch), made.get()), (WorkState::Success, 14));
    assert_eq!(b.s.metrics().in_scheduler, 1);
}
