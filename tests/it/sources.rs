//! Finds the sources of the crate, and the tests in them, by reading.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the crate.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below a directory of the crate with this ending: their paths from its root, and their texts.
pub fn files(directory: &str, ending: &str) -> Vec<(String, String)> {
    let mut directories = vec![root().join(directory)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // A package that is no member of the workspace builds into a folder of its own.
                directories.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|found| found == ending) {
                files.push(path);
            }
        }
    }
    files.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        (name.replace('\\', "/"), read(&path))
    };
    files.into_iter().map(read).collect()
}

/// All Rust files below a directory of the crate.
pub fn rust_files(directory: &str) -> Vec<(String, String)> {
    files(directory, "rs")
}

/// The tests of this binary as `cargo test --test it -- --list` prints them: `module::test`. Tests that another
/// platform or build has are there too.
pub fn tests() -> BTreeSet<String> {
    let folder = root().join("tests/it");
    let text = read("tests/it/main.rs");
    let mut modules = vec![(String::new(), folder, text)];
    let mut tests = BTreeSet::new();
    while let Some((path, folder, text)) = modules.pop() {
        tests.extend(tests_in(&text).map(|test| format!("{path}{test}")));
        for module in modules_in(&text) {
            let inner = folder.join(module);
            let places = [inner.with_extension("rs"), inner.join("mod.rs")];
            // Only a module with a `#[path]` is elsewhere; those are parts of an example.
            if let Some(file) = places.iter().find(|file| file.is_file()) {
                modules.push((format!("{path}{module}::"), inner, read(file)));
            }
        }
    }
    tests
}

/// The modules whose texts are in files of their own.
fn modules_in(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    })
}

/// The functions right below `#[test]` and other attributes.
pub fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    let mut is_test = false;
    text.lines().map(str::trim).filter_map(move |line| {
        if line == "#[test]" {
            is_test = true;
        }
        let name = line.strip_prefix("fn ").and_then(|rest| {
            let end = rest.find(['(', '<'])?;
            Some(&rest[..end])
        });
        let found = name.filter(|_| is_test);
        is_test &= line.starts_with("#[") || line.starts_with("//");
        found
    })
}

#[test]
fn tests_are_found_and_other_functions_are_not() {
    let text = "#[test]\n#[cfg(x)]\n// why\nfn a() {\n}\nfn b() {\n  #[test]\n  fn c(x in any) {\n";
    assert_eq!(tests_in(text).collect::<Vec<_>>(), ["a", "c"]);
    let tests = tests();
    for test in [
        "sources::tests_are_found_and_other_functions_are_not",
        "compose::batch::an_empty_one_and_a_width_of_zero",
    ] {
        assert!(tests.contains(test), "{test}");
    }
    for other in [
        "sources::no_such_test",
        "no_such_file::tests_are_found",
        "workbench::quiet_panics",
    ] {
        assert!(!tests.contains(other), "{other}");
    }
}
