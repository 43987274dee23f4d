//! A round: how it begins and ends, and what is done between turns.
//!
//! A round takes the inbox as it is, fires the timers that are due, and grants permits. It gives one turn to each
//! work that is ready by then. After each turn it grants again. A work that becomes ready during the turns has its
//! turn in the next round.
//!
//! Most rounds have nothing but turns, and between most turns there is nothing to do: a few looks show that. All else
//! is done step by step in [`Engine::next_call`], which stops wherever the shell has to call the program's code.

use crate::engine::Engine;
use crate::engine::calls::Call;
use crate::engine::decision::{Asked, DecisionKind};
use crate::engine::id::AttemptId;
use crate::engine::remote::inbox::Message;
use crate::engine::store::flags::flag;
use crate::work::WorkState;

/// What the shell does next in a round.
pub(crate) enum Round {
    /// Nothing: there is no round, since there is nothing to do.
    None,
    /// Calls: the round begins with something besides turns. The shell asks for calls until there is none, then looks
    /// again.
    News,
    /// The end: the round has no turns left.
    Empty,
    /// The turn of this work.
    Turn(u32),
}

/// What a round begins with before its turns.
enum News {
    /// There is no round, since there is nothing to do.
    None,
    /// Steps in which the shell may have to make calls.
    Calls,
    /// Steps that have been done.
    Done,
}

/// Where a round is.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    /// The round takes the messages of the inbox; then timers, if any are due.
    Message { timers: bool },
    /// The round fires the timers that are due.
    Timers,
    /// The round ends attempts that can end and grants permits; then turns begin.
    Opening,
    /// Between turns the round ends attempts that can end and grants permits, too.
    #[default]
    Turns,
    /// FailFast parents with a failed child fail, since the round's turns are over.
    Failing,
    /// The round deals with the consequences of those failures.
    Closing,
}

impl Engine {
    /// Goes on with the round that is open, or starts one if there is anything to do. Most rounds have nothing but
    /// turns.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn open_round(&mut self) -> Round {
        if !self.round_open {
            if !self.may_have_news() {
                return self.open_round_of_turns();
            }
            match self.begin_round_with_news() {
                News::None => return Round::None,
                News::Calls => return Round::News,
                News::Done => {}
            }
        }
        if self.ready.round_is_over() {
            return Round::Empty;
        }
        match self.next_of_round() {
            Some(slot) => Round::Turn(slot),
            None => self.round_ended_early(),
        }
    }

    /// Starts a round that has nothing but turns, if there are any.
    #[inline(always)]
    fn open_round_of_turns(&mut self) -> Round {
        if self.ready.next_is_empty() {
            return Round::None;
        }
        self.round_open = true;
        match self.deciding {
            None => Round::Turn(self.ready.start_and_pop()),
            Some(_) => self.start_round_as_decided(),
        }
    }

    /// Returns whether a round may have to begin with something besides turns.
    #[inline(always)]
    pub(super) fn may_have_news(&self) -> bool {
        // One comparison covers all of these, since most often all are empty.
        let inside = self.deferred.len() | self.permits.changes() | self.wheel.late_len();
        (inside | self.messages.len() | self.jobs.simulated()) > 0
            || self.inbox.has_messages()
            || self.has_io_news()
            || self.wheel.next_ahead().is_some_and(|at| at <= self.now)
    }

    /// Starts a round with whatever there is to do besides turns, if there is anything.
    #[inline(never)]
    fn begin_round_with_news(&mut self) -> News {
        if self.deferred.has_payload() {
            // Nothing more is done before that panic has gone through.
            return News::None;
        }
        let timers = self.wheel.next_deadline().is_some_and(|at| at <= self.now);
        if self.has_io_news() {
            self.take_io_news();
        }
        if self.next_job_due().is_some_and(|at| at <= self.now) {
            self.run_due_jobs();
        }
        if !timers && self.ready.is_empty() && !self.has_loose_ends() && !self.can_grant() {
            return News::None;
        }
        self.round_open = true;
        if self.inbox.has_messages() {
            self.inbox.take(&mut self.messages);
        }
        if !self.messages.is_empty() || !self.deferred.is_empty() {
            self.phase = Phase::Message { timers };
            return News::Calls;
        }
        // Most often the round has timers and nothing else, and they lead to no call.
        self.phase = self.after_messages(timers);
        if self.phase == Phase::Timers && self.fire_due() {
            return News::Calls;
        }
        self.phase = Phase::Opening;
        self.end_of_steps();
        News::Done
    }

    /// Ends the round after its last turn, when the grants have been made. Returns whether the shell has to ask for
    /// calls.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn end_round(&mut self) -> bool {
        self.round_open = false;
        if self.deferred.is_empty() {
            return false;
        }
        self.phase = Phase::Failing;
        true
    }

    /// Ends a round that has no turns left.
    pub(crate) fn end_empty_round(&mut self) {
        self.round_open = false;
        self.phase = Phase::Failing;
    }

    /// Returns whether something may be left to be done between turns.
    #[cfg_attr(not(debug_assertions), inline)]
    pub(crate) fn is_anything_left(&self) -> bool {
        (self.deferred.len() | self.permits.changes()) > 0
    }

    // ---- steps ----

    /// Does what is to be done before the next turn, up to the next call, and returns the call. Returns `None` once
    /// nothing is left.
    #[inline(never)]
    pub(crate) fn next_call(&mut self) -> Option<Call> {
        loop {
            // Calls come before the next deferred entry, or the order of grants would change.
            if !self.deferred.is_empty()
                && let Some(call) = self.next_urgent()
            {
                return Some(call);
            }
            match self.phase {
                Phase::Message { timers } => match self.next_message() {
                    Some(Message::Post(key, _)) => return Some(Call::Post(key)),
                    Some(message) => self.receive(message),
                    None => self.phase = self.after_messages(timers),
                },
                Phase::Timers => {
                    if !self.fire_due() {
                        self.phase = Phase::Opening;
                    }
                }
                Phase::Failing => match self.deferred.next_failing() {
                    Some(attempt_id) => self.fail_with_child(attempt_id),
                    None => self.phase = Phase::Closing,
                },
                Phase::Opening | Phase::Turns | Phase::Closing if self.deferred.is_empty() => {
                    if self.end_of_steps() {
                        return None;
                    }
                }
                Phase::Opening | Phase::Turns | Phase::Closing => {
                    if let Some(slot) = self.deferred.next_finishing() {
                        self.finish_one(slot);
                    } else if let Some((key, id, outcome)) = self.deferred.next_callback() {
                        return Some(Call::Settled(key, id, outcome));
                    } else if self.deferred.next_report() {
                        self.report_turn();
                    } else if self.end_of_steps() {
                        return None;
                    }
                }
            }
        }
    }

    /// Returns the phase after the last message, and advances the wheel if timers are due.
    #[inline]
    fn after_messages(&mut self, timers: bool) -> Phase {
        if !timers {
            return Phase::Opening;
        }
        self.wheel.advance(self.now);
        Phase::Timers
    }

    /// Returns the next call that goes before all deferred entries: hooks under way, forced drops, bodies that come
    /// and go.
    fn next_urgent(&mut self) -> Option<Call> {
        while self.deferred.chain().is_some() {
            if let Some(call) = self.next_of_chain() {
                return Some(call);
            }
        }
        self.next_forced().or_else(|| self.deferred.next_disposal())
    }

    /// Grants permits after all else. Returns whether the steps are over.
    fn end_of_steps(&mut self) -> bool {
        if self.permits.changes() > 0 {
            self.grant();
        }
        match self.phase {
            // The works of the round are those that are ready now.
            Phase::Opening => self.ready.start_round(),
            // The failure of a FailFast parent may fail its own parent in turn.
            Phase::Closing if self.deferred.has_failing() => {
                self.phase = Phase::Failing;
                return false;
            }
            _ => {}
        }
        self.phase = Phase::Turns;
        true
    }

    /// Fails the attempt of a FailFast parent, if it is still under way.
    fn fail_with_child(&mut self, attempt_id: AttemptId) {
        if !self.arena.is_present(attempt_id) || !self.is_in_attempt(attempt_id.slot) {
            return;
        }
        let extension = self.arena.extension_mut(attempt_id.slot);
        if let Some(failure) = extension.and_then(|extension| extension.join.first_failure.take()) {
            self.ready.remove(&mut self.arena, attempt_id.slot);
            self.fail_attempt(attempt_id.slot, failure);
        }
    }

    /// Ends an attempt that had nothing left to wait for when it was entered. Conditions are checked anew, since they
    /// may have changed meanwhile.
    fn finish_one(&mut self, slot: u32) {
        let Some(state) = self.arena.get(slot).map(|record| record.state) else {
            return;
        };
        if self.arena.live_children(slot) > 0 || self.arena.is(slot, flag::READY) {
            return;
        }
        match state {
            WorkState::Joining => self.call_on_success(slot),
            WorkState::Aborting if !self.has_turns_in_abort(slot) => {
                self.conclude_abort(slot);
            }
            _ => {}
        }
    }

    /// Grants permits until no waiting work can have its own.
    fn grant(&mut self) {
        while let Some(slot) = self.next_granted() {
            self.fruitless.stir();
            // A returner goes on with its attempt; any other work begins one.
            if self.arena.take(slot, flag::RETURNER) {
                self.go_on(slot);
            } else {
                self.granted(slot);
            }
        }
        self.permits.seen();
    }

    /// Takes the work that gets the next permit out of the queue.
    fn next_granted(&mut self) -> Option<u32> {
        if self.deciding.is_none() {
            return self.permits.pop_grant(&mut self.arena);
        }
        let first = self.permits.next_grant(&self.arena)?;
        let rivals = self.permits.rivals(&self.arena, first);
        let mut asked = self.take_asked();
        asked.extend(rivals.iter().copied().map(Asked::work));
        let slot = rivals[self.decide_among(DecisionKind::Permit, asked)];
        self.permits.leave(&mut self.arena, slot);
        Some(slot)
    }

    // ---- turns ----

    /// Returns the work that has the next turn of this round. Only a decider can end a round before its last work.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn next_of_round(&mut self) -> Option<u32> {
        if self.deciding.is_some() {
            return self.next_of_round_as_decided();
        }
        match self.ready.round_is_over() {
            true => None,
            false => Some(self.ready.pop()),
        }
    }

    /// Returns the work that has the next turn of this round. After the last one, returns the first work of the next
    /// round if nothing is to be done in between.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn next_turn(&mut self) -> Option<u32> {
        // Asked first, so that without a decider the rest is what it would be if there were none.
        if self.deciding.is_some() {
            return self.next_turn_as_decided();
        }
        if !self.ready.round_is_over() {
            return Some(self.ready.pop());
        }
        if self.may_have_news() || self.ready.next_is_empty() {
            return None;
        }
        Some(self.ready.start_and_pop())
    }
}
