//! Sources of readiness: sockets, pipes, whatever `mio` can register.
//!
//! The host owns the `Poll`, the work owns the source (through [`Io`]), and the scheduler knows which attempt has which
//! source under which token. A source is deregistered and closed when its `Io` is dropped or when the attempt ends,
//! whichever comes first: a settled work that is kept for its outcome keeps no socket open.
//!
//! Tokens are handed out in a circle, so one that is free again is the last to be used again: an event that comes late
//! finds no source and is dropped, unless the whole range has been handed out in between.
//!
//! An event only sets flags and enters the source into `news`; the works are woken at the start of the next round.

mod desk;
mod handle;

pub(crate) use desk::{Desk, Hub, SourceList};
pub use handle::Io;

use super::WorkScheduler;
use super::context::WorkContext;
use super::panics::{Contained, contain};
use desk::{Badge, Held, News, Registered, bits};
use mio::event::{Event, Source};
use mio::{Interest, Registry, Token};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::rc::Rc;

/// Registers sources for the present attempt of a work: [`WorkContext::io`].
pub struct Sources<'a, C: ?Sized> {
    engine: &'a mut WorkScheduler<C>,
    slot: u32,
}

impl<C: ?Sized> Sources<'_, C> {
    /// Registers a source of the work's. It must not block ("non-blocking mode"), as all of mio's own do not. It counts
    /// as something that the work may wait for. O(log sources).
    ///
    /// # Errors
    /// The system's; no poll is attached, all its tokens are in use, or it is asked for in a hook. The source is closed
    /// then.
    pub fn register<S: Source + 'static>(
        &mut self,
        source: S,
        interest: Interest,
    ) -> io::Result<Io<S>> {
        let mut source = Contained::new(source);
        if self.engine.notes.is_hook() {
            let message = "register in a hook: the attempt is over or has not begun; register in `poll` or `on_abort`";
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        let desk = self.engine.io.desk.clone();
        let (registry, token) = desk.new_token()?;
        registry.register(&mut *source, Token(token), interest)?;
        let badge = Badge {
            token,
            witness: self.engine.arena.witness(self.slot),
            registry,
            interest: Cell::new(bits(interest)),
            ready: Cell::new(bits(interest)),
            live: Cell::new(true),
            told: Cell::new(false),
        };
        let source = RefCell::new(Some(source.into_inner()));
        let held = Rc::new(Held { badge, source });
        desk.sources.borrow_mut().insert(token, held.clone());
        self.engine.note_source(self.slot, held.clone());
        Ok(Io { held, desk })
    }

    /// How many sources this attempt has registered. O(those).
    pub fn len(&self) -> usize {
        self.engine
            .arena
            .rare(self.slot)
            .map_or(0, |rare| rare.sources.live())
    }

    /// Whether it has registered none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<C: ?Sized> WorkContext<'_, C> {
    /// Registers sockets, pipes and other sources of `mio`'s with the host's poll.
    ///
    /// ```
    /// use crankwork::{Failure, Io, MioDriver, Spec, Work, WorkContext, WorkScheduler};
    /// use mio::{Interest, net::TcpStream};
    /// use std::task::{Poll, ready};
    /// # use std::{io::Write, thread as elsewhere};
    ///
    /// /// Reads all that a server sends.
    /// struct Download {
    ///     from: std::net::SocketAddr,
    ///     stream: Option<Io<TcpStream>>,
    ///     got: Vec<u8>,
    /// }
    ///
    /// impl<C: ?Sized> Work<C, Vec<u8>> for Download {
    ///     fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<Vec<u8>, Failure>> {
    ///         if self.stream.is_none() {
    ///             let stream = TcpStream::connect(self.from)?;
    ///             self.stream = Some(cx.io().register(stream, Interest::READABLE | Interest::WRITABLE)?);
    ///         }
    ///         let Some(stream) = &mut self.stream else { return Poll::Pending };
    ///         ready!(stream.poll_connect())?;
    ///         let mut buffer = [0; 4096];
    ///         loop {
    ///             match ready!(stream.poll_read(&mut buffer))? {
    ///                 0 => return Poll::Ready(Ok(std::mem::take(&mut self.got))),
    ///                 n => self.got.extend_from_slice(&buffer[..n]),
    ///             }
    ///         }
    ///     }
    ///
    ///     fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
    ///         self.stream = None;
    ///         self.got.clear();
    ///     }
    /// }
    /// # let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let from = server.local_addr()?;
    /// # let server = elsewhere::spawn(move || server.accept().and_then(|(mut peer, _)| peer.write_all(b"ledger 63")));
    ///
    /// let mut work = WorkScheduler::<()>::new(Default::default());
    /// let mut driver = MioDriver::new(&mut work)?;
    /// let got = work.add(Spec::new("download", Download { from, stream: None, got: Vec::new() }))?;
    /// work.run_until_done(&mut (), &mut driver)?;
    /// assert_eq!(work.take(got), Some(b"ledger 63".to_vec()));
    /// # server.join().unwrap()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn io(&mut self) -> Sources<'_, C> {
        Sources {
            slot: self.slot,
            engine: self.engine,
        }
    }
}

// ---- the scheduler's side ----

impl<C: ?Sized> WorkScheduler<C> {
    /// Lets works register their sources with the host's poll, under tokens of this range, which the host itself must
    /// not use. A range that is never used up (`1 << 16..usize::MAX`) costs nothing; a narrow one bounds the sources
    /// and makes it possible that an event that comes very late wakes a source with the same token for nothing.
    ///
    /// # Errors
    /// The system's; the range is empty; or sources are registered with a former poll.
    pub fn attach(&mut self, registry: &Registry, tokens: Range<usize>) -> io::Result<()> {
        self.io.desk.attach(registry, tokens)
    }

    /// Takes an event of the host's poll: the work whose source it is has a turn in the next crank. The answer is
    /// whether the token is from this scheduler's range; one whose source is gone by now is, too. O(log sources).
    pub fn handle_event(&mut self, event: &Event) -> bool {
        self.io.desk.handle_event(event)
    }

    /// How many sources are registered by works. O(1).
    pub fn sources(&self) -> usize {
        self.io.desk.sources.borrow().len()
    }

    #[inline]
    pub(super) fn has_io_news(&self) -> bool {
        self.io.desk.has_news()
    }

    /// At the start of a round: works whose sources have something to report are woken.
    pub(super) fn take_io_news(&mut self) {
        while let Some(news) = self.io.desk.next_news() {
            match news {
                News::Ready(source) => {
                    let badge = source.badge();
                    badge.told.set(false);
                    if badge.live.get() && self.arena.is_present(badge.witness) {
                        self.wake_slot(badge.witness.slot);
                    }
                }
                News::Lost(witness) => self.outside_lost(witness),
            }
        }
    }

    fn note_source(&mut self, slot: u32, source: Rc<dyn Registered>) {
        self.arena.rare_or_new(slot).sources.push(source);
    }

    /// The attempt is over, and so are its sources. A panic in that is the work's.
    pub(super) fn forget_sources(&mut self, slot: u32) {
        let Some(rare) = self.arena.rare_mut(slot) else {
            return;
        };
        for source in std::mem::take(&mut rare.sources).0 {
            let badge = source.badge();
            if badge.live.replace(false) {
                self.io.desk.sources.borrow_mut().remove(&badge.token);
                if let Err(payload) = contain(|| source.close()) {
                    self.panicked(slot, payload);
                }
            }
        }
    }
}
