//! How does a bug look that only some orders show?
//!
//! ```text
//! cargo run --example bugs                   all of them
//! cargo run --example bugs -- lost_update    one of them
//! ```
//!
//! Each module is a small program with a bug that production order does not show, and the same program without it. The
//! example searches both, and prints the report of the bug.

mod cancel_race;
mod deaf_back_off;
mod last_one_out;
mod leaked_permit;
mod lost_update;
mod register;

use crankwork::explore::{Explore, Sim};
use register::Mistake;
use std::process::ExitCode;

/// A program: the flag says whether it has its bug.
type Program = fn(&mut Sim, bool);

const ALL: [(&str, Program); 7] = [
    ("lost_update", lost_update::program),
    ("cancel_race", cancel_race::program),
    ("leaked_permit", leaked_permit::program),
    ("deaf_back_off", deaf_back_off::program),
    ("last_one_out", last_one_out::program),
    ("register_phase", |sim, has_bug| {
        register::program(sim, has_bug.then_some(Mistake::OnePhase));
    }),
    ("register_answer", |sim, has_bug| {
        register::program(sim, has_bug.then_some(Mistake::EarlyAnswer));
    }),
];

/// Returns the default search. The register has to survive faults, and needs more runs, since more of it can go on.
fn search(name: &str) -> Explore {
    let search = Explore::new().named(name);
    match name {
        "register_phase" | "register_answer" => search.faults(register::faults()).runs(10_000),
        _ => search,
    }
}

/// Searches a program with its bug, then without it. Returns whether the search told them apart.
fn show(name: &str, program: Program) -> bool {
    let search = search(name);
    println!("==== {name}, with its bug\n");
    let found = search.check(|sim| program(sim, true));
    match &found {
        Ok(stats) => println!("not found: {stats}"),
        Err(failure) => println!("{failure}"),
    }
    println!("\n==== {name}, without it\n");
    let passed = search.check(|sim| program(sim, false));
    match &passed {
        Ok(stats) => println!("{stats}\n"),
        Err(failure) => println!("{failure}\n"),
    }
    found.is_err() && passed.is_ok()
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let names = ALL.map(|(name, _)| name);
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        eprintln!(
            "bugs: there is no `{unknown}`; there are {}",
            names.join(", ")
        );
        return ExitCode::from(2);
    }
    let mut is_right = true;
    for (name, program) in ALL {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            is_right &= show(name, program);
        }
    }
    match is_right {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
