//! Sleeping, waking, timers.

use super::super::scripted::{Answer, Kind};
use super::{Cause, Model, Timer, TimerKind};
use crankwork::WorkState::{Aborting, Retrying, Running, Waiting};

impl Model {
    /// `wake`.
    pub fn wake(&mut self, work: usize) -> Answer {
        self.known(work)?;
        if self.w(work).state.is_settled() {
            return Ok(false);
        }
        self.wake_up(work);
        Ok(true)
    }

    /// A wake from anywhere.
    pub(super) fn wake_up(&mut self, work: usize) {
        if self.in_turn == Some(work) {
            self.m(work).woken = true;
            return;
        }
        match self.w(work).state {
            Waiting => {
                self.wakes_from_sleep(work);
                self.want_turn(work);
            }
            Aborting if self.sleeps_in_abort(work) => {
                self.wakes_from_sleep(work);
                self.push_ready(work);
            }
            _ => {}
        }
    }

    fn wakes_from_sleep(&mut self, work: usize) {
        self.disarm(work, TimerKind::Alarm);
        self.m(work).expects = false;
    }

    /// Has had a turn of its abort, and said Pending.
    fn sleeps_in_abort(&self, work: usize) -> bool {
        let polite = self.w(work).abort.as_ref().is_some_and(|a| a.polite);
        polite && self.w(work).aborts > 0 && !self.is_ready(work) && !self.has_live_children(work)
    }

    /// Works that watch it are woken, in the order in which they began to.
    pub(super) fn wake_watchers(&mut self, of: usize) {
        let (its, others) = self.watches.iter().partition(|(_, whom)| *whom == of);
        self.watches = others;
        let its: Vec<(usize, usize)> = its;
        for (who, _) in its {
            self.wake_up(who);
        }
    }

    pub(super) fn is_watching(&self, work: usize) -> bool {
        self.watches.iter().any(|&(who, _)| who == work)
    }

    /// Whether anything will wake the work after a turn that says Pending.
    pub(super) fn has_source(&self, work: usize) -> bool {
        let w = self.w(work);
        self.notes.alarm.is_some()
            || w.expects
            || self.is_watching(work)
            || self.has_live_children(work)
    }

    /// All timers that are due by now, by deadline, then arming order.
    pub(super) fn fire_timers(&mut self) {
        let mut due: Vec<Timer> = self.timers.clone();
        due.retain(|t| t.at <= self.now);
        due.sort_by_key(|t| (t.at, t.order));
        for timer in due {
            let armed = |t: &Timer| t.order == timer.order;
            if self.timers.iter().any(armed) {
                self.fire_best(timer);
            }
        }
    }

    /// If one work has several timers at one instant, the earliest kind counts.
    fn fire_best(&mut self, timer: Timer) {
        let same = |t: &&Timer| t.work == timer.work && t.at == timer.at;
        let best = self.timers.iter().filter(same).min_by_key(|t| t.kind);
        let best = *best.expect("the timer itself");
        self.disarm(best.work, best.kind);
        self.fire(best);
    }

    fn fire(&mut self, timer: Timer) {
        let work = timer.work;
        match timer.kind {
            TimerKind::Deadline => {
                let failure = vec![Kind::Deadline(timer.at)];
                self.abort(work, Cause::Failure(failure));
            }
            TimerKind::AttemptTimeout => {
                let limit = self.w(work).terms.attempt_timeout.unwrap_or(0);
                self.abort(work, Cause::Failure(vec![Kind::AttemptTimeout(limit)]));
            }
            TimerKind::Grace => self.force(work),
            TimerKind::Alarm if self.w(work).state == Retrying => self.admit(work),
            TimerKind::Alarm => self.wake_up(work),
        }
    }

    /// Whether a state is one in which it may be asleep or running within an attempt.
    pub(super) fn is_in_attempt(&self, work: usize) -> bool {
        let w = self.w(work);
        matches!(w.state, Running | Waiting | crankwork::WorkState::Joining) || w.returner
    }
}
