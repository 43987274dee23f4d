//! The works and their edges as a Graphviz graph.

use crate::engine::Engine;
use crate::work::{EdgeKind, WorkState};
use std::fmt::Write;

impl Engine {
    /// As [`WorkScheduler::dot`](crate::WorkScheduler::dot).
    pub(crate) fn dot(&self) -> String {
        let mut dot =
            String::from("digraph works {\n  rankdir=LR;\n  node [shape=box, style=filled];\n");
        for slot in self.arena.slots_by_age() {
            self.dot_work(&mut dot, slot);
        }
        dot.push_str("}\n");
        dot
    }

    fn dot_work(&self, dot: &mut String, slot: u32) {
        let (record, cold) = (self.arena.at(slot), self.arena.cold(slot));
        let (serial, state) = (record.serial, record.state);
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            dot,
            "  w{serial} [label=\"{}\\n{state}\", fillcolor=\"{}\"];",
            escaped(cold.name),
            colour(state)
        );
        for edge in self.graph.outs(&self.arena, slot) {
            let style = match edge.kind() {
                EdgeKind::After => "solid",
                EdgeKind::AfterSettled => "dashed",
            };
            let after = self.arena.at(edge.peer()).serial;
            let _ = writeln!(dot, "  w{serial} -> w{after} [style={style}];");
        }
        if let Some(parent) = self.arena.parent(slot) {
            let parent = self.arena.at(parent).serial;
            let _ = writeln!(
                dot,
                "  w{parent} -> w{serial} [style=dotted, arrowhead=odot];"
            );
        }
    }
}

/// Inside a quoted DOT string only quotes, backslashes and line ends mean something.
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

/// One colour per state, in every export.
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
