//! The tables: groups of cases, one after the other, each judged by its budgets.

use crate::Args;
use crate::budgets::{Verdict, judge, retry};
use crate::groups::{Case, Group};
use crate::measure::Effort;
use crate::progress::Progress;
use crate::report::{self, CaseResult};

/// A budget is missed if it is missed in each of so many tries.
const TRIES: usize = 3;

/// Measures and prints the groups.
pub fn run(groups: &[&'static Group], args: &Args) -> Result<Vec<CaseResult>, String> {
    let cases: Vec<(&Group, Vec<Case>)> = groups
        .iter()
        .map(|&group| {
            let mut cases = (group.cases)(args.quick);
            let named = |case: &Case| args.case.as_ref().is_none_or(|name| name == case.name);
            cases.retain(|case| case.n <= args.max_n && named(case));
            (group, cases)
        })
        .collect();
    let progress = Progress::new(cases.iter().map(|(_, cases)| cases.len()).sum());
    let mut results = Vec::new();
    for (group, cases) in cases {
        let first = results.len();
        for case in cases {
            let result = run_case(group, &case, args, &results[first..], &progress)?;
            results.push(result);
            progress.step();
        }
        let own = &results[first..];
        progress.print(&format!(
            "{}: {}\n{}\n{}",
            group.name,
            group.about,
            report::table(own),
            report::verdicts(own)
        ));
    }
    Ok(results)
}

/// Measures a case; with `--check` up to three times, until each of its budgets has been met once.
fn run_case(
    group: &Group,
    case: &Case,
    args: &Args,
    earlier: &[CaseResult],
    progress: &Progress,
) -> Result<CaseResult, String> {
    let effort = if args.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let smaller = |n| {
        let mut earlier = earlier.iter();
        let found = earlier.find(|result| result.case == case.name && result.n == n);
        found.map(|result| &*result.rows)
    };
    let measure = |attempt: usize| -> Result<CaseResult, String> {
        let on_round = |round| progress.at(group.name, case.name, case.n, attempt, round);
        let rows = case.measure(effort, args.only.as_deref(), &on_round)?;
        let judged = case.budgets.iter().map(|b| judge(b, &rows, smaller));
        Ok(CaseResult {
            group: group.name,
            case: case.name,
            n: case.n,
            unit: case.unit,
            verdicts: judged.flatten().collect(),
            rows,
        })
    };
    let failed = |verdicts: &[Verdict]| verdicts.iter().any(|verdict| verdict.failed);
    let mut result = measure(1)?;
    for attempt in 2..=if args.check { TRIES } else { 1 } {
        if failed(&result.verdicts) {
            let next = measure(attempt)?;
            retry(&mut result.verdicts, next.verdicts);
            result.rows = next.rows;
        }
    }
    Ok(result)
}
