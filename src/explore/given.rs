//! The text that repeats a run, in a line that a person can paste: its items, or its answers.
//!
//! `v1:` begins a text of items, which outlives edits of the program: see `item/text.rs`. `a1:0*12,3,1*2` is twelve times
//! answer 0, then 3, then 1 twice; zeros at the end are left out. `a1:s=0x1f;3` also has the seed of the run, and
//! `a1:s=0x1f;3;v1:f=a@1` its faults, as a text of items. `@file` is
//! the text in that file, in which lines that begin with `#` are comments.

use super::item::{Item, Plan};

/// The version of the text of answers.
const VERSION: &str = "a1:";

/// A run that is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Plan(Plan),
    /// Answers, the seed of their run if the text has it, and the faults of the run.
    Answers(Option<u64>, Vec<u32>, Vec<Item>),
}

impl Given {
    /// Returns the run that a text stands for, or a file.
    ///
    /// # Errors
    /// What cannot be read, in words.
    pub fn read(text: &str) -> Result<Given, String> {
        let Some(path) = text.strip_prefix('@') else {
            return Given::parse(text.trim());
        };
        let file = std::fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))?;
        Given::of_file(&file).map_err(|why| format!("{path}: {why}"))
    }

    /// Returns the run that the text of a file stands for.
    ///
    /// # Errors
    /// What cannot be read, in words.
    pub fn of_file(text: &str) -> Result<Given, String> {
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        Given::parse(line.unwrap_or_default())
    }

    fn parse(text: &str) -> Result<Given, String> {
        match text.starts_with(VERSION) {
            true => parse(text).ok_or_else(|| format!("`{text}` is no list of answers")),
            false => Plan::parse(text).map(Given::Plan),
        }
    }
}

/// Returns the text for these answers and faults.
pub(super) fn print(seed: u64, answers: &[u32], faults: &[Item]) -> String {
    let end = answers
        .iter()
        .rposition(|&answer| answer > 0)
        .map_or(0, |last| last + 1);
    let groups = answers[..end].chunk_by(|one, other| one == other);
    let words = groups.map(|group| match group.len() {
        1 => group[0].to_string(),
        count => format!("{}*{count}", group[0]),
    });
    let words = words.collect::<Vec<_>>().join(",");
    let text = format!("{VERSION}s={seed:#x};{words}");
    match faults.is_empty() {
        true => text,
        false => format!("{text};{}", Plan::of(faults)),
    }
}

/// The most answers that a text may stand for.
const MOST: usize = 1 << 24;

fn parse(text: &str) -> Option<Given> {
    let rest = text.strip_prefix(VERSION)?;
    let (seed, words) = match rest.strip_prefix("s=0x") {
        Some(rest) => {
            let (digits, words) = rest.split_once(';')?;
            (Some(u64::from_str_radix(digits, 16).ok()?), words)
        }
        None => (None, rest),
    };
    let (words, faults) = words.split_once(';').unwrap_or((words, ""));
    let faults = match faults {
        "" => Vec::new(),
        text => Plan::parse(text).ok()?.items,
    };
    let mut answers = Vec::new();
    for word in words.split(',').filter(|word| !word.is_empty()) {
        let (answer, count) = match word.split_once('*') {
            Some((answer, count)) => (answer, count.parse::<usize>().ok()?),
            None => (word, 1),
        };
        let answer: u32 = answer.parse().ok()?;
        if count > MOST - answers.len() {
            return None;
        }
        answers.extend(std::iter::repeat_n(answer, count));
    }
    Some(Given::Answers(seed, answers, faults))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::item::{Fault, Step};

    #[test]
    fn a_text_gives_its_answers_back() {
        for (answers, text) in [
            (vec![], "a1:s=0x1f;"),
            (vec![0, 0, 0], "a1:s=0x1f;"),
            (vec![0, 0, 3, 1, 1, 0], "a1:s=0x1f;0*2,3,1*2"),
        ] {
            assert_eq!(print(31, &answers, &[]), text);
            let mut answers = answers;
            while answers.last() == Some(&0) {
                answers.pop();
            }
            let seed = Some(31);
            assert_eq!(
                Given::read(text),
                Ok(Given::Answers(seed, answers, Vec::new()))
            );
        }
        let without = Given::Answers(None, vec![0, 3], Vec::new());
        assert_eq!(Given::read("a1:0,3"), Ok(without));
        let faults = vec![Item::Fault(Fault::Fail(Step::new("a", 1)))];
        let text = print(31, &[0, 3], &faults);
        assert_eq!(text, "a1:s=0x1f;0,3;v1:f=a@1");
        let with = Given::Answers(Some(31), vec![0, 3], faults);
        assert_eq!(Given::read(&text), Ok(with));
        for text in [
            "",
            "a2:1",
            "a1:x",
            "a1:1*",
            "a1:1*99999999999",
            "a1:-1",
            "a1:s=0x1",
            "a1:s=0x1;1;f=a@1",
            "a1:s=1;1",
            "@/nowhere/at/all.sched",
        ] {
            assert!(Given::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn comments_in_a_file_are_skipped() {
        let file = "# what it was\n\n  v1:f=a@1  \n";
        let plan = Plan::parse("v1:f=a@1").unwrap();
        assert_eq!(Given::of_file(file), Ok(Given::Plan(plan)));
        assert!(Given::of_file("# nothing\n").is_err());
    }
}
