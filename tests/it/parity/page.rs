//! The page itself: every row is complete, and every test and item that it names is there.

use super::public_items;
use crate::sources;
use std::collections::BTreeSet;

/// The tables and their numbers of rows, so that the loss of a row is noticed.
const TABLES: [(&str, usize); 24] = [
    ("stellar-core: `BasicWork`", 55),
    ("stellar-core: `Work`", 28),
    ("stellar-core: `WorkUtils`", 4),
    ("stellar-core: `WorkScheduler`", 9),
    ("stellar-core: `WorkSequence`", 9),
    ("stellar-core: `WorkWithCallback`", 4),
    ("stellar-core: `BatchWork`", 10),
    ("stellar-core: `ConditionalWork`", 9),
    ("stellar-core: `VirtualClock`", 31),
    ("stellar-core: `VirtualTimer` and its events", 17),
    ("stellar-core: `Scheduler`, behind `postAction`", 6),
    ("stellar-core: the application around it", 8),
    ("henyey-work: `Work`", 4),
    ("henyey-work: `WorkOutcome`", 6),
    ("henyey-work: `WorkState`", 10),
    ("henyey-work: `WorkContext`", 5),
    ("henyey-work: `WorkScheduler`", 22),
    ("henyey-work: `WorkSchedulerConfig`", 5),
    ("henyey-work: `WorkEvent`", 5),
    ("henyey-work: `WorkSchedulerMetrics`", 10),
    ("henyey-work: `WorkSnapshot`", 11),
    ("henyey-work: helpers", 7),
    ("henyey-work: its five future considerations", 5),
    (
        "stellar-core: `RunCommandWork` and the processes behind it",
        20,
    ),
];

/// Reads the page when the test runs, so that a change of the page does not build the tests again.
fn page() -> String {
    let tables = ["stellar_core", "clock", "henyey_work", "process"];
    let tables = tables.map(|part| sources::read(format!("src/parity/{part}.md")));
    sources::read("src/parity.md") + &tables.concat()
}

struct Row<'a> {
    table: &'a str,
    /// Name there, meaning there, counterpart here, tests, difference.
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn cell(&self, index: usize) -> &'a str {
        self.cells.get(index).copied().unwrap_or_default()
    }

    fn name(&self) -> &'a str {
        self.cell(0)
    }

    /// The items that it links to.
    fn items(&self) -> Vec<&'a str> {
        let mut items = Vec::new();
        let links = [2, 4].map(|index| self.cell(index).split("[`").skip(1));
        for part in links.into_iter().flatten() {
            let Some((name, rest)) = part.split_once("`]") else {
                continue;
            };
            let target = rest
                .strip_prefix('(')
                .and_then(|rest| Some(rest.split_once(')')?.0));
            items.push(short(target.unwrap_or(name)));
        }
        items
    }

    fn tests(&self) -> Vec<&'a str> {
        let tests = self.cell(3).split_whitespace();
        tests.map(|test| test.trim_matches('`')).collect()
    }

    /// Whether the last cell begins with a word that it may begin with, and gives a reason where one is due.
    fn has_a_difference(&self) -> bool {
        match self.cell(4).split_once(": ") {
            None => self.cell(4) == "same",
            Some((word, how)) => ["different", "absent"].contains(&word) && !how.is_empty(),
        }
    }

    fn is_absent(&self) -> bool {
        self.cell(4).starts_with("absent")
    }
}

/// An item as the sources have it: without the modules before it.
fn short(path: &str) -> &str {
    let is_module = |first: &str| first.starts_with(|letter: char| letter.is_ascii_lowercase());
    match path.split_once("::") {
        Some((first, rest)) if is_module(first) => short(rest),
        _ => path,
    }
}

/// The rows of all tables; each table stands below a heading of its own.
fn rows(page: &str) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut table = "";
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("# ") {
            table = heading;
        }
        let Some(inside) = line.strip_prefix('|') else {
            continue;
        };
        let inside = inside.strip_suffix('|').unwrap_or(inside);
        let cells: Vec<&str> = inside.split('|').map(str::trim).collect();
        let is_head = ["name there", "column", "---"].contains(&cells[0]);
        rows.extend((!is_head && !table.is_empty()).then_some(Row { table, cells }));
    }
    rows
}

/// Returns the faults of a row.
fn faults(row: &Row<'_>, items: &BTreeSet<String>, tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    if row.cells.len() != 5 || row.cells.contains(&"") {
        faults.push("not five cells, each with something in it".to_owned());
    }
    if !row.has_a_difference() {
        faults.push("neither `same` nor how it is different nor why it is absent".to_owned());
    }
    if row.items().is_empty() {
        faults.push("no link to an item".to_owned());
    }
    if row.tests().is_empty() {
        faults.push("no test".to_owned());
    }
    for item in row.items() {
        if !items.contains(item) {
            faults.push(format!("there is no item {item}"));
        }
    }
    for test in row.tests() {
        if !tests.contains(test) {
            faults.push(format!("there is no test {test}"));
        }
    }
    faults
}

#[test]
fn every_row_is_complete_and_its_items_and_tests_are_there() {
    let (items, tests) = (public_items::items(), sources::tests());
    let mut wrong = Vec::new();
    for row in rows(&page()) {
        for fault in faults(&row, &items, &tests) {
            wrong.push(format!("{}, {}: {fault}", row.table, row.name()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_table_has_its_rows_and_none_twice() {
    let page = page();
    let rows = rows(&page);
    let tables = TABLES.map(|(table, _)| {
        let of_it: Vec<&str> = rows
            .iter()
            .filter(|row| row.table == table)
            .map(Row::name)
            .collect();
        let names: BTreeSet<&str> = of_it.iter().copied().collect();
        assert_eq!(names.len(), of_it.len(), "{table}: a name stands twice");
        (table, of_it.len())
    });
    assert_eq!(tables, TABLES);
    let in_tables: usize = TABLES.iter().map(|(_, rows)| rows).sum();
    assert_eq!(rows.len(), in_tables, "a table is not in the list");
}

/// The page and the files that speak of it say how many rows it has.
#[test]
fn the_number_of_rows_is_said_as_it_is() {
    let rows = rows(&page()).len().to_string();
    for file in ["src/parity.md", "README.md", "CHANGELOG.md"] {
        let text = sources::read(file);
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let said: Vec<&str> = words
            .windows(2)
            .filter(|pair| pair[1].starts_with("rows") && is_number(pair[0]))
            .map(|pair| pair[0])
            .collect();
        assert_eq!(said, [&*rows], "{file}");
    }
}

/// Returns the tests that this binary lists: all of them, or with `--ignored` the ignored ones.
///
/// Only a debug build on Linux with all features has all modules of tests; `cargo test` makes one.
#[cfg(all(
    debug_assertions,
    target_os = "linux",
    feature = "mio",
    feature = "process"
))]
fn listed(more: &[&str]) -> BTreeSet<String> {
    let binary = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(binary);
    let output = command.arg("--list").args(more).output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    let tests = lines.lines().filter_map(|line| line.strip_suffix(": test"));
    tests.map(str::to_owned).collect()
}

/// The sources may hold tests that this build has not.
#[cfg(all(
    debug_assertions,
    target_os = "linux",
    feature = "mio",
    feature = "process"
))]
#[test]
fn every_named_test_is_in_the_binary_and_runs() {
    let (tests, ignored) = (listed(&[]), listed(&["--ignored"]));
    let this = "parity::page::every_named_test_is_in_the_binary_and_runs";
    assert!(tests.contains(this), "the list is of this binary");
    let page = page();
    let missing: Vec<&str> = rows(&page)
        .iter()
        .flat_map(Row::tests)
        .filter(|&test| !tests.contains(test) || ignored.contains(test))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn only_these_are_absent() {
    let page = page();
    let absent: Vec<&str> = rows(&page)
        .iter()
        .filter(|row| row.is_absent())
        .map(Row::name)
        .collect();
    let expected = [
        "`TRIGGER_PERIOD`, `mTriggerTimer`",
        "`getMode`",
        "`flushCancelledEvents`",
        "`currentSchedulerActionType`, `ActionType`, `SCHEDULER_LATENCY_WINDOW`",
        "`to_time_t`, `from_time_t`",
        "`systemPointToTm`, `tmToSystemPoint`, `isoStringToTm`, `tmToISOString`, `systemPointToISOString`",
        "`runOne`, `nextQueueToRun`, `totalService`, `maxTotalService`",
        "`getOverloadedDuration`, `isOverloaded`, `tryTrim`, `currentActionType`",
        "profiling markers (`ZoneScoped` and others)",
        "logging macros (`CLOG_TRACE` and others)",
    ];
    assert_eq!(absent, expected);
}

const TEST: &str = "`surface::hooks::success`";

/// Rows, and the fault that is found in each.
fn faulty_rows() -> Vec<(String, &'static str)> {
    let no_word = "neither `same` nor";
    vec![
        (format!("`a` | | [`WorkId`] | {TEST} | same"), "not five"),
        (format!("`a` | a | [`WorkId`] | {TEST}"), "not five"),
        (format!("`a` | a | a word | {TEST} | same"), "no link"),
        ("`a` | a | [`WorkId`] | | same".into(), "no test"),
        (format!("`a` | a | [`WorkId`] | {TEST} | alike"), no_word),
        (
            format!("`a` | a | [`WorkId`] | {TEST} | same: almost"),
            no_word,
        ),
        (
            format!("`a` | a | [`WorkId`] | {TEST} | different"),
            no_word,
        ),
        (format!("`a` | a | [`WorkId`] | {TEST} | absent:"), no_word),
        (
            format!("`a` | a | [`WorkId`] | {TEST} | different: [`Work::no`]"),
            "no item Work::no",
        ),
        (
            format!("`a` | a | [`Work::run`] | {TEST} | same"),
            "no item Work::run",
        ),
        (
            "`a` | a | [`WorkId`] | `surface::hooks::no` | same".into(),
            "no test surface::hooks::no",
        ),
    ]
}

#[test]
fn a_faulty_row_is_found() {
    let (items, tests) = (public_items::items(), sources::tests());
    let faults_of = |row: &str| -> Vec<String> {
        let text = format!("# table\n| {row} |");
        let rows = rows(&text);
        faults(&rows[0], &items, &tests)
    };
    for good in [
        format!("`a` | a | [`Work::poll`], [x](y), [`z`](crate::process::Exit) | {TEST} | same"),
        format!("`a` | a | [`WorkId`] | {TEST} | different: greater than [`Time`]"),
        format!("`a` | a | [`WorkId`] | {TEST} | absent: it is of no use"),
    ] {
        assert!(faults_of(&good).is_empty(), "{:?}", faults_of(&good));
    }
    for (row, fault) in faulty_rows() {
        let found = faults_of(&row);
        assert!(
            found.iter().any(|found| found.contains(fault)),
            "{row}: {found:?}"
        );
    }
}

/// The sections of a guide whose headings begin with a number. Hidden lines of a doctest begin with `# ` too.
fn uses(guide: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in guide.lines() {
        let heading = line.strip_prefix("# ").unwrap_or_default();
        if heading.starts_with(|first: char| first.is_ascii_digit()) {
            sections.push(heading.to_owned());
        } else if let Some(last) = sections.last_mut() {
            *last += &format!("\n{line}");
        }
    }
    sections
}

/// Each guide shows eleven uses, each before and after; the code after is a doctest.
#[test]
fn each_guide_shows_eleven_uses_before_and_after() {
    for guide in ["from_stellar_core.md", "from_henyey_work.md"] {
        let guide = sources::read(format!("src/parity/{guide}"));
        let uses = uses(&guide);
        assert_eq!(uses.len(), 11);
        for (number, one) in (1..).zip(uses) {
            assert!(one.starts_with(&format!("{number}. ")), "{one}");
            let fences: Vec<&str> = one.lines().filter(|line| line.starts_with("```")).collect();
            let (before, after) = fences.split_at(2);
            assert_eq!(before, ["```text", "```"], "{one}");
            // A use may have several programs after its first.
            assert!(!after.is_empty(), "{one}");
            assert!(
                after.chunks(2).all(|program| program == ["```rust", "```"]),
                "{one}"
            );
        }
    }
}
