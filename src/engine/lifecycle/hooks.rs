//! Hooks at the end of an attempt: what the engine asks the shell to call, and what it does with the result.
//!
//! Invariant: no function of the engine waits in its middle for the program's code. An end with hooks is a [`Chain`]:
//! the hooks still to be called, and what follows from them. The shell asks for the next call
//! ([`Engine::next_call`]), makes it, and tells the engine.
//!
//! Hooks cannot crank, so one chain is enough. They can cancel works and add roots, so the engine takes changes while
//! a chain is pending.
//!
//! Trap: while a chain is pending, the attempt still holds its permit, and the work is in the state in which its
//! attempt ended.
//!
//! | step of L21 | where |
//! | --- | --- |
//! | live children are aborted, and running jobs end | `fail_attempt`, `drain_failed`, `conclude_abort` |
//! | `on_failure_retry` or `on_failure_raise` | `conclude_failure` chooses, `next_of_chain` asks |
//! | `on_reset` | `next_of_chain` |
//! | the permit goes back | `end_attempt`, from `failed` |
//! | back-off or Failed | `failed` |

use crate::engine::Engine;
use crate::engine::calls::{Call, Chain, Ending};
use crate::engine::lifecycle::settle::End;
use crate::engine::notes::{Hook, Mode, TurnNotes};
use crate::engine::panics::{self, Payload, text_of};
use crate::engine::store::extension::AbortCause;
use crate::engine::store::flags::flag;
use crate::work::{CancelledBy, Failure, FailureKind};

impl Engine {
    // ---- chains ----

    /// Begins the success of an attempt, children included: `on_success` is to be called.
    pub(crate) fn call_on_success(&mut self, slot: u32) {
        self.begin_chain(slot, Hook::Success, Ending::Success);
    }

    /// Concludes an abort once `on_abort` was ready, or there was none to call. Running jobs still hold it up. No child
    /// is live.
    pub(crate) fn conclude_abort(&mut self, slot: u32) {
        if self.waits_for_jobs(slot) {
            return;
        }
        let abort = self
            .arena
            .extension_mut(slot)
            .and_then(|extension| extension.abort.take());
        // A cancel that came during the last call beats a failure (L26).
        let later = self.arena.take_cancel(slot);
        let by = match (abort.map(|abort| abort.cause), later) {
            (Some(AbortCause::Cancel(by)), _) | (_, Some(by)) => by,
            (Some(AbortCause::Fail(failure)), None) => {
                return self.conclude_failure(slot, failure);
            }
            (None, None) => CancelledBy::Host,
        };
        self.begin_chain(slot, Hook::Reset, Ending::Cancelled(by));
    }

    /// Concludes a failed attempt that has nothing left to wait for: hooks, then the next attempt or the end. Live
    /// children have ended, and so have running jobs.
    pub(crate) fn conclude_failure(&mut self, slot: u32, failure: Failure) {
        let itself = failure.is_cancelled().then_some(CancelledBy::Itself);
        // This is decided before the hooks, because the choice of the hook tells the work whether a retry follows
        // (L21).
        let again = self.may_try_again(slot, &failure);
        let first = match (itself, again) {
            (Some(_), _) => Hook::Reset,
            (None, true) => Hook::FailureRetry,
            (None, false) => Hook::FailureRaise,
        };
        if itself.is_none() && self.arena.has_body(slot) {
            // The hook may ask why. Without a body there is no hook, and the panic that took the body stays known.
            self.arena.cold_mut(slot).error = Some(failure.clone());
        }
        let end = Ending::Failure {
            failure,
            again,
            itself,
        };
        self.begin_chain(slot, first, end);
    }

    /// Begins the end of an attempt. A work without a body has no hooks. Its chain then has the end only, so both kinds
    /// end in one place.
    fn begin_chain(&mut self, slot: u32, first: Hook, end: Ending) {
        let next = self.arena.has_body(slot).then_some(first);
        self.deferred.begin_chain(Chain { slot, next, end });
    }

    /// Returns the next hook of the chain that is pending. At its end, does what follows and returns `None`. The caller
    /// asks again as long as there is a chain.
    pub(crate) fn next_of_chain(&mut self) -> Option<Call> {
        let chain = self.deferred.chain()?;
        let slot = chain.slot;
        if let Some(hook) = chain.next {
            chain.next = match hook {
                Hook::FailureRetry | Hook::FailureRaise => Some(Hook::Reset),
                Hook::Reset | Hook::Success => None,
            };
            // An earlier hook of the chain may have panicked.
            if self.arena.has_body(slot) {
                // A hook counts as a turn: a cancel of the work waits until the hook has returned.
                self.arena.set(slot, flag::IN_TURN);
                // In this mode a work may not spawn, offload or register, because the attempt is over (L15).
                self.notes = TurnNotes::new(Mode::Hook);
                return Some(Call::Hook(slot, hook));
            }
        }
        if let Some(chain) = self.deferred.end_chain() {
            self.end_of_chain(chain);
        }
        None
    }

    /// Notes that a hook has returned or panicked. Returns false after a panic: the shell then drops the body.
    pub(crate) fn hook_returned(&mut self, slot: u32, result: Result<(), Payload>) -> bool {
        // A hook has no turn to ask for, so its wishes do not count.
        let over = flag::IN_TURN | flag::WOKEN | flag::RELEASE;
        self.arena.clear(slot, over);
        match result {
            Ok(()) => true,
            Err(payload) => {
                self.broke(slot, payload);
                false
            }
        }
    }

    /// Does what follows from the hooks.
    fn end_of_chain(&mut self, Chain { slot, end, .. }: Chain) {
        match end {
            Ending::Success => self.finish_success(slot),
            Ending::Cancelled(by) => {
                self.end_attempt(slot);
                self.settle(slot, End::Cancelled(by));
            }
            Ending::Failure {
                failure,
                again,
                itself,
            } => self.failed(slot, failure, again, itself),
        }
    }

    /// Ends a failed attempt: with a cancel that came in a hook, a retry, or failure. The hooks have been called.
    fn failed(&mut self, slot: u32, failure: Failure, again: bool, itself: Option<CancelledBy>) {
        // A cancel that came in a hook beats the failure.
        let cancelled = self.arena.take_cancel(slot).or(itself);
        self.end_attempt(slot);
        if let Some(by) = cancelled {
            self.settle(slot, End::Cancelled(by));
        } else if !self.arena.has_body(slot) {
            let panic = self.panic_of(slot);
            // A hook has panicked, which fails the work for good (L24). The panic of a turn came first, and stays the
            // reason.
            let failure = if *failure.kind() == FailureKind::Panicked {
                failure
            } else {
                panic
            };
            self.settle(slot, End::Failed(failure));
        } else if again {
            self.back_off(slot, failure);
        } else {
            self.settle(slot, End::Failed(failure));
        }
    }

    // ---- panics ----

    /// Notes that a call of a work has panicked, and that its body is gone. The caller drops the body next. From now on
    /// the engine asks for no call of this work (L24).
    #[cold]
    pub(crate) fn broke(&mut self, slot: u32, payload: Payload) {
        self.arena.clear(slot, flag::IN_TURN);
        self.panicked(slot, payload);
        self.arena.extension_or_new(slot).gone = true;
    }

    /// Ends the attempt of a work that panicked and whose body is gone. `aborting` says whether the call was
    /// `on_abort`.
    pub(crate) fn broke_down(&mut self, slot: u32, aborting: bool) {
        if aborting {
            // There is no body left to ask, so the abort ends as if `on_abort` had been ready.
            return self.conclude_abort(slot);
        }
        // A cancel beats the result of its turn, even if that is a panic (L26).
        if let Some(by) = self.arena.take_cancel(slot) {
            return self.begin_abort(slot, AbortCause::Cancel(by));
        }
        let failure = self.panic_of(slot);
        self.fail_attempt(slot, failure);
    }

    /// Notes a panic of a work, and returns it as a failure. It also becomes the work's last failure.
    pub(crate) fn panicked(&mut self, slot: u32, payload: Payload) -> Failure {
        self.recorder.panics += 1;
        let failure = Failure::panicked(text_of(&*payload).to_owned());
        self.arena.cold_mut(slot).error = Some(failure.clone());
        tracing::error!(id = self.arena.at(slot).serial, name = &**self.arena.cold(slot).name, %failure);
        // A panic that is to come through waits for the end of the crank, where the engine is whole again.
        match self.settings.catch_panics {
            true => panics::discard(payload),
            false => self.deferred.let_through(payload),
        }
        failure
    }

    /// Returns the failure of a work whose body is gone.
    pub(crate) fn panic_of(&self, slot: u32) -> Failure {
        let error = self.arena.cold(slot).error.cloned();
        error.unwrap_or_else(|| Failure::panicked(String::from("the work was dropped")))
    }

    /// Notes a panic of a callback or a posted closure.
    pub(crate) fn note_callback(&mut self, call: Result<(), Payload>) {
        if let Err(payload) = call {
            self.recorder.callback_panics += 1;
            tracing::error!(message = text_of(&*payload), "a callback panicked");
            match self.settings.catch_panics {
                true => panics::discard(payload),
                false => self.deferred.let_through(payload),
            }
        }
    }

    // ---- forced aborts ----

    /// Ends a work whose abort was forced, after the drop of its body.
    ///
    /// Its children have ended before it.
    pub(crate) fn forced(&mut self, slot: u32, result: Result<(), Payload>) {
        let panicked = result.err().map(|payload| self.panicked(slot, payload));
        let extension = self.arena.extension_or_new(slot);
        extension.gone = true;
        let abort = extension.abort.take();
        // Before the end of the attempt, which would forget them uncounted.
        self.abandon_jobs(slot);
        self.end_attempt(slot);
        // A panic in the drop is the work's own failure, whatever the abort was for (L24).
        let end = match (panicked, abort) {
            (Some(failure), _) => End::Failed(failure),
            (None, Some(abort)) => End::from(abort.cause),
            (None, None) => End::Cancelled(CancelledBy::Parent),
        };
        self.settle(slot, end);
    }
}
