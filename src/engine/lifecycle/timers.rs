//! The timers of a work: its alarm, and the limits that few works have (`store/limits.rs` lists them).
//!
//! The wheel knows the owner of a timer and whether it is a limit. The key tells which limit it is. So all kinds of
//! limits take one bit of a timer's owner.
//!
//! Invariant: each key that a work has is armed in the wheel. A timer that fires is forgotten before the engine acts
//! on it.

use crate::engine::Engine;
use crate::engine::decision::{Asked, DecisionKind, TimerKind};
use crate::engine::store::limits::Limit;
use crate::time::{Time, TimerKey};
use crate::work::{FailureKind, WorkState};

/// The bit of a timer's owner that tells a limit from an alarm; the rest is the slot.
const IS_LIMIT: u32 = 1 << 31;

impl Engine {
    // ---- arming ----

    /// Arms the alarm of a work.
    pub(crate) fn arm_alarm(&mut self, slot: u32, at: Time) {
        let key = self.wheel.arm(at, slot);
        self.arena.at_mut(slot).alarm = Some(key);
    }

    /// Drops the alarm of a work, if it has one.
    pub(crate) fn disarm_alarm(&mut self, slot: u32) {
        if let Some(key) = self.arena.at_mut(slot).alarm.take() {
            self.wheel.cancel(key);
        }
    }

    /// Arms one limit of a work.
    pub(crate) fn arm_limit(&mut self, slot: u32, limit: Limit, at: Time) {
        let key = self.wheel.arm(at, slot | IS_LIMIT);
        let place = &mut self.arena.extension_or_new(slot).limits.0[limit as usize];
        debug_assert!(place.is_none(), "{limit:?} is armed twice");
        *place = Some(key);
    }

    /// Drops one limit of a work, if it is armed.
    pub(crate) fn disarm_limit(&mut self, slot: u32, limit: Limit) {
        let extension = self.arena.extension_mut(slot);
        if let Some(key) = extension.and_then(|extension| extension.limits.0[limit as usize].take())
        {
            self.wheel.cancel(key);
        }
    }

    /// Drops every timer of a work.
    pub(crate) fn disarm_all(&mut self, slot: u32) {
        self.disarm_alarm(slot);
        if let Some(extension) = self.arena.extension_mut(slot) {
            for (_, key) in std::mem::take(&mut extension.limits).armed() {
                self.wheel.cancel(key);
            }
        }
    }

    /// Returns the keys of all timers that a work has.
    pub(crate) fn timers_of(&self, slot: u32) -> impl Iterator<Item = TimerKey> {
        let limits = self.arena.extension(slot).map(|extension| extension.limits);
        let limits = limits.unwrap_or_default();
        let keys = limits.0.into_iter().chain([self.arena.at(slot).alarm]);
        keys.flatten()
    }

    // ---- firing ----

    /// Fires the timers that are due, in the order of deadlines, then of arming. Timers armed meanwhile wait for the
    /// next round, even if they are due. Stops, and returns true, where a deferred entry is to be dealt with first.
    pub(crate) fn fire_due(&mut self) -> bool {
        while let Some((key, at, owner)) = self.pop_due() {
            self.fire(key, at, owner);
            if !self.deferred.is_empty() {
                return true;
            }
        }
        false
    }

    /// Takes the next due timer from the wheel.
    #[inline]
    fn pop_due(&mut self) -> Option<(TimerKey, Time, u32)> {
        match self.deciding {
            None => self.wheel.pop_due_key(),
            Some(_) => self.pop_due_as_decided(),
        }
    }

    /// Takes the timer that the decider picks among the timers of one instant. One at a time, since firing one may
    /// cancel others.
    fn pop_due_as_decided(&mut self) -> Option<(TimerKey, Time, u32)> {
        let mut asked = self.take_asked();
        asked.extend(self.wheel.due_tied().map(|(key, owner)| Asked {
            slot: owner & !IS_LIMIT,
            timer: Some(self.timer_kind(key, owner)),
        }));
        let answer = self.decide_among(DecisionKind::TimerTie, asked);
        let (key, owner) = self.wheel.due_tied().nth(answer)?;
        let at = self.wheel.deadline(key);
        self.wheel.cancel(key);
        Some((key, at, owner))
    }

    /// Returns what a timer is for.
    fn timer_kind(&self, key: TimerKey, owner: u32) -> TimerKind {
        let slot = owner & !IS_LIMIT;
        if owner & IS_LIMIT == 0 {
            return match self.arena.at(slot).state {
                WorkState::Retrying => TimerKind::Backoff,
                _ => TimerKind::Alarm,
            };
        }
        let extension = self.arena.extension(slot);
        match extension.and_then(|extension| extension.limits.find(key)) {
            Some(Limit::Deadline) => TimerKind::Deadline,
            Some(Limit::AttemptTimeout) => TimerKind::AttemptTimeout,
            Some(Limit::Grace) | None => TimerKind::Grace,
        }
    }

    /// Acts on a timer that the wheel has let go of.
    fn fire(&mut self, key: TimerKey, at: Time, owner: u32) {
        let slot = owner & !IS_LIMIT;
        let mut fired = None;
        if owner & IS_LIMIT == 0 {
            self.arena.at_mut(slot).alarm = None;
        } else if let Some(extension) = self.arena.extension_mut(slot) {
            fired = extension.limits.find(key);
            if let Some(limit) = fired {
                extension.limits.0[limit as usize] = None;
            }
        }
        match self.strongest(slot, at, fired) {
            Some(limit) => self.limit_reached(slot, limit, at),
            None if self.arena.at(slot).state == WorkState::Retrying => {
                self.fruitless.stir();
                self.rejoin(slot);
            }
            None => self.rouse(slot),
        }
    }

    /// Returns the limit that wins among a work's timers of one instant, or `None` for the alarm. The other timers
    /// mean nothing once the winner has been acted on.
    fn strongest(&self, slot: u32, at: Time, fired: Option<Limit>) -> Option<Limit> {
        let extension = self.arena.extension(slot)?;
        let mut armed = extension.limits.armed();
        let due = armed.find(|&(_, key)| self.wheel.deadline(key) == at);
        let due = due.map(|(limit, _)| limit);
        [fired, due]
            .into_iter()
            .flatten()
            .min_by_key(|&limit| limit as usize)
    }

    /// Acts on a limit.
    fn limit_reached(&mut self, slot: u32, limit: Limit, at: Time) {
        match limit {
            Limit::Deadline => self.limit(slot, FailureKind::Deadline(at)),
            Limit::AttemptTimeout => {
                let extension = self.arena.extension(slot);
                let limit = extension.and_then(|extension| extension.extras.attempt_timeout);
                let limit = limit.unwrap_or_default();
                self.limit(slot, FailureKind::AttemptTimeout(limit));
            }
            Limit::Grace => self.grace_is_over(slot),
        }
    }
}
