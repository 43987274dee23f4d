//! *Kahn*: open dependencies in a vector, dependents in compressed rows, a ready queue, and one boxed step per node
//! that is made, called and freed. Building all that is part of it.

use super::{Count, Step};
use crate::graphs::Dag;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What Kahn's algorithm needs of a graph; peers that have none of their own use it too.
pub struct Graph {
    open: Vec<u32>,
    first: Vec<u32>,
    dependents: Vec<u32>,
}

type Steps = Vec<Option<Box<dyn Step>>>;

fn steps(nodes: usize) -> Steps {
    (0..nodes)
        .map(|_| Some(Box::new(Count::default()) as Box<dyn Step>))
        .collect()
}

fn step_and_free(steps: &mut Steps, node: u32) {
    if let Some(mut step) = steps[node as usize].take() {
        step.step();
    }
}

impl Graph {
    pub fn of(dag: &Dag) -> Graph {
        let nodes = dag.len();
        let mut open = vec![0u32; nodes];
        let mut first = vec![0u32; nodes + 1];
        for (node, open) in open.iter_mut().enumerate() {
            for &before in dag.before(node) {
                *open += 1;
                first[before as usize + 1] += 1;
            }
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        let mut dependents = vec![0u32; first[nodes] as usize];
        let mut fill = first.clone();
        for node in 0..nodes {
            for &before in dag.before(node) {
                let place = &mut fill[before as usize];
                dependents[*place as usize] = node as u32;
                *place += 1;
            }
        }
        Graph {
            open,
            first,
            dependents,
        }
    }

    /// Calls `ready` for each node that has nothing to wait for any more.
    pub fn done(&mut self, node: u32, mut ready: impl FnMut(u32)) {
        let node = node as usize;
        for &after in &self.dependents[self.first[node] as usize..self.first[node + 1] as usize] {
            self.open[after as usize] -= 1;
            if self.open[after as usize] == 0 {
                ready(after);
            }
        }
    }

    pub fn sources(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.open.len() as u32).filter(|&node| self.open[node as usize] == 0)
    }
}

/// Runs every node once, in order; says how many they were.
pub fn kahn(dag: &Dag) -> usize {
    let mut graph = Graph::of(dag);
    let mut steps = steps(dag.len());
    let mut ready: VecDeque<u32> = graph.sources().collect();
    let mut done = 0;
    while let Some(node) = ready.pop_front() {
        step_and_free(&mut steps, node);
        graph.done(node, |after| ready.push_back(after));
        done += 1;
    }
    done
}

/// Runs `slots` nodes at once, each for its `nanos` of virtual time. Returns the makespan. A node has a step when
/// it starts and one when its time is over, as a work that sleeps has.
pub fn kahn_in_time(dag: &Dag, slots: usize, nanos: u64) -> u64 {
    let mut graph = Graph::of(dag);
    let mut steps = steps(dag.len());
    let mut ready: VecDeque<u32> = graph.sources().collect();
    let mut asleep: BinaryHeap<Reverse<(u64, u64, u32)>> = BinaryHeap::new();
    let (mut now, mut order) = (0, 0);
    loop {
        while asleep.len() < slots
            && let Some(node) = ready.pop_front()
        {
            if let Some(step) = &mut steps[node as usize] {
                step.step();
            }
            asleep.push(Reverse((now + nanos, order, node)));
            order += 1;
        }
        let Some(Reverse((at, _, node))) = asleep.pop() else {
            return now;
        };
        now = at;
        step_and_free(&mut steps, node);
        graph.done(node, |after| ready.push_back(after));
    }
}
