//! The end of attempts and works.

use super::super::ops::Hook;
use super::super::scripted::{Chain, Kind, Outcome};
use super::{Cause, Model, TimerKind};
use crankwork::WorkState::{self, Blocked, Cancelled, Failed, Pending, Retrying, Success};

impl Model {
    /// An attempt has failed: its children are drained first.
    pub(super) fn fail_attempt(&mut self, work: usize, failure: Chain) {
        self.m(work).releases = false;
        self.leave_queue(work);
        // The table lets only a running work fail at once, or one that panics at its end.
        let at_once = self.w(work).state == WorkState::Running || self.w(work).gone;
        if self.has_live_children(work) || !at_once {
            self.begin_abort(work, Cause::Failure(failure), false);
        } else {
            self.end_attempt(work, Cause::Failure(failure));
        }
    }

    /// The end of an abort.
    pub(super) fn conclude(&mut self, work: usize) {
        let abort = self.m(work).abort.take();
        let cause = abort.map_or(Cause::Cancel, |a| a.cause);
        self.end_attempt(work, cause);
    }

    fn end_attempt(&mut self, work: usize, cause: Cause) {
        let failure = match cause {
            Cause::Failure(failure) if failure[0] != Kind::Cancelled => failure,
            _ => {
                self.hook(work, Hook::Reset);
                self.give_back(work);
                return self.settle(work, Cancelled, None);
            }
        };
        if self.may_retry(work, &failure) {
            if self.hook(work, Hook::Retry) && self.hook(work, Hook::Reset) {
                return self.back_off(work, &failure);
            }
            return self.fail_for_good(work, vec![Kind::Panicked]);
        }
        let was_gone = self.w(work).gone;
        let fine = self.hook(work, Hook::Raise) && self.hook(work, Hook::Reset);
        match fine || was_gone {
            true => self.fail_for_good(work, failure),
            false => self.fail_for_good(work, vec![Kind::Panicked]),
        }
    }

    fn may_retry(&self, work: usize, failure: &Chain) -> bool {
        let w = self.w(work);
        let kind = matches!(
            failure[0],
            Kind::Error | Kind::RetryAfter(_) | Kind::AttemptTimeout(_) | Kind::Child(_)
        );
        let first = failure.iter().find(|kind| !matches!(kind, Kind::Child(_)));
        let is_final = matches!(first, Some(Kind::Fatal | Kind::Panicked | Kind::LostWake));
        let kind = kind && (w.terms.retry_fatal || !is_final);
        let too_late = w.deadline.is_some_and(|at| at <= self.now);
        kind && !w.gone && !too_late && w.retries_used < w.terms.retries
    }

    fn fail_for_good(&mut self, work: usize, failure: Chain) {
        self.give_back(work);
        self.settle(work, Failed, Some(failure));
    }

    fn back_off(&mut self, work: usize, failure: &Chain) {
        self.give_back(work);
        self.end_of_attempt(work);
        self.disarm(work, TimerKind::AttemptTimeout);
        self.disarm(work, TimerKind::Grace);
        let w = self.m(work);
        w.retries_used += 1;
        let delay = match failure[0] {
            Kind::RetryAfter(delay) => delay,
            _ => w.terms.backoff,
        };
        self.change(work, Retrying);
        self.reclaim();
        let at = self.now.saturating_add(delay);
        self.arm(work, TimerKind::Alarm, at);
        // It is armed anew, which counts in the arming order.
        if let Some(at) = self.w(work).deadline {
            self.arm(work, TimerKind::Deadline, at);
        }
    }

    /// Its children belong to nobody any more, and nothing that it watched concerns it.
    fn end_of_attempt(&mut self, work: usize) {
        let w = self.m(work);
        w.in_attempt = false;
        w.sleeps_until = None;
        w.expects = false;
        w.woken = false;
        w.cancelled = false;
        w.releases = false;
        w.first_failure = None;
        w.abort = None;
        self.watches.retain(|&(who, _)| who != work);
        self.disarm(work, TimerKind::Alarm);
        for child in self.children(work) {
            self.m(child).orphan = true;
        }
    }

    /// Settling one work may settle others: in the order in which they came up.
    pub(super) fn settle(&mut self, work: usize, state: WorkState, failure: Option<Chain>) {
        self.settling.push((work, state, failure));
        if !self.is_settling {
            self.settle_all();
        }
    }

    pub(super) fn settle_all(&mut self) {
        self.is_settling = true;
        while !self.settling.is_empty() {
            let (work, state, failure) = self.settling.remove(0);
            if self.works[work]
                .as_ref()
                .is_none_or(|w| w.state.is_settled())
            {
                continue;
            }
            let live = self.live_children(work);
            if live.is_empty() {
                self.leave_queue(work);
                self.change(work, state);
                self.has_settled(work, state, failure);
                continue;
            }
            // Without an attempt of its own its children have had none either.
            self.settling.insert(0, (work, state, failure));
            for child in live.into_iter().rev() {
                self.m(child).by_parent = true;
                self.settling.insert(0, (child, Cancelled, None));
            }
        }
        self.is_settling = false;
    }

    /// A work that is added or restarted as Blocked.
    pub(super) fn settle_from(
        &mut self,
        work: usize,
        from: Option<WorkState>,
        state: WorkState,
        failure: Option<Chain>,
    ) {
        self.enter_state(work, from, state);
        let is_settling = std::mem::replace(&mut self.is_settling, true);
        self.has_settled(work, state, failure);
        if !is_settling {
            self.settle_all();
        }
    }

    fn has_settled(&mut self, work: usize, state: WorkState, failure: Option<Chain>) {
        self.disarm_all(work);
        self.m(work).outcome = Some(match (state, &failure) {
            (Success, _) => Outcome::Success,
            (Cancelled, _) => Outcome::Cancelled,
            (Failed, Some(failure)) => Outcome::Failed(failure.clone()),
            (Blocked, Some(failure)) => match failure[0] {
                Kind::Blocked(root) => {
                    let cause = failure[1..].to_vec();
                    Outcome::Blocked(root, Some(cause).filter(|c| !c.is_empty()))
                }
                _ => unreachable!(),
            },
            _ => unreachable!("no failure"),
        });
        self.m(work).failure = failure;
        if std::mem::take(&mut self.m(work).callback) {
            self.callbacks.push((work, state));
        }
        self.end_of_attempt(work);
        self.tell_dependents(work, state);
        self.wake_watchers(work);
        if let Some(parent) = self.w(work).parent.filter(|_| !self.w(work).orphan) {
            self.child_settled(parent, work);
        }
        self.reclaim();
    }

    fn tell_dependents(&mut self, work: usize, state: WorkState) {
        for at in 0..self.edges.len() {
            let edge = self.edges[at];
            if edge.before != work || edge.satisfied {
                continue;
            }
            if edge.settled || state == Success {
                self.edges[at].satisfied = true;
                if self.state(edge.after) == Some(Pending) && !self.is_held(edge.after) {
                    self.admit(edge.after);
                }
            } else if self.state(edge.after) == Some(Pending) {
                self.block(edge.after, work);
            }
        }
    }

    /// It will never run; neither will what it owns.
    pub(super) fn block(&mut self, work: usize, blocker: usize) {
        let failure = self.blocked_by(blocker);
        self.settle(work, Blocked, Some(failure));
    }

    /// Its root cause is that of what blocks it.
    pub(super) fn blocked_by(&self, blocker: usize) -> Chain {
        let failure = self.failure_of(blocker);
        if let Some(Kind::Blocked(_)) = failure.first() {
            return failure;
        }
        let mut chain = vec![Kind::Blocked(blocker)];
        chain.extend(failure);
        chain
    }

    pub(super) fn failure_of(&self, work: usize) -> Chain {
        self.w(work).failure.clone().unwrap_or_default()
    }
}
