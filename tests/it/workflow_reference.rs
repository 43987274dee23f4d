//! The scheduling policy, written down as literally as possible, to compare the engine with.
//!
//! Slots are given first come first served. An instant is handled in rounds: back-offs that end join the
//! queue, then attempts that end complete, in the order in which they started, then free slots are given
//! out. Rounds repeat until nothing is left at that instant, since a task without runtime ends when it starts.
//!
//! It shares nothing with the engine: no timers, no turns, only two heaps and a queue.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::failures::{BACKOFF_NS, first_attempt_fails};
use super::options::Options;
use super::schedule::{RunResult, Span};
use super::workflow::{Workflow, children_of};

/// Task `task` at `at_ns`; among equals the smaller number first.
type Due = Reverse<(u64, u64, usize)>;

/// Runs the workflow. Bounded: O((tasks + edges) log tasks).
pub fn simulate(
    workflow: &Workflow,
    options: &Options,
    progress: &mut dyn FnMut(usize, u64),
) -> RunResult {
    let mut model = Model::new(workflow, options);
    let mut done = 0;
    model.start_ready();
    while let Some(now) = model.next_instant() {
        model.now = now;
        model.end_backoffs();
        let before = done;
        done += model.complete_attempts();
        model.start_ready();
        for count in before..done {
            progress(count + 1, now);
        }
    }
    assert_eq!(
        done,
        workflow.tasks().len(),
        "a workflow has no cycle, so every task gets done"
    );
    // An attempt takes two turns: one that goes to sleep, one that wakes up.
    RunResult {
        spans: model.spans,
        turns: 2 * model.attempts,
    }
}

struct Model<'a> {
    workflow: &'a Workflow,
    children: Vec<Vec<usize>>,
    slots: usize,
    now: u64,
    open_parents: Vec<usize>,
    still_to_fail: Vec<bool>,
    queue: VecDeque<usize>,
    running: BinaryHeap<Due>,
    backing_off: BinaryHeap<Due>,
    attempts: u64,
    backoffs: u64,
    spans: Vec<Span>,
}

impl<'a> Model<'a> {
    fn new(workflow: &'a Workflow, options: &Options) -> Model<'a> {
        let tasks = workflow.tasks();
        let fails = |key: &str| options.failures && first_attempt_fails(key);
        Model {
            workflow,
            children: children_of(workflow.tasks()),
            slots: options.slots.limit(),
            now: 0,
            open_parents: tasks.iter().map(|task| task.parents.len()).collect(),
            still_to_fail: tasks.iter().map(|task| fails(&task.key)).collect(),
            queue: (0..tasks.len())
                .filter(|index| tasks[*index].parents.is_empty())
                .collect(),
            running: BinaryHeap::new(),
            backing_off: BinaryHeap::new(),
            attempts: 0,
            backoffs: 0,
            spans: vec![Span::default(); tasks.len()],
        }
    }

    fn next_instant(&self) -> Option<u64> {
        let tops = self
            .running
            .peek()
            .into_iter()
            .chain(self.backing_off.peek());
        tops.map(|Reverse((at, _, _))| *at).min()
    }

    fn end_backoffs(&mut self) {
        while let Some(task) = pop_due(&mut self.backing_off, self.now) {
            self.queue.push_back(task);
        }
    }

    /// Completes what ends now; returns how many tasks succeeded.
    fn complete_attempts(&mut self) -> usize {
        let mut succeeded = 0;
        while let Some(task) = pop_due(&mut self.running, self.now) {
            if std::mem::take(&mut self.still_to_fail[task]) {
                self.backoffs += 1;
                self.backing_off
                    .push(Reverse((self.now + BACKOFF_NS, self.backoffs, task)));
            } else {
                succeeded += 1;
                self.spans[task].finish_ns = self.now;
                self.release_children(task);
            }
        }
        succeeded
    }

    fn release_children(&mut self, task: usize) {
        for &child in &self.children[task] {
            self.open_parents[child] -= 1;
            if self.open_parents[child] == 0 {
                self.queue.push_back(child);
            }
        }
    }

    fn start_ready(&mut self) {
        while self.running.len() < self.slots
            && let Some(task) = self.queue.pop_front()
        {
            self.attempts += 1;
            self.spans[task].start_ns = self.now;
            let end = self.now + self.workflow.tasks()[task].runtime_ns;
            self.running.push(Reverse((end, self.attempts, task)));
        }
    }
}

fn pop_due(heap: &mut BinaryHeap<Due>, now: u64) -> Option<usize> {
    let Reverse((at, _, _)) = heap.peek()?;
    if *at > now {
        return None;
    }
    heap.pop().map(|Reverse((_, _, task))| task)
}
