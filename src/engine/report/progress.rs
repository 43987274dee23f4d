//! Progress as a sum over the tree of works.
//!
//! A work's own progress wins over the sum, and the works below it are then not asked. In a sum a settled work counts
//! as done, however it has ended, since nothing more will come of it. A work without progress and children counts as
//! one unit.
//!
//! Works that the tree has lost count as done units, too, or the sum would jump back whenever a parent settles. The
//! engine adds their number up when it takes them out of the tree: see `below` in the extension.

use super::status::Report;
use crate::engine::Engine;
use crate::work::{Progress, WorkId};

/// One work that gives no progress and has no children.
const UNIT: Progress = Progress { done: 0, total: 1 };

impl Engine {
    /// As [`WorkScheduler::progress_of`](crate::WorkScheduler::progress_of).
    pub(crate) fn progress_of(&self, id: WorkId, works: &dyn super::AskWork) -> Option<Progress> {
        Report::new(self, works).progress(self.lookup(id).ok()?)
    }
}

impl Report<'_> {
    /// Returns the progress of a work, its own or a sum. O(works below it) at first. All works below are then known.
    pub fn progress(&self, slot: u32) -> Option<Progress> {
        // A stack instead of recursion, since trees may be deeper than a thread's stack. A work comes up twice: before
        // its children and after them.
        let mut stack = vec![(slot, false)];
        while let Some((slot, are_children_known)) = stack.pop() {
            if are_children_known {
                let sum = self.sum(slot);
                self.known.borrow_mut().insert(slot, sum);
            } else if !self.known.borrow().contains_key(&slot) {
                match self.own_progress(slot) {
                    Some(own) => drop(self.known.borrow_mut().insert(slot, Some(own))),
                    None => {
                        stack.push((slot, true));
                        let children = self.engine.arena.children(slot);
                        stack.extend(children.map(|child| (child, false)));
                    }
                }
            }
        }
        self.known.borrow().get(&slot).copied().flatten()
    }

    /// Returns the progress that a work gives of itself. One that panics gives none.
    fn own_progress(&self, slot: u32) -> Option<Progress> {
        let guard = &self.engine.inbox.sender.guard;
        let asked = guard.call("the progress of a work", || self.works.progress(slot));
        asked.flatten()
    }

    /// Returns the sum over the children, whose progress is known. `None` if there never was a child.
    fn sum(&self, slot: u32) -> Option<Progress> {
        let arena = &self.engine.arena;
        let gone = arena.extension(slot).map_or(0, |extension| extension.below);
        let gone = Progress {
            done: gone,
            total: gone,
        };
        let known = self.known.borrow();
        let of_child = |child: u32| {
            let Progress { done, total } = known.get(&child).copied().flatten().unwrap_or(UNIT);
            let is_done = arena.at(child).state.is_settled();
            Progress {
                done: if is_done { total } else { done },
                total,
            }
        };
        let sum = arena
            .children(slot)
            .map(of_child)
            .fold(gone, |sum, child| Progress {
                done: sum.done.saturating_add(child.done),
                total: sum.total.saturating_add(child.total),
            });
        (sum.total > 0).then_some(sum)
    }
}
