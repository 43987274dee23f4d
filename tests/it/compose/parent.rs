//! The base of composites: a parent decides in its turn what a failed child means, and which settled children stay.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{Failure, OnChildFailure, Retain, Retry, Spec, WorkState};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// A name, and how it is made.
type Child = (&'static str, fn() -> Probe);

/// Spawns these in its first turn, then succeeds when all children have settled.
fn parent(mut first: impl FnMut(&mut Cx<'_>) + 'static, children: &'static [Child]) -> Probe {
    let mut attempt = 0;
    Probe::new(move |cx| {
        if std::mem::replace(&mut attempt, cx.attempt()) != cx.attempt() {
            first(cx);
            for &(name, make) in children {
                cx.spawn(Spec::new(name, make())).unwrap();
            }
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    })
}

#[test]
fn the_rule_for_failed_children_is_the_attempts_own() {
    for (said, spec, state) in [
        (
            Some(OnChildFailure::Collect),
            OnChildFailure::FailFast,
            WorkState::Success,
        ),
        (
            Some(OnChildFailure::FailFast),
            OnChildFailure::Collect,
            WorkState::Failed,
        ),
        (None, OnChildFailure::Collect, WorkState::Success),
    ] {
        let mut b = Bench::with_permits(4);
        let work = parent(
            move |cx| said.into_iter().for_each(|rule| cx.on_child_failure(rule)),
            &[("bad", failing), ("good", done)],
        );
        let id = b.add_spec(Spec::new("parent", work).on_child_failure(spec));
        b.run();
        assert_eq!(b.state(id), state, "{said:?}");
    }
}

#[test]
fn the_next_attempt_begins_with_the_specs_rule() {
    let mut b = Bench::with_permits(4);
    // Collects in the first attempt, and fails then by itself.
    let work = Probe::new(|cx| {
        if cx.children().is_empty() {
            if cx.attempt() == 1 {
                cx.on_child_failure(OnChildFailure::Collect);
            }
            cx.spawn(Spec::new("bad", failing())).unwrap();
            return Poll::Pending;
        }
        fail("by itself")
    });
    let id = b.add_spec(Spec::new("parent", work).retry(Retry::ONCE));
    b.run();
    assert!(b.failure(id).starts_with("child `bad`"));
}

#[test]
fn settled_children_stay_as_the_attempt_has_said() {
    for (retain, left) in [
        (None, ["bad", "good", "idle"].as_slice()),
        (Some(Retain::All), &["bad", "good", "idle"]),
        (Some(Retain::Failures), &["bad", "idle"]),
        (Some(Retain::Nothing), &["idle"]),
    ] {
        let mut b = Bench::with_permits(4);
        let work = parent(
            move |cx| {
                retain
                    .into_iter()
                    .for_each(|retain| cx.retain_children(retain))
            },
            &[("bad", failing), ("good", done), ("idle", idling)],
        );
        let spec = Spec::new("parent", work).on_child_failure(OnChildFailure::Collect);
        let id = b.add_spec(spec);
        b.crank();
        let there = b.s.snapshot();
        let there: Vec<_> = there.iter().skip(1).map(|work| &*work.name).collect();
        assert_eq!(there, left, "{retain:?}");
        b.s.cancel(b.find("idle")).unwrap();
        b.run();
        assert_eq!(
            (b.state(id), b.s.metrics().in_scheduler),
            (WorkState::Success, 1)
        );
    }
}

#[test]
fn a_child_that_is_gone_counts_no_longer() {
    let mut b = Bench::with_permits(4);
    let seen: Rc<RefCell<Vec<_>>> = Rc::default();
    let note = seen.clone();
    let work = Probe::new(move |cx| {
        let children = cx.children();
        let counts = (
            children.len(),
            children.live(),
            children.succeeded(),
            children.failed(),
        );
        note.borrow_mut().push((counts, children.iter().count()));
        if cx.now() == at_secs(0) && cx.children().is_empty() && note.borrow().len() == 1 {
            cx.retain_children(Retain::Nothing);
            for nap in [1, 2] {
                cx.spawn(Spec::new("nap", napping(secs(nap)))).unwrap();
            }
            let bad = Probe::new(|cx| cx.sleep(secs(3)).map(|()| Err(Failure::msg("no"))));
            cx.spawn(Spec::new("bad", bad)).unwrap();
        }
        match cx.children().is_empty() {
            true => OK,
            false => Poll::Pending,
        }
    });
    let spec = Spec::new("parent", work).on_child_failure(OnChildFailure::Collect);
    let id = b.add_spec(spec);
    b.run();
    assert_eq!(b.state(id), WorkState::Success);
    let expected = [0, 2, 1, 0].map(|left| ((left, left, 0, 0), left));
    assert_eq!(*seen.borrow(), expected);
}

#[test]
fn children_that_end_each_other_while_they_are_cancelled_may_be_gone_at_once() {
    let mut b = Bench::with_permits(4);
    // The cancel of the second, which has not started, blocks those after it: they go with it.
    let work = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.retain_children(Retain::Nothing);
            let mut before = cx.spawn(Spec::new("w", idling())).unwrap();
            for _ in 0..5 {
                before = cx.spawn(Spec::new("w", idling()).after(before)).unwrap();
            }
            cx.spawn(Spec::new("last", idling())).unwrap();
            return Poll::Pending;
        }
        cx.cancel_children();
        fail("enough")
    });
    let spec = Spec::new("parent", work).on_child_failure(OnChildFailure::Collect);
    let id = b.add_spec(spec);
    b.crank();
    b.s.wake(id).unwrap();
    b.run();
    assert_eq!(b.failure(id), "enough");
    assert_eq!(b.s.metrics().in_scheduler, 1);
    b.s.audit().unwrap();
}

#[test]
fn works_after_a_child_that_goes_still_wait_for_it() {
    let mut b = Bench::with_permits(4);
    let work = Probe::new(|cx| {
        if cx.children().is_empty() && cx.now() == at_secs(0) {
            cx.retain_children(Retain::Failures);
            let first = cx.spawn(Spec::new("first", napping(secs(1)))).unwrap();
            let gate = cx.spawn_root(Spec::new("gate", napping(secs(5)))).unwrap();
            // Pending on the gate when `first` ends, which therefore lingers.
            cx.spawn_root(Spec::new("outside", done()).after(first).after(gate))
                .unwrap();
        }
        match cx.children().is_empty() {
            true => OK,
            false => Poll::Pending,
        }
    });
    let id = b.add("parent", work);
    b.crank();
    b.crank_at(at_secs(1));
    assert_eq!(b.state(id), WorkState::Success);
    assert_eq!(b.state(b.find("first")), WorkState::Success);
    b.run();
    assert_eq!(b.state(b.find("outside")), WorkState::Success);
    let names: Vec<_> =
        b.s.snapshot()
            .iter()
            .map(|work| work.name.to_string())
            .collect();
    assert_eq!(names, ["parent", "gate", "outside"]);
}

#[test]
fn a_parent_reads_how_a_child_ended() {
    let mut b = Bench::with_permits(4);
    let work = Probe::new(|cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new("bad", failing())).unwrap();
            return Poll::Pending;
        }
        let (bad, _) = cx.children().iter().next().unwrap();
        let failure = cx.outcome(bad).unwrap().failure().unwrap().clone();
        assert!(cx.outcome(cx.id()).is_none());
        Poll::Ready(Err(Failure::caused_by("of two evils", failure)))
    });
    let spec = Spec::new("parent", work).on_child_failure(OnChildFailure::Collect);
    let id = b.add_spec(spec);
    b.run();
    assert_eq!(b.failure(id), "of two evils: no luck");
    assert!(b.outcome(id).failure().unwrap().may_retry());
}

#[test]
fn the_hooks_of_a_failure_can_ask_why() {
    let mut b = Bench::with_permits(4);
    let work = failing().on_hook(|cx, hook| {
        let why = cx.last_failure().map(ToString::to_string);
        say(cx, &format!("{hook}, because {why:?}"));
    });
    b.add_spec(Spec::new("a", work).retry(Retry::ONCE));
    b.run();
    let lines = b.lines_of("a");
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("because"))
        .collect();
    let why = "because Some(\"no luck\")";
    assert_eq!(
        told,
        [
            "on_reset, because None".into(),
            format!("on_failure_retry, {why}"),
            format!("on_reset, {why}"),
            format!("on_failure_raise, {why}"),
            format!("on_reset, {why}"),
        ]
        .iter()
        .collect::<Vec<_>>()
    );
}
