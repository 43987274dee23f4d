//! Works register their sources with the host's `Poll`, and the host hands back the events.

use super::WorkScheduler;
use mio::Registry;
use mio::event::Event;
use std::io;
use std::ops::Range;

impl<C: ?Sized> WorkScheduler<C> {
    /// Lets works register their sources with the host's poll, under tokens of this range, which the host itself must
    /// not use.
    ///
    /// A range that is never used up (`1 << 16..usize::MAX`) costs nothing. A narrow range limits the number of
    /// sources. With it, a very late event can wake another source that has the same token by then.
    ///
    /// # Errors
    /// The system's error; an empty range; or sources that are registered with a former poll.
    pub fn attach(&mut self, registry: &Registry, tokens: Range<usize>) -> io::Result<()> {
        self.lent.engine.io.source_registry.attach(registry, tokens)
    }

    /// Takes an event of the host's poll. The work that owns the source has a turn in the next crank. Returns whether
    /// the token is in this scheduler's range, also if the source is gone by now. O(log sources).
    pub fn handle_event(&mut self, event: &Event) -> bool {
        self.lent.engine.io.source_registry.handle_event(event)
    }

    /// Returns how many sources the works have registered. O(1).
    pub fn sources(&self) -> usize {
        self.lent.engine.io.source_registry.sources.borrow().len()
    }
}
