//! The bar that is shown while something is measured, if a person looks.

use crate::numbers::short;
use indicatif::{ProgressBar, ProgressStyle};

pub struct Progress(ProgressBar);

impl Progress {
    pub fn new(steps: usize) -> Self {
        let style = ProgressStyle::with_template("{elapsed_precise} {bar:30} {pos}/{len} {msg}");
        let bar = ProgressBar::new(steps as u64);
        Progress(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// What is being done.
    pub fn at(&self, group: &str, case: &str, n: u64, attempt: usize, round: usize) {
        let mut message = format!("{group}: {case}, N = {}", short(n));
        match round {
            0 => message += ", warming up",
            round => message += &format!(", round {round}"),
        }
        if attempt > 1 {
            message += &format!(", try {attempt}");
        }
        self.0.set_message(message);
    }

    pub fn say(&self, message: String) {
        self.0.set_message(message);
    }

    pub fn step(&self) {
        self.0.inc(1);
    }

    /// Prints a finished part to the standard output.
    pub fn print(&self, text: &str) {
        self.0.suspend(|| println!("{text}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
