//! A reset: the engine becomes as new, but keeps memory that the next works can use.
//!
//! A search runs the program anew some hundred thousand times a second, and allocating the parts of an engine would
//! take most of that time.

use crate::engine::Engine;
use crate::engine::panics::Tally;
use std::mem::take;

impl Engine {
    /// Forgets all works and all that has happened, and draws from `seed` from now on. The shell drops the bodies and
    /// callbacks. O(works and memory that is kept).
    pub(crate) fn reset(&mut self, seed: u64) {
        // A new number, so that old ids name nothing; a new inbox, so that old wakers reach nobody.
        self.scheduler_id = super::new_scheduler_id();
        self.inbox.renew();
        self.jobs.reset();
        self.time_pins = Default::default();
        #[cfg(feature = "mio")]
        self.io.reset();
        self.arena.reset();
        self.graph.clear();
        self.permits.clear();
        self.ready.clear();
        self.wheel.clear();
        self.recorder.clear();
        self.outcomes.clear();
        if let Some(measuring) = &mut self.measuring {
            measuring.clear();
        }
        if let Some(deciding) = &mut self.deciding {
            deciding.reset();
        }
        self.cycles.levels.clear();
        self.ordinals.clear();
        self.now = crate::Time::ZERO;
        self.settings.seed = seed;
        self.closed = false;
        self.round_open = false;
        self.phase = Default::default();
        self.notes = Default::default();
        self.deferred.clear();
        if !self.settling.is_empty() {
            self.settling.clear();
        }
        self.is_settling = false;
        if !self.messages.is_empty() {
            self.messages.clear();
        }
        self.external_sleepers = 0;
        self.fruitless = Default::default();
        self.unchecked_cranks = 0;
        // Panics in the drops of the old works are no panics of the new ones.
        drop(take::<Tally>(&mut self.drops));
    }
}
