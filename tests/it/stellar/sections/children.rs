//! Work with children; how often parents have a turn; trees.

use super::{bad_steps, bench, steps};
use crate::workbench::*;
use crankwork::compose::WorkSequence;
use crankwork::{AddError, Spec, WorkId, WorkState};

/// A name, and how it is made.
type Child = (&'static str, fn() -> Probe);

/// Two parents: the first with two leaves, the second with those that are given.
fn families(b: &mut Bench, second: &'static [Child]) -> [WorkId; 2] {
    let first: &[Child] = &[("leaf 1", || steps(3)), ("leaf 2", || steps(3))];
    [("first", first), ("second", second)].map(|(name, children)| {
        let parent = Probe::new(move |cx| {
            for &(name, make) in children {
                cx.spawn(Spec::new(name, make())).unwrap();
            }
            OK
        });
        b.add(name, parent)
    })
}

#[test]
fn parents_succeed_with_their_children_or_without_any() {
    let mut b = bench();
    let both = families(&mut b, &[]);
    b.run();
    assert_eq!(both.map(|id| b.state(id)), [WorkState::Success; 2]);
    assert_eq!((b.log.turns_of("leaf 1"), b.log.turns_of("leaf 2")), (3, 3));
}

#[test]
fn a_failed_child_fails_its_parent_alone() {
    let mut b = bench();
    let both = families(&mut b, &[("bad", || bad_steps(3))]);
    b.run();
    let states = both.map(|id| b.state(id));
    assert_eq!(states, [WorkState::Success, WorkState::Failed]);
}

#[test]
fn a_failed_childs_siblings_are_aborted_first() {
    let mut b = bench();
    let both = families(&mut b, &[("bad", || bad_steps(3)), ("long", || steps(100))]);
    b.run();
    let states = both.map(|id| b.state(id));
    assert_eq!(states, [WorkState::Success, WorkState::Failed]);
    let log = &b.log;
    let place = |line: &str| log.lines.iter().position(|l| l == line).unwrap();
    assert!(place("long: on_abort") < place("second: on_failure_raise"));
    assert!(log.turns_of("long") <= 4);
}

#[test]
fn a_shutdown_before_anything_ran_ends_all_of_it() {
    let mut b = bench();
    let both = families(&mut b, &[]);
    let leaf = b.add_spec(Spec::new("leaf", steps(3)).parent(both[0]));
    b.s.shutdown();
    b.s.wake(leaf).unwrap();
    let late = b.s.add(Spec::new("late", done()).parent(both[0]));
    assert_eq!(late.unwrap_err(), AddError::ShutDown);
    b.run();
    assert_eq!(both.map(|id| b.state(id)), [WorkState::Cancelled; 2]);
    assert_eq!(b.log.ran(), "leaf! second! first!");
    assert_eq!(
        b.s.add(Spec::new("next", done())).unwrap_err(),
        AddError::ShutDown
    );
}

/// `depth` parents above `leaves` leaves of three turns.
fn tower(depth: u32, leaves: u32) -> Probe {
    let mut begun = false;
    Probe::new(move |cx| {
        if !std::mem::replace(&mut begun, true) {
            for _ in 0..if depth == 0 { leaves } else { 1 } {
                let (name, child) = match depth {
                    0 => ("leaf", steps(3)),
                    _ => ("parent", tower(depth - 1, leaves)),
                };
                cx.spawn(Spec::new(name, child)).unwrap();
            }
        }
        OK
    })
}

#[test]
fn parents_have_one_turn_each_however_many_leaves_are_below_them() {
    for leaves in [1, 2, 4, 50] {
        let mut b = bench();
        b.add("parent", tower(1, leaves));
        b.run();
        assert_eq!(b.log.turns_of("parent"), 2);
        assert_eq!(b.log.turns_of("leaf"), 3 * leaves as usize);
    }
}

#[test]
fn parents_have_one_turn_each_on_every_level() {
    for depth in [1, 2, 3, 10] {
        let mut b = bench();
        b.add("parent", tower(depth, 1));
        b.run();
        assert_eq!(b.log.turns_of("parent"), depth as usize + 1);
    }
}

#[test]
fn a_line_of_owners_and_a_sequence_of_the_same_works_take_the_same_steps() {
    let mut line = bench();
    line.add("parent", tower(1, 1));
    line.run();
    let mut flat = bench();
    let all = WorkSequence::new().then(|| Spec::new("leaf", steps(3)));
    let all = all
        .then(|| Spec::new("parent", done()))
        .then(|| Spec::new("parent", done()));
    flat.add_spec(Spec::new("all", all));
    flat.run();
    for name in ["leaf", "parent"] {
        assert_eq!(line.log.turns_of(name), flat.log.turns_of(name));
    }
    assert_eq!(line.log.ran(), "parent parent leaf leaf leaf");
    assert_eq!(flat.log.ran(), "leaf leaf leaf parent parent");
}
