//! Sleeping and waking: alarms, watches, remote wakers, and what a timer does when it fires.
//!
//! A sleeper has at least one thing that can wake it, or its attempt fails (`LostWake`). A wake drops the alarm, since
//! the turn that it brings would.

use super::WorkScheduler;
use super::decide::DecisionKind;
use super::inbox::Witness;
use super::record::{flag, mark};
use crate::time::Time;
use crate::work::{FailureKind, WorkId, WorkState};
use std::sync::atomic::{Ordering, fence};

/// What a timer of a work is for. At one instant the earlier kind wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum TimerKind {
    Deadline = 0,
    AttemptTimeout = 1,
    Grace = 2,
    Alarm = 3,
}

impl TimerKind {
    /// What the wheel stores: the slot, and the kind in the two highest bits.
    pub fn owner(self, slot: u32) -> u32 {
        slot | (self as u32) << 30
    }

    fn of(owner: u32) -> (u32, TimerKind) {
        let kind = match owner >> 30 {
            0 => TimerKind::Deadline,
            1 => TimerKind::AttemptTimeout,
            2 => TimerKind::Grace,
            _ => TimerKind::Alarm,
        };
        (owner & ((1 << 30) - 1), kind)
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    // ---- waking ----

    /// Gives a sleeping work a turn. A work that has a turn coming has no more than that; one that is Pending, Queued,
    /// Retrying, Joining or settled ignores it. The answer is whether the work has not settled. O(1).
    ///
    /// # Errors
    /// The id names no work of this scheduler.
    pub fn wake(&mut self, id: impl Into<WorkId>) -> Result<bool, super::UnknownWork> {
        let slot = self.lookup(id.into())?;
        self.wake_slot(slot);
        Ok(!self.arena.at(slot).state.is_settled())
    }

    pub(super) fn wake_slot(&mut self, slot: u32) {
        self.fruitless.stir();
        self.rouse(slot);
    }

    /// As [`Self::wake_slot`], by the work's own alarm.
    fn rouse(&mut self, slot: u32) {
        let record = self.arena.at(slot);
        match record.state {
            WorkState::Running | WorkState::Aborting if record.flags.has(flag::IN_TURN) => {
                self.arena.set(slot, flag::WOKEN);
            }
            WorkState::Waiting => {
                self.disarm_alarm(slot);
                self.not_external(slot);
                self.want_turn(slot);
            }
            // Asleep in `on_abort`; while children end it waits for them alone.
            WorkState::Aborting if self.sleeps_in_abort(slot) => {
                self.disarm_alarm(slot);
                self.not_external(slot);
                self.ready.push(&mut self.arena, slot);
            }
            _ => {}
        }
    }

    /// Has had a turn of its abort, and is to have more. (Without a body it has none: it ends as soon as it may.)
    fn sleeps_in_abort(&self, slot: u32) -> bool {
        let polite = self
            .arena
            .rare(slot)
            .and_then(|rare| rare.abort.as_ref())
            .is_some_and(|abort| abort.polite);
        let record = self.arena.at(slot);
        polite
            && record.body.is_there()
            && !record.flags.has(flag::READY)
            && self.arena.live_children(slot) == 0
    }

    /// A turn in the middle of an attempt: at once if it holds its permit, else as soon as it has it back.
    pub(super) fn want_turn(&mut self, slot: u32) {
        let state = self.arena.at(slot).state;
        let joining = state == WorkState::Joining;
        let free_now =
            joining && self.permits.waiting() == 0 && self.permits.fits(&self.arena, slot);
        if self.arena.is(slot, flag::PERMIT)
            || free_now
            || self.permits.needs_none(&self.arena, slot)
        {
            if !self.arena.is(slot, flag::PERMIT) {
                self.permits.take(&mut self.arena, slot);
            }
            self.change(slot, Some(state), WorkState::Running);
            self.ready.push(&mut self.arena, slot);
        } else {
            self.arena.set(slot, flag::RETURNER);
            self.change(slot, Some(state), WorkState::Queued);
            self.permits.join(&mut self.arena, slot);
        }
    }

    pub(super) fn not_external(&mut self, slot: u32) {
        if self.arena.take(slot, flag::EXTERNAL) {
            self.arena.at_mut(slot).marks &= !mark::EXPECTS_WAKE;
            self.external_sleepers -= 1;
        }
    }

    // ---- going to sleep ----

    /// Whether something can wake a work that has just returned `Pending`, other than a limit.
    pub(super) fn has_source(&self, slot: u32) -> bool {
        if self.notes.alarm.is_some() || self.notes.expects_wake {
            return true;
        }
        self.has_outer_source(slot) || self.has_inner_source(slot)
    }

    /// Whether something outside the scheduler may wake it, of which the scheduler knows.
    fn has_outer_source(&self, slot: u32) -> bool {
        let rare = self.arena.rare(slot);
        rare.is_some_and(|rare| rare.has_remote() || rare.sources.any_live())
    }

    /// Whether the work's only source was a remote waker that has died before the turn was over. It is then woken, as
    /// if that had happened a moment later; but only once until it next sleeps.
    pub(super) fn has_just_lost_waker(&mut self, slot: u32) -> bool {
        let dead = self
            .arena
            .rare_mut(slot)
            .and_then(|rare| rare.remote.take());
        // Who let go of the waker last did so after its wakes: they are in the inbox, and the next round sees them.
        fence(Ordering::Acquire);
        let marks = &mut self.arena.at_mut(slot).marks;
        let first = dead.is_some() && *marks & mark::DEAD_WAKER == 0;
        *marks |= mark::DEAD_WAKER;
        first
    }

    /// Arms what the turn asked for, and notes whether something outside may wake the work.
    pub(super) fn arm_sleeper(&mut self, slot: u32) {
        if let Some(at) = self.notes.alarm {
            self.arm_alarm(slot, at);
            self.note_armed();
        }
        self.arena.at_mut(slot).marks &= !mark::DEAD_WAKER;
        if self.has_outer_source(slot) || self.notes.expects_wake {
            self.arena.set(slot, flag::EXTERNAL);
            if self.notes.expects_wake {
                self.arena.at_mut(slot).marks |= mark::EXPECTS_WAKE;
            }
            self.external_sleepers += 1;
        }
    }

    pub(super) fn arm_alarm(&mut self, slot: u32, at: Time) {
        let key = self.wheel.arm(at, TimerKind::Alarm.owner(slot));
        self.arena.at_mut(slot).alarm = Some(key);
    }

    pub(super) fn disarm_alarm(&mut self, slot: u32) {
        if let Some(key) = self.arena.at_mut(slot).alarm.take() {
            self.wheel.cancel(key);
        }
    }

    /// Drops the limit of the present attempt.
    pub(super) fn disarm_attempt(&mut self, slot: u32) {
        if let Some(key) = self
            .arena
            .rare_mut(slot)
            .and_then(|rare| rare.timeout.take())
        {
            self.wheel.cancel(key);
        }
    }

    /// Drops every timer of a work.
    pub(super) fn disarm_all(&mut self, slot: u32) {
        self.disarm_alarm(slot);
        if let Some(rare) = self.arena.rare_mut(slot) {
            let keys = [rare.deadline.take(), rare.timeout.take(), rare.grace.take()];
            for key in keys.into_iter().flatten() {
                self.wheel.cancel(key);
            }
        }
    }

    // ---- watching, and wakers of other threads ----

    /// Wakes `watcher` when `slot` settles; `false` if that will not come. One that watches already is entered once.
    pub(super) fn watch_slot(&mut self, watcher: u32, slot: u32) -> bool {
        if watcher == slot || self.arena.at(slot).state.is_settled() {
            return false;
        }
        let (witness, id) = (self.arena.witness(watcher), self.id(slot));
        if self.arena.rare_or_new(watcher).watching.insert(id) {
            self.drop_old_watchers(slot);
            self.arena.rare_or_new(slot).watchers.push(witness);
        }
        true
    }

    /// Watchers whose attempt has ended stay in the list; now and then it is cleared of them, so that works that watch
    /// for ever, one attempt after another, do not fill it. Amortised O(1).
    fn drop_old_watchers(&mut self, slot: u32) {
        const FEWEST: usize = 32;
        let watchers = &mut self.arena.rare_or_new(slot).watchers;
        if watchers.len() >= FEWEST && watchers.len() == watchers.capacity() {
            let mut kept = std::mem::take(watchers);
            kept.retain(|&witness| self.arena.is_present(witness));
            self.arena.rare_or_new(slot).watchers = kept;
        }
    }

    /// The attempt is over: it watches nothing any more.
    pub(super) fn unwatch_all(&mut self, watcher: u32) {
        if let Some(rare) = self.arena.rare_mut(watcher) {
            rare.watching.clear();
        }
    }

    /// The work has settled: its watchers have a turn, and watch it no more.
    pub(super) fn wake_watchers(&mut self, slot: u32) {
        let Some(rare) = self.arena.rare_mut(slot) else {
            return;
        };
        let watchers = std::mem::take(&mut rare.watchers);
        let id = self.id(slot);
        for witness in watchers {
            if self.arena.is_present(witness) {
                let rare = self.arena.rare_mut(witness.slot);
                if rare.is_some_and(|rare| rare.watching.remove(&id)) {
                    self.wake_slot(witness.slot);
                }
            }
        }
    }

    /// The last clone of a remote waker, or a registered source, is gone; a sleeper that has lost its last source is woken.
    pub(super) fn outside_lost(&mut self, witness: Witness) {
        if !self.arena.is_present(witness) {
            return;
        }
        let slot = witness.slot;
        if self.has_outer_source(slot) {
            return;
        }
        let record = self.arena.at(slot);
        let only_outside =
            record.flags.has(flag::EXTERNAL) && record.marks & mark::EXPECTS_WAKE == 0;
        if only_outside {
            self.not_external(slot);
            if self.arena.at(slot).alarm.is_none() && !self.has_inner_source(slot) {
                self.wake_slot(slot);
            }
        }
    }

    fn has_inner_source(&self, slot: u32) -> bool {
        self.arena.rare(slot).is_some_and(|rare| {
            rare.family.live > 0
                || !rare.watching.is_empty()
                || !rare.errands.outstanding.is_empty()
        })
    }

    // ---- timers ----

    /// Fires what is due: in the order of deadlines, then of arming. What is armed meanwhile waits for the next round,
    /// even if it is due.
    pub(super) fn fire_timers(&mut self) {
        self.wheel.advance(self.now);
        if self.decider.is_some() {
            return self.fire_timers_as_decided();
        }
        while let Some((at, owner)) = self.wheel.pop_due() {
            self.fire(at, owner);
        }
    }

    /// Among the timers of one instant the decider picks, one at a time: firing one may cancel others.
    fn fire_timers_as_decided(&mut self) {
        loop {
            let tied: Vec<_> = self.wheel.due_tied().collect();
            let slots: Vec<u32> = tied
                .iter()
                .map(|&(_, owner)| TimerKind::of(owner).0)
                .collect();
            match tied.get(self.decide_slots(DecisionKind::TimerTie, &slots)) {
                Some(&(key, owner)) => {
                    let at = self.wheel.deadline(key);
                    self.wheel.cancel(key);
                    self.fire(at, owner);
                }
                None => return,
            }
        }
    }

    fn fire(&mut self, at: Time, owner: u32) {
        let (slot, fired) = TimerKind::of(owner);
        self.forget_key(slot, fired);
        match self.strongest(slot, at, fired) {
            TimerKind::Deadline => self.limit(slot, FailureKind::Deadline(at)),
            TimerKind::AttemptTimeout => {
                let extras = self
                    .arena
                    .rare(slot)
                    .and_then(|rare| rare.extras.attempt_timeout);
                self.limit(
                    slot,
                    FailureKind::AttemptTimeout(extras.unwrap_or_default()),
                );
            }
            TimerKind::Grace => self.grace_is_over(slot),
            TimerKind::Alarm if self.arena.at(slot).state == WorkState::Retrying => {
                self.fruitless.stir();
                self.rejoin(slot)
            }
            TimerKind::Alarm => self.rouse(slot),
        }
    }

    /// The kind that wins among a work's timers of one instant; the others are moot once it has been acted on.
    fn strongest(&self, slot: u32, at: Time, fired: TimerKind) -> TimerKind {
        let Some(rare) = self.arena.rare(slot) else {
            return fired;
        };
        let armed = [
            (TimerKind::Deadline, rare.deadline),
            (TimerKind::AttemptTimeout, rare.timeout),
            (TimerKind::Grace, rare.grace),
        ];
        let due = armed
            .iter()
            .find(|(_, key)| key.is_some_and(|key| self.wheel.deadline(key) == at));
        due.map_or(fired, |&(kind, _)| kind.min(fired))
    }

    /// The wheel has let go of this timer.
    fn forget_key(&mut self, slot: u32, kind: TimerKind) {
        if kind == TimerKind::Alarm {
            self.arena.at_mut(slot).alarm = None;
        } else if let Some(rare) = self.arena.rare_mut(slot) {
            match kind {
                TimerKind::Deadline => rare.deadline = None,
                TimerKind::AttemptTimeout => rare.timeout = None,
                _ => rare.grace = None,
            }
        }
    }
}
