//! L27 and L28: an event log that is equal everywhere, and draws that no other work shifts.

use crate::workbench::Step::{Done, Fail, Nap};
use crate::workbench::*;
use crankwork::{
    Decider, Decision, Fifo, Lifo, Name, RandomOrder, Retry, Spec, Time, VirtualDriver, WorkId,
    WorkScheduler, WorkSchedulerConfig,
};
use std::process::Command;

type Drawn = Spec<Log, Probe>;

/// A work that writes down three draws of its own.
fn draws(name: impl Into<Name>) -> Drawn {
    Spec::new(name, acting([draw(Nap(1)), draw(Nap(1)), draw(Done)]))
}

fn draw(last: Step) -> Step {
    then(move |cx| {
        let drawn = cx.rng().below(1_000_000);
        let line = format!("{}={drawn}", cx.name());
        cx.app.push(line);
        last
    })
}

/// The event log and the turns of a program with a bit of everything, seeded.
fn record(seed: u64, decider: Option<Box<dyn Decider>>) -> String {
    let config = WorkSchedulerConfig::default()
        .max_concurrency(3)
        .pool("disk", 2)
        .seed(seed)
        .events(10_000);
    let mut bench = Bench::new(config);
    bench.s.set_decider(decider);
    super::order::mixture(&mut bench);
    for name in ["x", "y", "x"] {
        bench.add_spec(draws(name));
    }
    bench.run();
    let events = bench.events();
    format!("{}\n{}", events.join("\n"), bench.ran())
}

// ---- L27 ----

#[test]
fn l27_the_same_program_has_the_same_event_log() {
    let first = record(7, None);
    assert!(first.lines().count() > 80, "{first}");
    assert_eq!(record(7, None), first);
    assert_ne!(
        record(8, None),
        first,
        "the seed reaches draws and back-offs"
    );
}

#[test]
fn l27_with_the_same_decider_too_and_answer_0_is_production() {
    let production = record(7, None);
    assert_eq!(record(7, Some(Box::new(Fifo))), production);
    let zero = |_: &Decision<'_>| 0;
    assert_eq!(record(7, Some(Box::new(zero))), production);
    let shuffled = |seed| record(7, Some(Box::new(RandomOrder::new(seed))));
    assert_eq!(shuffled(1), shuffled(1));
    assert_ne!(shuffled(1), shuffled(2));
    assert_eq!(
        record(7, Some(Box::new(Lifo))),
        record(7, Some(Box::new(Lifo)))
    );
    assert_ne!(record(7, Some(Box::new(Lifo))), production);
}

/// Other schedulers of the process, and what they have done, make no difference.
#[test]
fn l27_other_schedulers_make_no_difference() {
    let alone = record(3, None);
    let mut noise = Bench::with_permits(2);
    noise.script("noise", [Nap(3)]);
    noise.crank();
    assert_eq!(record(3, None), alone);
    noise.run();
}

const CHILD: &str = "CRANKWORK_PRINT_EVENT_LOG";
const BEGIN: &str = "-- event log\n";
const END: &str = "-- end of event log\n";

#[test]
fn l27_the_same_in_another_process() {
    let logs =
        |seed| record(seed, None) + "\n" + &record(seed, Some(Box::new(RandomOrder::new(5))));
    if let Ok(seed) = std::env::var(CHILD) {
        let seed = seed.parse().expect("the parent passes a seed");
        return print!("\n{BEGIN}{}\n{END}", logs(seed));
    }
    for seed in [1, 2] {
        let here = logs(seed) + "\n";
        // Twice, with different environments and so different stacks and addresses.
        for padding in [0, 4_000] {
            let output = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--nocapture", "--test-threads=1"])
                .arg("laws::determinism::l27_the_same_in_another_process")
                .env(CHILD, seed.to_string())
                .env("CRANKWORK_PADDING", "x".repeat(padding))
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let (_, log) = text.split_once(BEGIN).expect("the child printed its log");
            let (log, _) = log.split_once(END).expect("all of it");
            assert_eq!(log, here);
        }
    }
}

/// The log of seed 1 is this one on every machine; a change of the engine that alters schedules or draws alters it.
#[test]
fn l27_the_same_on_another_machine() {
    let log = record(1, None);
    let hash = log.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(hash, RECORDED, "{log}");
}

const RECORDED: u64 = 1_668_104_262_143_322_179;

// ---- L28 ----

/// Runs the works that `add` adds, and returns their draws as lines `name=draw`.
fn drawn(seed: u64, add: impl FnOnce(&mut Bench)) -> Vec<String> {
    let mut bench = Bench::new(config(9).seed(seed));
    add(&mut bench);
    bench.run();
    let mut lines = bench.lines();
    lines.retain(|line| line.contains('='));
    lines
}

fn of(lines: &[String], name: &str) -> Vec<String> {
    let own = |line: &&String| line.starts_with(&format!("{name}="));
    lines.iter().filter(own).cloned().collect()
}

#[test]
fn l28_one_more_work_does_not_shift_anothers_draws() {
    let alone = drawn(1, |bench| {
        bench.add_spec(draws("x"));
    });
    assert_eq!(alone.len(), 3);
    let crowded = drawn(1, |bench| {
        for name in ["before", "x", "after", "w"] {
            bench.add_spec(draws(name));
        }
    });
    assert_eq!(of(&crowded, "x"), alone);
    assert_ne!(
        of(&crowded, "w")[0].split('=').next_back(),
        alone[0].split('=').next_back(),
        "another name, another stream"
    );
}

#[test]
fn l28_the_seed_and_the_ordinal_make_streams_of_their_own() {
    let two = |seed| {
        drawn(seed, |bench| {
            for _ in 0..2 {
                bench.add_spec(draws("x"));
            }
        })
    };
    let (one, other) = (two(1), two(2));
    assert_ne!(one, other);
    // Turns alternate, so do the lines: the two are different, and the first is as if it were alone.
    let first: Vec<_> = one.iter().step_by(2).cloned().collect();
    let second: Vec<_> = one.iter().skip(1).step_by(2).cloned().collect();
    assert_ne!(first, second);
    let alone = drawn(1, |bench| {
        bench.add_spec(draws("x"));
    });
    assert_eq!(first, alone);
}

#[test]
fn l28_the_ordinal_counts_the_siblings_that_are_in_the_engine() {
    let mut bench = Bench::new(config(9).seed(1));
    let run = |bench: &mut Bench, reap: bool| {
        let id = bench.add_spec(draws("x"));
        bench.run();
        if reap {
            bench.s.reap(id).unwrap();
        }
        bench.ran()
    };
    let first = run(&mut bench, true);
    let again = run(&mut bench, false);
    assert_eq!(again, first, "the one before has left: number 0 again");
    assert_ne!(
        run(&mut bench, false),
        first,
        "number 1: number 0 is still there"
    );
}

#[test]
fn l28_the_path_counts_not_only_the_name() {
    let family = |parent: &'static str| {
        drawn(1, move |bench| {
            bench.script(
                parent,
                [then(|cx| {
                    cx.spawn(draws("x")).unwrap();
                    Done
                })],
            );
        })
    };
    let root = drawn(1, |bench| {
        bench.add_spec(draws("x"));
    });
    assert_eq!(family("p"), family("p"));
    assert_ne!(family("p"), family("q"));
    assert_ne!(family("p"), root);
}

/// When each retry of a work that always fails comes.
fn back_offs(others: &[&'static str]) -> Vec<Time> {
    let config = WorkSchedulerConfig::default().max_concurrency(9).seed(4);
    let mut s = WorkScheduler::<Log>::new(config);
    let mut log = Log::default();
    let fails = |name| {
        let always = std::iter::repeat_with(|| Fail("x")).take(40);
        script(name, always).retry(Retry::times(8))
    };
    for &name in others {
        s.add(fails(name)).unwrap();
    }
    let id: WorkId = s.add(fails("x")).unwrap().id();
    let mut times = Vec::new();
    let mut clock = VirtualDriver::new();
    while s.outcome(id).is_none() {
        let _ = s.crank_work(clock.now(), &mut log, crankwork::Budget::unlimited());
        times.extend(s.retry_eta(id).filter(|eta| times.last() != Some(eta)));
        if let crankwork::Next::At(at) = s.next() {
            clock = VirtualDriver::at(at);
        }
    }
    times
}

#[test]
fn l28_jitter_is_a_works_own_too() {
    let alone = back_offs(&[]);
    assert_eq!(alone.len(), 8);
    assert_eq!(back_offs(&["a", "b", "c"]), alone);
    assert_ne!(back_offs(&["x"]), alone, "a second x is number 1");
    // The published ranges: 1 s, then 2, 3..4, 5..8, ...
    let mut before = 0;
    for (n, eta) in alone.iter().enumerate() {
        let waited = eta.as_nanos() / 1_000_000_000 - before;
        let range = match n {
            0 => 1..=1,
            m => (1 << (m - 1)) + 1..=1 << m,
        };
        assert!(range.contains(&waited), "retry {n} after {waited} s");
        before += waited;
    }
}

#[test]
fn l28_drawing_for_one_purpose_does_not_shift_another() {
    // A work's own draws do not change its back-offs.
    let etas = |draws: bool| {
        let mut bench = Bench::new(WorkSchedulerConfig::default().seed(4).events(1_000));
        let steps = std::iter::repeat_with(move || {
            then(move |cx| {
                if draws {
                    cx.rng().next_u64();
                }
                Fail("x")
            })
        });
        bench.add_spec(script("x", steps.take(9)).retry(Retry::times(8)));
        bench.run();
        bench.events()
    };
    assert_eq!(etas(true), etas(false));
}
