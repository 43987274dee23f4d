//! Bugs that only some orders show, searched for by shuttle and by crankwork, each program written for both.
//!
//! `cargo run --release -p crankwork-bench --bin crankwork-bench-bugs [-- --reports]` prints the runs and the CPU time
//! to the first failure, medians of 20 seeds. With `--reports` it prints what each says of the failure instead.
//!
//! shuttle writes a line to the standard error for each failure, whatever its configuration says.

mod ours;
mod theirs;

use clap::Parser;
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use cpu_time::ProcessTime;
use crankwork::explore::{Explore, Policy, Sim};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use std::time::Duration;
use theirs::Runs;

/// Compares the search for bugs with that of shuttle
#[derive(Parser)]
struct Args {
    /// Prints the report of each failure, that of the first seed, instead of the table
    #[arg(long)]
    reports: bool,
    /// How many seeds the medians are of
    #[arg(long, value_name = "N", default_value_t = 20)]
    seeds: u64,
    /// How many runs a search has at most
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    runs: u64,
}

/// A program, written for both.
struct Program {
    name: &'static str,
    ours: fn(&mut Sim),
    theirs: fn(),
}

const PROGRAMS: [Program; 3] = [
    Program {
        name: "lost update, 4 bystanders",
        ours: ours::lost_update,
        theirs: theirs::lost_update,
    },
    Program {
        name: "deadlock of 3 locks",
        ours: ours::deadlock,
        theirs: theirs::deadlock,
    },
    Program {
        name: "stack, ABA (depth 3)",
        ours: ours::stack,
        theirs: theirs::stack,
    },
];

/// The depth of the bugs that probabilistic concurrency testing looks for.
const DEPTH: u32 = 3;

/// A search for the first failure.
#[derive(Clone, Copy)]
enum Contender {
    ShuttleRandom,
    ShuttlePct,
    Crankwork(&'static str),
}

const CONTENDERS: [Contender; 5] = [
    Contender::ShuttleRandom,
    Contender::ShuttlePct,
    Contender::Crankwork("random"),
    Contender::Crankwork("pct(3)"),
    Contender::Crankwork("mix"),
];

impl Contender {
    fn name(self) -> String {
        match self {
            Contender::ShuttleRandom => "shuttle, random".into(),
            Contender::ShuttlePct => format!("shuttle, pct({DEPTH})"),
            Contender::Crankwork(policy) => format!("crankwork, {policy}"),
        }
    }

    /// Searches, and returns the number of runs up to the first that failed.
    fn search(self, program: &Program, seed: u64, runs: u64, print: bool) -> Option<u64> {
        match self {
            Contender::ShuttleRandom => {
                let scheduler = RandomScheduler::new_from_seed(seed, runs as usize);
                Runs::of(program.theirs).search(scheduler, print)
            }
            Contender::ShuttlePct => {
                let scheduler = PctScheduler::new_from_seed(seed, DEPTH as usize, runs as usize);
                Runs::of(program.theirs).search(scheduler, print)
            }
            Contender::Crankwork(policy) => {
                let found = explore(policy, seed, runs).check(program.ours);
                let failure = found.err()?;
                if print {
                    eprintln!("{failure}");
                }
                Some(failure.run + 1)
            }
        }
    }

    /// Returns the runs and the CPU time to the first failure, without and with what is done for the report.
    fn measure(self, program: &Program, seed: u64, runs: u64) -> Option<Found> {
        let begun = ProcessTime::now();
        let count = self.search(program, seed, runs, false)?;
        let reported = begun.elapsed();
        let found = match self {
            // The search is known to fail in its last run, and a survey repeats none.
            Contender::Crankwork(policy) => {
                let begun = ProcessTime::now();
                let stats = explore(policy, seed, count).survey(program.ours);
                assert_eq!(stats.failures, 1, "a search finds again what it has found");
                begun.elapsed()
            }
            _ => reported,
        };
        Some(Found {
            runs: count,
            found,
            reported,
        })
    }
}

fn explore(policy: &str, seed: u64, runs: u64) -> Explore {
    let policy = Policy::from_name(policy).expect("a policy's name");
    let explore = Explore::new().named("bug").on_its_own().trusting();
    explore.seed(seed).runs(runs).policy(policy)
}

/// What it took to find a bug.
struct Found {
    runs: u64,
    found: Duration,
    reported: Duration,
}

/// Returns the middle of the values, or nothing if that is a search without a failure.
fn median<T: Ord + Copy>(mut values: Vec<T>, searches: u64) -> Option<T> {
    values.sort_unstable();
    values.get(searches as usize / 2).copied()
}

fn table(args: &Args) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header([
        "program",
        "search",
        "found by seeds",
        "runs",
        "CPU",
        "CPU with report",
    ]);
    for program in &PROGRAMS {
        for contender in CONTENDERS {
            let seeds = 0..args.seeds;
            let found = seeds.filter_map(|seed| contender.measure(program, seed, args.runs));
            let found: Vec<Found> = found.collect();
            let text = |value: Option<String>| value.unwrap_or_else(|| String::from("-"));
            let runs = median(found.iter().map(|it| it.runs).collect(), args.seeds);
            let cpu = median(found.iter().map(|it| it.found).collect(), args.seeds);
            let report = median(found.iter().map(|it| it.reported).collect(), args.seeds);
            table.add_row([
                program.name.to_owned(),
                contender.name(),
                format!("{} of {}", found.len(), args.seeds),
                runs.map_or_else(|| format!("> {}", args.runs), |runs| runs.to_string()),
                text(cpu.map(|cpu| format!("{:.2} ms", 1e3 * cpu.as_secs_f64()))),
                text(report.map(|cpu| format!("{:.2} ms", 1e3 * cpu.as_secs_f64()))),
            ]);
        }
    }
    table
}

fn main() {
    let args = Args::parse();
    if !args.reports {
        std::panic::set_hook(Box::new(|_| {}));
        println!("{}", table(&args));
        return;
    }
    for program in &PROGRAMS {
        for contender in [CONTENDERS[0], CONTENDERS[4]] {
            eprintln!("\n==== {}: {}\n", program.name, contender.name());
            if contender.search(program, 0, args.runs, true).is_none() {
                eprintln!("not found");
            }
        }
    }
}
