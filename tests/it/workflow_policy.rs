//! Every recorded schedule, to the nanosecond: the engine and the reference model against `expected.json`.
//!
//! The data is not part of the project. Without it each test says on one line that it was skipped, unless
//! `CRANKWORK_DATA` is set.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::workflow_example::edge_list::Unit;
use super::workflow_example::failures::first_attempt_fails;
use super::workflow_example::options::Options;
use super::workflow_example::schedule::RunResult;
use super::workflow_example::workflow::{Task, Workflow};
use super::workflow_example::{input, reference, run};
use crate::drawn::below;
use crate::shared_data;
use crankwork::Stream;

type Run = fn(&Workflow, &Options) -> RunResult;

fn engine(workflow: &Workflow, options: &Options) -> RunResult {
    within(u64::MAX, workflow, options)
}

/// The engine with this many turns a crank.
fn within(turns: u64, workflow: &Workflow, options: &Options) -> RunResult {
    run::run_with_budget(workflow, options, turns, &mut |_, _| ()).expect("a checked workflow runs")
}

/// The engine with an unlimited budget, with 1 and with 7 turns a crank: all must agree with what was recorded.
const ENGINE: &[Run] = &[
    engine,
    |workflow, options| within(1, workflow, options),
    |workflow, options| within(7, workflow, options),
];

const MODEL: &[Run] = &[model];

fn model(workflow: &Workflow, options: &Options) -> RunResult {
    reference::simulate(workflow, options, &mut |_, _| ())
}

#[derive(Deserialize)]
struct Workflows {
    instances: BTreeMap<String, Instance>,
}

#[derive(Deserialize)]
struct Instance {
    tasks: usize,
    edges: usize,
    failing_tasks: Vec<String>,
    #[serde(flatten)]
    runs: Runs,
}

#[derive(Deserialize)]
struct Graph {
    file: String,
    nodes: usize,
    edges: usize,
    unit_1s: Runs,
    installed_size_1us_per_kib: Option<Runs>,
}

/// Makespans and hashes by the number of slots.
#[derive(Deserialize)]
struct Runs {
    total_work_ns: u64,
    critical_path_ns: u64,
    makespan_ns: BTreeMap<String, u64>,
    schedule_sha256: BTreeMap<String, String>,
    makespan_failures_ns: BTreeMap<String, u64>,
    schedule_failures_sha256: BTreeMap<String, String>,
}

impl Runs {
    /// Runs the workflow with every K, without failures and with them; returns how many runs that were.
    fn check(&self, name: &str, workflow: &Workflow, runs: &[Run]) -> usize {
        let total: u64 = workflow.tasks().iter().map(|task| task.runtime_ns).sum();
        assert_eq!(total, self.total_work_ns, "{name}: total");
        assert_eq!(
            workflow.critical_path().length_ns,
            self.critical_path_ns,
            "{name}: path"
        );
        let check = |&run| {
            self.check_one(name, workflow, run, false) + self.check_one(name, workflow, run, true)
        };
        let matches = runs.iter().map(check).sum();
        println!("{matches:>4} of {matches} match  {name}");
        matches
    }

    fn check_one(&self, name: &str, workflow: &Workflow, run: Run, failures: bool) -> usize {
        let (makespans, hashes) = if failures {
            (&self.makespan_failures_ns, &self.schedule_failures_sha256)
        } else {
            (&self.makespan_ns, &self.schedule_sha256)
        };
        assert!(makespans.keys().eq(hashes.keys()) && !makespans.is_empty());
        for (slots, makespan) in makespans {
            let options = Options {
                slots: slots.parse().expect("K"),
                failures,
            };
            let result = run(workflow, &options);
            let place = format!("{name}, {slots} slots, failures: {failures}");
            assert_eq!(result.makespan_ns(), *makespan, "{place}");
            assert_eq!(result.schedule_sha256(workflow), hashes[slots], "{place}");
        }
        makespans.len()
    }
}

/// The folder with the data, or a line that says there is none.
fn data(test: &str) -> Option<PathBuf> {
    let expected = shared_data::file("workflows/expected.json", test)?;
    Some(expected.parent()?.parent()?.to_owned())
}

fn json<T: for<'a> Deserialize<'a>>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).expect("readable");
    serde_json::from_str(&text).expect("of the expected shape")
}

fn check_workflows(folder: &Path, runs_of: &[Run]) -> usize {
    let folder = folder.join("workflows");
    let mut runs = 0;
    for (file, expected) in json::<Workflows>(&folder.join("expected.json")).instances {
        let workflow = input::load(Some(&folder.join(&file)), None).expect("a real workflow");
        assert_eq!(workflow.tasks().len(), expected.tasks, "{file}");
        assert_eq!(workflow.edge_count(), expected.edges, "{file}");
        let keys = workflow.tasks().iter().map(|task| &task.key);
        let failing: Vec<&String> = keys.filter(|key| first_attempt_fails(key)).collect();
        assert_eq!(
            failing,
            expected.failing_tasks.iter().collect::<Vec<_>>(),
            "{file}"
        );
        runs += expected.runs.check(&file, &workflow, runs_of);
    }
    runs
}

fn check_graphs(folder: &Path, runs_of: &[Run]) -> usize {
    let folder = folder.join("graphs");
    let mut runs = 0;
    for (name, expected) in json::<BTreeMap<String, Graph>>(&folder.join("expected.json")) {
        let units = [
            (Unit::Second, Some(&expected.unit_1s)),
            (
                Unit::InstalledSize,
                expected.installed_size_1us_per_kib.as_ref(),
            ),
        ];
        for (unit, expected_runs) in units {
            let Some(expected_runs) = expected_runs else {
                continue;
            };
            let file = folder.join(&expected.file);
            let workflow = input::load(Some(&file), Some(unit)).expect("a real graph");
            assert_eq!(workflow.tasks().len(), expected.nodes, "{name}");
            assert_eq!(workflow.edge_count(), expected.edges, "{name}");
            let name = format!("{name} ({unit:?})");
            runs += expected_runs.check(&name, &workflow, runs_of);
        }
    }
    runs
}

/// Fails the test if nothing was read.
fn agreed(schedules: usize) {
    assert!(schedules > 0, "the data names no schedule");
    println!("{schedules} schedules agree");
}

#[test]
fn the_engine_reproduces_every_workflow_schedule() {
    if let Some(folder) = data("the workflows") {
        agreed(check_workflows(&folder, ENGINE));
    }
}

#[test]
fn the_engine_reproduces_every_graph_schedule() {
    if let Some(folder) = data("the graphs") {
        agreed(check_graphs(&folder, ENGINE));
    }
}

#[test]
fn the_model_reproduces_every_schedule() {
    if let Some(folder) = data("the model") {
        agreed(check_workflows(&folder, MODEL));
        agreed(check_graphs(&folder, MODEL));
    }
}

/// Small workflows where the rules are visible, so that the rules are tested without the data too.
fn tasks(list: &[(&str, u64, &[usize])]) -> Workflow {
    let task = |&(key, runtime_ns, parents): &(&str, u64, &[usize])| Task {
        key: key.to_owned(),
        runtime_ns,
        parents: parents.to_vec(),
    };
    Workflow::new(list.iter().map(task).collect()).expect("a good workflow")
}

fn spans(run: Run, workflow: &Workflow, slots: &str, failures: bool) -> Vec<(u64, u64)> {
    let result = run(
        workflow,
        &Options {
            slots: slots.parse().expect("K"),
            failures,
        },
    );
    result
        .spans
        .iter()
        .map(|span| (span.start_ns, span.finish_ns))
        .collect()
}

#[test]
fn one_key_in_ten_fails_by_its_crc_32() {
    // CRC-32 in decimal: 2087829410, 3265586280, 0, and of the UTF-8 of a word that is not ASCII.
    for key in ["task 1", "task 18", "", "mañana"] {
        assert!(first_attempt_fails(key), "{key:?}");
    }
    // 3793037825, 1037939015, 1490946511.
    for key in ["task 6", "glaze", "fire", "señal"] {
        assert!(!first_attempt_fails(key), "{key:?}");
    }
}

#[test]
fn slots_are_given_in_the_order_in_which_tasks_become_ready() {
    // `c` becomes ready at 2 and waits behind `d`, which has been ready since 0.
    let workflow = tasks(&[("a", 2, &[]), ("b", 5, &[]), ("c", 1, &[0]), ("d", 1, &[])]);
    for run in [engine, model] {
        assert_eq!(
            spans(run, &workflow, "2", false),
            [(0, 2), (0, 5), (3, 4), (2, 3)]
        );
    }
}

#[test]
fn a_task_without_runtime_ends_when_it_starts() {
    let workflow = tasks(&[("a", 0, &[]), ("b", 0, &[0]), ("c", 3, &[1])]);
    for run in [engine, model] {
        assert_eq!(spans(run, &workflow, "1", false), [(0, 0), (0, 0), (0, 3)]);
    }
}

#[test]
fn a_task_that_backs_off_holds_no_slot() {
    const SECOND: u64 = 1_000_000_000;
    let key = (0..100)
        .map(|n| format!("task {n}"))
        .find(|key| first_attempt_fails(key));
    let key = key.expect("one key in ten fails");
    let workflow = tasks(&[(&key, 7, &[]), ("a", SECOND, &[]), ("b", 1, &[0])]);
    assert!(first_attempt_fails("task 1"));
    assert!(!first_attempt_fails("a") && !first_attempt_fails("b"));
    for run in [engine, model] {
        let expected = [
            (SECOND + 7, SECOND + 14),
            (7, SECOND + 7),
            (SECOND + 14, SECOND + 15),
        ];
        assert_eq!(spans(run, &workflow, "1", true), expected);
    }
}

/// Up to forty tasks in no particular order, with many equal and many zero runtimes.
fn drawn(rng: &mut Stream) -> Workflow {
    let count = 1 + below(rng, 40);
    // Task n is placed n-th from the front or from the back: children may stand before their parents.
    let backward = rng.chance(1, 2);
    let place = |n: usize| if backward { count - 1 - n } else { n };
    let mut tasks = vec![None; count];
    for n in 0..count {
        let parents = below(rng, 4).min(n);
        let parents = (0..parents).map(|_| place(below(rng, n))).collect();
        let runtime_ns = [0, 0, 1, 2, 3, 1_000_000_000][below(rng, 6)];
        let key = format!("task {}/{n}", rng.below(1_000_000));
        tasks[place(n)] = Some(Task {
            key,
            runtime_ns,
            parents,
        });
    }
    Workflow::new(tasks.into_iter().flatten().collect()).expect("parents come first")
}

#[test]
fn the_engine_agrees_with_the_model_on_drawn_workflows() {
    let mut rng = Stream::new(0x5eed);
    for round in 0..2_000 {
        let workflow = drawn(&mut rng);
        let slots = ["1", "2", "3", "7", "unlimited"][below(&mut rng, 5)]
            .parse()
            .expect("K");
        let options = Options {
            slots,
            failures: rng.chance(1, 2),
        };
        let (engine, model) = (engine(&workflow, &options), model(&workflow, &options));
        assert_eq!(
            engine.spans, model.spans,
            "round {round}: {options:?}, {workflow:#?}"
        );
    }
}

#[test]
fn progress_counts_every_task_once() {
    let workflow = drawn(&mut Stream::new(7));
    let options = Options {
        slots: "2".parse().expect("K"),
        failures: true,
    };
    let mut heard = Vec::new();
    let result = run::run(&workflow, &options, &mut |done, now_ns| {
        heard.push((done, now_ns))
    });
    let makespan = result.expect("a checked workflow runs").makespan_ns();
    assert!(heard.is_sorted(), "{heard:?}");
    assert_eq!(heard.last(), Some(&(workflow.tasks().len(), makespan)));
}
