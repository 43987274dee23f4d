//! Sleeping and waking: watches, remote wakers, and what a work may wait for.
//!
//! Invariant: a sleeper has at least one thing that can wake it, or its attempt fails (`LostWake`). A wake drops the
//! alarm, since the turn that it brings would drop it, too.
//!
//! Trap: a source of another thread may die between the turn and the look at it. So the engine tolerates one such loss,
//! and a message tells it of later ones.
//!
//! | what can end a `Pending` (L8) | where it is noted | what wakes the work |
//! | --- | --- | --- |
//! | an alarm | the turn's notes, then the record | `fire` in `timers.rs` |
//! | a live child | `Join::live` | `child_settled` |
//! | a job | `PendingJobs::outstanding` | `job_ended` |
//! | a watch | `Extension::watching` | `wake_watchers` |
//! | a registered source | `Extension::sources` | `take_io_news` |
//! | a remote waker | `Extension::remote` | a message: `run/receive.rs` |
//! | `expect_wake` | the notes, then the mark `EXPECTS_WAKE` | [`Engine::wake`](Engine) |

use crate::engine::id::AttemptId;
use crate::engine::store::extension::Extension;
use crate::engine::store::flags::{flag, mark};
use crate::engine::{Engine, UnknownWork};
use crate::work::{WorkId, WorkState};
use std::sync::atomic::{Ordering, fence};

impl Engine {
    // ---- waking ----

    /// As [`WorkScheduler::wake`](crate::WorkScheduler::wake).
    ///
    /// Returns whether the work is unsettled. A state that ignores wakes is no error (L7).
    pub(crate) fn wake(&mut self, id: WorkId) -> Result<bool, UnknownWork> {
        let slot = self.lookup(id)?;
        self.wake_slot(slot);
        Ok(!self.arena.at(slot).state.is_settled())
    }

    /// Wakes a work. Does nothing if it has a turn coming or cannot have one.
    pub(crate) fn wake_slot(&mut self, slot: u32) {
        self.fruitless.stir();
        self.rouse(slot);
    }

    /// Wakes a work by its own alarm, which does not count as news for [`Engine::fruitless_turns`].
    pub(crate) fn rouse(&mut self, slot: u32) {
        let record = self.arena.at(slot);
        match record.state {
            // The wake is remembered: if this turn ends as Pending, another one follows (L7).
            WorkState::Running | WorkState::Aborting if record.flags.has(flag::IN_TURN) => {
                self.arena.set(slot, flag::WOKEN);
            }
            WorkState::Waiting => {
                self.disarm_alarm(slot);
                self.not_external(slot);
                self.want_turn(slot);
            }
            // The work sleeps in `on_abort`. While its children end, it waits for them alone.
            WorkState::Aborting if self.sleeps_in_abort(slot) => {
                self.disarm_alarm(slot);
                self.not_external(slot);
                self.ready.push(&mut self.arena, slot);
            }
            // A wake before a coming turn merges with it, and all other states ignore wakes (L7).
            _ => {}
        }
    }

    /// Returns whether the work has had a turn of its abort and is to have more.
    fn sleeps_in_abort(&self, slot: u32) -> bool {
        let record = self.arena.at(slot);
        self.has_turns_in_abort(slot)
            && !record.flags.has(flag::READY)
            && self.arena.live_children(slot) == 0
    }

    /// Gives a work a turn in the middle of an attempt. A work without its permit first waits to have it back.
    pub(crate) fn want_turn(&mut self, slot: u32) {
        let state = self.arena.at(slot).state;
        let joining = state == WorkState::Joining;
        // A parent that joined has given its permit back, and takes it again at once if no other work waits.
        let free_now =
            joining && self.permits.waiting() == 0 && self.permits.fits(&self.arena, slot);
        if self.arena.is(slot, flag::PERMIT)
            || free_now
            || self.permits.needs_none(&self.arena, slot)
        {
            if !self.arena.is(slot, flag::PERMIT) {
                self.permits.take(&mut self.arena, slot);
                if self.is_measured() {
                    self.note_grant(slot);
                }
            }
            self.change(slot, Some(state), WorkState::Running);
            self.ready.push(&mut self.arena, slot);
        } else {
            // The flag is set before the work joins, since a returner has a lane before works that have not begun
            // (L18).
            self.arena.set(slot, flag::RETURNER);
            self.change(slot, Some(state), WorkState::Queued);
            self.permits.join(&mut self.arena, slot);
        }
    }

    /// Notes that the work no longer sleeps until something outside wakes it. Does nothing for any other work.
    pub(crate) fn not_external(&mut self, slot: u32) {
        if self.arena.take(slot, flag::EXTERNAL) {
            self.arena.at_mut(slot).marks &= !mark::EXPECTS_WAKE;
            self.external_sleepers -= 1;
        }
    }

    // ---- going to sleep ----

    /// Returns whether something other than a limit can wake a work that has just returned `Pending`.
    ///
    /// Limits do not count: they end an attempt, and never wake it (L8).
    pub(crate) fn has_source(&self, slot: u32) -> bool {
        if self.notes.alarm.is_some() || self.notes.expects_wake {
            return true;
        }
        let extension = self.arena.extension(slot);
        extension
            .is_some_and(|extension| extension.has_outer_source() || extension.has_inner_source())
    }

    /// Returns whether another thread or a source of readiness may wake the work.
    fn has_outer_source(&self, slot: u32) -> bool {
        self.arena
            .extension(slot)
            .is_some_and(Extension::has_outer_source)
    }

    /// Returns whether the work's only source was a remote waker that died before the turn was over. The work is then
    /// woken, as if the waker had died a moment later; but only once until it next sleeps.
    pub(crate) fn has_just_lost_waker(&mut self, slot: u32) -> bool {
        let dead = self
            .arena
            .extension_mut(slot)
            .and_then(|extension| extension.remote.take());
        // The last holder of the waker let go of it after its wakes. They are in the inbox, and the next round sees
        // them.
        fence(Ordering::Acquire);
        let marks = &mut self.arena.at_mut(slot).marks;
        let first = dead.is_some() && *marks & mark::DEAD_WAKER == 0;
        // A work that made a waker and dropped it in each turn would otherwise spin for ever and never be named.
        *marks |= mark::DEAD_WAKER;
        first
    }

    /// Arms the alarm that the turn asked for, and notes whether something outside may wake the work. The caller has
    /// seen that the work has a source.
    pub(crate) fn arm_sleeper(&mut self, slot: u32) {
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
            // As long as it is above 0, `Next` is External and not Stalled (L9).
            self.external_sleepers += 1;
        }
    }

    // ---- watching, and wakers of other threads ----

    /// Makes `slot` wake `watcher` when it settles. Returns false if that will not happen. A watcher that watches
    /// already is entered once.
    ///
    /// The watch belongs to the watcher's present attempt, and ends with it. O(log watched works).
    pub(crate) fn watch_slot(&mut self, watcher: u32, slot: u32) -> bool {
        if watcher == slot || self.arena.at(slot).state.is_settled() {
            return false;
        }
        let (attempt_id, id) = (self.arena.attempt_id(watcher), self.id(slot));
        if self.arena.extension_or_new(watcher).watching.insert(id) {
            self.drop_old_watchers(slot);
            self.arena.extension_or_new(slot).watchers.push(attempt_id);
        }
        true
    }

    /// Clears the list of watchers whose attempts have ended, when it would grow. So works that watch for ever, one
    /// attempt after another, do not fill it. Amortised O(1).
    fn drop_old_watchers(&mut self, slot: u32) {
        const FEWEST: usize = 32;
        let watchers = &mut self.arena.extension_or_new(slot).watchers;
        if watchers.len() >= FEWEST && watchers.len() == watchers.capacity() {
            let mut kept = std::mem::take(watchers);
            kept.retain(|&attempt_id| self.arena.is_present(attempt_id));
            self.arena.extension_or_new(slot).watchers = kept;
        }
    }

    /// Ends all watches of an attempt that is over.
    pub(crate) fn unwatch_all(&mut self, watcher: u32) {
        if let Some(extension) = self.arena.extension_mut(watcher) {
            extension.watching.clear();
        }
    }

    /// Wakes the watchers of a work that has settled. They watch it no more. They wake in the order in which they
    /// began. O(watchers log watched works).
    pub(crate) fn wake_watchers(&mut self, slot: u32) {
        let Some(extension) = self.arena.extension_mut(slot) else {
            return;
        };
        let watchers = std::mem::take(&mut extension.watchers);
        let id = self.id(slot);
        for attempt_id in watchers {
            if self.arena.is_present(attempt_id) {
                let extension = self.arena.extension_mut(attempt_id.slot);
                // The work leaves the set, too, which says what can still end a sleep of the watcher (L8).
                if extension.is_some_and(|extension| extension.watching.remove(&id)) {
                    self.wake_slot(attempt_id.slot);
                }
            }
        }
    }

    /// Notes that the last clone of a remote waker, or a registered source, is gone. A sleeper that has lost its last
    /// source is woken.
    pub(crate) fn outside_lost(&mut self, attempt_id: AttemptId) {
        if !self.arena.is_present(attempt_id) {
            return;
        }
        let slot = attempt_id.slot;
        if self.has_outer_source(slot) {
            return;
        }
        let record = self.arena.at(slot);
        // After `expect_wake`, the host or another work may still wake it.
        let only_outside =
            record.flags.has(flag::EXTERNAL) && record.marks & mark::EXPECTS_WAKE == 0;
        if only_outside {
            self.not_external(slot);
            let inner = self
                .arena
                .extension(slot)
                .is_some_and(Extension::has_inner_source);
            // Woken, so that its attempt can go on or fail instead of sleeping for ever.
            if self.arena.at(slot).alarm.is_none() && !inner {
                self.wake_slot(slot);
            }
        }
    }
}
