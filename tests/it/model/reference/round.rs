//! Cranks and rounds.

use super::super::ops::Nanos;
use super::super::scripted::{Entry, Kind};
use super::Model;
use crankwork::WorkState::{self, Aborting, Joining};

impl Model {
    /// `crank_work`: turns given and works settled.
    pub fn crank(&mut self, now: Nanos, budget: Option<u64>) -> (u64, u64) {
        self.now = self.now.max(now);
        let (turns, settled) = (self.turns, self.ever_settled);
        let mut most = budget.unwrap_or(u64::MAX);
        'rounds: while self.round_open || self.begin_round() {
            let turns_then = self.turns;
            while !self.round.is_empty() {
                let at = if self.reversed {
                    self.round.len() - 1
                } else {
                    0
                };
                let work = self.round.remove(at);
                self.turn(work);
                self.after_step();
                if self.turns - turns >= most {
                    if self.round.is_empty() {
                        self.end_round();
                    }
                    break 'rounds;
                }
            }
            self.end_round();
            // A round without a turn counts as one.
            if self.turns == turns_then {
                most -= 1;
                if self.turns - turns >= most {
                    break;
                }
            }
        }
        (self.turns - turns, self.ever_settled - settled)
    }

    fn begin_round(&mut self) -> bool {
        let timers = self.next_deadline().is_some_and(|at| at <= self.now);
        let ready = !self.next_round.is_empty();
        if !timers && !ready && !self.has_loose_ends() && self.next_grant().is_none() {
            return false;
        }
        self.round_open = true;
        self.fire_timers();
        self.after_step();
        self.round = std::mem::take(&mut self.next_round);
        true
    }

    /// FailFast parents whose child failed in this round fail now, and then their parents.
    fn end_round(&mut self) {
        self.round_open = false;
        loop {
            while !self.failing.is_empty() {
                let (parent, attempt) = self.failing.remove(0);
                self.fail_with_child(parent, attempt);
            }
            self.after_step();
            if self.failing.is_empty() {
                return;
            }
        }
    }

    fn fail_with_child(&mut self, parent: usize, attempt: u32) {
        let same = |w: &super::Work| w.attempt == attempt;
        if !self.works[parent].as_ref().is_some_and(same) || !self.is_in_attempt(parent) {
            return;
        }
        if let Some(failure) = self.m(parent).first_failure.take() {
            self.not_ready(parent);
            self.fail_attempt(parent, failure);
        }
    }

    /// At the end of this round the present attempt fails with its child.
    pub(super) fn fails_fast(&mut self, parent: usize) {
        let attempt = self.w(parent).attempt;
        self.failing.push((parent, attempt));
    }

    /// Ends what can end, calls callbacks, grants permits.
    fn after_step(&mut self) {
        loop {
            if !self.finishing.is_empty() {
                let work = self.finishing.remove(0);
                self.finish(work);
            } else if !self.callbacks.is_empty() {
                let (work, state) = self.callbacks.remove(0);
                self.log.push(Entry::Settled(work, state));
            } else {
                break;
            }
        }
        self.grant();
    }

    fn finish(&mut self, work: usize) {
        if self.works[work].is_none() || self.has_live_children(work) || self.is_ready(work) {
            return;
        }
        match self.w(work).state {
            Joining => self.succeed(work),
            Aborting => {
                let polite = self.w(work).abort.as_ref().is_some_and(|a| a.polite);
                if !polite || self.w(work).gone {
                    self.conclude(work);
                }
            }
            _ => {}
        }
    }

    /// A child has settled: its parent is woken, drained, joined, or fails.
    pub(super) fn child_settled(&mut self, parent: usize, child: usize) {
        let failed = self.counts_as_failed(child);
        if failed && !self.w(parent).terms.collect {
            let mut failure = vec![Kind::Child(child)];
            match self.w(child).state {
                WorkState::Cancelled => failure.push(Kind::Cancelled),
                _ => failure.extend(self.failure_of(child)),
            }
            if self.m(parent).first_failure.is_none() {
                self.m(parent).first_failure = Some(failure);
                // An attempt that has not begun fails when it begins.
                if self.is_in_attempt(parent) {
                    self.fails_fast(parent);
                }
            }
        }
        let live = self.has_live_children(parent);
        match self.w(parent).state {
            Joining if failed && self.w(parent).terms.collect => self.rejoin(parent),
            Joining if !live && self.w(parent).first_failure.is_none() => {
                self.finishing.push(parent);
            }
            Aborting if !live => self.drained(parent),
            _ => self.wake_up(parent),
        }
    }
}
