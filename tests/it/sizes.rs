//! House rules about length, checked by reading all that is written in Rust: long files and long functions are split.

use crate::sources::rust_files;

/// The longest file, in lines.
const FILE: usize = 400;

/// The longest function, in lines, from its name to its last brace.
const FUNCTION: usize = 50;

const FOLDERS: [&str; 5] = ["src", "tests", "examples", "benches", "fuzz"];

fn all() -> Vec<(String, String)> {
    let files: Vec<_> = FOLDERS.into_iter().flat_map(rust_files).collect();
    assert!(files.len() > 300, "the sources are where they were");
    files
}

/// The functions of a file and their lengths. It reads what rustfmt writes: the last brace stands below the first word.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let ends = |line: &&str| {
            let rest = line.strip_prefix(indent);
            rest.is_some_and(|rest| rest == "}" || !rest.starts_with(' ') && rest.ends_with(';'))
        };
        let more = match line.ends_with(['}', ';']) {
            true => 0,
            false => 1 + lines[first + 1..].iter().position(ends).expect("its end"),
        };
        found.push((name, 1 + more));
    }
    found
}

/// The name of the function that begins in this line.
fn function(line: &str) -> Option<&str> {
    let mut words = line.trim_start().split(' ');
    let before = ["pub", "pub(crate)", "pub(super)", "const", "async"];
    let first = words.find(|word| !before.contains(word))?;
    let name = words.next().filter(|_| first == "fn")?;
    name.split(['(', '<']).next()
}

#[test]
fn no_file_is_too_long() {
    let lengths = all().into_iter();
    let lengths = lengths.map(|(name, text)| (name, text.lines().count()));
    let long: Vec<_> = lengths.filter(|&(_, lines)| lines > FILE).collect();
    assert!(long.is_empty(), "split these: {long:#?}");
}

#[test]
fn no_function_is_too_long() {
    let mut long = Vec::new();
    let mut functions_read = 0;
    for (name, text) in all() {
        for (function, lines) in functions(&text) {
            functions_read += 1;
            if lines > FUNCTION {
                long.push((format!("{name}: {function}"), lines));
            }
        }
    }
    assert!(functions_read > 3_000, "only {functions_read} functions");
    assert!(long.is_empty(), "split these: {long:#?}");
}

#[test]
fn lengths_of_functions_are_found() {
    let text = "fn one() {}\n\npub fn two<T>(\n    a: T,\n) -> T {\n    a\n}\n\ntrait X {\n    fn three(&self);\n\n    \
                fn four(\n        &self,\n    ) -> u8;\n\n    const fn five() -> u8 {\n        if true {\n            5\n        } \
                else {\n            6\n        }\n    }\n}\n";
    let expected = [
        ("one", 1),
        ("two", 5),
        ("three", 1),
        ("four", 3),
        ("five", 7),
    ];
    assert_eq!(functions(text), expected);
}
