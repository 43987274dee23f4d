//! The command line. Clap explains a mistake over several lines; here it is one, like any other error of this program.

use clap::Parser;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` ends with.
const RELY_ON: &str = "\
What a user may rely on:
  After a kill at any moment, the folder of --into holds the ledger before the last write or the one after it. The same
  command goes on from there. Everything in the folder is verified again: files before they are used, and the accounts in
  ledger.json at the end at the latest, when they are compared with the archive's buckets.
  A full disk ends the run with exit code 1 and the name of the file. What was written stays; with more room the same
  command goes on.
  A bad archive ends the run with exit code 1 and the name of the file that is wrong. Nothing is applied that does not fit
  the archive's chain of headers. Files that an earlier run kept from another server are asked for again first. A ledger
  that does not fit the archive is never gone on with, and never removed: give another --into, or remove ledger.json.
  Ctrl-C, SIGTERM and a terminal that goes away end the run within seconds, what was applied is written down, and the exit
  code is 130. A second Ctrl-C ends it at once.
  Memory stays below 256 MB, whatever the archive sends.

Exit codes: 0 caught up, 1 it could not be done, 2 wrong arguments, 130 interrupted";

/// Catches up from a Stellar history archive: downloads and verifies what a network has done, and does it again.
///
/// A ledger is a block of transactions, and each ledger's header names the hash of the one before. An archive keeps
/// them in files of 64 ledgers (a checkpoint), and the accounts at each checkpoint in files named by their hash
/// (buckets). Without arguments a small archive is made in a temporary folder, served on this machine, and caught up
/// from.
#[derive(Debug, Parser)]
#[command(name = "catchup", allow_negative_numbers = true, after_help = RELY_ON)]
pub struct Args {
    /// An archive: the folder of one, which is served on this machine, or http://HOST:PORT[/path]
    #[arg(long, value_name = "DIR|URL")]
    pub archive: Option<OsString>,

    /// How many checkpoints to catch up to, from the first: 1 to 4096. Of a given archive all, else 64
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub checkpoints: Option<u32>,

    /// How many downloads at once: 1 to 256
    #[arg(long, value_name = "K", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub slots: u16,

    /// How many of the built-in server's answers go wrong, from 0 to 1: it drops, stalls, truncates, corrupts, or
    /// answers 503
    #[arg(long, value_name = "P", value_parser = probability)]
    pub faults: Option<f64>,

    /// How long each of the built-in server's answers takes at least, in milliseconds: up to 60000
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub latency: Option<u64>,

    /// Which archive is made, which answers go wrong, and how: the same seed, the same run
    #[arg(long, value_name = "SEED", default_value = "1")]
    pub seed: u64,

    /// Where verified files and the applied ledger are kept: a later run with the same folder goes on from there.
    /// Without it they are kept in a temporary folder and removed at the end
    #[arg(long, value_name = "DIR")]
    pub into: Option<PathBuf>,

    /// The built-in server's port; 0 takes any that is free
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,

    /// Make the archive in this folder, and nothing else
    #[arg(long, value_name = "DIR", conflicts_with_all = ["archive", "faults", "latency", "into", "port", "simulate"])]
    pub make: Option<PathBuf>,

    /// Catch up in virtual time: connections, disk and latency are simulated, all else is the same code
    #[arg(long, conflicts_with_all = ["into", "port"])]
    pub simulate: bool,

    /// Simulate so many times, with the seed and those after it
    #[arg(long, value_name = "N", requires = "simulate", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub runs: Option<u32>,

    /// Print the summary as one line of JSON
    #[arg(long)]
    pub json: bool,

    /// Show no progress, and no more than one line at the end
    #[arg(long)]
    pub quiet: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Parsed {
    /// Do something.
    Run(Box<Args>),
    /// Show this text (`--help`) and do nothing else.
    Page(String),
}

impl Args {
    /// Parses the arguments, the program's name first.
    ///
    /// # Errors
    /// One line that says what is wrong and points to `--help`.
    pub fn parse_line<A>(line: impl IntoIterator<Item = A>) -> Result<Parsed, String>
    where
        A: Into<OsString> + Clone,
    {
        match Args::try_parse_from(line) {
            Ok(args) => Ok(Parsed::Run(Box::new(args))),
            Err(error) if error.use_stderr() => Err(one_line(&error)),
            Err(page) => Ok(Parsed::Page(page.render().to_string())),
        }
    }
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(number),
        _ => Err(String::from("a number from 0 to 1 is expected")),
    }
}

/// Clap's first paragraph names the argument and the fault; what follows is usage and tips.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.is_empty());
    let line = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    format!("{line}; see --help for the options")
}
