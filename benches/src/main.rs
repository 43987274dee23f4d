//! Measures crankwork against hand-written loops and other crates, side by side in one process.
//!
//! `cargo run --release -p crankwork-bench -- [GROUP ...] [--quick] [--json FILE] [--check]`; see the README beside this
//! package's manifest for how to read the tables.

mod baselines;
mod budgets;
mod graphs;
mod groups;
mod measure;
mod ours;
mod peers;
mod report;

use budgets::{Verdict, judge};
use clap::Parser;
use groups::{Case, Group};
use indicatif::{ProgressBar, ProgressStyle};
use measure::Effort;
use report::CaseResult;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures crankwork against hand-written loops and other crates
#[derive(Parser)]
struct Args {
    /// Groups to run: turns, dag, timers, memory, sleepers, depth, idle, wake, compose, debian; all if none is named
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    /// Fewer rounds and no huge sizes: under a minute for all groups
    #[arg(long)]
    quick: bool,
    /// Also writes all figures to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only the rows of this name, for a profiler; ratios are then to themselves
    #[arg(long, value_name = "ROW")]
    only: Option<String>,
    /// Only the cases of this name
    #[arg(long, value_name = "CASE")]
    case: Option<String>,
    /// Only sizes up to this
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    max_n: u64,
    /// Exits 1 if a budget is missed by more than 10 % (or rounds differ by more than 2x) in each of three tries
    #[arg(long)]
    check: bool,
}

const TRIES: usize = 3;

fn main() -> ExitCode {
    let args = Args::parse();
    let chosen: Vec<&Group> = groups::ALL
        .iter()
        .filter(|group| args.groups.is_empty() || args.groups.iter().any(|g| g == group.name))
        .collect();
    if let Some(unknown) = args
        .groups
        .iter()
        .find(|name| groups::ALL.iter().all(|group| group.name != **name))
    {
        eprintln!("there is no group `{unknown}`");
        return ExitCode::from(2);
    }
    pin();
    let results = match run(&chosen, &args) {
        Ok(results) => results,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    if let Some(file) = &args.json
        && let Err(error) = write_json(file, &results)
    {
        eprintln!("{}: {error}", file.display());
        return ExitCode::from(2);
    }
    let failed = results
        .iter()
        .flat_map(|result| &result.verdicts)
        .filter(|v| v.failed)
        .count();
    if args.check && failed > 0 {
        eprintln!(
            "{failed} budgets missed by more than 10 %, or with rounds that differ by more than 2x"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Stays on one core, where the system lets us.
fn pin() {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.last().copied()) {
        core_affinity::set_for_current(core);
    }
}

fn write_json(file: &PathBuf, results: &[CaseResult]) -> Result<(), Box<dyn std::error::Error>> {
    Ok(std::fs::write(
        file,
        serde_json::to_string_pretty(results)? + "\n",
    )?)
}

fn run(groups: &[&'static Group], args: &Args) -> Result<Vec<CaseResult>, String> {
    let cases: Vec<(&Group, Vec<Case>)> = groups
        .iter()
        .map(|&group| {
            let mut cases = (group.cases)(args.quick);
            let named = |case: &Case| args.case.as_ref().is_none_or(|name| name == case.name);
            cases.retain(|case| case.n <= args.max_n && named(case));
            (group, cases)
        })
        .collect();
    let all: usize = cases.iter().map(|(_, cases)| cases.len()).sum();
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    let bar = ProgressBar::new(all as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut results = Vec::new();
    for (group, cases) in cases {
        let first = results.len();
        for case in cases {
            bar.set_message(format!(
                "{}: {} N = {}",
                group.name,
                case.name,
                report::short(case.n)
            ));
            results.push(run_case(group, &case, args)?);
            bar.inc(1);
        }
        let own = &results[first..];
        bar.suspend(|| {
            println!("{}: {}\n{}", group.name, group.about, report::table(own));
            println!("{}", report::verdicts(own));
        });
    }
    bar.finish_and_clear();
    Ok(results)
}

/// Measures a case; with `--check` up to three times, until it passes.
fn run_case(group: &Group, case: &Case, args: &Args) -> Result<CaseResult, String> {
    let effort = if args.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let mut tries = if args.check { TRIES } else { 1 };
    loop {
        tries -= 1;
        let rows = case.measure(effort, args.only.as_deref())?;
        let verdicts: Vec<Verdict> = case
            .budgets
            .iter()
            .filter_map(|b| judge(b, &rows))
            .collect();
        if tries == 0 || verdicts.iter().all(|verdict| !verdict.failed) {
            return Ok(CaseResult {
                group: group.name,
                case: case.name,
                n: case.n,
                unit: case.unit,
                rows,
                verdicts,
            });
        }
    }
}
