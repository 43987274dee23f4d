//! The command line.
//!
//! Clap explains a mistake over several lines. This program prints one line, as for any other error.

use std::path::PathBuf;

use clap::Parser;

use super::edge_list::Unit;
use super::options::{Options, Slots};

/// Runs a recorded workflow in virtual time: each task sleeps for its recorded runtime once its parents
/// are done, at most K at a time.
#[derive(Debug, Parser)]
#[command(name = "workflow")]
pub struct Args {
    /// A WfFormat JSON file (schema 1.0 to 1.5) or an edge list (.txt, .txt.gz); without it, a small
    /// workflow that comes with the example
    pub file: Option<PathBuf>,

    /// How many tasks may run at once: a number from 1, or `unlimited`
    #[arg(
        long,
        value_name = "K",
        default_value = "4",
        allow_negative_numbers = true
    )]
    pub slots: Slots,

    /// Let the first attempt of about one task in ten fail; it is retried after 1 s
    #[arg(long)]
    pub failures: bool,

    /// Print the result as one line of JSON
    #[arg(long)]
    pub json: bool,

    /// No progress bar, and no more than the makespan (with --json: the JSON line)
    #[arg(long)]
    pub quiet: bool,

    /// How long a node of an edge list runs: `1s`, or `size` for 1 µs per KiB of installed size
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<Unit>,
}

/// What the command line asks for.
pub enum Parsed {
    /// Run a workflow.
    Run(Args),
    /// Show this text (`--help`) and do nothing else.
    Page(String),
}

impl Args {
    /// Parses the arguments of this process.
    ///
    /// # Errors
    ///
    /// One line that says what is wrong and points to `--help`.
    pub fn from_command_line() -> Result<Parsed, String> {
        match Args::try_parse() {
            Ok(args) => Ok(Parsed::Run(args)),
            Err(error) if error.use_stderr() => Err(first_line(&error)),
            Err(page) => Ok(Parsed::Page(page.render().to_string())),
        }
    }

    /// Returns the options that concern the run.
    pub fn run_options(&self) -> Options {
        Options {
            slots: self.slots,
            failures: self.failures,
        }
    }
}

/// Keeps Clap's first line, which names the argument and the fault. The lines after it are usage and tips.
fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    format!("{line}; see --help for the options")
}
