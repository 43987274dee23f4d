//! The page itself: every row is complete, and every test and item that it names is there.

use super::public_items;
use crate::sources;
use std::collections::BTreeSet;

/// The tables and how many rows each has: one that loses a row is noticed.
const TABLES: [(&str, usize); 23] = [
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

/// Read when the test runs: to write the page is not to build the tests.
fn page() -> String {
    let parts = ["src/parity.md", "src/parity/process.md"];
    parts.map(sources::read).concat()
}

struct Row<'a> {
    table: &'a str,
    /// There, what it is there, what it is here, shown by.
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    fn there(&self) -> &'a str {
        self.cells.first().copied().unwrap_or_default()
    }

    fn here(&self) -> &'a str {
        self.cells.get(2).copied().unwrap_or_default()
    }

    /// The items that it links to.
    fn items(&self) -> Vec<&'a str> {
        let mut items = Vec::new();
        for part in self.here().split("[`").skip(1) {
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
        let cell = self.cells.get(3).copied().unwrap_or_default();
        cell.split_whitespace()
            .map(|test| test.trim_matches('`'))
            .collect()
    }

    fn is_absent(&self) -> bool {
        self.here().contains("deliberately absent")
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
        let is_head = cells[0] == "there" || cells[0].starts_with("---");
        rows.extend((!is_head).then_some(Row { table, cells }));
    }
    rows
}

/// Returns the faults of a row.
fn faults(row: &Row<'_>, items: &BTreeSet<String>, tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    if row.cells.len() != 4 || row.cells.contains(&"") {
        faults.push("not four cells, each with something in it".to_owned());
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
            wrong.push(format!("{}, {}: {fault}", row.table, row.there()));
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
            .map(Row::there)
            .collect();
        let names: BTreeSet<&str> = of_it.iter().copied().collect();
        assert_eq!(names.len(), of_it.len(), "{table}: a name stands twice");
        (table, of_it.len())
    });
    assert_eq!(tables, TABLES);
    let in_tables: usize = TABLES.iter().map(|(_, rows)| rows).sum();
    assert_eq!(rows.len(), in_tables, "a table is not in the list");
}

#[test]
fn only_profiling_and_logging_are_absent() {
    let page = page();
    let absent: Vec<&str> = rows(&page)
        .iter()
        .filter(|row| row.is_absent())
        .map(Row::there)
        .collect();
    let expected = [
        "profiling markers (`ZoneScoped` and others)",
        "logging macros (`CLOG_TRACE` and others)",
    ];
    assert_eq!(absent, expected);
}

#[test]
fn a_faulty_row_is_found() {
    let (items, tests) = (public_items::items(), sources::tests());
    let faults_of = |line: &str| -> Vec<String> {
        let rows = rows(line);
        faults(&rows[0], &items, &tests)
    };
    let good = "| `a` | a | [`Work::poll`], [x](y), [`z`](crate::process::Exit) | `surface::hooks::success` |";
    assert!(faults_of(good).is_empty(), "{:?}", faults_of(good));
    let faulty = [
        (
            "| `a` | | [`WorkId`] | `surface::hooks::success` |",
            "not four cells",
        ),
        ("| `a` | a | [`WorkId`] |", "not four cells"),
        (
            "| `a` | a | a word | `surface::hooks::success` |",
            "no link",
        ),
        ("| `a` | a | [`WorkId`] | |", "no test"),
        (
            "| `a` | a | [`Work::run`] | `surface::hooks::success` |",
            "no item Work::run",
        ),
        (
            "| `a` | a | [`WorkId`] | `surface::hooks::no` |",
            "no test surface::hooks::no",
        ),
    ];
    for (line, fault) in faulty {
        let found = faults_of(line);
        assert!(
            found.iter().any(|found| found.contains(fault)),
            "{line}: {found:?}"
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

/// Each guide shows ten uses, each before and after; what comes after is a doctest.
#[test]
fn each_guide_shows_ten_uses_before_and_after() {
    for guide in ["from_stellar_core.md", "from_henyey_work.md"] {
        let guide = sources::read(format!("src/parity/{guide}"));
        let uses = uses(&guide);
        assert_eq!(uses.len(), 10);
        for (number, one) in (1..).zip(uses) {
            assert!(one.starts_with(&format!("{number}. ")), "{one}");
            let fences: Vec<&str> = one.lines().filter(|line| line.starts_with("```")).collect();
            assert_eq!(fences, ["```text", "```", "```rust", "```"], "{one}");
        }
    }
}
