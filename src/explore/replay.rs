//! The text that repeats a run: its answers, in a line that a person can paste.
//!
//! `a1:0*12,3,1*2` is twelve times answer 0, then 3, then 1 twice; zeros at the end are left out. The first word is the
//! version of the text.

/// The version of the text.
const VERSION: &str = "a1:";

/// Returns the text for these answers.
pub(super) fn print(answers: &[u32]) -> String {
    let end = answers
        .iter()
        .rposition(|&answer| answer > 0)
        .map_or(0, |last| last + 1);
    let groups = answers[..end].chunk_by(|one, other| one == other);
    let words = groups.map(|group| match group.len() {
        1 => group[0].to_string(),
        count => format!("{}*{count}", group[0]),
    });
    format!("{VERSION}{}", words.collect::<Vec<_>>().join(","))
}

/// The most answers that a text may stand for.
const MOST: usize = 1 << 24;

/// Returns the answers that a text stands for.
pub(super) fn parse(text: &str) -> Option<Vec<u32>> {
    let words = text.strip_prefix(VERSION)?;
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
    Some(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_gives_its_answers_back() {
        for (answers, text) in [
            (vec![], "a1:"),
            (vec![0, 0, 0], "a1:"),
            (vec![0, 0, 3, 1, 1, 0], "a1:0*2,3,1*2"),
        ] {
            assert_eq!(print(&answers), text);
            let mut answers = answers;
            while answers.last() == Some(&0) {
                answers.pop();
            }
            assert_eq!(parse(text), Some(answers));
        }
        for text in ["", "a2:1", "a1:x", "a1:1*", "a1:1*99999999999", "a1:-1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
