//! WfFormat, the JSON in which WfCommons publishes workflow executions: schemas 1.0 to 1.5.
//!
//! There are two shapes. Up to 1.4 a task is one object with its `name`, `parents` and runtime, in an array `jobs` or
//! `tasks`. The runtime is called `runtime` or `runtimeInSeconds`. From 1.5 on `specification.tasks` has `id` and
//! `parents`, and `execution.tasks` has the runtime under the same id. Everything else in the file is skipped:
//! `children` repeats `parents`, and where they disagree `parents` holds.
//!
//! A runtime is kept as its text in the file (`RawValue`), for the reason that `decimal.rs` gives.
//!
//! Not done: executions of unspecified tasks are ignored, and the files are not checked against the JSON Schema of
//! WfFormat.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::decimal::{self, DecimalError};
use super::workflow::{Task, Workflow, WorkflowError, index_by_key, quoted};

/// The fault of a text, with what to do about it.
#[derive(Debug, Error)]
pub enum WfFormatError {
    /// The text is not JSON. The message says the line and the column.
    #[error("not JSON: {0}; give a WfFormat file (an edge list ends in .txt or .txt.gz)")]
    NotJson(serde_json::Error),
    /// The text is JSON, but not of the shape that its schema version promises. The message says the line and the
    /// column.
    #[error("not WfFormat: {0}; correct the file")]
    Shape(serde_json::Error),
    /// The reader does not know this version.
    #[error("schemaVersion {} is not supported; convert the file to one of 1.0 to 1.5", quoted(.0))]
    UnsupportedVersion(String),
    /// The document has neither `jobs` nor `tasks`.
    #[error("`workflow` has no array `tasks` (or `jobs`); schemaVersion {0:?} needs one")]
    NoTaskArray(String),
    /// A task has no runtime.
    #[error("task {} has no runtime; add `{field}` for it", quoted(.key))]
    MissingRuntime {
        /// The task.
        key: String,
        /// The field where its runtime should stand.
        field: &'static str,
    },
    /// A task has two executions, so its runtime is not clear.
    #[error("`execution.tasks` has two entries for the task {}; remove one", quoted(.0))]
    TwoRuntimes(String),
    /// The runtime is not valid.
    #[error("task {}: its runtime {} {reason}", quoted(.key), quoted(.text))]
    Runtime {
        /// The task.
        key: String,
        /// The text in the file.
        text: String,
        /// The fault.
        reason: DecimalError,
    },
    /// The tasks are readable but make no workflow.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

impl From<serde_json::Error> for WfFormatError {
    fn from(error: serde_json::Error) -> Self {
        if error.is_data() {
            WfFormatError::Shape(error)
        } else {
            WfFormatError::NotJson(error)
        }
    }
}

/// Reads a workflow from the text of a WfFormat file.
///
/// # Errors
///
/// [`WfFormatError`]; its message is one line.
pub fn parse(text: &str) -> Result<Workflow, WfFormatError> {
    let header: Header = serde_json::from_str(text)?;
    let tasks = match header.schema_version.as_str() {
        "1.0" | "1.1" | "1.2" | "1.3" | "1.4" => flat_tasks(text, header.schema_version)?,
        "1.5" => split_tasks(text)?,
        _ => return Err(WfFormatError::UnsupportedVersion(header.schema_version)),
    };
    Ok(Workflow::new(resolve(tasks)?)?)
}

/// The version. It is read first, since it decides what the rest should look like.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "schemaVersion")]
    schema_version: String,
}

/// A document of schema 1.0 to 1.4.
#[derive(Deserialize)]
struct FlatDocument<'a> {
    #[serde(borrow)]
    workflow: FlatWorkflow<'a>,
}

#[derive(Deserialize)]
struct FlatWorkflow<'a> {
    #[serde(borrow)]
    tasks: Option<Vec<FlatTask<'a>>>,
    #[serde(borrow)]
    jobs: Option<Vec<FlatTask<'a>>>,
}

#[derive(Deserialize)]
struct FlatTask<'a> {
    name: String,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(borrow, rename = "runtimeInSeconds")]
    runtime_in_seconds: Option<&'a RawValue>,
    #[serde(borrow)]
    runtime: Option<&'a RawValue>,
}

/// A document of schema 1.5.
#[derive(Deserialize)]
struct SplitDocument<'a> {
    #[serde(borrow)]
    workflow: SplitWorkflow<'a>,
}

#[derive(Deserialize)]
struct SplitWorkflow<'a> {
    specification: Specification,
    #[serde(borrow)]
    execution: Execution<'a>,
}

#[derive(Deserialize)]
struct Specification {
    tasks: Vec<SpecifiedTask>,
}

#[derive(Deserialize)]
struct SpecifiedTask {
    id: String,
    #[serde(default)]
    parents: Vec<String>,
}

#[derive(Deserialize)]
struct Execution<'a> {
    #[serde(borrow)]
    tasks: Vec<ExecutedTask<'a>>,
}

#[derive(Deserialize)]
struct ExecutedTask<'a> {
    id: String,
    #[serde(borrow, rename = "runtimeInSeconds")]
    runtime: Option<&'a RawValue>,
}

/// A task of either shape. Its parents are still names.
struct NamedTask {
    key: String,
    runtime_ns: u64,
    parents: Vec<String>,
}

fn flat_tasks(text: &str, version: String) -> Result<Vec<NamedTask>, WfFormatError> {
    let workflow = serde_json::from_str::<FlatDocument<'_>>(text)?.workflow;
    let tasks = workflow
        .tasks
        .or(workflow.jobs)
        .ok_or(WfFormatError::NoTaskArray(version))?;
    tasks.into_iter().map(flat_task).collect()
}

fn flat_task(task: FlatTask<'_>) -> Result<NamedTask, WfFormatError> {
    let runtime = task.runtime_in_seconds.or(task.runtime);
    let runtime_ns = runtime_ns(&task.name, runtime, "runtime")?;
    Ok(NamedTask {
        key: task.name,
        runtime_ns,
        parents: task.parents,
    })
}

fn split_tasks(text: &str) -> Result<Vec<NamedTask>, WfFormatError> {
    let workflow = serde_json::from_str::<SplitDocument<'_>>(text)?.workflow;
    let runtimes = runtimes_by_id(&workflow.execution.tasks)?;
    let name = |task: SpecifiedTask| {
        let runtime = runtimes.get(task.id.as_str()).copied().flatten();
        let runtime_ns = runtime_ns(&task.id, runtime, "execution.tasks[].runtimeInSeconds")?;
        Ok(NamedTask {
            key: task.id,
            runtime_ns,
            parents: task.parents,
        })
    };
    workflow.specification.tasks.into_iter().map(name).collect()
}

/// Returns the text of the runtime that each execution recorded.
fn runtimes_by_id<'a>(
    executed: &'a [ExecutedTask<'a>],
) -> Result<BTreeMap<&'a str, Option<&'a RawValue>>, WfFormatError> {
    let mut runtimes = BTreeMap::new();
    for task in executed {
        if runtimes.insert(task.id.as_str(), task.runtime).is_some() {
            return Err(WfFormatError::TwoRuntimes(task.id.clone()));
        }
    }
    Ok(runtimes)
}

/// Returns the runtime of one task, in nanoseconds. `field` is where it should have been.
fn runtime_ns(
    key: &str,
    runtime: Option<&RawValue>,
    field: &'static str,
) -> Result<u64, WfFormatError> {
    let missing = || WfFormatError::MissingRuntime {
        key: key.to_owned(),
        field,
    };
    let text = runtime.ok_or_else(missing)?.get();
    decimal::seconds_to_ns(text).map_err(|reason| WfFormatError::Runtime {
        key: key.to_owned(),
        text: text.to_owned(),
        reason,
    })
}

/// Turns the names of parents into indices.
fn resolve(named: Vec<NamedTask>) -> Result<Vec<Task>, WorkflowError> {
    let indices = index_by_key(named.iter().map(|task| task.key.as_str()))?;
    let parents = named
        .iter()
        .map(|task| parent_indices(task, &indices))
        .collect::<Result<Vec<_>, WorkflowError>>()?;
    let task = |(task, parents): (NamedTask, Vec<usize>)| Task {
        key: task.key,
        runtime_ns: task.runtime_ns,
        parents,
    };
    Ok(named.into_iter().zip(parents).map(task).collect())
}

fn parent_indices(
    task: &NamedTask,
    indices: &BTreeMap<&str, usize>,
) -> Result<Vec<usize>, WorkflowError> {
    let find = |parent: &String| {
        indices
            .get(parent.as_str())
            .copied()
            .ok_or_else(|| WorkflowError::UnknownParent {
                key: task.key.clone(),
                parent: parent.clone(),
            })
    };
    task.parents.iter().map(find).collect()
}
