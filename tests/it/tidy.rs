//! House rules, checked by reading the sources.

use crate::sources::{read, rust_files};

/// Modules that may look at the machine: clocks, threads.
const OUTSIDE: [&str; 3] = ["src/drive/", "src/offload/", "src/process/"];

/// No file is longer.
const LINES: usize = 500;

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

#[test]
fn the_crate_forbids_unsafe_code() {
    let lib = read("src/lib.rs");
    assert!(lib.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = rust_files("src")
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|&(_, lines)| lines > LINES)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "split: {long:#?}");
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
