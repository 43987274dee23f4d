//! The settle phase: once faults have ended, `eventually` conditions must come true in time.

use super::{Sim, When};
use crate::Time;
use crate::explore::verdict::Verdict;
use std::time::Duration;

/// How long that may take unless the search says otherwise. It counts only where a search has faults: a run without any
/// may sleep as long as it likes.
const USUAL: Duration = Duration::from_secs(600);

/// The progress of a run, as far as it counts for the settle phase.
#[derive(Default)]
pub(super) struct Settling {
    /// How many conditions hold, and how many works have settled.
    reached: (usize, u64),
    /// When there was progress last.
    at: Time,
    /// When the last message arrives that was under way as all conditions came to hold.
    end: Option<Time>,
}

impl Sim {
    /// Fails the run if it has had no progress for too long, before time moves on to `next`.
    pub(super) fn check_settling(&mut self, next: Time) {
        let core = self.core.borrow();
        let usual = core.faults.is_allowed().then_some(USUAL);
        let last_fault = core.faults.last();
        drop(core);
        let mut at_the_end = self.at_the_end().peekable();
        let Some(budget) = self.limits.settle.or(usual) else {
            return;
        };
        if at_the_end.peek().is_none() {
            return;
        }
        let world = self.world();
        let holding = at_the_end.filter(|it| (it.check)(&world)).count();
        let settled = self.nodes.iter().map(|node| node.settled()).sum();
        if (holding, settled) != self.settling.reached {
            self.settling = Settling {
                reached: (holding, settled),
                at: self.now,
                end: None,
            };
        }
        let end = last_fault.max(self.settling.at).saturating_add(budget);
        if next > end {
            self.set_now(end);
            self.fail_unsettled(budget);
        }
    }

    /// Returns whether all `eventually` conditions hold, and nothing but timers can go on. Messages that are under way
    /// and nodes that are down are waited for, since they may break what holds. Those sent later are not, or nodes that
    /// never rest would keep a run from its end.
    #[inline]
    pub(super) fn has_settled(&mut self) -> bool {
        let mut at_the_end = self.at_the_end().peekable();
        let all_hold = at_the_end.peek().is_some()
            && self.is_waiting()
            && !self.core.borrow().rules.is_blocking()
            && at_the_end.all(|condition| (condition.check)(&self.world()));
        drop(at_the_end);
        if !all_hold {
            self.settling.end = None;
            return false;
        }
        let end = self.settling.end.unwrap_or_else(|| {
            let messages = self.links.iter().filter_map(|link| link.last());
            let restarts = self.restarts.iter().map(|&(at, _)| at);
            messages.chain(restarts).max().unwrap_or(self.now)
        });
        self.settling.end = Some(end);
        self.now >= end
    }

    fn fail_unsettled(&self, budget: Duration) {
        let world = self.world();
        let failed = self.at_the_end().find(|it| !(it.check)(&world));
        if let Some(condition) = failed {
            super::running::fail(Verdict::Unsettled(condition.name.clone(), budget));
        }
    }

    /// Returns the conditions that must hold at the end.
    pub(super) fn at_the_end(&self) -> impl Iterator<Item = &super::Condition> {
        let conditions = self.conditions.iter();
        conditions.filter(|it| it.when == When::AtTheEnd)
    }
}
