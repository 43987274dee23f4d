//! The engine against the reference model: random lists of operations, random bytes, and the fuzz corpus.
//!
//! `CRANKWORK_MODEL_OPS` says how many operations, `CRANKWORK_MODEL_SEED` which: both have a default, so that a plain
//! run repeats itself. `--nocapture` prints how often everything occurred. A failure is printed as the shortest
//! list of operations that still fails.

use std::cell::RefCell;

use super::model::compare::{CLOSELY, SELDOM, check, check_bytes};
use super::model::decode::{GRAPH, decode_op, decode_setup};
use super::model::ops::{Action, End, Hook, Input, Op, Script, Setup, Terms, Turn};
use super::model::reference::Counts;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Elements of one list, at most.
const LONGEST: usize = 80;

/// Operations in all.
const OPS: u64 = 400_000;

fn op() -> impl Strategy<Value = Op> {
    prop::collection::vec(any::<u8>(), 64).prop_map(|bytes| decode_op(&bytes))
}

/// A graph has more to it than the bytes of another operation can tell.
fn graph(mut bytes: Vec<u8>) -> Op {
    bytes[0] = GRAPH;
    decode_op(&bytes)
}

fn setup() -> impl Strategy<Value = Setup> {
    prop::array::uniform5(any::<u8>()).prop_map(|bytes| decode_setup(&bytes))
}

/// Single operations, and now and then a few that lead to a seldom change of state.
fn ops() -> impl Strategy<Value = Vec<Op>> {
    let few = prop_oneof![
        60 => op().prop_map(|op| vec![op]),
        1 => Just(child_before_its_parent()),
        1 => any::<bool>().prop_map(restart_of_a_blocked_work),
        1 => Just(panic_when_joined()),
        3 => prop::collection::vec(0..8u8, 1..6).prop_map(fan_out),
        2 => prop::collection::vec(any::<u8>(), 64..256).prop_map(|bytes| vec![graph(bytes)]),
    ];
    prop::collection::vec(few, 0..=LONGEST).prop_map(|few| few.concat())
}

fn add(terms: Terms) -> Op {
    Op::Add(Box::new(terms))
}

fn turn(actions: Vec<Action>, end: End) -> Script {
    Script {
        turns: vec![Turn { actions, end }],
        ..Script::default()
    }
}

/// With turns reversed, the child has its turn before its parent's first. The parent then goes back to Pending, so the
/// child does, too, when it is restarted.
fn child_before_its_parent() -> Vec<Op> {
    let free = Terms {
        no_permit: true,
        ..Terms::default()
    };
    let sleeper = Terms {
        script: turn(vec![Action::ExpectWake], End::Pending),
        ..free.clone()
    };
    let child = Terms {
        parent: Some(0),
        ..free.clone()
    };
    let turn = Op::Crank(Some(1));
    let (child_now, parent_now, sleeper_now) = (0, 1, 2);
    let wait = Op::AddDependency(sleeper_now, parent_now);
    let again = Op::Restart(child_now);
    vec![add(sleeper), add(free), add(child), turn, wait, again]
}

fn restart_of_a_blocked_work(no_permit: bool) -> Vec<Op> {
    let fails = Terms {
        script: turn(Vec::new(), End::Fail),
        ..Terms::default()
    };
    let blocked = Terms {
        after: vec![(0, false)],
        no_permit,
        ..Terms::default()
    };
    let (blocked_now, fails_now) = (0, 1);
    vec![
        add(fails),
        add(blocked),
        Op::Crank(None),
        Op::Restart(fails_now),
        Op::Crank(None),
        Op::Restart(blocked_now),
    ]
}

/// Works after one that succeeds in its first turn, most of them with nothing else about them.
fn fan_out(kinds: Vec<u8>) -> Vec<Op> {
    let after = |(back, kind): (usize, u8)| {
        let plain = Terms {
            after: vec![(back as u8, false)],
            ..Terms::default()
        };
        match kind {
            0 => Terms {
                no_permit: true,
                ..plain
            },
            1 => Terms {
                priority: 1,
                ..plain
            },
            2 => Terms {
                pools: [1, 0],
                ..plain
            },
            // A child of the one before, which has not begun.
            3 => Terms {
                parent: Some(0),
                ..plain
            },
            _ => plain,
        }
    };
    let works = kinds.into_iter().enumerate().map(after);
    let works = std::iter::once(Terms::default()).chain(works);
    works.map(add).chain([Op::Crank(None)]).collect()
}

fn panic_when_joined() -> Vec<Op> {
    let child = Terms {
        script: turn(Vec::new(), End::Yield),
        ..Terms::default()
    };
    let script = Script {
        panics_in: Some(Hook::Success),
        ..turn(vec![Action::Spawn(Box::new(child))], End::Succeed)
    };
    let parent = Terms {
        script,
        ..Terms::default()
    };
    vec![add(parent), Op::Crank(None)]
}

fn number(name: &str, default: u64) -> u64 {
    let number = |text: String| text.parse().expect("a number in the environment");
    std::env::var(name).map_or(default, number)
}

fn runner(cases: u64) -> TestRunner {
    let config = Config {
        cases: u32::try_from(cases).expect("fewer operations"),
        failure_persistence: None,
        max_shrink_iters: 100_000,
        ..Config::default()
    };
    let mut seed = *b"crankwork: engine against model.";
    seed[..8].copy_from_slice(&number("CRANKWORK_MODEL_SEED", 0).to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

#[test]
fn agrees_with_the_reference_model() {
    let lists = number("CRANKWORK_MODEL_OPS", OPS).div_ceil(LONGEST as u64 / 2);
    let counts = RefCell::new(Counts::default());
    let input = (setup(), ops()).prop_map(|(setup, ops)| Input { setup, ops });
    let result = runner(lists).run(&input, |input| {
        counts.borrow_mut().merge(&check(&input, CLOSELY));
        Ok::<(), TestCaseError>(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let counts = counts.into_inner();
    println!("{} operations\n{counts}", counts.ops());
    assert_eq!(counts.missing(), Vec::<String>::new(), "never occurred");
}

#[test]
fn any_bytes_decode_and_agree() {
    let bytes = prop::collection::vec(any::<u8>(), 0..1_000);
    let result = runner(500).run(&bytes, |bytes| {
        check_bytes(&bytes, SELDOM);
        Ok::<(), TestCaseError>(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn fuzz_corpus_agrees() {
    crate::corpus::replay("ops", |bytes| check_bytes(bytes, CLOSELY));
}
