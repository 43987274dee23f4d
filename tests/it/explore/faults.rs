//! Faults by swarm, and planned: each family happens, and a plan of what has happened repeats a run.

use super::conditions::{App, add, passes, search};
use crankwork::explore::{
    Explore, Failure, Family, Fault, Faults, Item, Policy, Sim, Step, Verdict,
};
use crankwork::{Retry, Spec, WorkContext, WorkState};
use std::task::Poll;

/// Searches with one family until a run fails.
fn found(family: Family, program: impl Fn(&mut Sim)) -> Box<Failure> {
    let explore = with(Faults::none().with(family));
    let failure = explore.check(program).expect_err("some run has the fault");
    let mut faults = faults(&failure).into_iter();
    let is_of_it = faults.all(|fault| fault.family() == family);
    assert!(failure.run >= 4 && is_of_it, "{failure}");
    assert_eq!(failure.reproduced, (2, 2), "{failure}");
    failure
}

/// Returns the faults among the items of a failure.
fn faults(failure: &Failure) -> Vec<Fault> {
    let items = failure.items.iter().map(|it| it.item.clone());
    let faults = items.filter_map(|item| match item {
        Item::Fault(fault) => Some(fault),
        _ => None,
    });
    faults.collect()
}

fn with(faults: Faults) -> Explore {
    search().runs(2_000).policy(Policy::Fifo).faults(faults)
}

/// Runs the program with exactly these faults, and returns how it fails.
fn planned(faults: &[Fault], program: impl Fn(&mut Sim)) -> Option<Verdict> {
    let explore = search().runs(1).policy(Policy::Fifo);
    let failure = explore.check(|sim| {
        for fault in faults {
            sim.fault(fault.clone());
        }
        program(sim);
    });
    failure.err().map(|failure| failure.verdict)
}

/// Two works of three turns, one after the other, that should both succeed.
fn two_works(sim: &mut Sim, retry: Retry) {
    let node = sim.node("", App::new());
    let ids = ["a", "b"].map(|name| {
        let mut left = 3;
        let work = move |cx: &mut WorkContext<'_, App>| {
            cx.app.push(name);
            left -= 1;
            match left {
                ..=0 => Poll::Ready(Ok(())),
                _ => cx.yield_now(),
            }
        };
        let spec = Spec::new(name, work).retry(retry.clone());
        sim.work(node).add(spec).unwrap().id()
    });
    sim.eventually("both succeed", move |world| {
        ids.iter()
            .all(|&id| world.work(node).state(id) == Some(WorkState::Success))
    });
}

#[test]
fn without_a_setting_nothing_goes_wrong() {
    passes(&search().runs(500), |sim| two_works(sim, Retry::NEVER));
}

#[test]
fn a_failed_attempt_is_reported_and_a_retry_survives_it() {
    let failure = found(Family::Fail, |sim| two_works(sim, Retry::NEVER));
    assert_eq!(failure.verdict, Verdict::Eventually("both succeed".into()));
    assert!(failure.to_string().contains(" fails at turn "), "{failure}");
    let fails = Faults::none().with(Family::Fail).at_most(Family::Fail, 1);
    passes(&with(fails), |sim| two_works(sim, Retry::ONCE));
}

#[test]
fn a_plan_of_the_faults_repeats_the_run() {
    for family in [Family::Fail, Family::Cancel] {
        let program = |sim: &mut Sim| two_works(sim, Retry::NEVER);
        let failure = found(family, program);
        assert_eq!(planned(&faults(&failure), program), Some(failure.verdict));
        assert_eq!(planned(&[], program), None);
    }
}

#[test]
fn a_pattern_names_the_works_that_faults_may_hit() {
    let fails = Faults::none().only(Family::Fail, "a");
    let failure = with(fails).check(|sim| two_works(sim, Retry::NEVER));
    let failure = failure.expect_err("a fails");
    let faults = faults(&failure);
    let names = faults.iter().map(|fault| &*fault.at().work);
    assert!(names.eq(["a"]), "{failure}");
}

#[test]
fn a_late_turn_is_had_in_the_next_round() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1);
        add(sim.work(node), "b", 1);
        sim.always("a is first", move |world| {
            world.app(node).first() != Some(&"b")
        });
    };
    let failure = found(Family::Late, program);
    assert_eq!(faults(&failure), [Fault::Late(Step::new("a", 1))]);
}

#[test]
fn a_named_place_fires_in_some_runs() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        let writes = |cx: &mut WorkContext<'_, App>| {
            for _ in 0..3 {
                if cx.fault("disk full") {
                    cx.app.push("full");
                }
            }
            Poll::Ready(Ok(()))
        };
        sim.work(node).add_fn("writer", writes).unwrap();
        sim.eventually("twice at most", move |world| world.app(node).len() < 3);
    };
    let failure = found(Family::Named, program);
    let report = failure.to_string();
    assert!(
        report.contains("writer has the fault \"disk full\" at turn 1, visit 3"),
        "{report}"
    );
    assert_eq!(failure.items.len(), 3, "{report}");
    let faults = faults(&failure);
    assert_eq!(planned(&faults, program), Some(failure.verdict));
    assert_eq!(planned(&faults[1..], program), None);
}
