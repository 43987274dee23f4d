//! Real time, and readiness of sockets and pipes, for programs that have no main loop of their own.

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

/// So many events are taken in at once.
const EVENTS: usize = 1 << 10;

/// Owns a `mio::Poll` in which one scheduler's works register their sources ([`WorkContext::io`]), and waits in it
/// between cranks; remote wakers, posted closures and cancel tokens end the wait.
///
/// Times are kept to about a millisecond, as the system's poll does. A program that has a poll of its own attaches
/// that instead: [`WorkScheduler::attach`].
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
    /// For this scheduler, with time zero now.
    ///
    /// # Errors
    /// The system has no poll to give; or works have registered sources with another one.
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

    /// What the system's poll has failed with; a run that ends with that is a stall. It does not happen with a sound
    /// system.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Whether the wait went well; a signal may have cut it short.
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
        // It fails only if the poll is gone, and then nobody waits in it.
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
