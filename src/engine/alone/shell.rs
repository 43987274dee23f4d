//! A shell without works: it makes the calls that the engine asks for by drawing their answers.
//!
//! Invariant: `bodies` says for each slot whether a real shell would have a body there. A call of a slot without one is
//! a bug of the engine.

use super::bytes::Bytes;
use super::terms;
use crate::engine::Engine;
use crate::engine::calls::Call;
use crate::engine::notes::{Answer, Mode, Part};
use crate::engine::panics::Payload;
use crate::engine::rng::fold;
use crate::engine::run::next::Crank;
use crate::engine::run::round::Round;
use crate::time::Time;
use crate::work::{CancelledBy, Failure, Terms, WorkId};
use std::collections::BTreeSet;
use std::task::Poll;
use std::time::Duration;

/// The engine under test, and the little that its calls need.
pub struct Shell {
    /// The engine.
    pub engine: Engine,
    /// By slot: whether there is a body.
    bodies: Vec<bool>,
    /// Slots of works that were added in a turn.
    incoming: Vec<u32>,
    /// Works that were added in a turn, and that the host has not heard of.
    pub spawned: Vec<WorkId>,
    /// How many works the engine has admitted.
    pub added: usize,
    /// A hash of all calls in their order.
    pub digest: u64,
    /// The kinds of calls that the engine has asked for, by [`Shell::log`]'s numbers.
    pub seen: BTreeSet<u64>,
}

impl Shell {
    /// Returns a shell without bodies.
    pub fn new(engine: Engine) -> Self {
        Shell {
            engine,
            bodies: Vec::new(),
            incoming: Vec::new(),
            spawned: Vec::new(),
            added: 0,
            digest: 0,
            seen: BTreeSet::new(),
        }
    }

    // ---- bodies ----

    /// Enters a body. The slot must be free.
    fn enter(&mut self, slot: u32) {
        let slot = slot as usize;
        if self.bodies.len() <= slot {
            self.bodies.resize(slot + 1, false);
        }
        assert!(!self.bodies[slot], "slot {slot} is given to two works");
        self.bodies[slot] = true;
    }

    /// A body that has panicked is dropped at once, and again when its work leaves.
    fn discard(&mut self, slot: u32) {
        self.bodies[slot as usize] = false;
    }

    /// Panics if there is no body to be called.
    fn assert_body(&self, slot: u32) {
        let is_there = self.bodies.get(slot as usize) == Some(&true);
        assert!(is_there, "slot {slot} is called and has no body");
    }

    /// Panics if the engine and the shell differ about the bodies that are there.
    pub fn check_bodies(&self) {
        let mut left = self.bodies.clone();
        for slot in self.engine.arena.slots() {
            let body = std::mem::take(&mut left[slot as usize]);
            let known = self.engine.arena.has_body(slot);
            assert_eq!(body, known, "the body in slot {slot}");
        }
        assert!(!left.contains(&true), "a body was left behind");
    }

    // ---- the host's calls ----

    /// Adds a work as a host does, unless the engine refuses it.
    pub fn add(&mut self, mut terms: Terms) -> Option<WorkId> {
        let id = self.engine.add(&mut terms).ok()?;
        self.added += 1;
        self.enter(id.slot);
        self.tidy();
        Some(id)
    }

    /// Makes a crank of at most `turns` turns, as the real shell does.
    pub fn crank(&mut self, now: Time, turns: u64, bytes: &mut Bytes<'_>) -> Crank {
        let before = self.engine.begin_crank(now);
        self.give_turns(turns, bytes);
        self.engine.end_crank(before)
    }

    /// Gives turns within the budget. It follows the loop in `scheduler/crank.rs`.
    fn give_turns(&mut self, mut turns: u64, bytes: &mut Bytes<'_>) {
        loop {
            let mut next = match self.engine.open_round() {
                Round::None => return,
                Round::News => {
                    self.make_calls(bytes);
                    self.engine.next_of_round()
                }
                Round::Turn(slot) => Some(slot),
                Round::Empty => None,
            };
            if next.is_none() {
                self.engine.end_empty_round();
                self.make_calls(bytes);
            }
            let had_turns = next.is_some();
            while let Some(slot) = next {
                self.turn(slot, bytes);
                if self.engine.is_anything_left() {
                    self.make_calls(bytes);
                }
                turns -= 1;
                if turns == 0 {
                    break;
                }
                next = self.engine.next_turn();
            }
            if had_turns && self.engine.ready.round_is_over() && self.engine.end_round() {
                self.make_calls(bytes);
            }
            turns = turns.saturating_sub(u64::from(!had_turns));
            if turns == 0 {
                return;
            }
        }
    }

    // ---- turns ----

    /// Gives one turn by the shortest way that the engine allows, as `scheduler/turn.rs` does.
    fn turn(&mut self, slot: u32, bytes: &mut Bytes<'_>) {
        if self.engine.begin_fast_turn(slot) {
            let answer = self.poll(slot, bytes);
            if matches!(answer, Ok(Poll::Pending)) && self.engine.end_fast_turn(slot) {
                return;
            }
            return self.after_poll(slot, answer, false);
        }
        if self.engine.begin_first_turn(slot) {
            self.engine.hook_is_over(slot, Mode::Poll);
            let answer = self.poll(slot, bytes);
            return self.after_poll(slot, answer, false);
        }
        let Some(part) = self.engine.begin_full_turn(slot) else {
            return;
        };
        if matches!(part, Part::First | Part::FirstAbort) {
            self.engine.hook_is_over(slot, part.mode());
        }
        let answer = self.poll(slot, bytes);
        self.after_poll(slot, answer, part.mode() == Mode::Abort);
    }

    /// Tells the engine what came of a turn. `aborting` says whether it was one of `on_abort`.
    fn after_poll(&mut self, slot: u32, answer: Result<Answer, Payload>, aborting: bool) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(payload) => {
                self.engine.broke(slot, payload);
                self.discard(slot);
                return self.engine.broke_down(slot, aborting);
            }
        };
        if aborting {
            return self.engine.after_abort_turn(slot, answer.is_ready());
        }
        if matches!(answer, Poll::Ready(Ok(()))) && self.engine.succeeds_at_once(slot) {
            self.log(slot, 101);
        }
        let heard = self.engine.is_heard();
        match self.engine.end_plain_success(slot, heard) {
            Some(outs) => self.engine.release_after_plain_success(slot, outs),
            None if answer.is_pending() && self.engine.end_fast_turn(slot) => {}
            None => self.engine.after_turn(slot, answer),
        }
    }

    /// Draws what a work does in its turn, and what it answers.
    fn poll(&mut self, slot: u32, bytes: &mut Bytes<'_>) -> Result<Answer, Payload> {
        self.assert_body(slot);
        let choice = bytes.below(12);
        self.log(slot, choice);
        let length = Duration::from_millis(bytes.below(30));
        match choice {
            1 => self.engine.notes.yielded = true,
            2 => return Ok(self.engine.sleep(slot, length).map(Ok)),
            3 => return Ok(Poll::Ready(Err(Failure::msg("drawn")))),
            4 => return Ok(Poll::Ready(Err(Failure::fatal("drawn")))),
            5 => {
                let at = self.engine.now().saturating_add(length);
                self.engine.notes.wake_at(at);
            }
            6 => self.engine.notes.expects_wake = true,
            7 => self.spawn(slot, bytes),
            8 => self.cancel_in_turn(slot, bytes),
            9 => return Err(Box::new("drawn")),
            // A lost wake, unless something else wakes it.
            10 => {}
            _ => return Ok(Poll::Ready(Ok(()))),
        }
        Ok(Poll::Pending)
    }

    /// Adds a child in a turn. Its body is entered after the turn.
    fn spawn(&mut self, slot: u32, bytes: &mut Bytes<'_>) {
        let mut terms = terms(bytes);
        terms.parent = Some(self.engine.id(slot));
        if self.added >= super::WORKS {
            return;
        }
        if let Ok(id) = self.engine.add(&mut terms) {
            self.added += 1;
            self.incoming.push(id.slot);
            self.engine.deferred.expect_body();
            self.spawned.push(id);
        }
    }

    /// Cancels any work in a turn, the work itself included.
    fn cancel_in_turn(&mut self, slot: u32, bytes: &mut Bytes<'_>) {
        let other = bytes.below(self.bodies.len() as u64 + 1) as u32;
        let there = self.bodies.get(other as usize) == Some(&true);
        if there && self.engine.lookup(self.engine.id(other)).is_ok() {
            let by = CancelledBy::Work(self.engine.id(slot));
            let _ = self.engine.cancel_for(self.engine.id(other), by);
        }
    }

    // ---- calls ----

    /// Makes the calls that the engine asks for, and draws what comes of them.
    fn make_calls(&mut self, bytes: &mut Bytes<'_>) {
        while let Some(call) = self.engine.next_call() {
            match call {
                Call::Hook(slot, hook) => {
                    self.assert_body(slot);
                    self.log(slot, 200 + hook as u64);
                    let result: Result<(), Payload> = match bytes.one_in(16) {
                        true => Err(Box::new("drawn")),
                        false => Ok(()),
                    };
                    if !self.engine.hook_returned(slot, result) {
                        self.discard(slot);
                    }
                }
                Call::Force(slot) => {
                    self.log(slot, 300);
                    self.discard(slot);
                    self.engine.forced(slot, Ok(()));
                }
                Call::Settled(_, id, _) => {
                    self.log(id.slot, 400);
                    self.engine.note_callback(Ok(()));
                }
                Call::Post(_) => panic!("nothing was posted"),
                Call::Incoming | Call::Drop(_) | Call::DropCallback(_) => self.dispose(call),
            }
        }
    }

    /// Makes the calls that the engine asks for after a call of the host.
    pub fn tidy(&mut self) {
        while let Some(call) = self.engine.deferred.next_disposal() {
            self.dispose(call);
        }
    }

    /// Enters and drops bodies.
    fn dispose(&mut self, call: Call) {
        match call {
            Call::Incoming => {
                while let Some(slot) = self.incoming.pop() {
                    self.enter(slot);
                }
            }
            Call::Drop(slot) => {
                self.log(slot, 500);
                self.discard(slot);
                self.engine.dropped(slot, Ok(()));
            }
            Call::DropCallback(_) => {}
            Call::Hook(..) | Call::Force(_) | Call::Settled(..) | Call::Post(_) => {
                panic!("the engine asks for a call of a work within a call of the host");
            }
        }
    }

    /// Notes a call of kind `what`.
    fn log(&mut self, slot: u32, what: u64) {
        self.seen.insert(what);
        self.digest = fold(fold(self.digest, slot.into()), what);
    }
}
