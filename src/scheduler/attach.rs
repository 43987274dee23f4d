//! The host's `Poll`: works register their sources with it, and its events come back.

use super::WorkScheduler;
use mio::Registry;
use mio::event::Event;
use std::io;
use std::ops::Range;

impl<C: ?Sized> WorkScheduler<C> {
    /// Lets works register their sources with the host's poll, under tokens of this range, which the host itself must
    /// not use. A range that is never used up (`1 << 16..usize::MAX`) costs nothing; a narrow one bounds the sources
    /// and makes it possible that an event that comes very late wakes a source with the same token for nothing.
    ///
    /// # Errors
    /// The system's; the range is empty; or sources are registered with a former poll.
    pub fn attach(&mut self, registry: &Registry, tokens: Range<usize>) -> io::Result<()> {
        self.lent.engine.io.source_registry.attach(registry, tokens)
    }

    /// Takes an event of the host's poll: the work whose source it is has a turn in the next crank. The answer is
    /// whether the token is from this scheduler's range; one whose source is gone by now is, too. O(log sources).
    pub fn handle_event(&mut self, event: &Event) -> bool {
        self.lent.engine.io.source_registry.handle_event(event)
    }

    /// How many sources are registered by works. O(1).
    pub fn sources(&self) -> usize {
        self.lent.engine.io.source_registry.sources.borrow().len()
    }
}
