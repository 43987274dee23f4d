//! Which tests and which public items there are, found by reading the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether `module::test` is a test function below `tests/it` whose file is part of the binary.
pub fn has_test(path: &str) -> bool {
    let Some((modules, name)) = path.rsplit_once("::") else {
        return false;
    };
    let mut folder = root().join("tests/it");
    let mut text = read(&folder.join("main.rs"));
    for module in modules.split("::") {
        if !text.lines().any(|line| line == format!("mod {module};")) {
            return false;
        }
        let file = folder.join(format!("{module}.rs"));
        folder.push(module);
        text = match file.is_file() {
            true => read(&file),
            false => read(&folder.join("mod.rs")),
        };
    }
    tests_in(&text).any(|test| test == name)
}

/// A file's text; nothing, if it is not there.
pub fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
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

/// All public items of the crate: `Type`, `function`, `Type::member`. Members are public methods, constants and fields,
/// variants, and what a trait asks for.
pub fn items() -> BTreeSet<String> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    assert!(files.len() > 20, "the sources are where they were");
    files
        .iter()
        .flat_map(|file| items_in(&read(file)))
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// What the block is that the reader is in, and whose.
#[derive(Clone, Copy, PartialEq)]
enum Block {
    Struct,
    Enum,
    Trait,
    Impl,
}

/// The items of one file. It reads what rustfmt writes: items begin in the first column, members in the fifth.
pub fn items_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut owner: Option<(Block, &str)> = None;
    for line in text.lines() {
        if !line.starts_with([' ', '}', ')']) && !line.is_empty() {
            if let Some(opened) = opens(line) {
                found.extend((opened.0 != Block::Impl).then(|| opened.1.to_owned()));
                owner = Some(opened);
            } else {
                found.extend(free_item(line).map(str::to_owned));
            }
        } else if line.starts_with('}') {
            owner = None;
        } else if let (Some((block, owner)), Some(rest)) = (owner, line.strip_prefix("    ")) {
            found.extend(member(block, rest).map(|member| format!("{owner}::{member}")));
        }
    }
    found
}

fn opens(line: &str) -> Option<(Block, &str)> {
    let kinds = [
        ("pub struct ", Block::Struct),
        ("pub enum ", Block::Enum),
        ("pub trait ", Block::Trait),
    ];
    for (start, block) in kinds {
        if let Some(rest) = line.strip_prefix(start) {
            return Some((block, word(rest)));
        }
    }
    let rest = after_generics(line.strip_prefix("impl")?);
    let of = rest.split_once(" for ").map_or(rest, |(_, of)| of);
    Some((Block::Impl, word(of)))
}

/// `<C: Bound<X>> Type` without what is in the outer brackets.
fn after_generics(text: &str) -> &str {
    let mut depth = 0;
    for (i, letter) in text.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' if !text[..i].ends_with('-') => depth -= 1,
            ' ' if depth == 0 => return text[i..].trim_start(),
            _ => {}
        }
    }
    text
}

fn free_item(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ")?;
    let kinds = ["const fn ", "fn ", "const ", "static ", "mod ", "type "];
    let rest = kinds.into_iter().find_map(|kind| rest.strip_prefix(kind))?;
    Some(word(rest))
}

fn member(block: Block, line: &str) -> Option<&str> {
    let is_name = |rest: &str| rest.starts_with(|first: char| first.is_ascii_uppercase());
    match block {
        Block::Enum => is_name(line).then(|| word(line)),
        Block::Trait => {
            let kinds = ["fn ", "type ", "const "];
            kinds
                .into_iter()
                .find_map(|kind| line.strip_prefix(kind))
                .map(word)
        }
        Block::Struct => line.strip_prefix("pub ").map(word),
        Block::Impl => free_item(line),
    }
}

/// The identifier that the text begins with.
fn word(text: &str) -> &str {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    &text[..end]
}
