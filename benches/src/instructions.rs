//! Instructions per operation, counted exactly by callgrind.
//!
//! The program runs itself under valgrind, once with few rounds of a row and once with more; what the second has more,
//! divided by the operations that it has more, is what an operation takes. Start-up, and the first round, which grows
//! things, cancel.

use crate::groups::{self, Case, How};
use crate::numbers::{number, short};
use crate::progress::Progress;
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use std::process::Command;

/// A path: the case and its N, and what it is compared with.
struct Path(&'static str, u64, Option<&'static str>);

const PATHS: [Path; 13] = [
    Path("yield", 100, Some("bare loop")),
    Path("one crank per turn", 100, Some("bare loop")),
    Path("independent", 1_000, Some("Kahn")),
    Path("chain", 1_000, Some("Kahn")),
    Path("100 layers x 3", 1_000, Some("Kahn")),
    Path("binary fan-in", 1_000, Some("Kahn")),
    Path("fire: uniform", 1_000, Some("ordered map")),
    Path("insert + cancel", 1_000, Some("ordered map")),
    Path("re-arm", 1_000, Some("ordered map")),
    Path("woken by the host", 10_000, Some("loop + ordered map")),
    Path("woken by its alarm", 10_000, Some("loop + ordered map")),
    Path("one by one, reclaimed", 100_000, Some("FuturesUnordered")),
    Path("nothing to do", 10_000, None),
];

/// Rounds of the two runs.
const ROUNDS: [u64; 2] = [1, 3];

/// Counts and prints a table for the README.
pub fn run() -> Result<(), String> {
    let progress = Progress::new(PATHS.len());
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(["path", "N", "crankwork", "baseline", "it takes", "ratio"]);
    for Path(case, n, baseline) in PATHS {
        progress.say(format!("{case}, N = {}", short(n)));
        let own = per_operation(
            baseline.map_or("crank_work", |_| crate::budgets::OURS),
            case,
            n,
        )?;
        let mut cells = vec![case.to_string(), short(n), format!("{own:.1}")];
        if let Some(name) = baseline {
            let other = per_operation(name, case, n)?;
            cells.extend([name.to_string(), format!("{other:.1}"), number(own / other)]);
        }
        table.add_row(cells);
        progress.step();
    }
    progress.print(&table.to_string());
    Ok(())
}

fn per_operation(row: &str, case: &str, n: u64) -> Result<f64, String> {
    let [few, many] = ROUNDS.map(|rounds| counted(row, case, n, rounds));
    let ((few, fewer_ops), (many, more_ops)) = (few?, many?);
    Ok((many - few) as f64 / (more_ops - fewer_ops) as f64)
}

/// Instructions and operations of so many rounds in a process of their own, its start included.
fn counted(row: &str, case: &str, n: u64, rounds: u64) -> Result<(u64, u64), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(own)
        .args(["--count", row, case, &n.to_string(), &rounds.to_string()])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let instructions = collected(&said);
    let operations = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    instructions
        .zip(operations)
        .ok_or_else(|| said.into_owned())
}

/// What callgrind says at its end: `==123== Collected : 456`.
fn collected(said: &str) -> Option<u64> {
    let mut lines = said.lines();
    let number = lines.find_map(|line| Some(line.split_once(" Collected : ")?.1))?;
    number.trim().parse().ok()
}

/// What `--count ROW CASE N ROUNDS` does: so many rounds of one row, and nothing else. Prints how many operations.
pub fn count(words: &[String]) -> Result<(), String> {
    let [row, case, n, rounds] = words else {
        return Err(String::from("--count ROW CASE N ROUNDS"));
    };
    let number = |word: &str| {
        word.parse::<u64>()
            .map_err(|error| format!("{word}: {error}"))
    };
    let (n, rounds) = (number(n)?, number(rounds)?);
    let found = find(case, n).ok_or_else(|| format!("there is no case `{case}` of N = {n}"))?;
    let How::Timed(make) = &found.how else {
        return Err(format!("`{case}` is not timed"));
    };
    let mut contenders = make();
    let contender = contenders
        .iter_mut()
        .find(|contender| contender.name == row);
    let contender = contender.ok_or_else(|| format!("`{case}` has no row `{row}`"))?;
    let operations: u64 = (0..rounds).map(|_| (contender.round)().ops).sum();
    println!("{operations}");
    Ok(())
}

/// Case names differ among groups.
fn find(case: &str, n: u64) -> Option<Case> {
    let both = [true, false].into_iter();
    let mut cases = both.flat_map(|quick| {
        groups::ALL
            .iter()
            .flat_map(move |group| (group.cases)(quick))
    });
    cases.find(|found| found.name == case && found.n == n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrind_says_what_it_has_collected() {
        let said = "==7== Events    : Ir\n==7== Collected : 1234\n==7== \n";
        assert_eq!(collected(said), Some(1_234));
        assert_eq!(collected("==7== \n"), None);
    }

    #[test]
    fn every_path_and_its_rows_are_there() {
        for Path(case, n, baseline) in PATHS {
            let How::Timed(make) = find(case, n).unwrap().how else {
                panic!("{case} is not timed");
            };
            let rows: Vec<&str> = make().iter().map(|contender| contender.name).collect();
            assert!(
                rows.contains(&baseline.unwrap_or("crank_work")),
                "{case}: {rows:?}"
            );
        }
    }

    #[test]
    fn a_case_is_found_by_its_name() {
        let mut names: Vec<(&str, u64)> = Vec::new();
        for group in &groups::ALL {
            names.extend((group.cases)(true).iter().map(|case| (case.name, case.n)));
        }
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "two cases have the same name and size");
    }
}
