//! Rounds: which work has the next turn, what is done between turns, and when to crank again.
//!
//! Invariant: only this room knows what a round is. A round takes the works that are ready at its beginning. A work
//! that becomes ready meanwhile has its turn in the next round. Between two steps the shell may ask for a call, and
//! the engine then goes on where it was.
//!
//! Deliberately absent: what a turn does to its work (`lifecycle`), and the budget of a crank, which is the shell's.
//!
//! In a turn that yields: [`Engine::begin_crank`](super::Engine) stores `now`, once a crank, and a round reads it to
//! fire the timers that are due. [`Engine::next_turn`](super::Engine) returns the slot. Nothing else travels.

pub(crate) mod decide;
pub(crate) mod fruitless;
pub(crate) mod next;
mod pick;
pub(crate) mod prefetch;
pub(crate) mod receive;
pub(crate) mod round;
