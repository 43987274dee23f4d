//! House rules for prose, as far as a machine can see them.

use crate::sources::rust_files;

/// The longest line, in columns.
const WIDTH: usize = 120;

const FOLDERS: [&str; 5] = ["src", "tests", "examples", "benches", "fuzz"];

/// Beginnings of sentences without a subject, or that say nothing of what the item does.
const HEADLESS: [&str; 4] = ["The same", "Who", "Of which", "Such"];

/// A run of lines of one kind of comment, as text; `line` is the first one's number.
struct Comment {
    line: usize,
    text: String,
}

/// Returns the text of a comment's line: of a doc or a plain one.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let markers = ["///", "//!", "//"];
    let text = markers
        .iter()
        .find_map(|marker| line.strip_prefix(marker))?;
    Some(text.trim())
}

/// Returns the comments of a file, paragraph by paragraph, without code blocks and tables.
fn comments(text: &str) -> Vec<Comment> {
    let mut found: Vec<Comment> = Vec::new();
    let mut in_code = false;
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let words = comment(line);
        in_code ^= words.is_some_and(|words| words.starts_with("```"));
        let prose = words
            .filter(|words| !in_code && !words.is_empty() && !words.starts_with(['|', '`', '#']));
        match (prose, open) {
            (Some(words), true) => {
                if let Some(last) = found.last_mut() {
                    last.text += " ";
                    last.text += words;
                }
            }
            (Some(words), false) => found.push(Comment {
                line: number + 1,
                text: words.into(),
            }),
            (None, _) => {}
        }
        open = prose.is_some();
    }
    found
}

/// Returns the sentences of a text, as far as a full stop and a capital tell them.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(". ") {
        if text[at + 2..].starts_with(char::is_uppercase) {
            found.push(&text[start..at + 1]);
            start = at + 2;
        }
    }
    found.push(&text[start..]);
    found
}

fn begins_with(sentence: &str, words: &str) -> bool {
    let rest = sentence.strip_prefix(words);
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

fn headless(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for Comment { line, text } in comments(text) {
        for sentence in sentences(&text) {
            let is_question = sentence.ends_with('?');
            if !is_question && HEADLESS.iter().any(|words| begins_with(sentence, words)) {
                found.push(format!("{name}:{line}: {sentence}"));
            }
        }
    }
    found
}

fn all() -> Vec<(String, String)> {
    let files: Vec<_> = FOLDERS.into_iter().flat_map(rust_files).collect();
    assert!(files.len() > 300, "the sources are where they were");
    files
}

#[test]
fn no_sentence_of_a_comment_is_headless() {
    let files = all();
    let found: Vec<String> = files
        .iter()
        .flat_map(|(name, text)| headless(name, text))
        .collect();
    assert!(found.is_empty(), "{} {found:#?}", found.len());
}

#[test]
fn a_headless_sentence_is_found_wherever_it_stands() {
    let found = |text| headless("a.rs", text).len();
    assert_eq!(found("/// The same with two.\nfn f() {}"), 1);
    assert_eq!(found("// It waits. Who comes\n// later waits, too."), 1);
    assert_eq!(
        found("//! It has parts, of\n//! which two. Of which one is known."),
        1
    );
    assert_eq!(found("/// ```\n/// // The same.\n/// ```"), 0);
    assert_eq!(found("/// Adds the same again. Whoever waits is told."), 0);
    assert_eq!(found("/// Who has the turn?"), 0);
}

/// Returns the numbers of a file's comment lines that are too wide. Tables, links and code cannot be broken.
fn wide(text: &str) -> Vec<usize> {
    let mut in_code = false;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words = comment(line).unwrap_or_default();
        in_code ^= words.starts_with("```");
        let is_prose = !words.is_empty() && !in_code && !words.starts_with('|');
        if is_prose && !words.contains("](") && line.chars().count() > WIDTH {
            found.push(number + 1);
        }
    }
    found
}

#[test]
fn no_comment_is_too_wide() {
    let files = all();
    let found: Vec<_> = files
        .iter()
        .map(|(name, text)| (name, wide(text)))
        .collect();
    let found: Vec<_> = found
        .iter()
        .filter(|(_, lines)| !lines.is_empty())
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    let long = concat!("/", "/ ").to_owned() + &"word ".repeat(30);
    assert_eq!(wide(&format!("{long}\n/// | {long} |\n")), [1]);
}

#[test]
fn nothing_is_left_for_later() {
    let later = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let mut found = Vec::new();
    for (name, text) in all() {
        for (number, line) in text.lines().enumerate() {
            if later.iter().any(|word| line.contains(word)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
