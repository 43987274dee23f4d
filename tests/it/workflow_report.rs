//! The example's output, character by character.

use std::time::Duration;

use super::workflow_example::options::Options;
use super::workflow_example::report::{Report, duration};
use super::workflow_example::schedule::{RunResult, Span};
use super::workflow_example::workflow::{Task, Workflow};

const SECOND: u64 = 1_000_000_000;

/// Two tasks in a chain, the second with a key that would break a table.
fn workflow() -> Workflow {
    let long = format!("line\nbreak {}", "x".repeat(60));
    let task = |key: &str, seconds, parents: &[usize]| Task {
        key: key.to_owned(),
        runtime_ns: seconds * SECOND,
        parents: parents.to_vec(),
    };
    Workflow::new(vec![task("short", 2, &[]), task(&long, 3, &[0])]).expect("no cycle")
}

fn print(slots: &str, print: impl Fn(&Report<'_>) -> String) -> String {
    let span = |start, finish| Span {
        start_ns: start * SECOND,
        finish_ns: finish * SECOND,
    };
    let result = RunResult {
        spans: vec![span(0, 2), span(2, 5)],
        turns: 4,
    };
    let options = Options {
        slots: slots.parse().expect("K"),
        failures: false,
    };
    print(&Report::new(
        &workflow(),
        &options,
        &result,
        Duration::from_micros(2_500),
    ))
}

#[test]
fn the_table_is_aligned_whatever_the_keys() {
    let expected = "\
┌───────────────────┬───────────────────────┐
│ tasks             ┆                     2 │
│ edges             ┆                     1 │
│ slots             ┆                     2 │
│ makespan          ┆                5.000s │
│ critical path     ┆ 5.000s (2 of 2 tasks) │
│ slot utilisation  ┆                50.0 % │
│ injected failures ┆                     0 │
│ turns             ┆                     4 │
│ wall time         ┆              2.500 ms │
│ works per second  ┆                   800 │
└───────────────────┴───────────────────────┘
┌──────────────────────────────────────────────────┬─────────┬────────┬────────┐
│ slowest tasks                                    ┆ runtime ┆ start  ┆ finish │
╞══════════════════════════════════════════════════╪═════════╪════════╪════════╡
│ line break xxxxxxxxx...xxxxxxxxxxxxxxxxxxxxxxxxx ┆  3.000s ┆ 2.000s ┆ 5.000s │
│ short                                            ┆  2.000s ┆ 0.000s ┆ 2.000s │
└──────────────────────────────────────────────────┴─────────┴────────┴────────┘";
    assert_eq!(print("2", |report| report.table()), expected);
    assert!(print("unlimited", |report| report.table()).contains("1.0 tasks at once, on average"));
    assert_eq!(
        print("2", |report| report.makespan_line()),
        "makespan 5.000s"
    );
}

#[test]
fn a_failed_attempt_counts_as_use_of_its_slot() {
    // "task 1" fails once: 2 s, 1 s without a slot, 2 s again; busy for four seconds of five.
    let key = "task 1".to_owned();
    let task = Task {
        key,
        runtime_ns: 2 * SECOND,
        parents: Vec::new(),
    };
    let workflow = Workflow::new(vec![task]).expect("no cycle");
    let span = Span {
        start_ns: 3 * SECOND,
        finish_ns: 5 * SECOND,
    };
    let result = RunResult {
        spans: vec![span],
        turns: 4,
    };
    let options = Options {
        slots: "1".parse().expect("K"),
        failures: true,
    };
    let table = Report::new(&workflow, &options, &result, Duration::ZERO).table();
    assert!(
        table.contains("│ slot utilisation  ┆                80.0 % │"),
        "{table}"
    );
    assert!(
        table.contains("│ injected failures ┆                     1 │"),
        "{table}"
    );
}

#[test]
fn the_json_line_has_its_fields_in_order() {
    // The hash is of the two lines "short\t0\t2000000000\n" and "line\nbreak xx...x\t2000000000\t5000000000\n".
    let expected = "{\"tasks\":2,\"edges\":1,\"slots\":2,\"failures\":false,\"makespan_ns\":5000000000,\
        \"schedule_sha256\":\"f8a5f1ea4bc3a99c9da0bbe4e96bc853ab1a5d09b4bc8e3859b5c50b4188ab05\",\"turns\":4,\"wall_ms\":2}";
    assert_eq!(print("2", |report| report.json_line()), expected);
    assert!(print("unlimited", |report| report.json_line()).contains("\"slots\":\"unlimited\""));
}

#[test]
fn durations_are_cut_to_milliseconds() {
    for (ns, text) in [
        (0, "0.000s"),
        (999_999, "0.000s"),
        (59_999_999_999, "59.999s"),
        (60 * SECOND, "1m 00.000s"),
        (3_599_999_000_000, "59m 59.999s"),
        (123 * 3_600 * SECOND + 7_000_000, "123h 00m 00.007s"),
    ] {
        assert_eq!(duration(ns), text);
    }
}
