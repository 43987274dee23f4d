//! What a report says: items as sentences, the swap, a stall in one line, and answers where items cannot say it.

use super::conditions::{App, add, search};
use super::shrinks::{items, shrunk};
use crankwork::explore::{Family, Faults, Link, Policy, Sim, Verdict};
use crankwork::{Retry, Spec, WorkContext, WorkSchedulerConfig};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

type Turn = Poll<Result<(), crankwork::Failure>>;

#[test]
fn messages_arrive_where_works_have_turns() {
    let failure = shrunk(&search().policy(Policy::Random), |sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "reads", 1);
        let link: Link<()> = sim.link(node, |app: &mut App, _, ()| app.push("heard"));
        link.send(());
        link.send(());
        sim.always("two messages are not first", move |world| {
            *world.app(node) != ["heard", "heard", "reads"]
        });
    });
    let sentence = "reads waits until 2 messages of <0 have arrived";
    assert_eq!(items(&failure), [sentence], "{failure}");
    let report = failure.to_string();
    assert!(report.contains(sentence), "{report}");
    assert!(failure.json_line().contains(sentence));
    assert_eq!(failure.replay, "v1:h=reads@1><0@2");
}

/// A work that fails in its first attempt by itself. An attempt that fails before its last turn leaves a door open.
fn leaves_a_door_open(sim: &mut Sim) {
    let node = sim.node("", 0);
    let mut begun = 0;
    let work = move |cx: &mut WorkContext<'_, i32>| {
        if begun < cx.attempt() {
            begun = cx.attempt();
            *cx.app += 1;
            return cx.yield_now();
        }
        *cx.app -= 1;
        match cx.attempt() {
            1 => Poll::Ready(Err(crankwork::Failure::msg("once"))),
            _ => Poll::Ready(Ok(())),
        }
    };
    let door = Spec::new("door", work).retry(Retry::A_FEW);
    sim.work(node).add(door).unwrap();
    sim.always("one door at most", move |world| *world.app(node) <= 1);
}

#[test]
fn a_fault_comes_with_the_earliest_attempt_that_will_do() {
    let mut runs = BTreeSet::new();
    for seed in 0..8 {
        let faults = Faults::none().with(Family::Fail);
        let search = search().seed(seed).runs(2_000).policy(Policy::Fifo);
        let failure = shrunk(&search.faults(faults), leaves_a_door_open);
        runs.insert(failure.run);
        assert_eq!(items(&failure), ["door fails at turn 2"], "{failure}");
    }
    assert!(runs.len() > 1, "the seeds find it in other runs");
}

#[test]
fn a_turn_that_a_failing_run_never_comes_to_is_named() {
    let failure = shrunk(&search().policy(Policy::Random), |sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1);
        let checks = |cx: &mut WorkContext<'_, App>| -> Turn {
            assert!(!cx.app.is_empty(), "a has to be first");
            Poll::Ready(Ok(()))
        };
        sim.work(node).add(Spec::new("b", checks)).unwrap();
    });
    assert_eq!(failure.swap, None, "{failure}");
    let before = Some((1, String::from("turn 1 of a")));
    assert_eq!(failure.before, before, "{failure}");
    let line = "<- with turn 1 of a before it, it passes";
    assert!(failure.to_string().contains(line), "{failure}");
}

#[test]
fn a_stall_is_told_in_one_line() {
    let failure = shrunk(&search(), |sim| {
        let config = WorkSchedulerConfig::default().max_concurrency(1);
        let node = sim.node_with("", App::new(), config);
        for name in ["one", "two", "three"] {
            let sleeps = |cx: &mut WorkContext<'_, App>| -> Turn {
                cx.expect_wake();
                Poll::Pending
            };
            sim.work(node).add(Spec::new(name, sleeps)).unwrap();
        }
    });
    let report = failure.to_string();
    let stall = "waiting: one (wake), two (permit), three (permit)";
    let headline = report.lines().next().unwrap_or_default();
    assert!(
        headline.ends_with(&format!("failed: stalled: {stall}")),
        "{report}"
    );
    let end = report.lines().find(|line| line.contains("(stalled)"));
    let end = end.unwrap_or_default();
    assert!(end.ends_with(&format!("(stalled)  {stall}")), "{report}");
    let Verdict::Stall(stall) = &failure.verdict else {
        panic!("{report}");
    };
    assert_eq!(stall.works.len(), 3);
}

#[test]
fn works_of_a_node_that_was_never_picked_are_held() {
    let failure = shrunk(&search().policy(Policy::Random), |sim| {
        let nodes = ["one", "two"].map(|name| sim.node(name, App::new()));
        for node in nodes {
            add(sim.work(node), "work", 2);
        }
        sim.always("node two is not far ahead", move |world| {
            let [one, two] = nodes.map(|node| world.app(node).len());
            one > 0 || two < 2
        });
    });
    assert_eq!(failure.answers, None, "{failure}");
    let sentence = "one:work waits until two:work has ended";
    assert_eq!(items(&failure), [sentence], "{failure}");
}

#[test]
fn a_failure_that_items_cannot_express_is_kept_as_answers() {
    // The name of the choice is another in each run, so no item can name it.
    let runs = AtomicU32::new(0);
    let program = |sim: &mut Sim| {
        let run = runs.fetch_add(1, Ordering::Relaxed);
        let node = sim.node("", App::new());
        let chooses = move |cx: &mut WorkContext<'_, App>| -> Turn {
            let answers = [(); 3].map(|()| cx.choose(&format!("in run {run}"), 3));
            assert_ne!(answers[1], 2, "the second answer is wrong");
            Poll::Ready(Ok(()))
        };
        sim.work(node).add(Spec::new("chooses", chooses)).unwrap();
        add(sim.work(node), "other", 2);
    };
    let failure = shrunk(&search().policy(Policy::Random), program);
    assert_eq!((failure.answers, failure.items.len()), (Some(1), 0));
    assert!(failure.replay.starts_with("a1:s="), "{failure}");
    let report = failure.to_string();
    let form = "smallest form: 1 answer that is not production's, since items do not express it";
    assert!(report.contains(form), "{report}");
}
