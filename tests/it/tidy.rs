//! House rules, checked by reading the sources.

use crate::sources::{read, rust_files};

/// Modules that may look at the machine: clocks, threads.
const OUTSIDE: [&str; 5] = [
    "src/drive/",
    "src/explore/env.rs",
    "src/explore/search/division.rs",
    "src/offload/",
    "src/process/",
];

/// Lines that contain one of these, comments included: `file:line: text`.
fn findings(files: &[(String, String)], forbidden: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in files {
        for (number, line) in text.lines().enumerate() {
            if forbidden.iter().any(|&word| line.contains(word)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    found
}

/// The sources of the crate that hold no clocks, threads or sockets.
fn inside() -> Vec<(String, String)> {
    let mut files = rust_files("src");
    assert!(files.len() > 20, "the sources are where they were");
    files.retain(|(name, _)| !OUTSIDE.iter().any(|part| name.starts_with(part)));
    files
}

#[test]
fn no_clock_thread_or_hash_order_reaches_a_decision() {
    let forbidden = [
        "Instant::now",
        "SystemTime",
        "HashMap",
        "HashSet",
        "RandomState",
        "thread::",
        "as *const",
    ];
    let found = findings(&inside(), &forbidden);
    // A marker type that makes the scheduler not Send is no address.
    let found: Vec<_> = found
        .into_iter()
        .filter(|line| !line.contains("PhantomData"))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// The rooms, and what their code must not name: each uses only rooms below it.
const ROOMS: [(&str, &[&str]); 9] = [
    (
        "src/time/",
        &["crate::engine", "crate::work", "crate::scheduler"],
    ),
    (
        "src/engine/",
        &[
            "WorkScheduler<",
            "WorkContext<",
            "crate::scheduler",
            "crate::drive",
            "crate::observe",
        ],
    ),
    (
        "src/scheduler/",
        &[
            "crate::compose",
            "crate::drive",
            "crate::process",
            "crate::offload",
        ],
    ),
    (
        "src/observe/",
        &[
            "crate::engine",
            "crate::scheduler",
            "crate::work",
            "pub(crate)",
            "crate::compose",
            "crate::drive",
            "crate::process",
            "crate::offload",
        ],
    ),
    (
        "src/drive/",
        &["crate::compose", "crate::process", "crate::offload"],
    ),
    (
        "src/offload/",
        &["crate::engine", "crate::scheduler", "pub(crate)"],
    ),
    (
        "src/process/",
        &["crate::engine", "crate::scheduler", "crate::observe"],
    ),
    (
        "src/compose/",
        &["crate::engine", "crate::scheduler", "crate::observe"],
    ),
    (
        "src/explore/",
        &[
            "crate::engine",
            "crate::scheduler",
            "crate::observe",
            "crate::work",
            "crate::compose",
            "crate::process",
            "pub(crate)",
        ],
    ),
];

/// The rooms of the engine, from the highest to the lowest.
const ENGINE_ROOMS: [&str; 10] = [
    "report",
    "run",
    "admit",
    "lifecycle",
    "queue",
    "graph",
    "store",
    "remote",
    "io",
    "events",
];

/// The rooms that know the engine: the first of the list.
const KNOW_THE_ENGINE: [&str; 4] = ["report", "run", "admit", "lifecycle"];

/// Lines of code: neither comments nor tests of the file itself.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
    let lines = text[..tests].lines().enumerate();
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Finds the lines of code in a folder that name something forbidden.
fn named(folder: &str, forbidden: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in rust_files(folder) {
        if name.ends_with("_loom.rs") || name.ends_with("/tests.rs") {
            continue;
        }
        for (number, line) in code(&text) {
            if forbidden.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    found
}

#[test]
fn each_room_uses_only_rooms_below_it() {
    for (room, forbidden) in ROOMS {
        let forbidden: Vec<String> = forbidden.iter().map(|&word| word.into()).collect();
        let found = named(room, &forbidden);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn each_room_of_the_engine_uses_only_rooms_below_it() {
    let mut seen = 0;
    for (index, room) in ENGINE_ROOMS.iter().enumerate() {
        let above = ENGINE_ROOMS[..index].iter();
        let mut forbidden: Vec<String> = above.map(|room| format!("engine::{room}")).collect();
        if !KNOW_THE_ENGINE.contains(room) {
            forbidden.extend([
                "engine::Engine".into(),
                "for Engine".into(),
                "impl Engine".into(),
            ]);
        }
        let folder = format!("src/engine/{room}");
        seen += rust_files(&folder).len();
        let found = named(&folder, &forbidden);
        assert!(found.is_empty(), "{found:#?}");
    }
    assert!(seen > 40, "the rooms are where they were");
}

/// Whether a line has this name by itself.
fn names(line: &str, name: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.any(|word| word == name) && !line.contains("repr(C)")
}

#[test]
fn the_engine_names_no_application_type() {
    let mut found = Vec::new();
    for (name, text) in rust_files("src/engine") {
        for (number, line) in code(&text) {
            if !name.ends_with("_loom.rs") && names(line, "C") {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(names("impl<C: ?Sized> Engine", "C") && !names("Cell<u8>", "C"));
}

#[test]
fn each_room_says_what_must_hold_in_it() {
    let rooms = ENGINE_ROOMS.map(|room| format!("engine/{room}"));
    for room in rooms
        .into_iter()
        .chain(["engine".into(), "scheduler".into()])
    {
        let page = read(format!("src/{room}/mod.rs"));
        for part in [
            "//! Invariant:",
            "//! Deliberately absent:",
            "turn that yields",
        ] {
            assert!(
                page.to_lowercase().contains(&part.to_lowercase()),
                "src/{room}/mod.rs: {part}"
            );
        }
    }
}

#[test]
fn the_crate_forbids_unsafe_code() {
    let lib = read("src/lib.rs");
    assert!(lib.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn nothing_is_left_to_do_or_kept_from_running() {
    // Put together, or this file would be its own finding.
    let forbidden = [
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("#[ig", "nore"),
        concat!("```ig", "nore"),
        concat!(",ig", "nore"),
        concat!("no_", "run"),
    ];
    let mut files: Vec<_> = ["src", "tests", "examples"]
        .into_iter()
        .flat_map(rust_files)
        .collect();
    let readme = read("README.md");
    files.push(("README.md".into(), readme));
    let found = findings(&files, &forbidden);
    assert!(found.is_empty(), "{found:#?}");
}
