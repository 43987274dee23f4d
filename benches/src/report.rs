//! One table per group, and the same as JSON.

use crate::budgets::Verdict;
use crate::measure::{Figures, Spread};
use crate::numbers::{number, short};
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

/// What one case has come to.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CaseResult {
    pub group: &'static str,
    pub case: &'static str,
    pub n: u64,
    pub unit: &'static str,
    pub rows: Vec<Figures>,
    pub verdicts: Vec<Verdict>,
}

fn cell(row: &Figures, unit: &str) -> String {
    let Spread { median, min, max } = row.ratio;
    let nanos = format!("{} {unit}", number(row.nanos.median));
    if min == max {
        return format!("{}  {nanos}", number(median));
    }
    format!(
        "{} [{}..{}]  {nanos}",
        number(median),
        number(min),
        number(max)
    )
}

/// Rows: case and contender; columns: N.
pub fn table(results: &[CaseResult]) -> String {
    let mut sizes: Vec<u64> = results.iter().map(|result| result.n).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let columns = sizes.iter().map(|&n| format!("N = {}", short(n)));
    table.set_header(["case", "row"].map(String::from).into_iter().chain(columns));
    let mut cases: Vec<&'static str> = Vec::new();
    for result in results {
        if !cases.contains(&result.case) {
            cases.push(result.case);
        }
    }
    for case in cases {
        let of_case: Vec<&CaseResult> = results.iter().filter(|r| r.case == case).collect();
        let mut names: Vec<&'static str> = Vec::new();
        for row in of_case.iter().flat_map(|result| &result.rows) {
            if !names.contains(&row.name) {
                names.push(row.name);
            }
        }
        for name in names {
            let mut cells = vec![Cell::new(case), Cell::new(name)];
            for &n in &sizes {
                let row = of_case
                    .iter()
                    .filter(|result| result.n == n)
                    .find_map(|r| Some(cell(r.rows.iter().find(|row| row.name == name)?, r.unit)));
                let text = row.unwrap_or_default();
                cells.push(Cell::new(text).set_alignment(CellAlignment::Right));
            }
            table.add_row(cells);
        }
    }
    table.to_string()
}

/// One line per budget.
pub fn verdicts(results: &[CaseResult]) -> String {
    let mut lines = String::new();
    for result in results {
        for v in &result.verdicts {
            let word = if v.met { "met   " } else { "MISSED" };
            lines += &format!(
                "  {word} {:<4} {} N = {}: {} is {}, budget {}{}\n",
                v.id,
                result.case,
                short(result.n),
                v.text,
                number(v.figure),
                number(v.at_most),
                if v.failed && v.met {
                    " (rounds differ by more than 2x)"
                } else {
                    ""
                },
            );
        }
    }
    lines
}
