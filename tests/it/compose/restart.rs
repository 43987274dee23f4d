//! L31 for composites: after success, failure and cancel, with Blocked dependents, and of a member alone.

use super::started;
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::WorkState::{Aborting, Blocked, Cancelled, Failed, Success};
use crankwork::compose::{BatchWork, ConditionalWork, WorkSequence};
use crankwork::{RestartError, Retry, Spec};
use std::cell::Cell;
use std::rc::Rc;

/// A sequence of three whose second member fails while the switch is on.
fn breakable(broken: &Rc<Cell<bool>>) -> WorkSequence<Log> {
    let broken = broken.clone();
    WorkSequence::new()
        .then(|| Spec::new("a", napping(secs(1))))
        .then(move || match broken.get() {
            true => Spec::new("b", failing()),
            false => Spec::new("b", napping(secs(1))),
        })
        .then(|| Spec::new("c", done()))
}

#[test]
fn l31_a_sequence_restarts_from_its_first_member_after_success_and_failure() {
    let (mut b, broken) = (Bench::with_permits(4), Rc::new(Cell::new(false)));
    let all = b.add_spec(Spec::new("all", breakable(&broken)));
    for (breaks, state) in [(false, Success), (true, Failed), (false, Success)] {
        broken.set(breaks);
        b.run();
        assert_eq!(b.state(all), state);
        let expected: &[&str] = if breaks {
            &["a", "b"]
        } else {
            &["a", "b", "c"]
        };
        assert_eq!(started(&mut b), expected);
        b.s.restart(all).unwrap();
    }
}

#[test]
fn l31_a_restart_gives_all_retries_again() {
    let (mut b, broken) = (Bench::with_permits(4), Rc::new(Cell::new(true)));
    let all = b.add_spec(Spec::new("all", breakable(&broken)).retry(Retry::times(2)));
    for _ in 0..2 {
        b.run();
        assert_eq!(b.state(all), Failed);
        assert_eq!(started(&mut b).len(), 3 * 2);
        b.s.restart(all).unwrap();
    }
}

#[test]
fn l31_dependents_of_a_failed_composite_stay_blocked_until_they_are_restarted_too() {
    let (mut b, broken) = (Bench::with_permits(4), Rc::new(Cell::new(true)));
    let all = b.add_spec(Spec::new("all", breakable(&broken)));
    let after = b.add_spec(Spec::new("after", done()).after(all));
    b.run();
    assert_eq!(b.states([all, after]), [Failed, Blocked]);
    // Blocked again at once, while the composite is still failed.
    b.s.restart(after).unwrap();
    assert_eq!(b.state(after), Blocked);
    broken.set(false);
    b.s.restart(all).unwrap();
    b.crank();
    assert_eq!(b.state(after), Blocked);
    b.s.restart(after).unwrap();
    b.run();
    assert_eq!(b.states([all, after]), [Success; 2]);
}

#[test]
fn l31_a_cancelled_batch_restarts_with_its_first_member() {
    let mut b = Bench::with_permits(9);
    let batch = BatchWork::each(2, || {
        ["a", "b", "c"].map(|name| Spec::new(name, napping(secs(1)).on_abort(slowly(secs(5)))))
    });
    let batch = b.add_spec(Spec::new("batch", batch));
    b.crank();
    b.crank_at(at_secs(1));
    b.s.cancel(batch).unwrap();
    b.crank_at(at_secs(1));
    // Its last member aborts slowly.
    assert_eq!(b.state(batch), Aborting);
    assert!(matches!(
        b.s.restart(batch),
        Err(RestartError::NotSettled(..))
    ));
    b.run();
    assert_eq!((b.state(batch), b.s.now()), (Cancelled, at_secs(6)));
    started(&mut b);
    b.s.restart(batch).unwrap();
    b.run();
    assert_eq!(started(&mut b), ["a", "b", "c"]);
    assert_eq!((b.state(batch), b.s.now()), (Success, at_secs(8)));
}

#[test]
fn l31_a_finished_conditional_starts_its_work_at_once_even_if_the_condition_no_longer_holds() {
    let mut b = Bench::with_permits(4);
    b.log.push("open");
    let condition = |log: &mut Log| log.lines.first().is_some_and(|line| line == "open");
    let cond = ConditionalWork::new(condition, || Spec::new("gated", done()));
    let cond = b.add_spec(Spec::new("cond", cond));
    b.run();
    b.lines();
    b.s.restart(cond).unwrap();
    b.run();
    assert_eq!((b.state(cond), b.s.now()), (Success, at_secs(0)));
    assert_eq!(started(&mut b), ["gated"]);
}

#[test]
fn l31_a_settled_member_can_be_restarted_while_a_later_one_runs() {
    let (mut b, broken) = (Bench::with_permits(4), Rc::new(Cell::new(false)));
    let all = b.add_spec(Spec::new("all", breakable(&broken)));
    b.crank();
    b.crank_at(at_secs(1));
    let a = b.find("a");
    assert_eq!(b.state(a), Success);
    b.s.restart(a).unwrap();
    b.run();
    // `c` comes after both.
    assert_eq!(started(&mut b), ["a", "b", "a", "c"]);
    assert_eq!((b.state(all), b.s.now()), (Success, at_secs(2)));
}
