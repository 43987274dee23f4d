//! When to crank again.

use super::super::ops::Nanos;
use super::Model;
use crankwork::{Next, Time, WorkState};

impl Model {
    /// Returns what `next` must be.
    pub fn next(&self) -> Next {
        let ready = !self.round.is_empty() || !self.next_round.is_empty();
        if ready || self.has_loose_ends() || self.next_grant().is_some() {
            return Next::Now;
        }
        match self.next_deadline() {
            Some(at) if at <= self.now => Next::Now,
            Some(at) => Next::At(Time::from_nanos(at)),
            None if self.is_idle() => Next::Idle,
            None if self.waits_for_outside() => Next::External,
            None => Next::Stalled,
        }
    }

    pub(super) fn has_loose_ends(&self) -> bool {
        !self.finishing.is_empty() || !self.failing.is_empty() || !self.callbacks.is_empty()
    }

    /// The earliest timer.
    pub fn next_deadline(&self) -> Option<Nanos> {
        self.timers.iter().map(|t| t.at).min()
    }

    fn is_idle(&self) -> bool {
        self.works.iter().flatten().all(|w| w.state.is_settled())
    }

    /// Whether the host may still wake somebody.
    fn waits_for_outside(&self) -> bool {
        let asleep = |state| matches!(state, WorkState::Waiting | WorkState::Aborting);
        let mut works = self.works.iter().flatten();
        works.any(|w| asleep(w.state) && w.expects)
    }
}
