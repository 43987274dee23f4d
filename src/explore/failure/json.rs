//! Traces as JSON lines.

use super::Failure;
use crate::explore::trace::TracedTurn;
use std::fmt::Write;

impl Failure {
    /// Returns the failure as one line of JSON, without its turns. `CRANK_KEEP_GOING=1` prints one for each kind.
    pub fn json_line(&self) -> String {
        let items = self.items.iter().map(|it| quoted(&it.sentence));
        let items: Vec<String> = items.collect();
        format!(
            "{{\"test\":{},\"failed\":{},\"run\":{},\"policy\":{},\"seed\":\"{:#x}\",\"items\":[{}],\
             \"reruns\":{},\"reproduced\":{},\"replay\":{}}}",
            quoted(&self.test),
            quoted(&self.verdict.to_string()),
            self.run,
            quoted(&self.policy),
            self.seed,
            items.join(","),
            self.reruns,
            self.reproduced,
            quoted(&self.replay),
        )
    }

    /// Returns the turns of the smallest form as JSON, one object a line. The fields are those of [`TracedTurn`]; times
    /// are in nanoseconds of virtual time.
    pub fn trace_json_lines(&self) -> String {
        let mut lines = String::new();
        for turn in &self.turns {
            line(&mut lines, turn);
            lines.push('\n');
        }
        lines
    }
}

fn line(out: &mut String, it: &TracedTurn) {
    let or_null =
        |text: Option<String>| text.map_or_else(|| String::from("null"), |it| quoted(&it));
    let state = or_null(it.state.map(|state| format!("{state:?}")));
    let instead = or_null(it.instead.map(|kind| format!("{kind:?}")));
    let step = or_null(it.step.map(str::to_owned));
    let (work, time) = (quoted(&it.work), it.time.as_nanos());
    let (number, turn) = (it.number, it.turn);
    let (message, marked) = (it.is_message, it.is_marked);
    let written = write!(
        out,
        "{{\"number\":{number},\"time\":{time},\"work\":{work},\"turn\":{turn},\"step\":{step},\
         \"state\":{state},\"instead\":{instead},\"is_message\":{message},\"is_marked\":{marked}}}"
    );
    written.expect("a string takes all");
}

/// Returns a text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for it in text.chars() {
        match it {
            '"' | '\\' => out.extend(['\\', it]),
            '\n' => out.push_str("\\n"),
            it if it < ' ' => write!(out, "\\u{:04x}", it as u32).expect("a string takes all"),
            it => out.push(it),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn marks_of_json_are_escaped() {
        assert_eq!(
            quoted("a\"b\\c\nd\u{1}\u{e9}"),
            "\"a\\\"b\\\\c\\nd\\u0001\u{e9}\""
        );
    }
}
