//! The works and their edges as a Graphviz graph.

use crate::{WorkId, WorkScheduler, WorkSnapshot, WorkState};
use std::collections::BTreeSet;
use std::fmt::Write;

impl<C: ?Sized> WorkScheduler<C> {
    /// Returns each work in Graphviz's DOT language, coloured by state.
    ///
    /// An edge for `after` is solid, one for `after_settled` is dashed, and both point at the work that waits. An edge
    /// for ownership is dotted and points at the child. O((works + edges) log works).
    ///
    /// ```
    /// use crankwork::{Spec, WorkContext, WorkScheduler, WorkSchedulerConfig};
    /// use std::task::Poll;
    ///
    /// let done = |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(()));
    /// let mut work = WorkScheduler::new(WorkSchedulerConfig::default());
    /// let [a, b] = [work.add(Spec::new("a", done))?, work.add(Spec::new("b", done))?];
    /// let c = work.add(Spec::new("c", done).after(a).after_settled(b))?;
    /// let [.., last] = &work.snapshot()[..] else { unreachable!() };
    /// assert_eq!((&last.deps[..], &last.after_settled[..]), (&[a.id(), b.id()][..], &[b.id()][..]));
    /// let edge = |before: u64, style| format!("w{before} -> w{} [style={style}]", c.id().serial());
    /// let dot = work.dot();
    /// assert!(dot.contains(&edge(a.id().serial(), "solid")) && dot.contains(&edge(b.id().serial(), "dashed")));
    /// # Ok::<(), crankwork::AddError>(())
    /// ```
    pub fn dot(&self) -> String {
        graph(&self.snapshot())
    }
}

/// Edges by their two ends: the first work, and the work that waits for it.
type Edges = BTreeSet<(WorkId, WorkId)>;

/// Draws all works. It is not generic, so the compiler builds it once.
fn graph(works: &[WorkSnapshot]) -> String {
    let dashed: Edges = works
        .iter()
        .flat_map(|work| work.after_settled.iter().map(|&before| (before, work.id)))
        .collect();
    let mut dot =
        String::from("digraph works {\n  rankdir=LR;\n  node [shape=box, style=filled];\n");
    for work in works {
        draw(&mut dot, work, &dashed);
    }
    dot.push_str("}\n");
    dot
}

/// Draws a work, the edges out of it, and the edge from its parent.
fn draw(dot: &mut String, work: &WorkSnapshot, dashed: &Edges) {
    let (serial, state) = (work.id.serial(), work.state);
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        dot,
        "  w{serial} [label=\"{}\\n{state}\", fillcolor=\"{}\"];",
        escaped(&work.name),
        colour(state)
    );
    for &after in &work.dependents {
        let style = match dashed.contains(&(work.id, after)) {
            true => "dashed",
            false => "solid",
        };
        let after = after.serial();
        let _ = writeln!(dot, "  w{serial} -> w{after} [style={style}];");
    }
    if let Some(parent) = work.parent {
        let parent = parent.serial();
        let _ = writeln!(
            dot,
            "  w{parent} -> w{serial} [style=dotted, arrowhead=odot];"
        );
    }
}

/// Escapes a name for a quoted DOT string, in which only quotes, backslashes and line ends mean something.
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Returns the colour of a state, for all exports.
pub(super) const fn colour(state: WorkState) -> &'static str {
    match state {
        WorkState::Pending => "#e0e0e0",
        WorkState::Queued => "#ffe0b2",
        WorkState::Running => "#90caf9",
        WorkState::Waiting => "#d1ecff",
        WorkState::Joining => "#c5cae9",
        WorkState::Retrying => "#fff59d",
        WorkState::Aborting => "#ffab91",
        WorkState::Success => "#a5d6a7",
        WorkState::Failed => "#ef9a9a",
        WorkState::Cancelled => "#bcaaa4",
        WorkState::Blocked => "#ce93d8",
    }
}
