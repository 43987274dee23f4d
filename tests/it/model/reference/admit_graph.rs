//! `add_graph`.

use super::super::ops::Terms;
use super::super::scripted::{Answer, Chain};
use super::{Model, TimerKind};
use crankwork::WorkState::{Blocked, Pending, Running};

impl Model {
    /// Whether there is no permit for any work that needs one.
    pub fn has_no_permits(&self) -> bool {
        self.pools[0].capacity == 0
    }

    /// The host adds a graph of works that are nobody's children and need no pools, while there are permits: then
    /// none is refused. Of the works that they are after, those count that are there.
    pub fn add_graph(&mut self, works: &[Terms], edges: &[(usize, usize)]) -> Answer {
        if has_cycle(works.len(), edges) {
            self.counts.name("graph", "cycle");
            return Err("cycle");
        }
        if self.closed && !works.is_empty() {
            self.counts.name("graph", "shut_down");
            return Err("shut down");
        }
        self.counts.name("graph", "added");
        // Picks do not depend on how much of the graph is there.
        let deps: Vec<_> = works.iter().map(|w| self.deps_that_are_there(w)).collect();
        let (first, mut doomed) = (self.works.len(), Vec::new());
        for (at, terms) in works.iter().enumerate() {
            self.counts.terms(terms);
            let work = self.insert(terms, None);
            for &(before, settled) in &deps[at] {
                self.link(before, work, settled);
            }
            let waits = edges.iter().any(|&(_, after)| after == at);
            if let Some(failure) = self.enter_as_member(work, waits) {
                doomed.push((work, failure));
            }
        }
        for (before, after) in edges {
            self.link(first + before, first + after, false);
        }
        // Each knows its own reason before any of them blocks another.
        let doomed = doomed.into_iter();
        self.settling
            .extend(doomed.map(|(work, failure)| (work, Blocked, Some(failure))));
        self.settle_all();
        Ok(true)
    }

    fn deps_that_are_there(&self, terms: &Terms) -> Vec<(usize, bool)> {
        let mut deps = self.distinct_deps(terms);
        deps.retain(|&(dep, _)| self.known(dep).is_ok());
        deps
    }

    /// A work of a graph gets its first state. It comes back why it can never run: it is Blocked only after all edges
    /// are there, since its dependents are then Blocked, too.
    fn enter_as_member(&mut self, work: usize, waits: bool) -> Option<Chain> {
        let blocker = self.look_at_deps(work);
        if let Some(at) = self.w(work).deadline {
            self.arm(work, TimerKind::Deadline, at);
        }
        if blocker.is_some() || waits || self.is_held(work) {
            let how = blocker.map_or("waits", |_| "doomed");
            self.counts.name("graph", how);
            self.enter_state(work, None, Pending);
        } else {
            self.enter_line(work, None);
            let runs = self.w(work).state == Running;
            self.counts
                .name("graph", if runs { "runs" } else { "queues" });
        }
        blocker.map(|blocker| self.blocked_by(blocker))
    }
}

/// Whether some of these works can never be the first of those that are left.
fn has_cycle(works: usize, edges: &[(usize, usize)]) -> bool {
    let mut left: Vec<usize> = (0..works).collect();
    let waits = |left: &[usize], work| {
        let mut into = edges.iter().filter(|&&(_, after)| after == work);
        into.any(|(before, _)| left.contains(before))
    };
    while let Some(at) = left.iter().position(|&work| !waits(&left, work)) {
        left.remove(at);
    }
    !left.is_empty()
}
