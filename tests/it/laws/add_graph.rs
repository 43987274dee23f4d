//! `add_graph`: L10, L11, L14, L15 and others, for works that come in together.

mod alike;
mod bodies;
mod inward;
mod large;
mod later;
mod order;
mod outside;
mod refused;
mod taken_back;
mod wide;

use crate::workbench::*;
use crankwork::{AddGraphError, Handle, Spec, WorkId, WorkOutcome};

type Works = Vec<Spec<Log, Probe>>;
type Edge = (usize, usize);

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// So many works that succeed in their first turn.
fn plain(works: usize) -> Works {
    NAMES[..works].iter().map(|name| script(name, [])).collect()
}

fn try_graph(
    bench: &mut Bench,
    works: Works,
    edges: &[Edge],
) -> Result<Vec<WorkId>, AddGraphError> {
    let count = works.len();
    let mut works = works.into_iter();
    let make = |_| works.next().expect("each work is made once");
    let handles = bench.s.add_graph(count, make, edges)?;
    Ok(handles.iter().map(Handle::id).collect())
}

fn graph(bench: &mut Bench, works: Works, edges: &[Edge]) -> Vec<WorkId> {
    try_graph(bench, works, edges).expect("the graph is a good one")
}

/// A spec that says how its work has settled: `a Cancelled`.
fn telling(spec: Spec<Log, Probe>) -> Spec<Log, Probe> {
    let name = spec.name().clone();
    spec.on_settled(move |log: &mut Log, _, outcome| {
        log.push(format!("{name} {}", outcome.state()));
    })
}

/// The work that is to blame for a Blocked one.
fn root_of(bench: &Bench, blocked: WorkId) -> WorkId {
    match bench.outcome(blocked) {
        WorkOutcome::Blocked(root) => root.id,
        other => panic!("{other:?}"),
    }
}

/// Nothing is broken inside, and a graph that comes now runs to its end.
fn assert_usable(bench: &mut Bench) {
    // Only after a crank is all granted that is free.
    bench.crank();
    assert_eq!(bench.s.audit(), Ok(()));
    let before = bench.s.metrics().success;
    let works = vec![script("last", []), script("first", [])];
    graph(bench, works, &[(1, 0)]);
    bench.ran();
    bench.run();
    assert_eq!(bench.ran(), "first last");
    let metrics = bench.s.metrics();
    assert_eq!((metrics.success - before, metrics.unsettled()), (2, 0));
    assert_eq!(bench.s.audit(), Ok(()));
}
