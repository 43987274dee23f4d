//! What fails a run, and what the report says of it.

use crate::units::secs;
use crankwork::explore::{Coverage, Explore, Failure, Policy, Sim, Stats, Verdict};
use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

pub type App = Vec<&'static str>;

/// A search that depends on nothing but its code.
pub fn search() -> Explore {
    Explore::new().on_its_own().named("searching").seed(1)
}

/// Adds a work that writes its name in each of so many turns.
pub fn add(work: &mut WorkScheduler<App>, name: &'static str, turns: u32) {
    let mut left = turns;
    let writes = move |cx: &mut WorkContext<'_, App>| {
        cx.app.push(name);
        left -= 1;
        match left {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    };
    work.add(Spec::new(name, writes).no_permit()).unwrap();
}

fn fails(explore: &Explore, program: impl Fn(&mut Sim) + Sync) -> Box<Failure> {
    explore.check(program).expect_err("some run fails")
}

pub fn passes(explore: &Explore, program: impl Fn(&mut Sim) + Sync) -> Stats {
    explore
        .check(program)
        .unwrap_or_else(|failure| panic!("{failure}"))
}

/// Two works of two turns; "b" must not be first and last.
fn b_embraces_a(sim: &mut Sim) {
    let node = sim.node("", App::new());
    add(sim.work(node), "a", 2);
    add(sim.work(node), "b", 2);
    sim.always("b is not on both sides of a", move |world| {
        *world.app(node) != ["b", "a", "a", "b"]
    });
}

#[test]
fn an_order_that_breaks_a_condition_is_found_by_every_policy_that_can() {
    for policy in [
        "random",
        "sticky(50)",
        "pct(2)",
        "urw",
        "one-deviation",
        "exhaustive",
        "mix",
    ] {
        let policy = Policy::from_name(policy).unwrap();
        let failure = fails(&search().policy(policy.clone()), b_embraces_a);
        let expected = Verdict::Always("b is not on both sides of a".into());
        assert_eq!(failure.verdict, expected, "{policy}");
        assert!(failure.reproduced, "{policy}");
        let works: Vec<&str> = failure
            .turns
            .iter()
            .map(|turn| turn.work.as_str())
            .collect();
        assert_eq!(works, ["b", "a", "a", "b"], "{policy}");
    }
    for policy in [Policy::Fifo, Policy::Lifo, Policy::Continue] {
        passes(&search().policy(policy), b_embraces_a);
    }
}

#[test]
fn l01_a_lawful_search_keeps_to_rounds() {
    let exhaustive = search().policy(Policy::Exhaustive).lawful();
    let failure = fails(&exhaustive, b_embraces_a);
    let stats = passes(&exhaustive, |sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 2);
        add(sim.work(node), "b", 2);
        sim.always("a is not twice before b", move |world| {
            *world.app(node) != ["a", "a"]
        });
    });
    assert_eq!((stats.runs, stats.coverage), (4, Coverage::Exhaustive));
    assert!(
        failure.to_string().contains("policy exhaustive"),
        "{failure}"
    );
}

#[test]
fn an_exhaustive_search_has_each_order_once() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        for name in ["a", "b", "c"] {
            add(sim.work(node), name, 3);
        }
    };
    let policy = |policy| search().runs(10_000).policy(policy);
    for all in [
        Policy::Exhaustive,
        Policy::OneDeviation,
        Policy::ExhaustiveUpTo(9),
    ] {
        let stats = passes(&policy(all.clone()), program);
        let twice = u64::from(matches!(all, Policy::OneDeviation));
        // One deviation goes out from two plain orders, and ends with the first of them that is through.
        assert_eq!(stats.distinct, 1_680, "{all}");
        assert!(stats.runs == 1_680 || twice == 1, "{all}: {}", stats.runs);
    }
    let few = passes(&policy(Policy::ExhaustiveUpTo(1)), program);
    assert_eq!(few.coverage, Coverage::ExhaustiveUpTo(1));
    assert!(
        few.to_string().contains("all with up to 1 departures"),
        "{few}"
    );
    let sampled = passes(&policy(Policy::Random).runs(100), program);
    assert_eq!((sampled.runs, sampled.coverage), (100, Coverage::Sampled));
    assert!(
        sampled.distinct > 80 && sampled.to_string().contains("chance"),
        "{sampled}"
    );
}

#[test]
fn a_report_repeats_itself_and_its_line_repeats_the_run() {
    let random = search().policy(Policy::Random);
    let [one, two] = [(); 2].map(|()| fails(&random, b_embraces_a).to_string());
    assert_eq!(one, two);
    let failure = fails(&random, b_embraces_a);
    let replay = search().replay(failure.replay.clone());
    assert_eq!(fails(&replay, b_embraces_a).turns, failure.turns);
    // Without shrinking the text has the answers of the run as it was found.
    let whole = fails(&random.clone().shrink_budget(0), b_embraces_a);
    assert!(whole.replay.starts_with("a1:s=0x"), "{}", whole.replay);
    let replay = search().replay(whole.replay).shrink_budget(0);
    assert_eq!(fails(&replay, b_embraces_a).turns, whole.turns);
    let other = fails(&random.seed(2), b_embraces_a);
    assert_ne!((other.run, other.seed), (failure.run, failure.seed));
}

#[test]
fn a_panic_of_a_work_fails_the_run_with_its_place() {
    let failure = fails(&search(), |sim| {
        let node = sim.node("", App::new());
        sim.work(node)
            .add_fn("breaks", |_| -> Poll<Result<(), crankwork::Failure>> {
                panic!("broken")
            })
            .unwrap();
    });
    let Verdict::Panic(message, place) = &failure.verdict else {
        panic!("{failure}");
    };
    assert_eq!(
        (message.as_str(), place.contains("conditions.rs")),
        ("broken", true)
    );
    assert_eq!(
        failure.turns.last().map(|turn| turn.work.as_str()),
        Some("breaks")
    );
}

#[test]
fn an_assertion_of_the_test_fails_the_run() {
    let failure = fails(&search(), |sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1);
        sim.run();
        assert_eq!(sim.app(node).len(), 2, "turns");
    });
    assert!(
        matches!(&failure.verdict, Verdict::Panic(text, _) if text.contains("turns")),
        "{failure}"
    );
}

#[test]
fn works_that_nothing_can_wake_are_a_stall_or_a_lost_wake() {
    let stall = fails(&search(), |sim| {
        let node = sim.node("", App::new());
        sim.work(node)
            .add_fn("waits", |cx| -> Poll<Result<(), crankwork::Failure>> {
                cx.expect_wake();
                Poll::Pending
            })
            .unwrap();
    });
    assert!(
        matches!(&stall.verdict, Verdict::Stall(report) if report.works.len() == 1),
        "{stall}"
    );
    let lost = fails(&search(), |sim| {
        let node = sim.node("", App::new());
        sim.work(node)
            .add_fn("forgets", |_| -> Poll<Result<(), crankwork::Failure>> {
                Poll::Pending
            })
            .unwrap();
    });
    assert_eq!(lost.verdict, Verdict::LostWake("forgets".into()));
}

#[test]
fn a_lost_wake_of_a_child_is_found_behind_its_parents_failure() {
    let failure = fails(&search(), |sim| {
        let node = sim.node("", App::new());
        let mut spawned = false;
        sim.work(node)
            .add_fn("parent", move |cx| {
                if !std::mem::replace(&mut spawned, true) {
                    cx.spawn_fn("forgets", |_| -> Poll<Result<(), crankwork::Failure>> {
                        Poll::Pending
                    })?;
                }
                Poll::Ready(Ok(()))
            })
            .unwrap();
    });
    assert_eq!(failure.verdict, Verdict::LostWake("parent".into()));
}

#[test]
fn a_run_has_so_many_turns_and_no_more() {
    let endless = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        sim.work(node)
            .add_fn("on and on", |cx| {
                cx.yield_now::<Result<(), crankwork::Failure>>()
            })
            .unwrap();
    };
    assert_eq!(
        fails(&search().max_turns(50), endless).verdict,
        Verdict::TurnLimit(50)
    );
    let stats = passes(&search().runs(3).stop_after(50), endless);
    assert_eq!((stats.runs, stats.turns), (3, 150));
}

#[test]
fn guards_that_are_all_shut_are_a_deadlock() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        for (name, other) in [("a", "b"), ("b", "a")] {
            add(sim.work(node), name, 2);
            sim.guard(node, name, move |world| {
                world.app(node).first() != Some(&other)
            });
        }
    };
    let failure = fails(&search(), program);
    assert!(
        matches!(&failure.verdict, Verdict::Deadlock(works) if works.len() == 1),
        "{failure}"
    );
    // The guard keeps a work from its turns for good, so whoever is first goes through.
    let works: Vec<&str> = failure
        .turns
        .iter()
        .map(|turn| turn.work.as_str())
        .collect();
    assert!(works == ["a", "a"] || works == ["b", "b"], "{works:?}");
}

#[test]
fn conditions_that_never_held_are_named() {
    let stats = passes(&search(), |sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1);
        add(sim.work(node), "b", 1);
        sim.sometimes("b is first", move |world| {
            world.app(node).first() == Some(&"b")
        });
        sim.sometimes("c is first", move |world| {
            world.app(node).first() == Some(&"c")
        });
    });
    assert_eq!(stats.never, ["c is first"]);
    assert!(
        stats.to_string().contains("never seen: c is first"),
        "{stats}"
    );
}

#[test]
fn works_that_never_end_are_over_once_all_has_come_true() {
    let program = |until: usize| {
        move |sim: &mut Sim| {
            let node = sim.node("", App::new());
            sim.work(node)
                .add_fn("ticks", |cx| -> Poll<Result<(), crankwork::Failure>> {
                    cx.app.push("tick");
                    cx.wake_after(secs(1));
                    Poll::Pending
                })
                .unwrap();
            sim.eventually("so many ticks", move |world| world.app(node).len() == until);
        }
    };
    let stats = passes(&search().runs(2).max_turns(100), program(5));
    assert_eq!(stats.turns, 10);
    let failure = fails(&search().max_turns(100), program(1_000));
    assert_eq!(failure.verdict, Verdict::TurnLimit(100));
}

#[test]
fn a_program_that_differs_from_itself_is_found_out() {
    let runs = AtomicUsize::new(0);
    let failure = fails(&search(), |sim| {
        let run = 1 + runs.fetch_add(1, Ordering::Relaxed);
        let node = sim.node("", App::new());
        for name in ["a", "b", "c"].into_iter().take(2 + run % 2) {
            add(sim.work(node), name, 1);
        }
    });
    let Verdict::Nondeterminism(one, other) = &failure.verdict else {
        panic!("{failure}");
    };
    assert_ne!(one, other);
}

#[test]
fn a_host_with_its_own_loop_can_have_any_policy() {
    let mut orders = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut s = WorkScheduler::<App>::new(Default::default());
        s.set_decider(Some(crankwork::explore::decider(&Policy::Random, seed)));
        add(&mut s, "a", 3);
        add(&mut s, "b", 3);
        let mut app = App::new();
        s.run_until_done(&mut app, &mut VirtualDriver::new())
            .unwrap();
        orders.insert(app);
    }
    assert_eq!(orders.len(), 20);
}

#[test]
fn bytes_choose_the_order() {
    let run = |data: &[u8]| {
        let out = Mutex::new(String::new());
        crankwork::explore::bytes(data, |sim| {
            let node = sim.node("", App::new());
            add(sim.work(node), "a", 2);
            add(sim.work(node), "b", 2);
            sim.run();
            *out.lock().unwrap() = sim.app(node).join("");
        });
        out.into_inner().unwrap()
    };
    assert_eq!(run(&[]), "abab");
    assert_eq!(run(&[1, 1]), "bbaa");
    assert_eq!(run(&[2, 255]), "aabb");
}

#[test]
fn a_run_that_only_real_time_could_go_on_with_fails_with_one_node_and_with_two() {
    for nodes in 1..=2 {
        let pinned = |sim: &mut Sim| {
            for _ in 0..nodes {
                let node = sim.node("pinned", App::new());
                add(sim.work(node), "a", 2);
                // A thread of the host's that never comes back.
                std::mem::forget(sim.work(node).pin_time());
            }
        };
        let failure = fails(&search().runs(1), pinned);
        assert!(matches!(failure.verdict, Verdict::Pinned), "{failure}");
    }
}
