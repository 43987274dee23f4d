//! One turn of a work, and what follows from it.

use super::super::ops::{Action, End, Hook};
use super::super::scripted::{Answer, Entry, Kind};
use super::{Cause, Model, Notes, TimerKind};
use crankwork::WorkState::{Aborting, Joining, Queued, Running, Success, Waiting};

impl Model {
    pub(super) fn turn(&mut self, work: usize) {
        self.turns += 1;
        self.m(work).started = true;
        if !self.w(work).was_reset {
            self.m(work).was_reset = true;
            if !self.hook(work, Hook::Reset) {
                return self.broke_down(work);
            }
        }
        if self.w(work).gone {
            return self.broke_down(work);
        }
        if self.w(work).state == Aborting {
            return self.abort_turn(work);
        }
        self.disarm(work, TimerKind::Alarm);
        self.notes = Notes::default();
        self.m(work).expects = false;
        self.m(work).woken = false;
        self.in_turn = Some(work);
        let end = self.poll(work);
        self.in_turn = None;
        if let End::Panic = end {
            self.panicked(work);
            return self.broke_down(work);
        }
        if std::mem::take(&mut self.m(work).cancelled) {
            return self.abort(work, Cause::Cancel);
        }
        match end {
            End::Yield | End::Pending => self.paused(work),
            End::Succeed => self.ended_well(work),
            End::Fail => self.fail_attempt(work, vec![Kind::Error]),
            End::Fatal => self.fail_attempt(work, vec![Kind::Fatal]),
            End::RetryAfter(delay) => self.fail_attempt(work, vec![Kind::RetryAfter(delay)]),
            End::Cancelled => self.fail_attempt(work, vec![Kind::Cancelled]),
            End::Panic => unreachable!(),
        }
    }

    /// Plays the script's next turn.
    fn poll(&mut self, work: usize) -> End {
        let settled: Vec<usize> = self.children(work);
        let of = |state| {
            settled
                .iter()
                .filter(|&&c| self.w(c).state == state)
                .count()
        };
        let failed = settled
            .iter()
            .filter(|&&c| self.counts_as_failed(c))
            .count();
        let family = (self.live_children(work).len(), of(Success), failed);
        let attempt = self.w(work).attempt;
        self.log.push(Entry::Poll(work, attempt, self.now, family));
        let at = self.w(work).turn;
        let turns = &self.w(work).terms.script.turns;
        let turn = turns.get(at).cloned().unwrap_or_default();
        self.m(work).turn = (at + 1).min(self.w(work).terms.script.turns.len());
        for action in &turn.actions {
            self.counts.named("action", action);
            if let Some(answer) = self.act(work, action) {
                self.did(work, answer);
            }
        }
        self.counts.named("end", &turn.end);
        self.log.push(Entry::Ends(work, self.w(work).cancelled));
        self.notes.yielded = matches!(turn.end, End::Yield);
        turn.end
    }

    fn act(&mut self, work: usize, action: &Action) -> Option<Answer> {
        match *action {
            Action::WakeAfter(delay) => self.note_alarm(self.now.saturating_add(delay)),
            Action::Sleep(delay) => return Some(Ok(self.sleep(work, delay))),
            Action::WakeInThePast(ago) => self.note_alarm(self.now.saturating_sub(ago)),
            Action::ExpectWake => self.m(work).expects = true,
            Action::ReleasePermit => self.m(work).releases = true,
            Action::CancelChildren => self.cancel_children(work),
            Action::Watch(pick) => {
                let other = self.picked(pick)?;
                return Some(self.watch(work, other));
            }
            Action::Spawn(ref terms) => return Some(self.add_to(terms, Some(work))),
            Action::AddDependency(before, after) => {
                let (before, after) = (self.picked(before)?, self.picked(after)?);
                return Some(self.add_dependency(before, after));
            }
            Action::Wake(pick) => {
                let other = self.picked(pick)?;
                return Some(self.wake(other));
            }
            Action::WakeSelf => return Some(self.wake(work)),
            Action::Cancel(pick) => {
                let other = self.picked(pick)?;
                if self.live_children(work).contains(&other) {
                    self.m(other).by_parent = true;
                }
                return Some(self.cancel(other));
            }
            Action::CancelSelf => return Some(self.cancel(work)),
        }
        None
    }

    pub(super) fn note_alarm(&mut self, at: u64) {
        self.notes.alarm = Some(self.notes.alarm.map_or(at, |earlier| earlier.min(at)));
    }

    /// Whether the sleep is over; if not, its end is an alarm.
    fn sleep(&mut self, work: usize, delay: u64) -> bool {
        let begun = self.w(work).sleeps_until;
        let until = begun.unwrap_or(self.now.saturating_add(delay));
        let over = begun.is_some() && until <= self.now;
        self.m(work).sleeps_until = Some(until).filter(|_| !over);
        if !over {
            self.note_alarm(until);
        }
        over
    }

    fn watch(&mut self, work: usize, other: usize) -> Answer {
        self.known(other)?;
        if other == work || self.w(other).state.is_settled() {
            return Ok(false);
        }
        if !self.watches.contains(&(work, other)) {
            self.watches.push((work, other));
        }
        Ok(true)
    }

    /// `Pending`.
    fn paused(&mut self, work: usize) {
        let woken = std::mem::take(&mut self.m(work).woken);
        if std::mem::take(&mut self.m(work).releases) {
            self.give_back(work);
        }
        if woken || self.notes.yielded {
            if self.w(work).holds || self.needs_none(work) {
                self.m(work).holds = true;
                self.counts.edge(Some(Running), Running);
                self.push_ready(work);
            } else {
                self.change(work, Queued);
                self.join_queue(work, true);
            }
            return;
        }
        // The end of the round fails it anyway, if a child has failed.
        if !self.has_source(work) && self.w(work).first_failure.is_none() {
            self.counts.name("end", "LostWake");
            return self.fail_attempt(work, vec![Kind::LostWake]);
        }
        if let Some(at) = self.notes.alarm {
            self.arm(work, TimerKind::Alarm, at);
        }
        if self.has_live_children(work) {
            self.give_back(work);
        }
        self.change(work, Waiting);
    }

    /// `Ok`.
    fn ended_well(&mut self, work: usize) {
        self.m(work).releases = false;
        if let Some(failure) = self.m(work).first_failure.take() {
            return self.fail_attempt(work, failure);
        }
        if self.has_live_children(work) {
            self.give_back(work);
            return self.change(work, Joining);
        }
        self.succeed(work);
    }

    pub(super) fn succeed(&mut self, work: usize) {
        if !self.hook(work, Hook::Success) {
            return self.broke_down(work);
        }
        self.give_back(work);
        self.settle(work, Success, None);
    }

    /// Calls a hook; `false` if it panicked, or there is nobody to call.
    pub(super) fn hook(&mut self, work: usize, hook: Hook) -> bool {
        let w = self.m(work);
        if w.gone {
            return false;
        }
        if hook == Hook::Reset {
            w.aborts = 0;
            if w.terms.script.rewind {
                w.turn = 0;
            }
        }
        let panics = w.terms.script.panics_in == Some(hook);
        let attempt = w.attempt;
        self.log.push(Entry::Hook(work, hook, attempt, self.now));
        self.counts.named("hook", &hook);
        if panics {
            self.panicked(work);
        }
        !panics
    }

    pub(super) fn panicked(&mut self, work: usize) {
        self.panics += 1;
        let w = self.m(work);
        w.gone = true;
        if let Some(abort) = &mut w.abort
            && abort.cause != Cause::Cancel
        {
            abort.cause = Cause::Failure(vec![Kind::Panicked]);
        }
    }

    /// It panicked: what is left is to end its attempt.
    fn broke_down(&mut self, work: usize) {
        if self.w(work).state == Aborting {
            return self.conclude(work);
        }
        if std::mem::take(&mut self.m(work).cancelled) {
            return self.abort(work, Cause::Cancel);
        }
        self.fail_attempt(work, vec![Kind::Panicked]);
    }
}
