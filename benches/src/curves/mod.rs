//! Cost as work grows: each case of the groups that have a curve, by hand and ours, over N = 10^2 ... 10^7.
//!
//! What N works cost together is N times what is measured per operation. It is taken to grow as N^e, and e is fitted;
//! 1 is what an engine without anything quadratic or logarithmic in it has, as long as the caches are large enough. The
//! baseline's e, which has the same N of everything, says how much of it is the machine's.

mod chart;
mod fit;
mod limits;

use crate::Args;
use crate::groups::{Case, Group};
use crate::measure::Effort;
use crate::numbers::{number, short};
use crate::progress::Progress;
use comfy_table::{Cell, CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use cpu_time::ProcessTime;
use std::path::Path;

/// What total cost may grow as; more is said aloud.
const MOST: f64 = 1.05;

/// One row of one case, over N.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Curve {
    pub group: &'static str,
    pub case: &'static str,
    pub row: &'static str,
    pub points: Vec<Point>,
    /// Total cost grows as N to this; there is none of a single point.
    pub exponent: Option<f64>,
    /// It is the row that the others of the case are compared with.
    pub baseline: bool,
}

#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Point {
    pub n: u64,
    /// Nanoseconds of CPU time per operation.
    pub nanos: f64,
}

impl Curve {
    fn steep(&self) -> bool {
        self.exponent.is_some_and(|exponent| exponent > MOST)
    }

    fn growth(&self) -> String {
        let word = |e| format!("N^{e:.3}{}", if self.steep() { "  > 1.05" } else { "" });
        self.exponent.map_or_else(String::new, word)
    }
}

/// The cases of one size.
type OfSize = fn(u64) -> Vec<Case>;

/// Measures and prints the curves of the groups that have one; writes a chart of each and all figures to a folder.
pub fn run(groups: &[&'static Group], args: &Args, folder: &Path) -> Result<(), String> {
    let largest = if args.quick { 5 } else { 7 };
    let sizes: Vec<u64> = (2..=largest)
        .map(|power| 10u64.pow(power))
        .filter(|&n| n <= args.max_n)
        .collect();
    let curved = groups.iter().filter_map(|&group| {
        let cases = chosen(group.curve?, args.case.as_deref());
        (!cases.is_empty()).then_some((group, group.curve?, cases))
    });
    let curved: Vec<(&Group, OfSize, Vec<usize>)> = curved.collect();
    if curved.is_empty() {
        return Err(String::from(
            "no curve is named: turns, dag, timers and sleepers have some",
        ));
    }
    let cases: usize = curved.iter().map(|(_, _, cases)| cases.len()).sum();
    let progress = Progress::new(cases * sizes.len());
    let mut all = Vec::new();
    for (group, curve, cases) in curved {
        let first = all.len();
        for case in cases {
            let of_size = |n| curve(n).swap_remove(case);
            all.extend(measure(group, of_size, &sizes, &progress)?);
        }
        let own = &all[first..];
        let (table, said) = (table(own), said(own));
        progress.print(&format!("{}: {}\n{table}\n{said}", group.name, group.about));
        let file = folder.join(group.name).with_extension("svg");
        write(&file, &chart::svg(group.name, own))?;
    }
    let json = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
    write(&folder.join("curves.json"), &(json + "\n"))
}

/// The places of the cases of one name, or of all; they are the same ones for every size.
fn chosen(curve: OfSize, only: Option<&str>) -> Vec<usize> {
    let cases = curve(1);
    let named = |&case: &usize| only.is_none_or(|name| name == cases[case].name);
    (0..cases.len()).filter(named).collect()
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, text))
        .map_err(|error| format!("{}: {error}", file.display()))
}

/// Measures one case, as far as memory and patience go.
fn measure(
    group: &Group,
    of_size: impl Fn(u64) -> Case,
    sizes: &[u64],
    progress: &Progress,
) -> Result<Vec<Curve>, String> {
    let mut curves: Vec<Curve> = Vec::new();
    let mut last = None;
    for &n in sizes {
        let case = of_size(n);
        if let Some(why) = limits::reason(n, last) {
            progress.print(&format!(
                "{}: {}, N = {}: left out, {why}",
                group.name,
                case.name,
                short(n)
            ));
            progress.step();
            continue;
        }
        let start = ProcessTime::now();
        let on_round = |round| progress.at(group.name, case.name, n, 1, round);
        let rows = case.measure(Effort::CURVE, None, &on_round)?;
        last = Some((n, start.elapsed()));
        for (at, row) in rows.into_iter().enumerate() {
            if at == curves.len() {
                curves.push(Curve {
                    group: group.name,
                    case: case.name,
                    row: row.name,
                    points: Vec::new(),
                    exponent: None,
                    baseline: at == 0,
                });
            }
            let nanos = row.nanos.median;
            curves[at].points.push(Point { n, nanos });
        }
        progress.step();
    }
    for curve in &mut curves {
        let totals = curve
            .points
            .iter()
            .map(|p| (p.n as f64, p.n as f64 * p.nanos));
        curve.exponent = fit::exponent(&totals.collect::<Vec<_>>());
    }
    Ok(curves)
}

/// Rows: case and contender; columns: N, and what total cost grows as.
fn table(curves: &[Curve]) -> String {
    let longest = curves.iter().max_by_key(|curve| curve.points.len());
    let sizes: Vec<u64> = longest.map_or_else(Vec::new, |c| c.points.iter().map(|p| p.n).collect());
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let header = sizes.iter().map(|&n| format!("N = {}", short(n)));
    let words = ["case", "row"].map(String::from).into_iter();
    table.set_header(words.chain(header).chain([String::from("total cost")]));
    for curve in curves {
        let mut cells = vec![Cell::new(curve.case), Cell::new(curve.row)];
        for n in &sizes {
            let point = curve.points.iter().find(|point| point.n == *n);
            let text = point.map_or_else(String::new, |p| format!("{} ns", number(p.nanos)));
            cells.push(Cell::new(text).set_alignment(CellAlignment::Right));
        }
        cells.push(Cell::new(curve.growth()));
        table.add_row(cells);
    }
    table.to_string()
}

/// One line for each of our curves that is steeper than it may be.
fn said(curves: &[Curve]) -> String {
    let mut lines = String::new();
    for curve in curves.iter().filter(|c| !c.baseline && c.steep()) {
        let baseline = curves.iter().find(|c| c.baseline && c.case == curve.case);
        let (row, e) = baseline.map_or(("", 0.0), |c| (c.row, c.exponent.unwrap_or(0.0)));
        lines += &format!(
            "  STEEP  {}: cost grows as N^{:.3}, more than N^{MOST}; {row}: N^{e:.3}\n",
            curve.case,
            curve.exponent.unwrap_or(0.0),
        );
    }
    lines
}
