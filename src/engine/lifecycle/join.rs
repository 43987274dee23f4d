//! Joins: what a child's end means to its parent.
//!
//! Invariant: `live` is the number of unsettled children in the list. `succeeded` and `failed` count settled children
//! that the parent still has.
//!
//! | parent | what the end of a child does |
//! | --- | --- |
//! | in its turn | if the turn ends as Pending, another one follows |
//! | Waiting | the parent wakes |
//! | Joining, `Collect` | a failed child gives the parent a turn |
//! | Joining, no child failed | the last child lets the attempt succeed |
//! | in an attempt, `FailFast` | the first failed child fails it at the end of the round |
//! | Aborting | the last child lets the abort go on |

use crate::engine::store::flags::flag;
use crate::engine::{Engine, Retain};
use crate::work::{Failure, FailureKind, OnChildFailure, WorkState};

impl Engine {
    /// Counts a settled child, and lets the parent go on if that was what it waited for.
    ///
    /// The child is in its settled state. O(1).
    pub(crate) fn child_settled(&mut self, parent: u32, child: u32) {
        let bad = self.counts_as_failed(child);
        let fail_fast = self.fails_fast(parent);
        let success = self.arena.at(child).state == WorkState::Success;
        let in_turn = self.arena.is(parent, flag::IN_TURN);
        let state = self.arena.at(parent).state;
        let join = &mut self.arena.extension_or_new(parent).join;
        join.live -= 1;
        join.succeeded += success as u32;
        join.failed += bad as u32;
        let last = join.live == 0;
        // Only the first failed child fails a FailFast parent. A parent that aborts ends anyway.
        let news = bad && fail_fast && join.first_failure.is_none() && state != WorkState::Aborting;
        let doomed = news || join.first_failure.is_some();
        if news {
            let failure = self.child_failure(child);
            self.arena.extension_or_new(parent).join.first_failure = Some(failure);
            // An attempt that has not begun fails when it begins.
            if self.is_in_attempt(parent) {
                self.deferred.fail(self.arena.attempt_id(parent));
            }
        }
        match state {
            // The parent's turn is running; it needs another one to see this end.
            _ if in_turn => self.arena.set(parent, flag::WOKEN),
            WorkState::Aborting if last => self.drained(parent),
            // Under `Collect` the parent decides, so each bad end gives it a turn (L13).
            WorkState::Joining if bad && !fail_fast => self.want_turn(parent),
            // The end of the round fails a doomed parent, so it must not succeed before.
            WorkState::Joining if last && !doomed => self.deferred.finish(parent),
            // Each child that settles wakes a sleeping parent (L13).
            WorkState::Waiting => self.wake_slot(parent),
            _ => {}
        }
        // The end of an abort is the end of the attempt: all children go then.
        if state != WorkState::Aborting {
            self.forget_child(parent, child);
        }
    }

    /// Lets go of a settled child that its parent does not keep. It counts no longer, and is reclaimed like an
    /// orphan.
    fn forget_child(&mut self, parent: u32, child: u32) {
        let success = self.arena.at(child).state == WorkState::Success;
        let join = &mut self.arena.extension_or_new(parent).join;
        match join.retain {
            Retain::All => return,
            Retain::Failures if !success => return,
            _ => {}
        }
        // The counts cover the children in the list, which this one leaves.
        join.succeeded -= success as u32;
        if self.counts_as_failed(child) {
            self.arena.extension_or_new(parent).join.failed -= 1;
        }
        let serial = self.arena.at(parent).serial;
        let name = &self.arena.cold(child).name;
        self.ordinals.leave(Some(serial), name);
        self.arena.count_below(parent, child);
        self.arena.detach(child);
        self.arena.set(child, flag::ORPHAN);
    }

    /// Takes the permit of a sleeper that gets a live child: a sleeper with live children holds none. That holds
    /// whatever else it waits for (L17).
    pub(crate) fn give_back_asleep(&mut self, parent: u32) {
        if self.arena.at(parent).state == WorkState::Waiting {
            self.permits.give_back(&mut self.arena, parent);
        }
    }

    /// Counts a restarted child as live, and not as succeeded or failed any more. `was` and `failed` say how it has
    /// counted.
    pub(crate) fn child_restarted(&mut self, parent: u32, was: WorkState, failed: bool) {
        let join = &mut self.arena.extension_or_new(parent).join;
        join.live += 1;
        join.succeeded -= (was == WorkState::Success) as u32;
        join.failed -= failed as u32;
    }

    /// Returns whether a settled child counts as failed for its parent. A child that the parent cancelled itself does
    /// not (L13).
    pub(crate) fn counts_as_failed(&self, child: u32) -> bool {
        match self.arena.at(child).state {
            WorkState::Failed | WorkState::Blocked => true,
            WorkState::Cancelled => !self.arena.is(child, flag::BY_PARENT),
            _ => false,
        }
    }

    /// Returns the failure that a child's end means to its FailFast parent.
    fn child_failure(&self, child: u32) -> Failure {
        let cold = self.arena.cold(child);
        let cancelled = self.arena.at(child).state == WorkState::Cancelled;
        // A Cancelled child may still have the failure of an earlier attempt, which did not end it.
        let own = cold.error.cloned().filter(|_| !cancelled);
        let cause = own.or_else(|| Some(Failure::cancelled()));
        Failure::caused(
            FailureKind::Child {
                id: self.id(child),
                name: cold.name.clone(),
            },
            cause,
        )
    }

    /// Returns whether an attempt of the work is under way and not aborting.
    pub(crate) fn is_in_attempt(&self, slot: u32) -> bool {
        match self.arena.at(slot).state {
            WorkState::Running | WorkState::Waiting | WorkState::Joining => true,
            // Any other Queued work waits for the grant that begins an attempt.
            WorkState::Queued => self.arena.is(slot, flag::RETURNER),
            _ => false,
        }
    }

    /// Returns whether one failed child fails the parent's attempt. The rule of the attempt beats that of the spec.
    pub(crate) fn fails_fast(&self, parent: u32) -> bool {
        let rule = self.arena.extension(parent).map(|extension| {
            extension
                .join
                .rule
                .unwrap_or(extension.extras.on_child_failure)
        });
        rule.unwrap_or_default() == OnChildFailure::FailFast
    }
}
