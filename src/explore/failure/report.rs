//! The report of a failure.

use super::{Explained, Failure, TraceForm};
use crate::explore::trace::TracedTurn;
use crate::explore::verdict::{Verdict, waiting};
use std::fmt::{self, Write};

/// A sentence that is longer than so many columns pushes what follows aside.
const SENTENCE: usize = 60;

/// A run of at most so many turns is shown whole.
const WHOLE: usize = 12;

/// So many turns are shown at the end of a run.
const LAST: usize = 2;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exploration of `{}` failed: {}", self.test, self.verdict)?;
        if let Verdict::Unreadable(_) = self.verdict {
            return f.write_str("  nothing was run");
        }
        writeln!(
            f,
            "  run {} of {}, policy {}, seed {:#x}",
            self.run, self.runs, self.policy, self.seed
        )?;
        self.write_form(f)?;
        self.write_items(f)?;
        match self.trace {
            TraceForm::None => {}
            TraceForm::Json => write!(f, "\n{}", self.trace_json_lines())?,
            TraceForm::Short | TraceForm::Full => self.write_turns(f)?,
        }
        let (replay, test) = (&self.replay, &self.test);
        write!(
            f,
            "\n  replay:   CRANK_REPLAY='{replay}' cargo test {test} -- --exact"
        )?;
        match &self.saved {
            Some(path) => write!(
                f,
                "\n  saved to: {}   (run first next time)",
                path.display()
            ),
            None => Ok(()),
        }
    }
}

impl Failure {
    /// Returns the report with colours for a terminal.
    pub(in crate::explore) fn coloured(&self) -> String {
        let mut out = String::new();
        for (number, line) in self.to_string().lines().enumerate() {
            let colour = match () {
                () if number == 0 => "1;31",
                () if line.starts_with("  *") => "1",
                () if line.starts_with("  replay:") => "36",
                () => "",
            };
            let written = match colour {
                "" => writeln!(out, "{line}"),
                colour => writeln!(out, "\x1b[{colour}m{line}\x1b[0m"),
            };
            written.expect("a string takes all");
        }
        out
    }

    fn write_form(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (back, times) = self.repeats;
        if back == 0 {
            writeln!(
                f,
                "  the failure did not come back in a second run with the same answers: something besides them"
            )?;
            writeln!(
                f,
                "  decides (a clock, the order of a hash map, an address, a thread)"
            )?;
            return match &self.difference {
                Some((one, other)) => writeln!(f, "  first:  {one}\n  second: {other}"),
                None => Ok(()),
            };
        }
        let form = match (self.answers, self.items.len()) {
            (Some(answers), _) => in_answers(answers),
            (None, 0) => String::from("none is needed, since production order fails"),
            (None, 1) => String::from("1 item"),
            (None, items) => format!("{items} items"),
        };
        writeln!(
            f,
            "  smallest form: {form} (from {} decisions, {} re-runs); reproduced {back} of {times} times",
            self.decisions, self.reruns
        )?;
        match self.waived.as_slice() {
            [] => Ok(()),
            waived => writeln!(
                f,
                "  holds waived, since nothing else could go on: {}",
                waived.join(", ")
            ),
        }
    }

    fn write_items(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.items.iter().map(|it| it.sentence.chars().count());
        let width = widths.max().unwrap_or(0).min(SENTENCE);
        if !self.items.is_empty() {
            f.write_char('\n')?;
        }
        for (number, explained) in (1..).zip(&self.items) {
            let Explained {
                without,
                is_stale,
                sentence,
                ..
            } = explained;
            write!(
                f,
                "  {number}  {sentence:<width$}    without this: {without}"
            )?;
            f.write_str(match is_stale {
                true => "   (stale: nothing in the program matches it)\n",
                false => "\n",
            })?;
        }
        Ok(())
    }

    fn write_turns(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.shown();
        let widths = self.turns.iter().zip(&shown);
        let widths = widths.filter(|(_, is_shown)| **is_shown);
        let width = widths.map(|(turn, _)| turn.work.chars().count());
        let width = width.max().unwrap_or(0).clamp(9, SENTENCE);
        let work = "work";
        writeln!(f, "\n   turn  virtual time   {work:<width$}  what happened")?;
        let mut left_out = 0;
        for (turn, is_shown) in self.turns.iter().zip(shown) {
            if !is_shown {
                left_out += 1;
                continue;
            }
            write_left_out(f, std::mem::take(&mut left_out))?;
            self.write_turn(f, turn, width)?;
        }
        write_left_out(f, left_out)?;
        self.write_end(f, width)
    }

    fn write_turn(
        &self,
        f: &mut fmt::Formatter<'_>,
        turn: &TracedTurn,
        width: usize,
    ) -> fmt::Result {
        let mark = if turn.is_marked { '*' } else { ' ' };
        let (number, time, work) = (turn.number, turn.time.to_string(), &turn.work);
        write!(
            f,
            "  {mark}{number:>4}  {time:<13}  {work:<width$}  {}",
            turn.what()
        )?;
        match (self.swap, &self.before) {
            (Some((one, other)), _) if one == number => {
                writeln!(f, "   <- swap with {other} and it passes")
            }
            (_, Some((one, other))) if *one == number => {
                writeln!(f, "   <- with {other} before it, it passes")
            }
            _ => f.write_char('\n'),
        }
    }

    /// Writes how the run ended, if it did not end with its last turn.
    fn write_end(&self, f: &mut fmt::Formatter<'_>, width: usize) -> fmt::Result {
        let (word, what) = match &self.verdict {
            Verdict::Stall(report) => ("(stalled)", waiting(report)),
            Verdict::Deadlock(works) => ("(stalled)", format!("not enabled: {}", works.join(", "))),
            Verdict::LostWake(work) => ("(stalled)", format!("{work} sleeps for ever")),
            Verdict::Eventually(name) | Verdict::Unsettled(name, _) => {
                ("(end)", format!("\"{name}\" is false"))
            }
            _ => return Ok(()),
        };
        let time = self.end.to_string();
        writeln!(f, "         {time:<13}  {word:<width$}  {what}")
    }

    /// Returns which turns a report shows.
    fn shown(&self) -> Vec<bool> {
        let len = self.turns.len();
        if self.trace == TraceForm::Full || len <= WHOLE {
            return vec![true; len];
        }
        let marked = |at: usize| self.turns.get(at).is_some_and(|turn| turn.is_marked);
        let near = |at: usize| marked(at) || marked(at + 1) || at > 0 && marked(at - 1);
        let mut shown: Vec<bool> = (0..len).map(|at| near(at) || at + LAST >= len).collect();
        for at in 1..len - 1 {
            // A line that says that one is left out is no shorter than that one.
            shown[at] |= shown[at - 1] && shown[at + 1];
        }
        shown
    }
}

/// Writes that turns are left out.
fn write_left_out(f: &mut fmt::Formatter<'_>, turns: usize) -> fmt::Result {
    match turns {
        0 => Ok(()),
        1 => writeln!(f, "        ... 1 turn in production order ..."),
        turns => writeln!(f, "        ... {turns} turns in production order ..."),
    }
}

/// Returns the form of a failure that items do not express.
fn in_answers(answers: usize) -> String {
    let count = match answers {
        1 => String::from("1 answer that is not production's"),
        answers => format!("{answers} answers that are not production's"),
    };
    format!("{count}, since items do not express it")
}
