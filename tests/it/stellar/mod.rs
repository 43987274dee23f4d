//! The behaviour of stellar-core's work system, recorded from its code in 57 scenarios, and played here.
//!
//! `script` reads an entry, `cast` makes its works, `play` drives them by its ops, `judge` compares. Nothing knows an
//! entry by its name. `cargo test --test it every_recorded -- --nocapture` prints the table.
//!
//! The entries without ops are the tests in `by_hand`; `sections` holds stellar-core's own test sections in our words,
//! `henyey` henyey-work's tests; `runner` shows that the runner finds what it is to find.

mod by_hand;
mod cast;
mod henyey;
mod judge;
mod play;
mod runner;
mod script;
mod sections;
mod stage;

use crate::shared_data;
use play::Play;
use script::Script;
use serde_json::Value;
use std::fs;
use std::rc::Rc;

/// The result of an entry.
enum Verdict {
    Matched,
    /// It has no ops; why.
    NoOps(String),
    Differs(String),
}

/// Plays one entry.
fn play(entry: &Value) -> Verdict {
    if entry["ops"].is_null() {
        return Verdict::NoOps(without_ops(entry));
    }
    let result = Script::read(entry).and_then(|script| {
        let script = Rc::new(script);
        let mut play = Play::new(script.clone());
        play.run()?;
        judge::judge(&play, &script.must_match)
    });
    match result {
        Ok(()) => Verdict::Matched,
        Err(difference) => Verdict::Differs(difference),
    }
}

fn without_ops(entry: &Value) -> String {
    let reason = entry["ops_reason"].as_str().unwrap_or("no reason is given");
    match reason.contains("process") && reason.contains("child") {
        true => format!("needs process: {reason}"),
        false => format!("by hand: {reason}"),
    }
}

#[test]
fn every_recorded_scenario_matches() {
    crate::workbench::quiet_panics();
    let file = "stellar-work/scenarios.json";
    let Some(path) = shared_data::file(file, "every_recorded_scenario_matches") else {
        return;
    };
    let text = fs::read_to_string(path).expect("readable");
    let all: Value = serde_json::from_str(&text).expect("JSON");
    let entries = all["scenarios"].as_array().expect("a list of scenarios");
    assert!(!entries.is_empty());
    let (mut matched, mut differ) = (0, 0);
    for entry in entries {
        let id = entry["id"].as_str().expect("every entry has an id");
        let line = match play(entry) {
            Verdict::Matched => {
                matched += 1;
                "matched".into()
            }
            Verdict::NoOps(why) => format!("- {why}"),
            Verdict::Differs(how) => {
                differ += 1;
                format!("DIFFERS: {how}")
            }
        };
        println!("{id:36} {line}");
    }
    println!("{matched} of {} matched, {differ} differ", entries.len());
    assert!(
        matched > 0 && differ == 0,
        "{differ} scenarios differ: see the table"
    );
}
