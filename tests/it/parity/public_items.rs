//! Finds the public items by reading the sources.

use crate::sources;
use std::collections::BTreeSet;

/// All public items of the crate: `Type`, `function`, `Type::member`. Members are public methods, constants and fields,
/// variants, and what a trait asks for.
pub fn items() -> BTreeSet<String> {
    let files = sources::rust_files("src");
    assert!(files.len() > 20, "the sources are where they were");
    files.iter().flat_map(|(_, text)| items_in(text)).collect()
}

/// The kind of the block that the reader is in.
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
