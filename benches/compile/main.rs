//! Measures what crankwork costs those who compile it: a program with one application type, one with eight, and
//! stakker's and tokio's beside them.
//!
//! `cargo run --release -p crankwork-bench --bin crankwork-bench-compile -- [--rounds N] [--tests]`. It builds in
//! temporary directories, needs the registry or what cargo has kept of it, and takes minutes. All times are CPU
//! seconds, user and system, of cargo and all that it starts.

mod cargo;
mod engine_tests;
mod programs;

use cargo::Workspace;
use clap::Parser;
use comfy_table::{Cell, CellAlignment, Table, presets::ASCII_MARKDOWN};
use programs::Program;
use std::path::Path;
use std::process::ExitCode;

/// Measures what crankwork costs those who compile it
#[derive(Parser)]
struct Args {
    /// Rebuilds and runs of each program; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Also the crate's own tests, built again after one line of the engine has changed: minutes more
    #[arg(long)]
    tests: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    // An interrupt ends cargo, which ends the measurement by the usual way, so that the directories are removed.
    let handled = ctrlc::set_handler(|| {});
    match handled
        .map_err(|error| error.to_string())
        .and_then(|()| run(&args))
    {
        Ok(table) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// What was measured of one program.
struct Built {
    /// CPU seconds of a release build after one line has changed.
    seconds: f64,
    /// The size of the stripped release binary, in bytes.
    bytes: u64,
}

fn run(args: &Args) -> Result<Table, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("this package lies in the repository of crankwork")?;
    // First, since the line that it changes may have moved.
    let tests = match args.tests {
        true => {
            note("the crate's tests");
            Some(engine_tests::rebuild(root)?)
        }
        false => None,
    };
    let path = root.to_str().ok_or("the path of crankwork is no Unicode")?;
    let one = Program::crankwork("program-one", path, 1);
    let eight = Program::crankwork("program-eight", path, 8);
    let (stakker, tokio) = (Program::stakker(), Program::tokio());
    let programs = [&one, &eight, &stakker, &tokio];
    let mut workspace = Workspace::new(&programs, &root.join("Cargo.lock"))?;
    let mut built = Vec::new();
    for program in programs {
        built.push(rebuild(&mut workspace, program, args.rounds)?);
    }
    let ratio = debug_to_release(&workspace, &one, args.rounds)?;
    note("LLVM IR");
    let (few, many) = (workspace.ir_lines(&one)?, workspace.ir_lines(&eight)?);
    note(&format!("{few} lines and {many} lines"));
    let lines = (many as f64 - few as f64) / 7.0;
    let mut table = table(&built, ratio, lines);
    if let Some(tests) = tests {
        let what = "one line of the engine changed: its tests built again, CPU s";
        row(&mut table, what, &[tests.seconds], 0, "<= 25");
        let megabytes = tests.bytes as f64 / 1e6;
        let what = "the binary of these tests, MB";
        row(&mut table, what, &[megabytes], 0, "<= 70");
    }
    Ok(table)
}

/// Says on the standard error what is being done, or what a single round took.
fn note(what: &str) {
    eprintln!("{what}");
}

/// Builds a program once with its dependencies, then again and again with one line changed.
fn rebuild(workspace: &mut Workspace, program: &Program, rounds: u32) -> Result<Built, String> {
    note(program.name);
    workspace.build(program, "release")?;
    let mut seconds = Vec::new();
    for _ in 0..rounds {
        workspace.edit(program)?;
        seconds.push(workspace.build(program, "release")?);
    }
    note(&format!("{seconds:.1?} s"));
    let binary = workspace.binary(program, "release");
    let bytes = std::fs::metadata(binary)
        .map_err(|error| error.to_string())?
        .len();
    Ok(Built {
        seconds: median(seconds),
        bytes,
    })
}

/// Runs a program as a debug build, its dependencies optimised, and as a release build, in turn.
fn debug_to_release(workspace: &Workspace, program: &Program, rounds: u32) -> Result<f64, String> {
    note("debug and release runs");
    workspace.build(program, "dev")?;
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let debug = workspace.run(program, "debug")?;
        let release = workspace.run(program, "release")?;
        note(&format!("{debug:.2} s and {release:.2} s"));
        ratios.push(debug / release);
    }
    Ok(median(ratios))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn table(built: &[Built], ratio: f64, lines: f64) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["measured", "now", "stakker", "tokio", "must reach"]);
    let seconds: Vec<f64> = built.iter().map(|built| built.seconds).collect();
    let kilobytes: Vec<f64> = built.iter().map(|built| built.bytes as f64 / 1e3).collect();
    let beside = |all: &[f64]| [all[0], all[2], all[3]];
    let rebuild = "release rebuild after one changed line, CPU s: ";
    let binary = "stripped release binary, KB: ";
    let rows: [(&str, &str, &[f64], usize, &str); 6] = [
        (
            rebuild,
            "one application type",
            &beside(&seconds),
            1,
            "<= 2.5",
        ),
        (rebuild, "eight", &seconds[1..2], 1, "<= 7"),
        (
            "LLVM IR lines ",
            "for each further application type",
            &[lines],
            0,
            "<= 15,000",
        ),
        (
            "five virtual hours: ",
            "debug with optimised dependencies, to release",
            &[ratio],
            1,
            "<= 2",
        ),
        (binary, "one", &beside(&kilobytes), 0, "<= 800"),
        (binary, "eight", &kilobytes[1..2], 0, "<= 1,000"),
    ];
    for (what, of, figures, digits, limit) in rows {
        row(&mut table, &format!("{what}{of}"), figures, digits, limit);
    }
    table
}

/// Adds a row; figures that are not there leave their cells empty.
fn row(table: &mut Table, what: &str, figures: &[f64], digits: usize, limit: &str) {
    let text = |place: usize| {
        let figure = figures.get(place);
        figure.map_or(String::new(), |figure| format!("{figure:.digits$}"))
    };
    let mut cells = vec![Cell::new(what)];
    cells.extend((0..3).map(|place| Cell::new(text(place)).set_alignment(CellAlignment::Right)));
    cells.push(Cell::new(limit));
    table.add_row(cells);
}
