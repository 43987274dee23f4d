//! The example's input: runtimes, the schemas of WfFormat, edge lists.

use super::workflow_example::decimal::{DecimalError, MAX_RUNTIME_NS, seconds_to_ns};
use super::workflow_example::edge_list::{self, Unit};
use super::workflow_example::workflow::{CriticalPath, Task, Workflow, WorkflowError, children_of};
use super::workflow_example::{input, wfformat};

#[test]
fn runtimes_are_exact_and_rounded_half_to_even() {
    for (text, ns) in [
        ("0", 0),
        ("-0.0", 0),
        ("0e99999999999999999999", 0),
        ("1", 1_000_000_000),
        ("109.538", 109_538_000_000),
        ("0.1", 100_000_000),
        ("1e-7", 100),
        ("1E+2", 100_000_000_000),
        ("12.5e-1", 1_250_000_000),
        ("0.0000000005", 0),
        ("0.0000000015", 2),
        ("0.0000000025", 2),
        ("0.00000000050000000000000000000000000001", 1),
        ("0.00000000049999999999999999999999999999", 0),
        ("0.9999999995", 1_000_000_000),
        ("0.00000000009", 0),
        ("4e-400", 0),
        ("4e-99999999999999999999", 0),
        // Between two doubles that are 2^-21 s, or 477 ns, apart.
        ("3000000000.123456789", 3_000_000_000_123_456_789),
        ("3155760000", MAX_RUNTIME_NS),
    ] {
        assert_eq!(seconds_to_ns(text), Ok(ns), "{text}");
    }
}

#[test]
fn absurd_runtimes_are_refused() {
    use DecimalError::{Negative, NotANumber, TooLong};
    for (text, error) in [
        ("-1", Negative),
        ("-1e-30", Negative),
        ("3155760000.000000001", TooLong),
        ("18446744074", TooLong),
        ("1e400", TooLong),
        ("1e99999999999999999999", TooLong),
        (
            "123456789012345678901234567890123456789012345678901234567890",
            TooLong,
        ),
        ("", NotANumber),
        ("-", NotANumber),
        ("1.", NotANumber),
        (".5", NotANumber),
        ("1e", NotANumber),
        ("1e+", NotANumber),
        ("+1", NotANumber),
        ("1 ", NotANumber),
        ("NaN", NotANumber),
        ("\"1\"", NotANumber),
        ("true", NotANumber),
        ("1e5e5", NotANumber),
    ] {
        assert_eq!(seconds_to_ns(text), Err(error), "{text}");
    }
}

/// Key, runtime and parents of each task, short enough to write down.
fn rows(workflow: &Workflow) -> Vec<(&str, u64, &[usize])> {
    let tasks = workflow.tasks().iter();
    tasks
        .map(|task| (task.key.as_str(), task.runtime_ns, task.parents.as_slice()))
        .collect()
}

#[test]
fn schema_1_0_has_jobs_with_a_runtime() {
    let text = r#"{"name": "kiln", "schemaVersion": "1.0", "workflow": {"makespan": 9, "jobs": [
        {"name": "glaze", "type": "compute", "runtime": 2.25, "parents": ["fire"]},
        {"name": "fire", "type": "compute", "runtime": 1e-7, "parents": []}]}}"#;
    let workflow = wfformat::parse(text).expect("schema 1.0");
    assert_eq!(
        rows(&workflow),
        [("glaze", 2_250_000_000, &[1][..]), ("fire", 100, &[])]
    );
}

#[test]
fn schema_1_3_has_tasks_with_a_runtime() {
    let text = r#"{"schemaVersion": "1.3", "workflow": {"executedAt": "2026", "machines": [], "tasks": [
        {"name": "sow", "id": "1", "runtime": 0.5, "children": ["reap"]},
        {"name": "reap", "id": "2", "runtime": 3, "parents": ["sow", "sow"], "files": []}]}}"#;
    let workflow = wfformat::parse(text).expect("schema 1.3");
    assert_eq!(
        rows(&workflow),
        [("sow", 500_000_000, &[][..]), ("reap", 3_000_000_000, &[0])]
    );
    assert_eq!(workflow.edge_count(), 1, "a parent named twice counts once");
}

#[test]
fn schema_1_4_has_runtime_in_seconds() {
    let text = r#"{"schemaVersion": "1.4", "workflow": {"tasks": [
        {"name": "a", "runtimeInSeconds": 0.0000000025, "parents": []},
        {"name": "b", "runtimeInSeconds": 7, "runtime": 8, "parents": ["a"]}]}}"#;
    let workflow = wfformat::parse(text).expect("schema 1.4");
    assert_eq!(
        rows(&workflow),
        [("a", 2, &[][..]), ("b", 7_000_000_000, &[0])]
    );
}

#[test]
fn schema_1_5_has_the_runtime_in_the_execution() {
    let text = r#"{"schemaVersion": "1.5", "workflow": {
        "specification": {"tasks": [
            {"name": "same", "id": "x", "parents": ["y"], "children": []},
            {"name": "same", "id": "y", "parents": [], "children": ["x"]}], "files": []},
        "execution": {"makespanInSeconds": 1, "tasks": [
            {"id": "y", "runtimeInSeconds": 0.25}, {"id": "not specified"},
            {"id": "x", "runtimeInSeconds": 1e1}]}}}"#;
    let workflow = wfformat::parse(text).expect("schema 1.5");
    assert_eq!(
        rows(&workflow),
        [("x", 10_000_000_000, &[1][..]), ("y", 250_000_000, &[])]
    );
}

#[test]
fn the_workflow_of_the_example_is_sound() {
    let workflow = input::load(None, None).expect("it comes with the example");
    assert_eq!((workflow.tasks().len(), workflow.edge_count()), (29, 44));
    // The reader takes edges from `parents` only. In these files `children` must agree with them.
    let json: serde_json::Value = serde_json::from_str(input::DEFAULT_JSON).expect("JSON");
    let specified = json["workflow"]["specification"]["tasks"]
        .as_array()
        .expect("an array");
    for (task, children) in specified.iter().zip(children_of(workflow.tasks())) {
        let keys = children
            .iter()
            .map(|child| workflow.tasks()[*child].key.as_str());
        assert_eq!(
            task["children"],
            serde_json::Value::from_iter(keys),
            "{}",
            task["id"]
        );
    }
}

fn task(key: &str, runtime_ns: u64, parents: &[usize]) -> Task {
    Task {
        key: key.to_owned(),
        runtime_ns,
        parents: parents.to_vec(),
    }
}

#[test]
fn a_cycle_is_told_task_by_task_in_the_order_of_work() {
    // d waits for the cycle but is not part of it.
    let tasks = vec![
        task("d", 1, &[2]),
        task("a", 1, &[3]),
        task("b", 1, &[1]),
        task("c", 1, &[2]),
    ];
    let error = Workflow::new(tasks).expect_err("a cycle");
    assert!(
        error.to_string().contains(r#""a" -> "b" -> "c" -> "a""#),
        "{error}"
    );
    let error = Workflow::new(vec![task("a", 1, &[0])]).expect_err("waits for itself");
    assert!(error.to_string().contains(r#""a" -> "a""#), "{error}");
}

#[test]
fn a_long_cycle_is_told_briefly_and_a_long_chain_is_none() {
    const LENGTH: usize = 200_000;
    let chain = |first: &[usize]| -> Vec<Task> {
        let next = |index: usize| task(&index.to_string(), 1, &[index - 1]);
        std::iter::once(task("0", 1, first))
            .chain((1..LENGTH).map(next))
            .collect()
    };
    let message = Workflow::new(chain(&[LENGTH - 1]))
        .expect_err("a cycle")
        .to_string();
    assert!(
        message.contains(r#""7" -> (199992 more) -> "0""#),
        "{message}"
    );
    let workflow = Workflow::new(chain(&[])).expect("a chain");
    assert_eq!(workflow.critical_path().length_ns, LENGTH as u64);
}

#[test]
fn the_critical_path_is_the_longest_chain() {
    let tasks = vec![
        task("end", 1, &[1, 2]),
        task("b", 5, &[3]),
        task("c", 4, &[3]),
        task("a", 2, &[]),
    ];
    let workflow = Workflow::new(tasks).expect("no cycle");
    assert_eq!(
        workflow.critical_path(),
        CriticalPath {
            length_ns: 8,
            tasks: vec![3, 1, 0]
        }
    );
}

#[test]
fn runtimes_that_overflow_together_are_refused() {
    let century = |index: usize| task(&index.to_string(), MAX_RUNTIME_NS, &[]);
    assert!(Workflow::new((0..2).map(century).collect()).is_ok());
    let error = Workflow::new((0..3).map(century).collect()).expect_err("600 years with retries");
    assert_eq!(error, WorkflowError::TotalTooLong);
}

pub const EDGES: &str = "# nodes 3 edges 4\n\
    n\tapp 1.0\t1\t2048\n\
    # a comment\n\
    e\t0\t1 2 1\n\
    n\tlibfoo\t1\t10\n\
    n\tlibbar, libbaz\t2\t3\n\
    e\t1\t2\n";

#[test]
fn an_edge_list_has_nodes_of_one_second_or_by_size() {
    let workflow = edge_list::parse(EDGES, Unit::Second).expect("an edge list");
    let second = 1_000_000_000;
    assert_eq!(
        rows(&workflow),
        [
            ("app 1.0", second, &[1, 2][..]),
            ("libfoo", second, &[2]),
            ("libbar, libbaz", second, &[])
        ]
    );
    let workflow = edge_list::parse(EDGES, Unit::InstalledSize).expect("an edge list");
    let sizes: Vec<u64> = workflow
        .tasks()
        .iter()
        .map(|task| task.runtime_ns)
        .collect();
    assert_eq!(sizes, [2_048_000, 10_000, 3_000]);
}

/// Edge lists, and what is wrong with them.
const FAULTY: [(&str, &str); 14] = [
    ("", "line 1: expected `# nodes N edges M`"),
    (
        "# nodes x edges 0\n",
        "line 1: the number of nodes is \"x\"",
    ),
    ("# nodes 0 edges 0\n", "the workflow has no tasks"),
    (
        "# nodes 2 edges 0\nn\ta\t1\n",
        "promises 2 nodes, the file has 1",
    ),
    (
        "# nodes 1 edges 1\nn\ta\t1\n",
        "promises 1 edges, the file has 0",
    ),
    (
        "# nodes 1 edges 0\nn\ta\n",
        "line 2: expected `n<TAB>name<TAB>members`",
    ),
    (
        "# nodes 1 edges 0\nq\ta\t1\n",
        "line 2: expected `n<TAB>name<TAB>members`",
    ),
    (
        "# nodes 1 edges 0\nn\ta\tb\n",
        "line 2: the number of members is \"b\"",
    ),
    (
        "# nodes 1 edges 1\nn\ta\t1\ne\t0\t1\n",
        "line 3: node 1 does not exist",
    ),
    (
        "# nodes 1 edges 1\nn\ta\t1\ne\t1\t0\n",
        "line 3: node 1 does not exist",
    ),
    (
        "# nodes 1 edges 1\nn\ta\t1\ne\t0\t-1\n",
        "line 3: a node is \"-1\"",
    ),
    (
        "# nodes 1 edges 1\nn\ta\t1\ne\t0\t\n",
        "line 3: a node is \"\"",
    ),
    (
        "# nodes 2 edges 0\nn\ta\t1\nn\ta\t1\n",
        "have the same key \"a\"",
    ),
    ("# nodes 1 edges 1\nn\ta\t1\ne\t0\t0\n", "\"a\" -> \"a\""),
];

#[test]
fn a_faulty_edge_list_is_refused_with_the_line() {
    for (text, message) in FAULTY {
        let error = edge_list::parse(text, Unit::Second)
            .expect_err(text)
            .to_string();
        assert!(
            error.contains(message) && !error.contains('\n'),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn a_size_is_needed_only_when_it_is_the_unit() {
    let text = "# nodes 1 edges 0\nn\ta\t1\n";
    assert!(edge_list::parse(text, Unit::Second).is_ok());
    let error = edge_list::parse(text, Unit::InstalledSize)
        .expect_err("no size")
        .to_string();
    assert!(
        error.contains("node \"a\" has no installed size"),
        "{error}"
    );
    let text = "# nodes 1 edges 0\nn\ta\t1\t18446744073709551\n";
    let error = edge_list::parse(text, Unit::InstalledSize)
        .expect_err("huge")
        .to_string();
    assert!(error.contains("more than 100 years"), "{error}");
}
