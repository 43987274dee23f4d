//! How runs end, on programs that are made here, so without the data.

use super::play::{Log, play, search};
use super::program::Program;
use crankwork::explore::{Policy, Verdict};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Returns a program of two threads with this code, whose second waits for a semaphore.
fn program(one: Value, two: Value, max_turns: u64) -> Arc<Program> {
    let source = json!({
        "name": "made here", "expect": "fail", "sems": {"s": 0}, "max_turns": max_turns,
        "mutexes": {"m": 1}, "vars": {"x": [0, 0]},
        "procs": {"one": one, "two": two},
        "threads": [["one", "one"], ["two", "two", {"id": 1}]],
        "start": ["one", "two"],
        "final": [["qload", "x", ["x", 1]], ["assert", ["==", "x", 7]]],
    });
    Arc::new(Program::new(&source).expect("a program"))
}

/// Plays 20 random runs, and returns how the first failing one ended.
fn ends(program: &Arc<Program>, log: &Arc<Mutex<Log>>) -> Option<Verdict> {
    let search = search(program, Policy::Random, 3).runs(20);
    let stats = search.survey(|sim| play(sim, program, Some(log)));
    stats.first_failure.map(|(_, verdict)| verdict)
}

#[test]
fn sct_a_program_without_end_is_cut_off() {
    let endless = json!([["label", "top"], ["yield"], ["jmp", "top"]]);
    let program = program(endless.clone(), json!([["semwait", "s"]]), 50);
    let log = Arc::default();
    assert_eq!(ends(&program, &log), None);
    let log = log.lock().unwrap();
    assert_eq!((log.schedule.len(), log.has_ended), (50, false));
}

#[test]
fn sct_a_thread_that_can_never_go_on_is_a_deadlock() {
    let program = program(json!([["yield"], ["yield"]]), json!([["semwait", "s"]]), 50);
    let verdict = ends(&program, &Arc::default());
    assert_eq!(verdict, Some(Verdict::Deadlock(vec![String::from("two")])));
}

#[test]
fn sct_what_must_hold_at_the_end_is_looked_at_there() {
    let one = json!([["store", ["x", 1], 7], ["sempost", "s"]]);
    let two = |id: Value| json!([["semwait", "s"], ["add", "r", ["x", id], 0]]);
    let log = Arc::default();
    assert_eq!(
        ends(&program(one.clone(), two(json!("id")), 50), &log),
        None
    );
    assert!(log.lock().unwrap().has_ended);
    // The last thread changes what the first has stored.
    let two = json!([["semwait", "s"], ["qstore", ["x", "id"], 8]]);
    let verdict = ends(&program(one, two, 50), &log);
    assert!(matches!(verdict, Some(Verdict::Panic(message, _)) if message == "assertion"));
    let one = json!([["lock", "m"], ["sempost", "s"]]);
    let verdict = ends(
        &program(one, json!([["semwait", "s"], ["unlock", "m"]]), 50),
        &log,
    );
    assert!(matches!(verdict, Some(Verdict::Panic(message, _)) if message == "misuse"));
}
