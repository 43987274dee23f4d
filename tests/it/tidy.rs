//! House rules, checked by reading the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules that may look at the machine: clocks, threads.
const OUTSIDE: [&str; 3] = ["src/drive/", "src/offload/", "src/process/"];

/// No file is longer.
const LINES: usize = 500;

const LAWS: u32 = 35;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a directory of the crate, with their paths from its root.
fn sources(directory: &str) -> Vec<(String, String)> {
    let mut directories = vec![root().join(directory)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        (name.replace('\\', "/"), fs::read_to_string(path).unwrap())
    };
    files.into_iter().map(read).collect()
}

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
    let mut files = sources("src");
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
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    assert!(lib.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = sources("src")
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
        .flat_map(sources)
        .collect();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    files.push(("README.md".into(), readme));
    let found = findings(&files, &forbidden);
    assert!(found.is_empty(), "{found:#?}");
}

/// The numbers of the laws whose tests are in this file: `fn l07_..` right below `#[test]` and other attributes.
fn laws_tested(text: &str) -> Vec<u32> {
    let mut laws = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        match line.strip_prefix("fn l") {
            Some(rest) if is_test => laws.extend(rest.get(..3).and_then(number)),
            _ if line == "#[test]" => is_test = true,
            _ => {}
        }
        is_test &= line.starts_with("#[") || line.starts_with("//");
    }
    laws
}

fn number(start: &str) -> Option<u32> {
    start.strip_suffix('_')?.parse().ok()
}

#[test]
fn laws_are_found_by_the_names_of_tests() {
    let text = "#[test]\n#[cfg(x)]\nfn l07_a() {\nfn l08_b() {\n#[test]\nfn later() {\n  #[test]\n  fn l31_c() {";
    assert_eq!(laws_tested(text), [7, 31]);
}

#[test]
fn every_law_has_a_test_that_begins_with_its_number() {
    let files = sources("tests");
    let tested: Vec<u32> = files
        .iter()
        .flat_map(|(_, text)| laws_tested(text))
        .collect();
    let laws = 1..=LAWS;
    let missing: Vec<u32> = laws.filter(|law| !tested.contains(law)).collect();
    assert!(
        missing.is_empty(),
        "no test begins with the numbers {missing:?}"
    );
    let unknown: Vec<&u32> = tested
        .iter()
        .filter(|&&law| law == 0 || law > LAWS)
        .collect();
    assert!(unknown.is_empty(), "there are no laws {unknown:?}");
}
