//! What is promised, and whether a measurement keeps it. The numbers are those of the project's performance page.

use crate::measure::{Figures, Spread};
use crate::numbers::short;

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Against {
    /// The time of another row.
    Row(&'static str),
    /// The row's own ratio to the baseline, in the same case at a smaller N.
    Smaller(u64),
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

/// Our ratio to the baseline is at most so many times that of a smaller N.
pub const fn growth(id: &'static str, smaller: u64, at_most: f64) -> Budget {
    Budget {
        id,
        row: OURS,
        against: Against::Smaller(smaller),
        at_most,
    }
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

/// Judges a case by its rows; `at` has the rows of the same case at smaller N. `None` if a row is not there.
pub fn judge<'a>(
    budget: &Budget,
    rows: &[Figures],
    at: impl Fn(u64) -> Option<&'a [Figures]>,
) -> Option<Verdict> {
    fn find<'a>(rows: &'a [Figures], name: &str) -> Option<&'a Figures> {
        rows.iter().find(|row| row.name == name)
    }
    let own = find(rows, budget.row)?;
    let (Spread { median, min, max }, per, text) = match budget.against {
        Against::Row(name) => (
            own.to(find(rows, name)?),
            1.0,
            format!("{} / {name}", budget.row),
        ),
        Against::Smaller(n) => (
            own.ratio,
            find(at(n)?, budget.row)?.ratio.median,
            format!("{}, to its own ratio at N = {}", budget.row, short(n)),
        ),
        Against::Nothing => (own.nanos, 1.0, String::from(budget.row)),
    };
    let (figure, spread) = (median / per, max / min);
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

/// Keeps the verdicts that did not fail, and takes the next try's for the others.
pub fn retry(verdicts: &mut [Verdict], next: Vec<Verdict>) {
    for (verdict, next) in verdicts.iter_mut().zip(next) {
        if verdict.failed {
            *verdict = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOP: &str = "loop";

    fn rows(ours: &[f64]) -> Vec<Figures> {
        let baseline = vec![10.0; ours.len()];
        vec![
            Figures::of(LOOP, baseline.clone(), &baseline),
            Figures::of(OURS, ours.to_vec(), &baseline),
        ]
    }

    fn verdict(budget: Budget, ours: &[f64]) -> Verdict {
        judge(&budget, &rows(ours), |_| None).unwrap()
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_ratios() {
        let baseline = [1.0, 1.0, 1.0];
        let rows = [
            Figures::of("other", vec![1.0, 2.0, 4.0], &baseline),
            Figures::of(OURS, vec![4.0, 2.0, 1.0], &baseline),
        ];
        let verdict = judge(&ratio("P", "other", 1.0), &rows, |_| None).unwrap();
        assert_eq!((verdict.figure, verdict.spread), (1.0, 16.0));
    }

    #[test]
    fn a_miss_of_less_than_a_tenth_is_no_failure() {
        let budget = ratio("P", LOOP, 2.0);
        let said = |ours| {
            let Verdict { met, failed, .. } = verdict(budget, &[ours]);
            (met, failed)
        };
        assert_eq!(said(20.0), (true, false));
        assert_eq!(said(21.9), (false, false));
        assert_eq!(said(22.1), (false, true));
    }

    #[test]
    fn rounds_that_differ_by_more_than_twice_fail() {
        let budget = absolute("P", OURS, 100.0);
        assert!(!verdict(budget, &[10.0, 11.0, 20.0]).failed);
        let verdict = verdict(budget, &[10.0, 11.0, 20.1]);
        assert!(verdict.met && verdict.failed);
    }

    #[test]
    fn growth_is_the_ratio_to_that_of_the_smaller_size() {
        let (small, large) = (rows(&[20.0]), rows(&[30.0]));
        let at = |n| (n == 100).then_some(&*small);
        let verdict = judge(&growth("P", 100, 1.3), &large, at).unwrap();
        assert_eq!(verdict.figure, 1.5);
        assert!(verdict.failed);
        assert!(judge(&growth("P", 1_000, 1.3), &large, at).is_none());
    }

    #[test]
    fn a_budget_that_was_met_in_one_try_is_met() {
        let budget = ratio("P", LOOP, 2.0);
        let (good, bad) = (verdict(budget, &[15.0]), verdict(budget, &[30.0]));
        let mut tries = [good.clone(), bad.clone(), bad.clone()];
        retry(&mut tries, vec![bad.clone(), good, bad]);
        assert_eq!(tries.map(|verdict| verdict.failed), [false, false, true]);
    }
}
