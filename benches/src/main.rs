//! Measures crankwork against hand-written loops and other crates, side by side in one process.
//!
//! `cargo run --release -p crankwork-bench -- [GROUP ...] [--quick] [--json FILE] [--check]`; see the README beside
//! this package's manifest for how to read the tables.

mod baselines;
mod budgets;
mod curves;
mod graphs;
mod groups;
mod instructions;
mod lives;
mod measure;
mod numbers;
mod ours;
mod peers;
mod progress;
mod report;
mod tables;
mod timers;

use clap::Parser;
use groups::Group;
use report::CaseResult;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measures crankwork against hand-written loops and other crates
#[derive(Parser)]
pub struct Args {
    /// Groups to run: turns, dag, timers, memory, sleepers, depth, idle, wake, compose, forever, search, debian; all
    /// if none is named
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    /// Fewer rounds and no huge sizes: under a minute for all groups
    #[arg(long)]
    quick: bool,
    /// Also writes all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Exits 1 if a budget is missed by more than 10 % (or rounds differ by more than 2x) in each of three tries
    #[arg(long)]
    check: bool,
    /// Instead of tables: cost from N = 100 to 10M, as charts and curves.json in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["json", "check", "only"])]
    curves: Option<PathBuf>,
    /// Instead of tables: instructions per operation of the hottest paths, counted by callgrind (valgrind)
    #[arg(long, conflicts_with_all = ["groups", "quick", "json", "check", "curves"])]
    instructions: bool,
    /// Only the rows of this name; ratios are then to themselves
    #[arg(long, value_name = "ROW")]
    only: Option<String>,
    /// Only the cases of this name
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Only sizes up to this
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    max_n: u64,
    /// Leaves the allocator as it is: memory goes back to the system between rounds
    #[arg(long)]
    give_back: bool,
    /// Nothing but so many rounds of one row, untimed, for a profiler; prints how many operations they were
    #[arg(long, num_args = 4, value_names = ["ROW", "CASE", "N", "ROUNDS"], exclusive = true)]
    count: Option<Vec<String>>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    // A profiler would lose sight of a program that starts itself anew.
    if !args.give_back && args.count.is_none() {
        measure::keep_freed_memory();
    }
    pin();
    match run(&args) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            eprintln!(
                "{failed} budgets missed by more than 10 %, or with rounds that differ by more than 2x"
            );
            ExitCode::FAILURE
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// Does what is asked for; says how many budgets were missed if that is asked for too.
fn run(args: &Args) -> Result<usize, String> {
    if let Some(words) = &args.count {
        instructions::count(words)?;
        return Ok(0);
    }
    if args.instructions {
        instructions::run()?;
        return Ok(0);
    }
    let groups = chosen(&args.groups)?;
    if let Some(folder) = &args.curves {
        curves::run(&groups, args, folder)?;
        return Ok(0);
    }
    let results = tables::run(&groups, args)?;
    if let Some(file) = &args.json {
        write_json(file, &results).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let verdicts = results.iter().flat_map(|result| &result.verdicts);
    Ok(verdicts.filter(|v| args.check && v.failed).count())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Group>, String> {
    let known = |name: &String| groups::ALL.iter().any(|group| group.name == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no group `{unknown}`"));
    }
    let named = |group: &&Group| names.is_empty() || names.iter().any(|name| name == group.name);
    Ok(groups::ALL.iter().filter(named).collect())
}

/// Stays on one core, where the system lets us.
fn pin() {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.last().copied()) {
        core_affinity::set_for_current(core);
    }
}

fn write_json(file: &Path, results: &[CaseResult]) -> Result<(), Box<dyn std::error::Error>> {
    Ok(std::fs::write(
        file,
        serde_json::to_string_pretty(results)? + "\n",
    )?)
}
