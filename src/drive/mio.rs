//! Real time and readiness of sockets and pipes, for programs without a main loop of their own.

use super::{Driver, MonotonicClock};
use crate::engine::io::SourceRegistry;
use crate::time::Time;
use crate::{Notifier, WorkScheduler};
use mio::{Events, Poll, Token, Waker};
use std::fmt;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

const WAKER: Token = Token(0);

/// The most events that one poll takes in.
const EVENTS: usize = 1 << 10;

/// Owns a `mio::Poll` in which one scheduler's works register their sources ([`WorkContext::io`]), and waits in it
/// between cranks. Remote wakers, posted closures and cancel tokens end the wait.
///
/// The wait ends to about a millisecond, as the system's poll does. A program that has a poll of its own attaches that
/// one instead: [`WorkScheduler::attach`].
///
/// [`WorkContext::io`]: crate::WorkContext::io
pub struct MioDriver {
    clock: MonotonicClock,
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    source_registry: Rc<SourceRegistry>,
    error: Option<io::Error>,
}

impl MioDriver {
    /// Makes a driver for `scheduler`. Time zero is now.
    ///
    /// # Errors
    /// The system's error if it has no poll to give, or an error if works have registered sources with another poll.
    pub fn new<C: ?Sized>(scheduler: &mut WorkScheduler<C>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        scheduler.attach(poll.registry(), WAKER.0 + 1..usize::MAX)?;
        Ok(MioDriver {
            clock: MonotonicClock::new(),
            poll,
            events: Events::with_capacity(EVENTS),
            waker,
            source_registry: scheduler.lent.engine.io.source_registry.clone(),
            error: None,
        })
    }

    /// Returns the error of the system's poll, if it has failed. A run that meets it ends as stalled. A sound system
    /// does not fail here.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Polls, and returns whether that went well. A signal may have cut the wait short.
    fn poll(&mut self, timeout: Option<Duration>) -> bool {
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {
                for event in &self.events {
                    self.source_registry.handle_event(event);
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }
}

impl Driver for MioDriver {
    fn now(&mut self) -> Time {
        self.clock.now()
    }

    fn wait(&mut self, until: Option<Time>) -> bool {
        let timeout = until.map(|at| at.saturating_since(self.clock.now()));
        self.poll(timeout)
    }

    fn look(&mut self) {
        self.poll(Some(Duration::ZERO));
    }

    fn notifier(&self) -> Option<Notifier> {
        let waker = self.waker.clone();
        // The wake fails only if the poll is gone, and then no thread waits in it.
        Some(Arc::new(move || drop(waker.wake())))
    }
}

impl fmt::Debug for MioDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MioDriver")
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}
