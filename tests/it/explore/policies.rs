//! What each policy promises, counted.

use crankwork::explore::{Explore, Policy, Sim};
use crankwork::{Spec, WorkContext, WorkScheduler};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::task::Poll;

type App = String;

/// Adds a work that appends its letter in each of so many turns.
fn add(work: &mut WorkScheduler<App>, letter: char, turns: u32) {
    let mut left = turns;
    let writes = move |cx: &mut WorkContext<'_, App>| {
        cx.app.push(letter);
        left -= 1;
        match left {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    };
    work.add(Spec::new(letter.to_string(), writes).no_permit())
        .unwrap();
}

/// Returns how often each order came up in so many runs.
fn counts(policy: &str, runs: u64, works: &[(char, u32)]) -> BTreeMap<String, u64> {
    let counts = Mutex::new(BTreeMap::new());
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        for &(letter, turns) in works {
            add(sim.work(node), letter, turns);
        }
        sim.run();
        *counts
            .lock()
            .unwrap()
            .entry(sim.app(node).clone())
            .or_default() += 1;
    };
    let policy = Policy::from_name(policy).unwrap();
    let search = Explore::new()
        .on_its_own()
        .named("policies")
        .seed(7)
        .trusting();
    search.policy(policy).runs(runs).run(program);
    counts.into_inner().unwrap()
}

/// Returns the least and the largest count.
fn spread(counts: &BTreeMap<String, u64>) -> (u64, u64) {
    let all = || counts.values().copied();
    (all().min().unwrap_or(0), all().max().unwrap_or(0))
}

#[test]
fn urw_makes_every_order_equally_likely() {
    // Two works with very different numbers of turns: 8 orders.
    let works = [('a', 7), ('b', 1)];
    let (least, most) = spread(&counts("urw", 8_000, &works));
    assert!(least > 850 && most < 1_150, "{least} to {most}");
    // Where each work is as likely, half of the runs begin with "b".
    let (least, most) = spread(&counts("random", 8_000, &works));
    assert!(least < 150 && most > 3_500, "{least} to {most}");
}

#[test]
fn pct_of_depth_one_has_one_order_of_priorities() {
    let mut counts = counts("pct(1)", 601, &[('a', 3), ('b', 3), ('c', 3)]);
    assert_eq!(
        counts.remove("abcabcabc"),
        Some(1),
        "the first run is production's"
    );
    let orders: Vec<&str> = counts.keys().map(String::as_str).collect();
    let all = [
        "aaabbbccc",
        "aaacccbbb",
        "bbbaaaccc",
        "bbbcccaaa",
        "cccaaabbb",
        "cccbbbaaa",
    ];
    assert_eq!(orders, all);
    let (least, most) = spread(&counts);
    assert!(least > 60 && most < 140, "{least} to {most}");
}

/// The paper's bound for n works, k decisions and depth d is 1 / (n k^(d - 1)): here k is at most 10, and half as many
/// again are drawn from.
#[test]
fn pct_finds_a_bug_of_its_depth_as_often_as_the_paper_says() {
    let runs = 20_000;
    let two = counts("pct(2)", runs, &[('a', 5), ('b', 5)]);
    // One switch at one place: "a" three times, all of "b", the rest of "a".
    let found = two.get("aaabbbbbaa").copied().unwrap_or(0);
    assert!(found >= runs / (2 * 15), "{found}");
    let three = counts("pct(3)", runs, &[('a', 5), ('b', 5)]);
    let nested = three.get("aabbbaaabb").copied().unwrap_or(0);
    assert!(nested >= runs / (2 * 15 * 15), "{nested}");
    assert!(
        !two.contains_key("aabbbaaabb"),
        "two switches need a depth of three"
    );
}

#[test]
fn one_deviation_has_each_departure_once_and_those_with_fewer_first() {
    let orders = Mutex::new(Vec::new());
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        for letter in ['a', 'b', 'c'] {
            add(sim.work(node), letter, 3);
        }
        sim.run();
        orders.lock().unwrap().push(sim.app(node).clone());
    };
    let search = Explore::new()
        .on_its_own()
        .trusting()
        .policy(Policy::ExhaustiveUpTo(1));
    search.runs(1_000).run(program);
    let orders = orders.into_inner().unwrap();
    assert_eq!(orders[0], "abcabcabc", "the plain order");
    let distinct: std::collections::BTreeSet<&String> = orders.iter().collect();
    assert_eq!(distinct.len(), orders.len());
    // Two others at each decision among three works, one at each among two.
    let decisions = |order: &str| {
        (0..order.len())
            .filter(|&at| {
                let rest = &order[at..];
                rest.chars()
                    .any(|letter| letter != rest.chars().next().unwrap())
            })
            .map(|at| {
                let mut letters: Vec<char> = order[at..].chars().collect();
                letters.sort_unstable();
                letters.dedup();
                letters.len() - 1
            })
            .sum::<usize>()
    };
    assert_eq!(orders.len(), 1 + decisions("abcabcabc"));
}

#[test]
fn names_of_policies_are_read_as_they_are_printed() {
    for name in [
        "fifo",
        "lifo",
        "continue",
        "random",
        "sticky(90)",
        "pct(3)",
        "urw",
        "one-deviation",
        "exhaustive",
        "exhaustive(2)",
        "mix",
    ] {
        assert_eq!(Policy::from_name(name).unwrap().to_string(), name);
    }
    for name in [
        "",
        "best",
        "pct(x)",
        "fifo(1)",
        "sticky(300)",
        "pct(",
        "random()",
    ] {
        assert!(Policy::from_name(name).is_none(), "{name}");
    }
}
