//! The order in which the works of a graph are added, each work after the works that come before it; and what is wrong
//! with a graph.

use crate::{AddError, Name};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Why a [`Graph`](super::Graph) was not added. None of its works runs.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Two works have one name.
    #[error("two works are named `{0}`: edges could mean either; rename one")]
    Twice(String),
    /// An edge names an unknown work.
    #[error(
        "an edge names `{0}`, which is no work of the graph: add it, or use `Spec::after` for works outside"
    )]
    Unknown(String),
    /// Works would wait for themselves. It lists the cycle, each work after the one before.
    #[error("these works would wait for themselves: {}; leave out an edge", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// The scheduler refused a work. The works added before it have been cancelled before their first turn.
    #[error("work `{name}` was refused: {error}")]
    Refused {
        /// The name of the work.
        name: Name,
        /// The reason.
        error: AddError,
    },
}

/// The result of Kahn's algorithm. Of several works that could be next, the one that was given first comes first.
pub(super) struct Plan {
    pub order: Vec<usize>,
    /// The works that each work is after, in the order of the edges.
    pub before: Vec<Vec<usize>>,
}

impl Plan {
    pub fn new(names: &[String], edges: &[(String, String)]) -> Result<Plan, GraphError> {
        let mut index = BTreeMap::new();
        for (i, name) in names.iter().enumerate() {
            if index.insert(name.as_str(), i).is_some() {
                return Err(GraphError::Twice(name.clone()));
            }
        }
        let find = |name: &String| {
            let known = index.get(name.as_str()).copied();
            known.ok_or_else(|| GraphError::Unknown(name.clone()))
        };
        let mut before = vec![Vec::new(); names.len()];
        for (first, then) in edges {
            before[find(then)?].push(find(first)?);
        }
        match order(&before) {
            Ok(order) => Ok(Plan { order, before }),
            Err(open) => {
                let cycle = cycle(&before, &open);
                let cycle = cycle.into_iter().map(|i| names[i].clone());
                Err(GraphError::Cycle(cycle.collect()))
            }
        }
    }
}

/// Returns an order of all works. Its error is, for each work, how many works it still waits for when none could be
/// next.
fn order(before: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut after = vec![Vec::new(); before.len()];
    let mut open = vec![0; before.len()];
    for (then, firsts) in before.iter().enumerate() {
        open[then] = firsts.len();
        for &first in firsts {
            after[first].push(then);
        }
    }
    let mut ready: BTreeSet<usize> = (0..open.len()).filter(|&i| open[i] == 0).collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for &then in &after[next] {
            open[then] -= 1;
            if open[then] == 0 {
                ready.insert(then);
            }
        }
    }
    match order.len() == before.len() {
        true => Ok(order),
        false => Err(open),
    }
}

/// Returns one cycle in the order of its edges, with its first work repeated at the end. Each open work waits for an
/// open work, so the way back from any of them leads into a cycle.
fn cycle(before: &[Vec<usize>], open: &[usize]) -> Vec<usize> {
    let back = |work: usize| before[work].iter().copied().find(|&b| open[b] > 0);
    let mut work = open.iter().position(|&open| open > 0);
    let mut seen = vec![false; open.len()];
    let mut path = Vec::new();
    while let Some(next) = work {
        path.push(next);
        if std::mem::replace(&mut seen[next], true) {
            break;
        }
        work = back(next);
    }
    let last = path.last().copied();
    let start = path.iter().position(|&work| Some(work) == last);
    path.drain(..start.unwrap_or(0));
    path.reverse();
    path
}
