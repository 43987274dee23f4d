//! The status tree.

use crate::{WorkId, WorkScheduler, WorkSnapshot};
use std::collections::BTreeMap;

/// The deepest indentation, in levels.
const DEEPEST: usize = 40;

impl<C: ?Sized> WorkScheduler<C> {
    /// Returns each work as a line of an indented tree: its name, state and own status, its retry time, how many of its
    /// children are done and of its jobs are out, and its last error. [`status_of`](WorkScheduler::status_of) makes the
    /// lines. O(works log works + edges).
    ///
    /// ```text
    /// sync: Waiting : 2/5 children completed
    ///   get 0000003f: Retrying in 3s : connection refused
    /// ```
    pub fn status(&self) -> String {
        tree(&self.snapshot(), &|id| {
            self.status_of(id).unwrap_or_default()
        })
    }
}

/// Puts each work's line below its parent's. It is not generic, so the compiler builds it once.
fn tree(works: &[WorkSnapshot], line: &dyn Fn(WorkId) -> String) -> String {
    let mut below: BTreeMap<Option<WorkId>, Vec<WorkId>> = BTreeMap::new();
    for work in works {
        below.entry(work.parent).or_default().push(work.id);
    }
    let mut text = String::new();
    // A stack instead of recursion, since trees may be deeper than a thread's stack.
    let mut stack: Vec<(WorkId, usize)> = Vec::new();
    let mut push = |stack: &mut Vec<_>, parent, depth| {
        let children = below.remove(&parent).unwrap_or_default();
        stack.extend(children.into_iter().rev().map(|child| (child, depth)));
    };
    push(&mut stack, None, 0);
    while let Some((id, depth)) = stack.pop() {
        text.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
        text.push_str(&line(id));
        text.push('\n');
        push(&mut stack, Some(id), depth + 1);
    }
    text
}
