//! `add`, `add_dependency`, `restart`.

use super::super::ops::{Pick, Terms};
use super::super::scripted::{Answer, Chain, Kind};
use super::{Edge, Model, TimerKind, Work};
use crankwork::WorkState::{self, Blocked, Pending, Queued, Running};

impl Model {
    /// The host adds a work.
    pub fn add(&mut self, terms: &Terms) -> Answer {
        let parent = terms.parent.and_then(|pick| self.picked(pick));
        self.add_to(terms, parent)
    }

    pub(super) fn add_to(&mut self, terms: &Terms, parent: Option<usize>) -> Answer {
        if self.closed {
            return Err("shut down");
        }
        if !terms.no_permit && self.pools[0].capacity == 0 {
            return Err("above capacity");
        }
        if let Some(parent) = parent {
            self.known(parent).map_err(|_| "unknown parent")?;
            if !self.takes_children(parent) {
                return Err("parent done");
            }
        }
        let deps = self.distinct_deps(terms);
        for &(dep, _) in &deps {
            self.known(dep).map_err(|_| "unknown dependency")?;
            if parent.is_some_and(|parent| self.needs_settled(dep, parent)) {
                return Err("cycle");
            }
        }
        for (at, weight) in Model::weights(terms) {
            if weight > self.pools[at].capacity {
                return Err("above capacity");
            }
        }
        self.counts.terms(terms);
        let work = self.insert(terms, parent);
        self.give_back_asleep(parent);
        for (before, settled) in deps {
            self.link(before, work, settled);
        }
        self.enter(work, None);
        Ok(true)
    }

    fn takes_children(&self, parent: usize) -> bool {
        let parent = self.w(parent);
        !parent.state.is_settled() && parent.state != WorkState::Aborting && !parent.cancelled
    }

    /// A sleeper with a live child holds no permit.
    fn give_back_asleep(&mut self, parent: Option<usize>) {
        if let Some(parent) = parent.filter(|&p| self.w(p).state == WorkState::Waiting) {
            self.give_back(parent);
        }
    }

    /// Each work once for each kind.
    pub(super) fn distinct_deps(&self, terms: &Terms) -> Vec<(usize, bool)> {
        let mut deps = Vec::new();
        for &(pick, settled) in &terms.after {
            if let Some(dep) = self.picked(pick)
                && !deps.contains(&(dep, settled))
            {
                deps.push((dep, settled));
            }
        }
        // If there are two errors, the one about works that must succeed is told.
        deps.sort_by_key(|&(_, settled)| settled);
        deps
    }

    pub(super) fn insert(&mut self, terms: &Terms, parent: Option<usize>) -> usize {
        self.works.push(Some(Work {
            state: Pending,
            terms: terms.clone(),
            deadline: terms.deadline.map(|d| self.now.saturating_add(d)),
            parent,
            orphan: false,
            by_parent: false,
            attempt: 0,
            in_attempt: false,
            retries_used: 0,
            granted: false,
            started: false,
            was_reset: false,
            holds: false,
            returner: false,
            cancelled: false,
            woken: false,
            releases: false,
            expects: false,
            sleeps_until: None,
            first_failure: None,
            abort: None,
            outcome: None,
            failure: None,
            lost: false,
            gone: false,
            callback: terms.callback,
            turn: 0,
            aborts: 0,
        }));
        self.works.len() - 1
    }

    /// A work that is new, or restarted from a state.
    fn enter(&mut self, work: usize, from: Option<WorkState>) {
        let blocker = self.look_at_deps(work);
        let lost = self.w(work).lost.then(|| self.lost_cause(work));
        if let Some(failure) = lost.or(blocker.map(|b| self.blocked_by(b))) {
            return self.settle_from(work, from, Blocked, Some(failure));
        }
        if let Some(at) = self.w(work).deadline {
            self.arm(work, TimerKind::Deadline, at);
        }
        self.m(work).failure = None;
        if self.is_held(work) {
            return self.enter_state(work, from, Pending);
        }
        self.enter_line(work, from);
    }

    /// Nothing holds it back any more.
    pub(super) fn enter_line(&mut self, work: usize, from: Option<WorkState>) {
        if self.is_free_for(work) {
            self.begin_attempt(work);
            self.enter_state(work, from, Running);
            self.push_ready(work);
        } else {
            self.enter_state(work, from, Queued);
            self.join_queue(work, false);
        }
    }

    pub(super) fn enter_state(&mut self, work: usize, from: Option<WorkState>, to: WorkState) {
        match from {
            Some(_) => self.change(work, to),
            None => {
                self.m(work).state = to;
                self.entered(work, None, to);
            }
        }
    }

    /// Marks what is satisfied, and says which dependency has failed.
    pub(super) fn look_at_deps(&mut self, work: usize) -> Option<usize> {
        let mut blocker = None;
        for at in 0..self.edges.len() {
            let edge = self.edges[at];
            if edge.after != work || edge.satisfied {
                continue;
            }
            let Some(state) = self.state(edge.before).filter(|s| s.is_settled()) else {
                continue;
            };
            if edge.settled || state == WorkState::Success {
                self.edges[at].satisfied = true;
            } else {
                blocker = blocker.or(Some(edge.before));
            }
        }
        blocker
    }

    /// The root cause once a failed dependency has been reclaimed: the one known from before, or nobody else.
    fn lost_cause(&self, work: usize) -> Chain {
        let known = self.failure_of(work);
        match known.first() {
            Some(Kind::Blocked(_)) => known,
            _ => vec![Kind::Blocked(work)],
        }
    }

    /// Whether something must happen before it can ask for a permit.
    pub(super) fn is_held(&self, work: usize) -> bool {
        let open = self.edges.iter().any(|e| e.after == work && !e.satisfied);
        let parent = self.w(work).parent.filter(|_| !self.w(work).orphan);
        open || parent.is_some_and(|parent| !self.w(parent).in_attempt)
    }

    /// What may ask for a permit does.
    pub(super) fn admit(&mut self, work: usize) {
        if self.needs_none(work) {
            self.begin(work);
        } else {
            self.change(work, Queued);
            self.join_queue(work, false);
        }
    }

    /// `add_dependency`.
    pub fn add_dependency(&mut self, before: usize, after: usize) -> Answer {
        self.known(before).map_err(|_| "unknown before")?;
        self.known(after).map_err(|_| "unknown after")?;
        if self.has_started(after) {
            return Err("started");
        }
        if self.start_is_needed(before, after) {
            return Err("cycle");
        }
        self.link(before, after, false);
        if let Some(blocker) = self.look_at_deps(after) {
            self.take_back(after);
            self.block(after, blocker);
        } else if self.is_held(after) && self.w(after).state != Pending {
            self.take_back(after);
            self.change(after, Pending);
        }
        Ok(true)
    }

    /// An edge that exists counts once; the stricter kind holds, and begins anew.
    pub(super) fn link(&mut self, before: usize, after: usize, settled: bool) {
        let same = |e: &&mut Edge| e.before == before && e.after == after;
        match self.edges.iter_mut().find(same) {
            Some(edge) if edge.settled && !settled => {
                edge.settled = false;
                edge.satisfied = false;
            }
            Some(_) => {}
            None => self.edges.push(Edge {
                before,
                after,
                settled,
                satisfied: false,
            }),
        }
    }

    fn has_started(&self, work: usize) -> bool {
        let w = self.w(work);
        match w.state {
            Pending => false,
            Queued => w.attempt > 0,
            Running => w.attempt > 1 || w.started || self.has_live_children(work),
            _ => true,
        }
    }

    /// Undoes what it has got towards its first turn.
    fn take_back(&mut self, work: usize) {
        self.not_ready(work);
        self.leave_queue(work);
        self.give_back(work);
        if self.w(work).state == Running {
            // The attempt has not been.
            self.disarm(work, TimerKind::AttemptTimeout);
            self.attempts -= 1;
            self.m(work).attempt = 0;
            self.m(work).in_attempt = false;
            self.m(work).granted = false;
        }
    }

    /// `restart`.
    pub fn restart(&mut self, pick: Pick) -> Option<Answer> {
        let work = self.picked(pick)?;
        Some(self.try_restart(work))
    }

    fn try_restart(&mut self, work: usize) -> Answer {
        self.known(work)?;
        if !self.w(work).state.is_settled() {
            return Err("not settled");
        }
        if self.closed {
            return Err("shut down");
        }
        if let Some(parent) = self.w(work).parent
            && (self.w(work).orphan || !self.takes_children(parent))
        {
            return Err("parent done");
        }
        if self.w(work).gone {
            return Err("gone");
        }
        let parent = self.w(work).parent;
        let waits = |before| parent.is_some_and(|parent| self.needs_settled(before, parent));
        let mut into = self
            .edges
            .iter()
            .filter(|e| e.after == work && !e.satisfied);
        if into.any(|e| waits(e.before)) {
            return Err("cycle");
        }
        self.give_back_asleep(parent);
        let from = self.w(work).state;
        let w = self.m(work);
        w.attempt = 0;
        w.retries_used = 0;
        w.granted = false;
        w.started = false;
        w.was_reset = false;
        w.by_parent = false;
        w.outcome = None;
        self.enter(work, Some(from));
        Ok(true)
    }
}
