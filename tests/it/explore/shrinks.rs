//! What failures of every class shrink to, and what a report says of them.

use super::conditions::{App, add, passes, search};
use super::toys::{self, Edit};
use crate::units::secs;
use crankwork::explore::{Explore, Failure, Item, Policy, Sim, Step, Until, Verdict, Without};
use crankwork::{Spec, WorkContext};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Poll, ready};

type Turn = Poll<Result<(), crankwork::Failure>>;

/// Returns the failure that a search finds. Its text must fail in the same way, and no item can be left out.
pub fn shrunk(search: &Explore, program: impl Fn(&mut Sim) + Sync) -> Box<Failure> {
    let failure = search.check(&program).expect_err("some run fails");
    assert!(failure.reproduced, "{failure}");
    let replay = search.clone().replay(failure.replay.clone());
    let again = replay.check(&program).expect_err("the replay fails");
    assert!(again.verdict.is_like(&failure.verdict), "{again}");
    assert_eq!(again.turns, failure.turns);
    for item in &failure.items {
        let is_needed = match &item.without {
            Without::Passes => true,
            Without::Fails(other) => !other.is_like(&failure.verdict),
            _ => false,
        };
        assert!(is_needed && !item.is_stale, "{failure}");
    }
    failure
}

pub fn items(failure: &Failure) -> Vec<String> {
    let items = failure.items.iter();
    items.map(|it| it.sentence.clone()).collect()
}

fn hold(work: &str, turn: u32, other: &str, until: Until) -> Item {
    Item::Hold {
        at: Step::new(work, turn),
        other: other.into(),
        until,
    }
}

#[test]
fn the_smallest_form_is_the_same_wherever_the_search_has_begun() {
    for seed in 1..=10 {
        for policy in [Policy::Mix, Policy::Random, Policy::Urw, Policy::Pct(3)] {
            let search = search().seed(seed).runs(3_000).policy(policy.clone());
            let failure = shrunk(&search, |sim| toys::cancel_race(sim, Edit::None));
            let expected = [
                vec!["refund waits before turn 2 until parcel has ended"],
                vec!["parcel waits before turn 3 until refund has had turn 1"],
            ];
            let found = items(&failure);
            assert_eq!(found.len(), 1, "{policy} {seed}: {failure}");
            assert!(
                found == expected[0] || found == expected[1],
                "{policy} {seed}: {failure}"
            );
        }
    }
}

#[test]
fn two_turns_are_named_whose_swap_passes() {
    let failure = shrunk(&search().runs(3_000), |sim| {
        toys::cancel_race(sim, Edit::None);
    });
    let (one, other) = failure.swap.expect("one hold is there");
    let turn = |number: u64| &failure.turns[number as usize - 1];
    assert_eq!((turn(one).work.as_str(), turn(one).turn), ("parcel", 3));
    assert_eq!((turn(other).work.as_str(), turn(other).turn), ("refund", 2));
    assert!(turn(one).is_marked && turn(other).is_marked);
    let line = format!("<- swap with {other} and it passes");
    assert!(failure.to_string().contains(&line), "{failure}");
}

#[test]
fn a_choice_and_an_order_are_items_of_one_failure() {
    let failure = shrunk(&search().runs(3_000), |sim| {
        toys::permit_leak(sim, Edit::None);
    });
    let found = items(&failure);
    assert!(found.len() <= 4, "{failure}");
    let chooses = |item: &String| item.contains("chooses 1 for \"disk\"");
    assert!(found.iter().any(chooses), "{failure}");
}

#[test]
fn production_order_that_fails_needs_no_item() {
    let failure = shrunk(&search().policy(Policy::Lifo), |sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 2);
        add(sim.work(node), "b", 2);
        sim.eventually("never", |_| false);
    });
    assert_eq!((failure.items.len(), failure.replay.as_str()), (0, "v1:"));
    let line = "none is needed, since production order fails";
    assert!(failure.to_string().contains(line), "{failure}");
}

/// Two works of which "b" must not be first, or else it ends like that.
fn ends_if_b_is_first(
    sim: &mut Sim,
    end: impl Fn(&mut WorkContext<'_, App>, bool) -> Turn + Clone + 'static,
) {
    let node = sim.node("", App::new());
    for name in ["a", "b"] {
        let end = end.clone();
        let work = move |cx: &mut WorkContext<'_, App>| {
            let is_first = cx.app.is_empty();
            cx.app.push(name);
            end(
                cx,
                is_first && name == "b" || cx.app.starts_with(&["b", "b"]),
            )
        };
        sim.work(node).add(Spec::new(name, work)).unwrap();
    }
}

#[test]
fn every_class_of_failure_shrinks() {
    let search = search().max_turns(200).policy(Policy::Random);
    let waits = |cx: &mut WorkContext<'_, App>, is_hit: bool| {
        if is_hit {
            cx.expect_wake();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    };
    let forgets = |_: &mut WorkContext<'_, App>, is_hit: bool| match is_hit {
        true => Poll::Pending,
        false => Poll::Ready(Ok(())),
    };
    let goes_on = |cx: &mut WorkContext<'_, App>, is_hit: bool| match is_hit {
        true => cx.yield_now(),
        false => Poll::Ready(Ok(())),
    };
    let breaks = |_: &mut WorkContext<'_, App>, is_hit: bool| {
        assert!(!is_hit, "b was first");
        Poll::Ready(Ok(()))
    };
    let failures = [
        shrunk(&search, move |sim| ends_if_b_is_first(sim, waits)),
        shrunk(&search, move |sim| ends_if_b_is_first(sim, forgets)),
        shrunk(&search, move |sim| ends_if_b_is_first(sim, goes_on)),
        shrunk(&search, move |sim| ends_if_b_is_first(sim, breaks)),
        shrunk(&search, shut_guards),
    ];
    let classes = failures.each_ref().map(|failure| match failure.verdict {
        Verdict::Stall(_) => "stall",
        Verdict::LostWake(_) => "lost wake",
        Verdict::TurnLimit(_) => "turn limit",
        Verdict::Panic(..) => "panic",
        Verdict::Deadlock(_) => "deadlock",
        _ => "other",
    });
    let all = ["stall", "lost wake", "turn limit", "panic", "deadlock"];
    assert_eq!(classes, all);
    for failure in failures {
        let first = failure.items.first().map(|it| it.item.clone());
        assert_eq!(failure.items.len(), 1, "{failure}");
        let Some(Item::Hold { at, other, .. }) = first else {
            panic!("{failure}");
        };
        assert_eq!((at.work.as_str(), other.as_str()), ("a", "b"), "{failure}");
    }
}

/// "a" can go on for ever, unless "b" is first.
fn shut_guards(sim: &mut Sim) {
    let node = sim.node("", App::new());
    add(sim.work(node), "a", 1);
    add(sim.work(node), "b", 1);
    sim.guard(node, "a", move |world| world.app(node).is_empty());
}

#[test]
fn ties_are_items() {
    let timers = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        for name in ["a", "b", "c"] {
            let nap = move |cx: &mut WorkContext<'_, App>| {
                ready!(cx.sleep(secs(1)));
                cx.app.push(name);
                Poll::Ready(Ok(()))
            };
            sim.work(node).add(Spec::new(name, nap)).unwrap();
        }
        sim.always("c is not up first", move |world| {
            world.app(node).first() != Some(&"c")
        });
    };
    let failure = shrunk(&search().lawful().policy(Policy::Random), timers);
    assert_eq!(items(&failure).len(), 1, "{failure}");
}

#[test]
fn a_run_that_needs_its_seed_has_it_in_its_text() {
    let draws = |sim: &mut Sim| {
        let node = sim.node("", 0);
        let work = |cx: &mut WorkContext<'_, u64>| {
            *cx.app = cx.rng().below(16);
            Poll::Ready(Ok(()))
        };
        sim.work(node).add(Spec::new("draws", work)).unwrap();
        // The usual seed draws another number: that is looked for here, so that the test cannot come to mean nothing.
        sim.always("no 9", move |world| *world.app(node) != 9);
    };
    let usual = search().replay("v1:").check(draws);
    assert!(usual.is_ok(), "choose another number");
    let failure = shrunk(&search(), draws);
    let seed = format!("v1:s={:#x}", failure.seed);
    assert_eq!((failure.replay.as_str(), failure.items.len()), (&*seed, 0));
}

#[test]
fn a_budget_bounds_the_re_runs() {
    let program = |sim: &mut Sim| toys::lost_update(sim, Edit::None);
    let random = search().policy(Policy::Random);
    let reruns = |budget: u32| {
        let failure = random.clone().shrink_budget(budget).check(program);
        let failure = failure.expect_err("an update is lost");
        assert!(failure.reproduced, "{failure}");
        (failure.reruns, failure.items.len())
    };
    let (all, fewest) = reruns(500);
    assert!(all < 60, "{all}");
    for budget in [0, 1, 2, 5, 10] {
        let (used, items) = reruns(budget);
        assert!(used <= budget.max(1) + 2, "{used} of {budget}");
        assert!(budget < 2 || items >= fewest, "{items} items");
    }
}

#[test]
fn a_failure_is_the_same_data_every_time() {
    let program = |sim: &mut Sim| toys::permit_leak(sim, Edit::None);
    let search = search().runs(3_000);
    let [one, other] = [(); 2].map(|()| shrunk(&search, program));
    assert_eq!(one.to_string(), other.to_string());
    assert_eq!(one.trace_json_lines(), other.trace_json_lines());
    assert_eq!(one.trace_json_lines().lines().count(), one.turns.len());
}

#[test]
fn what_does_not_come_back_is_said_so() {
    let runs = AtomicU32::new(0);
    let failure = search().trusting().check(|sim| {
        let run = 1 + runs.fetch_add(1, Ordering::Relaxed);
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1 + run % 2);
        sim.eventually("the first run ends well", {
            let is_first = run == 1;
            move |_| !is_first
        });
    });
    let failure = failure.expect_err("the first run fails");
    assert!(!failure.reproduced && failure.difference.is_some());
    let report = failure.to_string();
    assert!(report.contains("did not come back"), "{report}");
    assert!(
        report.contains("first:") && report.contains("second:"),
        "{report}"
    );
}

#[test]
fn a_hold_waits_for_a_work_of_another_node() {
    let order = |sim: &mut Sim| {
        let nodes = ["one", "two"].map(|name| sim.node(name, App::new()));
        for node in nodes {
            add(sim.work(node), "work", 2);
        }
        sim.hold("one:work", 1).until("two:work", Until::End);
        sim.hold("two:work", 2).until("one:work", 1);
        // The second hold waits for the first: one of them is waived, and it is the one that was met first.
        sim.always("two begins", move |world| {
            let [one, two] = nodes.map(|node| world.app(node).len());
            one == 0 || two > 0
        });
    };
    passes(&search().runs(20), order);
    let failure = search().policy(Policy::Fifo).runs(1).check(|sim| {
        order(sim);
        sim.eventually("never", |_| false);
    });
    let failure = failure.expect_err("the condition never holds");
    assert_eq!(failure.waived, ["one:work"]);
    let works: Vec<&str> = failure
        .turns
        .iter()
        .map(|turn| turn.work.as_str())
        .collect();
    assert_eq!(works, ["two:work", "one:work", "one:work", "two:work"]);
}

#[test]
fn a_hold_until_the_end_of_a_work_is_over_once_it_is_cancelled_in_its_sleep() {
    let stats = passes(&search().runs(1).policy(Policy::Fifo), |sim| {
        let node = sim.node("", App::new());
        let sleeper = sim.work(node).add_fn("sleeper", |cx| -> Turn {
            ready!(cx.sleep(secs(100)));
            Poll::Ready(Ok(()))
        });
        let sleeper = sleeper.unwrap();
        let mut turn = 0;
        let cancels = move |cx: &mut WorkContext<'_, App>| {
            turn += 1;
            if turn == 1 {
                return cx.yield_now();
            }
            cx.cancel(sleeper).unwrap();
            Poll::Ready(Ok(()))
        };
        sim.work(node).add(Spec::new("cancels", cancels)).unwrap();
        add(sim.work(node), "b", 1);
        sim.hold("b", 1).until("sleeper", Until::End);
        sim.run();
        assert_eq!((sim.app(node).len(), sim.now()), (1, crankwork::Time::ZERO));
    });
    assert_eq!(stats.runs, 1);
}

#[test]
fn items_by_hand_are_those_of_a_text() {
    let program = |sim: &mut Sim, by_hand: bool| {
        let node = sim.node("", App::new());
        for name in ["a", "b", "c"] {
            add(sim.work(node), name, 2);
        }
        if by_hand {
            sim.hold("a", 2).until("c", 2);
        }
        sim.eventually("another order", move |world| {
            *world.app(node) != ["a", "b", "c", "b", "c", "a"]
        });
    };
    let production = search().policy(Policy::Fifo).runs(1);
    passes(&production, |sim| program(sim, false));
    let failure = production.check(|sim| program(sim, true));
    assert!(failure.is_err());
    let failure = search()
        .replay("v1:h=a@2>c@2")
        .check(|sim| program(sim, false));
    let failure = failure.expect_err("that is the order");
    assert_eq!(failure.items[0].item, hold("a", 2, "c", Until::Turn(2)));
    assert_eq!(failure.items[0].without, Without::Passes);
}
