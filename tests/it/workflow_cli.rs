//! The example as a program: what it prints where, and its exit code.
//!
//! `cargo test` builds the examples next to this binary; `cargo test --test it` does not.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::temp_file::TempFile;

/// `target/<profile>/deps/it-<hash>` has its examples in `target/<profile>/examples`.
fn program() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this binary");
    let profile = this
        .parent()
        .and_then(Path::parent)
        .expect("target/<profile>/deps");
    let name = format!("workflow{}", std::env::consts::EXE_SUFFIX);
    let program = profile.join("examples").join(name);
    assert!(
        program.is_file(),
        "no {}: cargo build --example workflow",
        program.display()
    );
    program
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(program());
    command
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the example starts")
}

fn stdout(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "",
        "no bar without a terminal"
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Exit code 2, nothing on stdout, one line on stderr that contains `message`.
fn refused(args: &[&str], message: &str) {
    let output = run(args);
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
    assert!(output.stdout.is_empty(), "{args:?}");
    let one_line = stderr.lines().count() == 1 && stderr.ends_with('\n');
    assert!(
        one_line && stderr.starts_with("workflow: "),
        "{args:?}: {stderr}"
    );
    assert!(stderr.contains(message), "{args:?}: {stderr}");
}

/// Runs the program on a file with these bytes, which it must refuse.
fn refused_file(name: &str, bytes: impl AsRef<[u8]>, message: &str) {
    let file = TempFile::new(&format!("cli-{name}"), bytes);
    refused(&[file.0.to_str().expect("UTF-8"), "--json"], message);
}

/// A document of schema 1.4 with these tasks.
fn flat(tasks: &str) -> String {
    format!(r#"{{"schemaVersion": "1.4", "workflow": {{"tasks": [{tasks}]}}}}"#)
}

#[test]
fn json_is_one_line_with_the_agreed_fields() {
    let text = stdout(&["--json", "--slots", "3", "--failures"]);
    assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
    let fields = [
        "{\"tasks\":29,\"edges\":44,\"slots\":3,\"failures\":true,\"makespan_ns\":",
        ",\"schedule_sha256\":\"",
        "\",\"turns\":",
        ",\"wall_ms\":",
    ];
    let mut rest = text.as_str();
    for field in fields {
        rest = rest
            .split_once(field)
            .unwrap_or_else(|| panic!("{field} in {text}"))
            .1;
    }
    assert!(stdout(&["--json", "--slots", "unlimited"]).contains("\"slots\":\"unlimited\""));
}

#[test]
fn the_same_options_give_the_same_schedule() {
    let schedule = |text: String| text.split(",\"wall_ms\"").next().map(str::to_owned);
    let args = ["--json", "--failures"];
    assert_eq!(schedule(stdout(&args)), schedule(stdout(&args)));
}

#[test]
fn the_table_tells_what_happened_and_quiet_tells_the_makespan() {
    let table = stdout(&["--slots", "4"]);
    for row in [
        "tasks",
        "edges",
        "slots",
        "makespan",
        "critical path",
        "slot utilisation",
        "slowest tasks",
        "wall time",
        "works per second",
        "fetch_map_extract",
    ] {
        assert!(table.contains(row), "{row}: {table}");
    }
    let quiet = stdout(&["--slots", "4", "--quiet"]);
    assert!(
        quiet.starts_with("makespan ") && quiet.lines().count() == 1,
        "{quiet}"
    );
    let makespan = quiet.trim_start_matches("makespan ").trim();
    assert!(table.contains(makespan), "{makespan}: {table}");
}

#[test]
fn help_is_no_error() {
    assert!(stdout(&["--help"]).contains("--slots"));
}

#[test]
fn wrong_options_are_refused() {
    refused(&["--slots", "0"], "give a number from 1, or `unlimited`");
    refused(&["--slots", "-1"], "give a number from 1, or `unlimited`");
    refused(&["--slots", "many"], "give a number from 1, or `unlimited`");
    refused(
        &["--slots", "99999999999999999999999"],
        "give a number from 1, or `unlimited`",
    );
    refused(&["--slots"], "a value is required");
    refused(&["--sluts", "1"], "unexpected argument");
    refused(&["a\nb", "c\nd"], "unexpected argument");
    refused(&["--unit", "1s"], "--unit is for edge lists");
    refused(&["--unit", "metre", "x.txt"], "give `1s` or `size`");
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    refused(
        &["/nonexistent/work\nflow.json"],
        "/nonexistent/work\\nflow.json: cannot read the file",
    );
    refused(&[env!("CARGO_MANIFEST_DIR")], "cannot read the file");
    refused_file(
        "latin1.json",
        b"{\"schemaVersion\": \"\xe9\"}",
        "not UTF-8 text (byte 19)",
    );
}

#[test]
fn what_is_not_a_wfformat_document_is_refused() {
    refused_file("empty.json", "", "not JSON: EOF");
    refused_file(
        "prose.json",
        "tasks: none",
        "not JSON: expected ident at line 1 column 2",
    );
    refused_file("cut.json", &flat("")[..40], "not JSON: EOF");
    refused_file("deep.json", "[".repeat(100_000), "not");
    refused_file("list.json", "[1]", "not WfFormat");
    refused_file("versionless.json", "{}", "missing field `schemaVersion`");
    refused_file(
        "new.json",
        r#"{"schemaVersion": "1.6"}"#,
        "schemaVersion \"1.6\" is not supported",
    );
    refused_file(
        "bare.json",
        r#"{"schemaVersion": "1.2", "workflow": {}}"#,
        "no array `tasks`",
    );
    refused_file(
        "shape.json",
        r#"{"schemaVersion": "1.5", "workflow": {}}"#,
        "`specification`",
    );
    refused_file(
        "nan.json",
        flat(r#"{"name": "a", "runtime": NaN}"#),
        "not JSON",
    );
}

#[test]
fn tasks_that_make_no_workflow_are_refused() {
    let task = |name: &str, parents: &str| {
        format!(r#"{{"name": "{name}", "runtime": 1, "parents": [{parents}]}}"#)
    };
    let two = |a: String, b: String| flat(&format!("{a}, {b}"));
    refused_file("none.json", flat(""), "the workflow has no tasks");
    let unknown = flat(&task("a\\nb", r#""ghost""#));
    refused_file(
        "unknown.json",
        unknown,
        r#"task "a\nb" has the unknown parent "ghost""#,
    );
    refused_file(
        "twice.json",
        two(task("a", ""), task("a", "")),
        "have the same key \"a\"",
    );
    let cycle = two(task("a", r#""b""#), task("b", r#""a""#));
    refused_file("cycle.json", cycle, r#""a" -> "b" -> "a""#);
    refused_file("self.json", flat(&task("a", r#""a""#)), r#""a" -> "a""#);
}

#[test]
fn runtimes_that_are_none_are_refused() {
    let with = |runtime: &str| flat(&format!(r#"{{"name": "a", "runtime": {runtime}}}"#));
    refused_file(
        "missing.json",
        flat(r#"{"name": "a"}"#),
        "task \"a\" has no runtime",
    );
    refused_file("null.json", with("null"), "task \"a\" has no runtime");
    refused_file("negative.json", with("-0.5"), "\"-0.5\" is negative");
    refused_file("infinite.json", with("1e400"), "longer than 100 years");
    refused_file(
        "overflow.json",
        with("18446744073.709551616"),
        "longer than 100 years",
    );
    refused_file("string.json", with("\"5\""), "is not a number");
    let century = |name| format!(r#"{{"name": "{name}", "runtime": 3155760000}}"#);
    let three = flat(&[century("a"), century("b"), century("c")].join(", "));
    refused_file("sum.json", three, "add up to more than the clock can hold");
    let split = |executed: &str| {
        format!(
            r#"{{"schemaVersion": "1.5", "workflow": {{"specification": {{"tasks": [{{"id": "a"}}]}},
            "execution": {{"tasks": [{executed}]}}}}}}"#
        )
    };
    refused_file(
        "lost.json",
        split(""),
        "add `execution.tasks[].runtimeInSeconds`",
    );
    let entry = r#"{"id": "a", "runtimeInSeconds": 1}"#;
    refused_file(
        "double.json",
        split(&format!("{entry}, {entry}")),
        "has two entries",
    );
}

#[test]
fn faulty_edge_lists_are_refused() {
    refused_file(
        "prose.txt",
        "hello\nworld\n",
        "line 1: expected `# nodes N edges M`",
    );
    refused_file(
        "range.txt",
        "# nodes 1 edges 1\nn\ta\t1\ne\t0\t7\n",
        "line 3: node 7 does not exist",
    );
    refused_file(
        "cut.txt.gz",
        [0x1f, 0x8b, 8, 0],
        "the gzip data ends too early",
    );
}
