//! The workflow, from whichever format it was read.
//!
//! Invariant: a [`Workflow`] has at least one task, distinct keys, each parent once, no cycle, and a total that fits 64
//! bits of nanoseconds even if every task fails once. Only [`Workflow::new`] checks that; the rest of the program
//! relies on it.
//!
//! To find cycles it takes away, again and again, the tasks that wait for nothing (A. B. Kahn, "Topological sorting of
//! large networks", 1962). The tasks that remain are in a cycle or behind one. Without recursion a chain of a million
//! tasks is no problem. The order in which tasks were taken away also gives the critical path.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

use super::failures::BACKOFF_NS;

/// One task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The name by which other tasks refer to it.
    pub key: String,
    /// How long it runs, in nanoseconds.
    pub runtime_ns: u64,
    /// The tasks that must be done before it starts, as indices in file order.
    pub parents: Vec<usize>,
}

/// A checked workflow. A task is known by its index in file order.
#[derive(Clone, Debug)]
pub struct Workflow {
    tasks: Vec<Task>,
    /// An order in which every task comes after all of its parents.
    order: Vec<usize>,
}

/// The chain of tasks that bounds the makespan from below, however many slots there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticalPath {
    /// The sum of its runtimes, in nanoseconds.
    pub length_ns: u64,
    /// Its tasks, first to last.
    pub tasks: Vec<usize>,
}

/// The fault of a workflow, with what to do about it.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum WorkflowError {
    /// There is no task.
    #[error("the workflow has no tasks; give a file with at least one")]
    Empty,
    /// Two tasks have one key.
    #[error("tasks {first} and {second} (from 0) have the same key {}; make the keys distinct", quoted(.key))]
    DuplicateKey {
        /// The key.
        key: String,
        /// The index of the first task that has it.
        first: usize,
        /// The index of the second.
        second: usize,
    },
    /// A parent is not a task of this workflow.
    #[error("task {} has the unknown parent {}; add that task or take it off the parents", quoted(.key), quoted(.parent))]
    UnknownParent {
        /// The task.
        key: String,
        /// The parent that it names.
        parent: String,
    },
    /// Tasks wait for each other.
    #[error("the tasks wait for each other in a cycle: {}; take out one of these dependencies", Chain(.keys))]
    Cycle {
        /// The cycle, each task a parent of the next and the last one of the first.
        keys: Vec<String>,
    },
    /// The sum of the runtimes does not fit the clock.
    #[error(
        "the runtimes add up to more than the clock can hold (584 years, retries included); shorten them"
    )]
    TotalTooLong,
}

impl Workflow {
    /// Checks the tasks. O((tasks + edges) log tasks), no recursion.
    ///
    /// # Errors
    ///
    /// The first fault found, in the order of [`WorkflowError`].
    pub fn new(mut tasks: Vec<Task>) -> Result<Workflow, WorkflowError> {
        if tasks.is_empty() {
            return Err(WorkflowError::Empty);
        }
        index_by_key(tasks.iter().map(|task| task.key.as_str()))?;
        check_parents_exist(&tasks)?;
        tasks.iter_mut().for_each(keep_each_parent_once);
        let order = parents_first(&tasks)?;
        check_total(&tasks)?;
        Ok(Workflow { tasks, order })
    }

    /// Returns the tasks, in file order.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Returns the number of dependencies.
    pub fn edge_count(&self) -> usize {
        self.tasks.iter().map(|task| task.parents.len()).sum()
    }

    /// Returns the longest chain of dependencies by runtime. O(tasks + edges).
    pub fn critical_path(&self) -> CriticalPath {
        let mut ends = vec![0_u64; self.tasks.len()];
        let mut before = vec![None; self.tasks.len()];
        for &index in &self.order {
            let task = &self.tasks[index];
            before[index] = first_max(task.parents.iter().copied(), &ends);
            ends[index] = task.runtime_ns + before[index].map_or(0, |parent: usize| ends[parent]);
        }
        let last = first_max(0..ends.len(), &ends);
        let mut tasks: Vec<usize> = std::iter::successors(last, |index| before[*index]).collect();
        tasks.reverse();
        CriticalPath {
            length_ns: last.map_or(0, |index| ends[index]),
            tasks,
        }
    }
}

/// Returns the index of each key.
///
/// # Errors
///
/// [`WorkflowError::DuplicateKey`].
pub fn index_by_key<'a>(
    keys: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<&'a str, usize>, WorkflowError> {
    let mut indices = BTreeMap::new();
    for (second, key) in keys.enumerate() {
        if let Some(first) = indices.insert(key, second) {
            return Err(WorkflowError::DuplicateKey {
                key: key.to_owned(),
                first,
                second,
            });
        }
    }
    Ok(indices)
}

/// Returns a key for a message: in quotes, on one line, and cut if it is long.
pub fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Guards the invariant. The readers resolve or check parents themselves, and name the place in the file.
fn check_parents_exist(tasks: &[Task]) -> Result<(), WorkflowError> {
    for task in tasks {
        if let Some(parent) = task.parents.iter().find(|parent| **parent >= tasks.len()) {
            let parent = format!("number {parent}");
            return Err(WorkflowError::UnknownParent {
                key: task.key.clone(),
                parent,
            });
        }
    }
    Ok(())
}

fn keep_each_parent_once(task: &mut Task) {
    task.parents.sort_unstable();
    task.parents.dedup();
}

/// Returns the children of each task, in file order.
pub fn children_of(tasks: &[Task]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); tasks.len()];
    for (index, task) in tasks.iter().enumerate() {
        for &parent in &task.parents {
            children[parent].push(index);
        }
    }
    children
}

/// Returns an order in which each task comes after its parents.
fn parents_first(tasks: &[Task]) -> Result<Vec<usize>, WorkflowError> {
    let children = children_of(tasks);
    let mut open: Vec<usize> = tasks.iter().map(|task| task.parents.len()).collect();
    let mut order: Vec<usize> = (0..tasks.len()).filter(|index| open[*index] == 0).collect();
    let mut next = 0;
    while let Some(&done) = order.get(next) {
        next += 1;
        for &child in &children[done] {
            open[child] -= 1;
            if open[child] == 0 {
                order.push(child);
            }
        }
    }
    match open.iter().position(|parents| *parents > 0) {
        Some(stuck) => Err(cycle_above(tasks, &open, stuck)),
        None => Ok(order),
    }
}

/// Returns the cycle among the stuck tasks that `stuck` belongs to or waits for.
fn cycle_above(tasks: &[Task], open: &[usize], stuck: usize) -> WorkflowError {
    let mut cycle = climb_to_cycle(tasks, open, stuck);
    cycle.reverse();
    // The cycle begins with its first task in the file, so that the message does not depend on where the climb began.
    let lowest = cycle
        .iter()
        .enumerate()
        .min_by_key(|(_, index)| **index)
        .map_or(0, |(at, _)| at);
    cycle.rotate_left(lowest);
    WorkflowError::Cycle {
        keys: cycle
            .into_iter()
            .map(|index| tasks[index].key.clone())
            .collect(),
    }
}

/// Climbs from a stuck task to a stuck parent, which each stuck task has, until a task comes again.
fn climb_to_cycle(tasks: &[Task], open: &[usize], stuck: usize) -> Vec<usize> {
    let mut seen_at = vec![None; tasks.len()];
    let mut climb = Vec::new();
    let mut current = stuck;
    loop {
        if let Some(first) = seen_at[current].replace(climb.len()) {
            return climb.split_off(first);
        }
        climb.push(current);
        let stuck_parent = tasks[current]
            .parents
            .iter()
            .copied()
            .find(|parent| open[*parent] > 0);
        current = stuck_parent.expect("a task that stays behind waits for one that stays behind");
    }
}

/// Checks that the worst case fits the clock: one slot, and every task fails once.
fn check_total(tasks: &[Task]) -> Result<(), WorkflowError> {
    let worst = |task: &Task| u128::from(task.runtime_ns) * 2 + u128::from(BACKOFF_NS);
    let total: u128 = tasks.iter().map(worst).sum();
    if total > u128::from(u64::MAX) {
        Err(WorkflowError::TotalTooLong)
    } else {
        Ok(())
    }
}

/// Returns the index with the largest value, the first of equals.
fn first_max(indices: impl Iterator<Item = usize>, values: &[u64]) -> Option<usize> {
    indices.reduce(|best, index| {
        if values[index] > values[best] {
            index
        } else {
            best
        }
    })
}

/// Writes a cycle as `"a" -> "b" -> "a"`, a long one with its middle left out.
struct Chain<'a>(&'a [String]);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        for key in self.0.iter().take(SHOWN) {
            write!(f, "{} -> ", quoted(key))?;
        }
        if self.0.len() > SHOWN {
            write!(f, "({} more) -> ", self.0.len() - SHOWN)?;
        }
        f.write_str(&quoted(&self.0[0]))
    }
}
