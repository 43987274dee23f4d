//! The order in which the works of a graph are added, each work after the works that come before it; and what is wrong
//! with a graph.

use crate::{AddError, Name};
use std::collections::BTreeMap;
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

/// What is known of a graph before any of its works is added.
pub(super) struct Plan {
    /// All works, each after those that it is after.
    pub order: Vec<usize>,
    /// The works that each work is after.
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
        // In the order in which the works were given, whatever the order of the edges.
        before.iter_mut().for_each(|before| before.sort_unstable());
        match order(&before) {
            Ok(order) => Ok(Plan { order, before }),
            Err(cycle) => {
                let cycle = cycle.into_iter().map(|work| names[work].clone());
                Err(GraphError::Cycle(cycle.collect()))
            }
        }
    }
}

/// Returns all works in the order in which they were given, but each after the works that it is after. The error is a
/// cycle in the order of its edges, with its first work repeated at the end.
///
/// This is depth-first search: Tarjan, "Edge-disjoint spanning trees and depth-first search", 1976.
fn order(before: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut order = Vec::with_capacity(before.len());
    let (mut is_seen, mut is_placed) = (vec![false; before.len()], vec![false; before.len()]);
    // Each work of the path is after the next one. With it goes how many of the works before it were looked at.
    let mut path: Vec<(usize, usize)> = Vec::new();
    for first in 0..before.len() {
        if !is_seen[first] {
            path.push((first, 0));
        }
        while let Some((work, looked_at)) = path.last_mut() {
            let work = *work;
            is_seen[work] = true;
            let Some(&next) = before[work].get(*looked_at) else {
                is_placed[work] = true;
                order.push(work);
                path.pop();
                continue;
            };
            *looked_at += 1;
            if !is_seen[next] {
                path.push((next, 0));
            } else if !is_placed[next] {
                let cycle = path.iter().rev().map(|&(work, _)| work);
                let cycle = cycle.take_while(|&work| work != next);
                return Err([next].into_iter().chain(cycle).chain([next]).collect());
            }
        }
    }
    Ok(order)
}
