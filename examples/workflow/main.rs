//! Runs a recorded workflow on crankwork, in virtual time.
//!
//! ```text
//! cargo run --release --example workflow -- [FILE] [--slots K|unlimited] [--failures] [--json] [--quiet]
//! ```
//!
//! Each task of the file is one work. It waits for its parents, then sleeps for as long as the task took when it was
//! recorded. The engine's permits are the slots, and hours of recorded time pass in milliseconds. `run.rs` shows how
//! the engine is used; the rest is input and output.
//!
//! | file | what it does |
//! | --- | --- |
//! | `args.rs`, `options.rs` | the command line; the options of a run |
//! | `input.rs` | reads the file, within a limit, and chooses the format |
//! | `wfformat.rs`, `edge_list.rs` | the two formats |
//! | `decimal.rs` | seconds in decimal to nanoseconds, exactly |
//! | `workflow.rs` | the workflow itself: checks, cycles, critical path |
//! | `failures.rs` | which tasks fail once under `--failures` |
//! | `run.rs` | the engine |
//! | `schedule.rs` | the result, and its fingerprint |
//! | `report.rs`, `progress.rs` | the table, the JSON line, the bar |
//!
//! Results go to stdout. An error is one line on stderr, and the exit code is 2.

mod args;
mod decimal;
mod edge_list;
mod failures;
mod input;
mod options;
mod progress;
mod report;
mod run;
mod schedule;
mod wfformat;
mod workflow;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use args::{Args, Parsed};
use report::Report;

/// The exit code for any fault of the input, the options or the run.
const EXIT_WRONG: u8 = 2;

fn main() -> ExitCode {
    let written = match Args::from_command_line() {
        Ok(Parsed::Run(args)) => execute(&args),
        Ok(Parsed::Page(page)) => print(&page),
        Err(message) => Err(message.into()),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is gone as well, the exit code alone must tell.
            let _ = writeln!(io::stderr(), "workflow: {}", one_line(&error.to_string()));
            ExitCode::from(EXIT_WRONG)
        }
    }
}

/// Reads, runs and reports.
fn execute(args: &Args) -> Result<(), Box<dyn Error>> {
    let workflow = input::load(args.file.as_deref(), args.unit)?;
    let options = args.run_options();
    let bar = progress::Bar::new(workflow.tasks().len(), args.quiet);

    let started = Instant::now();
    let result = run::run(&workflow, &options, &mut |done, now_ns| {
        bar.update(done, now_ns)
    })?;
    let wall = started.elapsed();
    bar.finish();

    let report = Report::new(&workflow, &options, &result, wall);
    print(&if args.json {
        report.json_line()
    } else if args.quiet {
        report.makespan_line()
    } else {
        report.table()
    })
}

/// Writes one text to stdout. A reader that has gone away (`| head -1`) is no error.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write the result to stdout: {error}").into())
        }
        _ => Ok(()),
    }
}

/// Puts a message on one readable line: file names and arguments may hold line breaks, and a parser may quote a
/// megabyte of its input.
fn one_line(message: &str) -> String {
    const LONGEST: usize = 2_000;
    let mut line = String::new();
    for c in message.chars().take(LONGEST) {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}
