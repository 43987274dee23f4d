//! Works leave the scheduler.

use super::super::scripted::Answer;
use super::Model;
use crankwork::WorkState;

impl Model {
    /// Children whose parent's attempt has ended, and roots that are not retained; never while a work that is after
    /// them is unsettled.
    pub(super) fn reclaim(&mut self) {
        for work in 0..self.works.len() {
            if self.can_go(work) && self.open_dependents(work) == 0 {
                self.remove(work);
            }
        }
    }

    fn can_go(&self, work: usize) -> bool {
        let Some(w) = &self.works[work] else {
            return false;
        };
        let retained = match self.retain {
            0 => true,
            1 => w.state != WorkState::Success,
            _ => false,
        };
        w.state.is_settled() && w.orphan || w.state.is_settled() && w.parent.is_none() && !retained
    }

    fn open_dependents(&self, work: usize) -> usize {
        let unsettled = |after| self.state(after).is_some_and(|s| !s.is_settled());
        let mut edges: Vec<usize> = Vec::new();
        for edge in &self.edges {
            if edge.before == work && unsettled(edge.after) && !edges.contains(&edge.after) {
                edges.push(edge.after);
            }
        }
        edges.len()
    }

    fn remove(&mut self, work: usize) {
        self.works[work] = None;
        for edge in self.edges.clone() {
            if edge.before == work && !edge.satisfied {
                self.m(edge.after).lost = true;
            }
        }
        self.edges.retain(|e| e.before != work && e.after != work);
    }

    /// `reap`.
    pub fn reap(&mut self, work: usize) -> Answer {
        self.known(work)?;
        let w = self.w(work);
        if !w.state.is_settled() {
            return Err("not settled");
        }
        if w.parent.is_some() && !w.orphan {
            return Err("child");
        }
        if self.open_dependents(work) > 0 {
            return Err("dependents");
        }
        self.remove(work);
        Ok(true)
    }
}
