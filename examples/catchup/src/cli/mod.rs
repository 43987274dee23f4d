//! The program: from the command line to the exit code.

mod args;
mod many;
mod real;
mod source;

pub use args::{Args, Parsed};
pub use source::{Source, SourceError, Url};

use crate::archive::Hash;
use crate::catchup::Settings;
use crate::maker::{self, Files};
use crate::report::Summary;
use crate::server::Faults;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Made archives have so many checkpoints unless something else is asked for.
const CHECKPOINTS: u32 = 64;

/// Why the program ends otherwise than well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// What it was asked to do makes no sense: exit code 2.
    Usage(String),
    /// It could not be done: exit code 1.
    Failed(String),
    /// It was interrupted: exit code 130, as shells have it.
    Interrupted(String),
    /// The result could not be written: exit code 1, and 130 if that was to a terminal, which is gone then.
    Output(String),
}

impl Problem {
    fn code(&self, on_terminal: bool) -> u8 {
        match self {
            Problem::Usage(_) => 2,
            Problem::Output(_) if on_terminal => 130,
            Problem::Failed(_) | Problem::Output(_) => 1,
            Problem::Interrupted(_) => 130,
        }
    }

    fn message(&self) -> &str {
        match self {
            Problem::Usage(text)
            | Problem::Failed(text)
            | Problem::Interrupted(text)
            | Problem::Output(text) => text,
        }
    }
}

/// Shorthand for what could not be done.
fn failed(why: impl ToString) -> Problem {
    Problem::Failed(why.to_string())
}

/// Runs the program. Results go to stdout; whatever is wrong is said in one line on stderr.
pub fn main() -> ExitCode {
    // One that is gone is none any more, so this cannot be asked later.
    let on_terminal = io::stdout().is_terminal();
    let done = match Args::parse_line(std::env::args_os()) {
        Ok(Parsed::Run(args)) => execute(&args),
        Ok(Parsed::Page(page)) => print(&page),
        Err(message) => Err(Problem::Usage(message)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Should stderr be gone as well, the exit code is all that is left to say.
            let _ = writeln!(io::stderr(), "catchup: {}", one_line(problem.message()));
            ExitCode::from(problem.code(on_terminal))
        }
    }
}

fn execute(args: &Args) -> Result<(), Problem> {
    let source =
        Source::read(args.archive.as_deref()).map_err(|e| Problem::Usage(e.to_string()))?;
    check(args, &source)?;
    match &args.make {
        Some(folder) => make(args, folder),
        None if args.simulate => many::run(args, &source),
        None => real::run(args, &source),
    }
}

/// Options that are fine by themselves but not together.
fn check(args: &Args, source: &Source) -> Result<(), Problem> {
    if let (Source::Folder(archive), Some(into)) = (source, &args.into) {
        return check_apart(archive, into);
    }
    if !matches!(source, Source::Http(_)) {
        return Ok(());
    }
    let built_in = [
        ("--faults", args.faults.is_some()),
        ("--latency", args.latency.is_some()),
        ("--port", args.port.is_some()),
    ];
    if let Some((option, _)) = built_in.iter().find(|(_, given)| *given) {
        return Err(Problem::Usage(format!(
            "{option} is about the built-in server, but the archive has its own; see --help for the options"
        )));
    }
    match args.simulate {
        true => Err(Problem::Usage(String::from(
            "--simulate has no network, so the archive must be a folder; see --help for the options",
        ))),
        false => Ok(()),
    }
}

/// What is kept must not lie in the archive: a file that turns out to be wrong is removed there.
fn check_apart(archive: &Path, into: &Path) -> Result<(), Problem> {
    match (archive.canonicalize(), into.canonicalize()) {
        (Ok(archive), Ok(into)) if archive == into => Err(Problem::Usage(String::from(
            "--into must be another folder than the archive; see --help for the options",
        ))),
        // A folder that is not there yet is another one.
        _ => Ok(()),
    }
}

fn make(args: &Args, folder: &Path) -> Result<(), Problem> {
    let made = maker::make(args.checkpoints.unwrap_or(CHECKPOINTS), args.seed);
    maker::write(&made.files, folder).map_err(|error| {
        failed(format!(
            "cannot write the archive to {}: {error}",
            folder.display()
        ))
    })?;
    print(&format!(
        "Made an archive of {} files in {}; the last header's hash is {}",
        made.files.len(),
        folder.display(),
        made.last_hash
    ))
}

/// What the options say about how to catch up, for an archive that is near.
fn settings(args: &Args) -> Settings {
    Settings {
        checkpoints: args.checkpoints,
        ..Settings::local(args.slots.into())
    }
}

fn faults(args: &Args, latency: Duration) -> Faults {
    Faults {
        rate: args.faults.unwrap_or(0.0),
        latency: args.latency.map_or(latency, Duration::from_millis),
        seed: args.seed,
    }
}

/// The archive's files and, if it is made for this run, the hash of its last header.
fn files(args: &Args, folder: Option<&Path>) -> Result<(Arc<Files>, Option<Hash>), Problem> {
    let Some(folder) = folder else {
        let made = maker::make(args.checkpoints.unwrap_or(CHECKPOINTS), args.seed);
        return Ok((Arc::new(made.files), Some(made.last_hash)));
    };
    let files = maker::read(folder);
    let files = files.map_err(|error| {
        failed(format!(
            "cannot read the archive in {}: {error}",
            folder.display()
        ))
    })?;
    Ok((Arc::new(files), None))
}

/// Prints what a run came to, and says how it ended.
fn report(args: &Args, summary: &Summary) -> Result<(), Problem> {
    // Where nothing has begun, the error says it all.
    let begun = summary.ended.failure.is_none() || summary.ended.target.is_some();
    let printed = match (args.json, args.quiet) {
        (true, _) => print(&summary.json()),
        (false, true) if begun => print(&summary.line()),
        (false, false) if begun => print(&summary.text()),
        _ => Ok(()),
    };
    match &summary.ended.failure {
        // Its terminal may be what is gone.
        _ if summary.interrupted => Err(Problem::Interrupted(String::from("interrupted"))),
        _ if printed.is_err() => printed,
        Some(failure) => Err(failed(failure)),
        None => Ok(()),
    }
}

/// Writes one text to stdout. A reader that has gone away (`| head -1`) is no error.
fn print(text: &str) -> Result<(), Problem> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Problem::Output(format!(
            "cannot write the result to stdout: {error}"
        ))),
        _ => Ok(()),
    }
}

/// File names, arguments and what a server sends may hold line breaks; the message is one line all the same, and one
/// that can be read.
fn one_line(message: &str) -> String {
    const LONGEST: usize = 2_000;
    let mut line = String::new();
    for c in message.chars().take(LONGEST) {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}
