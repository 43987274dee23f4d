//! Sources of readiness as the engine sees them: an attempt registers them, events wake it, and its end closes them.
//!
//! Invariant: a source whose registration is `live` belongs to an attempt that is under way. An event for any other
//! finds nothing to wake.

use crate::engine::Engine;
use crate::engine::io::Io;
use crate::engine::io::source_registry::{News, Registered, Registration, SourceCell, bits};
use crate::engine::panics::{Contained, contain};
use mio::event::Source;
use mio::{Interest, Token};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::rc::Rc;

impl Engine {
    /// Registers a source for the present attempt of the work.
    ///
    /// # Errors
    ///
    /// The work is in a hook, no token is free, or the system refuses the source.
    pub(crate) fn register_source<S: Source + 'static>(
        &mut self,
        slot: u32,
        source: S,
        interest: Interest,
    ) -> io::Result<Io<S>> {
        // If the registration fails, a panic in the drop of the source must not reach the engine.
        let mut source = Contained::new(source);
        if self.notes.is_hook() {
            let message = "register in a hook: the attempt is over or has not begun; register in `poll` or `on_abort`";
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        let source_registry = self.io.source_registry.clone();
        // The token comes first: without one, the source must not be registered with the poll.
        let (registry, token) = source_registry.new_token()?;
        registry.register(&mut *source, Token(token), interest)?;
        let registration = Registration {
            token,
            attempt_id: self.arena.attempt_id(slot),
            registry,
            interest: Cell::new(bits(interest)),
            // A new source counts as ready: the poll reports changes only, so the first operation has to be tried.
            ready: Cell::new(bits(interest)),
            live: Cell::new(true),
            queued: Cell::new(false),
        };
        let source = RefCell::new(Some(source.into_inner()));
        let held = Rc::new(SourceCell {
            registration,
            source,
        });
        source_registry
            .sources
            .borrow_mut()
            .insert(token, held.clone());
        self.note_source(slot, held.clone());
        Ok(Io {
            held,
            source_registry,
        })
    }

    /// Returns whether a source has something to report.
    #[inline]
    pub(crate) fn has_io_news(&self) -> bool {
        self.io.source_registry.has_news()
    }

    /// Wakes the works whose sources have something to report. A round does so at its start. O(news).
    pub(crate) fn take_io_news(&mut self) {
        while let Some(news) = self.io.source_registry.next_news() {
            match news {
                News::Ready(source) => {
                    let registration = source.registration();
                    // The flag is cleared before the wake, so that an event during the coming turn is news again.
                    registration.queued.set(false);
                    if registration.live.get() && self.arena.is_present(registration.attempt_id) {
                        self.wake_slot(registration.attempt_id.slot);
                    }
                }
                News::Lost(attempt_id) => self.outside_lost(attempt_id),
            }
        }
    }

    /// Enters a source into the work's list.
    fn note_source(&mut self, slot: u32, source: Rc<dyn Registered>) {
        self.arena.extension_or_new(slot).sources.push(source);
    }

    /// Closes the sources of an attempt that is over. A panic in that is the work's. O(sources of the attempt).
    pub(crate) fn forget_sources(&mut self, slot: u32) {
        let Some(extension) = self.arena.extension_mut(slot) else {
            return;
        };
        for source in std::mem::take(&mut extension.sources).0 {
            let registration = source.registration();
            // A source that its `Io` has deregistered is no longer in the table, and its token may belong to another by
            // now.
            if registration.live.replace(false) {
                self.io
                    .source_registry
                    .sources
                    .borrow_mut()
                    .remove(&registration.token);
                if let Err(payload) = contain(|| source.close()) {
                    self.panicked(slot, payload);
                }
            }
        }
    }
}
