//! Permits, and the queue for them.

use super::super::ops::Terms;
use super::{Model, TimerKind, Waiter};
use crankwork::WorkState::{Pending, Queued, Running};

impl Model {
    /// (pool, weight) of what is needed; pool 0 is the general one.
    pub(super) fn weights(terms: &Terms) -> Vec<(usize, u32)> {
        let all = [u32::from(!terms.no_permit), terms.pools[0], terms.pools[1]];
        let needed = |&(_, weight): &(usize, u32)| weight > 0;
        all.into_iter().enumerate().filter(needed).collect()
    }

    fn needs(&self, work: usize) -> Vec<(usize, u32)> {
        Model::weights(&self.w(work).terms)
    }

    pub(super) fn needs_none(&self, work: usize) -> bool {
        self.needs(work).is_empty()
    }

    pub(super) fn fits(&self, work: usize) -> bool {
        self.lacks(work).is_empty()
    }

    /// Whether it need not queue: it needs nothing, or there is enough and nobody waits.
    pub(super) fn is_free_for(&self, work: usize) -> bool {
        self.needs_none(work) || (self.queue.is_empty() && self.fits(work))
    }

    /// Pools that have too little left for it.
    fn lacks(&self, work: usize) -> Vec<usize> {
        let lacks = |&(pool, weight): &(usize, u32)| {
            self.pools[pool].used + weight > self.pools[pool].capacity
        };
        let needs = self.needs(work).into_iter();
        needs.filter(lacks).map(|(pool, _)| pool).collect()
    }

    pub(super) fn take_permits(&mut self, work: usize) {
        assert!(!self.w(work).holds);
        for (pool, weight) in self.needs(work) {
            self.pools[pool].used += weight;
        }
        self.m(work).holds = true;
    }

    pub(super) fn give_back(&mut self, work: usize) {
        if !self.w(work).holds {
            return;
        }
        for (pool, weight) in self.needs(work) {
            self.pools[pool].used -= weight;
        }
        self.m(work).holds = false;
    }

    pub(super) fn join_queue(&mut self, work: usize, returner: bool) {
        self.m(work).returner = returner;
        self.queue.push(Waiter { work, returner });
    }

    pub(super) fn leave_queue(&mut self, work: usize) {
        self.queue.retain(|waiter| waiter.work != work);
        self.m(work).returner = false;
    }

    /// Returners, then retries that go to the head, then the rest.
    fn class(&self, waiter: &Waiter) -> u8 {
        let w = self.w(waiter.work);
        match (waiter.returner, w.terms.head && w.granted) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        }
    }

    /// The first by (priority, class, arrival). A work may pass others that lack nothing of what it needs.
    pub(super) fn next_grant(&self) -> Option<usize> {
        let mut order: Vec<&Waiter> = self.queue.iter().collect();
        order.sort_by_key(|w| (-i32::from(self.w(w.work).terms.priority), self.class(w)));
        let mut lacking: Vec<usize> = Vec::new();
        for waiter in order {
            let lacks = self.lacks(waiter.work);
            let passes_nobody = || {
                let needs = self.needs(waiter.work);
                needs.iter().all(|(pool, _)| !lacking.contains(pool))
            };
            if lacks.is_empty() && passes_nobody() {
                return Some(waiter.work);
            }
            lacking.extend(lacks);
        }
        None
    }

    pub(super) fn grant(&mut self) {
        while let Some(work) = self.next_grant() {
            let returner = self.w(work).returner;
            self.leave_queue(work);
            if returner {
                self.take_permits(work);
                self.change(work, Running);
                self.push_ready(work);
            } else {
                self.begin(work);
            }
        }
    }

    pub(super) fn begin_attempt(&mut self, work: usize) {
        self.take_permits(work);
        let w = self.m(work);
        w.granted = true;
        w.attempt += 1;
        w.in_attempt = true;
        self.attempts += 1;
        if let Some(limit) = self.w(work).terms.attempt_timeout {
            let at = self.now.saturating_add(limit);
            self.arm(work, TimerKind::AttemptTimeout, at);
        }
        // A child that failed before the attempt began has failed in it.
        if self.w(work).first_failure.is_some() {
            self.fails_fast(work);
        }
    }

    /// Begins an attempt, and then those of its children that waited for that: level by level.
    pub(super) fn begin(&mut self, work: usize) {
        self.begin_attempt(work);
        self.change(work, Running);
        self.push_ready(work);
        let mut begun = vec![work];
        while !begun.is_empty() {
            for child in self.live_children(begun.remove(0)) {
                if self.w(child).state == Pending && !self.is_held(child) {
                    self.line_up(child, &mut begun);
                }
            }
        }
    }

    fn line_up(&mut self, work: usize, begun: &mut Vec<usize>) {
        if self.needs_none(work) {
            self.begin_attempt(work);
            self.change(work, Running);
            self.push_ready(work);
            begun.push(work);
        } else {
            self.change(work, Queued);
            self.join_queue(work, false);
        }
    }

    /// A joined work decides: at once if its permits are free.
    pub(super) fn rejoin(&mut self, work: usize) {
        if self.is_free_for(work) {
            self.take_permits(work);
        }
        self.want_turn(work);
    }

    /// A turn is wanted: at once if it holds its permits, else when it has them again.
    pub(super) fn want_turn(&mut self, work: usize) {
        if self.w(work).holds {
            self.change(work, Running);
            self.push_ready(work);
        } else if self.needs_none(work) {
            self.take_permits(work);
            self.change(work, Running);
            self.push_ready(work);
        } else {
            self.change(work, Queued);
            self.join_queue(work, true);
        }
    }

    /// `set_pool_capacity`.
    pub fn set_capacity(&mut self, pool: usize, capacity: u32) {
        self.pools[pool].capacity = capacity;
    }
}
