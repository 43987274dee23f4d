//! What is promised, and whether a measurement keeps it. The numbers are those of the project's performance page.

use crate::measure::Figures;

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Against {
    /// The time of another row.
    Row(&'static str),
    /// The figure itself, in the case's unit.
    Nothing,
}

/// A promise: the figure of `row` is at most `at_most` times that of `against`.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub id: &'static str,
    pub row: &'static str,
    pub against: Against,
    pub at_most: f64,
}

pub const OURS: &str = "crankwork";

/// Our row takes at most so many times what another takes.
pub const fn ratio(id: &'static str, against: &'static str, at_most: f64) -> Budget {
    Budget {
        id,
        row: OURS,
        against: Against::Row(against),
        at_most,
    }
}

/// Another row takes at least so many times what ours takes.
pub fn slower(id: &'static str, other: &'static str, times: f64) -> Budget {
    ratio(id, other, 1.0 / times)
}

/// A row takes at most so much.
pub const fn absolute(id: &'static str, row: &'static str, at_most: f64) -> Budget {
    Budget {
        id,
        row,
        against: Against::Nothing,
        at_most,
    }
}

/// How much a budget may be missed by before `--check` calls it missed.
const TOLERANCE: f64 = 1.1;

/// Rounds that differ by more than this say nothing.
const MOST_SPREAD: f64 = 2.0;

/// A budget and what was measured.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Verdict {
    pub id: &'static str,
    pub text: String,
    pub figure: f64,
    pub at_most: f64,
    /// Within the budget.
    pub met: bool,
    /// Beyond what `--check` lets pass.
    pub failed: bool,
    /// Largest round by smallest.
    pub spread: f64,
}

pub fn judge(budget: &Budget, figures: &[Figures]) -> Option<Verdict> {
    let find = |name: &str| figures.iter().find(|row| row.name == name);
    let own = find(budget.row)?;
    let (figure, spread, text) = match budget.against {
        Against::Row(name) => {
            let other = find(name)?;
            // Both are ratios to the same baseline; of the baseline itself it is 1.
            let figure = own.ratio.median / other.ratio.median;
            let spread = own.ratio.max / own.ratio.min;
            (figure, spread, format!("{} / {name}", budget.row))
        }
        Against::Nothing => {
            let spread = own.nanos.max / own.nanos.min;
            (own.nanos.median, spread, String::from(budget.row))
        }
    };
    Some(Verdict {
        id: budget.id,
        text,
        figure,
        at_most: budget.at_most,
        met: figure <= budget.at_most,
        failed: figure > budget.at_most * TOLERANCE || spread > MOST_SPREAD,
        spread,
    })
}
