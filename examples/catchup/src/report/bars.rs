//! Progress on a terminal: a bar per stage, and below them the works that are under way, with when and why the others
//! are tried again.

use super::units;
use crate::archive::File;
use crate::catchup::{App, Stage};
use crate::run::{Interrupt, Watch};
use crankwork::{Time, WorkScheduler, WorkState};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::time::Duration;

const EVERY: Duration = Duration::from_millis(100);

/// Lines of the tree that are shown, and characters of a line.
const TREE_LINES: usize = 12;
const LINE_LENGTH: usize = 100;

/// Draws bars and the tree ten times a second.
pub struct Bars {
    /// Raised when the terminal is gone.
    interrupt: Interrupt,
    /// Keeps the bars in their places.
    all: MultiProgress,
    stages: Vec<ProgressBar>,
    tree: ProgressBar,
    next: Time,
}

impl Bars {
    /// On stderr, which is a terminal.
    pub fn new(interrupt: Interrupt) -> Bars {
        let all = MultiProgress::new();
        let stages = Stage::ALL.map(|stage| {
            let bar =
                all.add(ProgressBar::new(0).with_style(style("{prefix:>12} [{bar:40}] {msg}")));
            bar.set_prefix(stage.name());
            bar
        });
        let tree = all.add(ProgressBar::new(0).with_style(style("{msg}")));
        Bars {
            interrupt,
            all,
            stages: stages.to_vec(),
            tree,
            next: Time::ZERO,
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the template is constant")
        .progress_chars("=> ")
}

impl Drop for Bars {
    /// Takes everything away: the summary comes in its place.
    fn drop(&mut self) {
        for bar in self.stages.iter().chain([&self.tree]) {
            bar.finish_and_clear();
        }
        // A terminal that is gone needs no clearing.
        let _ = self.all.clear();
    }
}

impl Watch for Bars {
    fn look(&mut self, scheduler: &mut WorkScheduler<App>, app: &App) {
        let now = scheduler.now();
        if now < self.next {
            return;
        }
        self.next = now.saturating_add(EVERY);
        if !stderr().is_terminal() && !self.interrupt.is_raised() {
            // Its process may have been told by a signal, or not: then this is how it learns of it.
            self.interrupt.raise();
        }
        for (bar, count) in self.stages.iter().zip(app.stages) {
            // A bar of length 0 would be full.
            bar.set_length(count.total.max(1));
            bar.set_position(count.done.min(count.total));
            bar.set_message(match count.total {
                0 => String::from("not known yet"),
                total => format!("{}/{}", units::count(count.done), units::count(total)),
            });
        }
        self.tree.set_message(tree(&scheduler.status()));
    }

    fn next(&self) -> Option<Time> {
        Some(self.next)
    }
}

/// The lines of the status tree whose works are doing something or will be tried again.
fn tree(status: &str) -> String {
    let shown: Vec<&str> = status.lines().filter(|line| is_under_way(line)).collect();
    let mut text = String::new();
    for line in shown.iter().take(TREE_LINES) {
        text.extend(shortened(line).chars().take(LINE_LENGTH));
        text.push('\n');
    }
    if shown.len() > TREE_LINES {
        text.push_str(&format!("... and {} more", shown.len() - TREE_LINES));
    }
    text
}

/// The line without what it says twice: a failed download's error begins with the file's path, and its name with the
/// file's. Of a time one decimal place is left.
fn shortened(line: &str) -> String {
    let mut parts: Vec<String> = line.split(" : ").map(String::from).collect();
    for part in &mut parts {
        if let Some((path, error)) = part.split_once(": ")
            && File::at(path).is_some()
        {
            *part = error.to_owned();
        } else if let Some((name, time)) = part.split_once(": Retrying in ") {
            *part = format!("{name}: Retrying in {}", rounded(time));
        }
    }
    parts.join(" : ")
}

/// `862.335267ms` becomes `862.3ms`.
fn rounded(time: &str) -> String {
    let Some((whole, rest)) = time.split_once('.') else {
        return time.to_owned();
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    format!("{whole}.{}{}", &rest[..digits.min(1)], &rest[digits..])
}

/// A line is `name: State ...`.
fn is_under_way(line: &str) -> bool {
    let state = line.split_once(": ").map_or("", |(_, rest)| rest);
    let under_way = [
        WorkState::Running,
        WorkState::Waiting,
        WorkState::Joining,
        WorkState::Retrying,
        WorkState::Aborting,
    ];
    under_way
        .iter()
        .any(|name| state.starts_with(&name.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_twice() {
        let path = File::Root.path();
        assert_eq!(
            shortened(&format!("  a: Retrying in 862.335ms : {path}: it: broke")),
            "  a: Retrying in 862.3ms : it: broke"
        );
        assert_eq!(shortened("a: Retrying in 2s"), "a: Retrying in 2s");
        assert_eq!(shortened("a: Waiting : b: c"), "a: Waiting : b: c");
    }

    #[test]
    fn the_tree_shows_who_is_under_way_and_who_is_tried_again() {
        let status = "catch-up: Joining : 2/6 children completed\n  chain: Pending\n  a: Retrying in 2s : closed\n  b: Success\n";
        assert_eq!(
            tree(status),
            "catch-up: Joining : 2/6 children completed\n  a: Retrying in 2s : closed\n"
        );
        let many = "x: Waiting\n".repeat(TREE_LINES + 3);
        assert!(tree(&many).ends_with("... and 3 more"));
    }
}
