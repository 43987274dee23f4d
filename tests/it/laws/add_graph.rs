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

use super::{Lab, Log, Script, script};
use crankwork::{AddGraphError, Handle, Spec, WorkId, WorkOutcome};

type Works = Vec<Spec<Log, Script>>;
type Edge = (usize, usize);

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// So many works that succeed in their first turn.
fn plain(works: usize) -> Works {
    NAMES[..works].iter().map(|name| script(name, [])).collect()
}

fn try_graph(lab: &mut Lab, works: Works, edges: &[Edge]) -> Result<Vec<WorkId>, AddGraphError> {
    let count = works.len();
    let mut works = works.into_iter();
    let make = |_| works.next().expect("each work is made once");
    let handles = lab.s.add_graph(count, make, edges)?;
    Ok(handles.iter().map(Handle::id).collect())
}

fn graph(lab: &mut Lab, works: Works, edges: &[Edge]) -> Vec<WorkId> {
    try_graph(lab, works, edges).expect("the graph is a good one")
}

/// A spec that says how its work has settled: `a Cancelled`.
fn telling(spec: Spec<Log, Script>) -> Spec<Log, Script> {
    let name = spec.name().clone();
    spec.on_settled(move |log: &mut Log, _, outcome| {
        log.say(format!("{name} {}", outcome.state()));
    })
}

/// The work that is to blame for a Blocked one.
fn root_of(lab: &Lab, blocked: WorkId) -> WorkId {
    match lab.outcome(blocked) {
        WorkOutcome::Blocked(root) => root.id,
        other => panic!("{other:?}"),
    }
}

/// Nothing is broken inside, and a graph that comes now runs to its end.
fn assert_usable(lab: &mut Lab) {
    // Only after a crank is all granted that is free.
    lab.crank_at(lab.s.now());
    assert_eq!(lab.s.audit(), Ok(()));
    let before = lab.s.metrics().success;
    let works = vec![script("last", []), script("first", [])];
    graph(lab, works, &[(1, 0)]);
    lab.ran();
    lab.run();
    assert_eq!(lab.ran(), "first last");
    let metrics = lab.s.metrics();
    assert_eq!((metrics.success - before, metrics.unsettled()), (2, 0));
    assert_eq!(lab.s.audit(), Ok(()));
}
