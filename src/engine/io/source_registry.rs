//! The source registry, which the scheduler, the sources and a driver share: the source of each token, and its
//! events.
//!
//! Invariant: `has_news` is true just if `news` has an entry. A token in `sources` is in the attached range, and its
//! source is `live`.
//!
//! Trap: closing a source runs code of the program, which may use its `Io`. So no cell of this file is borrowed
//! meanwhile.
//!
//! | event | table | `live` | source |
//! | --- | --- | --- | --- |
//! | a work registers it | enters | true | open |
//! | [`Io`](super::Io) deregisters it | leaves | false | open, and the program's |
//! | [`Io`](super::Io) is dropped | leaves | false | closed |
//! | the attempt ends | leaves | false | closed, unless it is in use: then its `Io` closes it |
//! | the scheduler ends | leaves | false | closed, as at an attempt's end |

use crate::engine::id::AttemptId;
use crate::engine::panics::{contain, dispose, dispose_by};
use mio::event::{Event, Source};
use mio::{Interest, Registry, Token};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::panic::resume_unwind;
use std::rc::Rc;

/// The bit of interest in reading, and of readiness for it.
pub(crate) const READABLE: u8 = 1;
/// The bit of interest in writing, and of readiness for it.
pub(crate) const WRITABLE: u8 = 2;

/// Returns the bits of an interest.
pub(crate) fn bits(interest: Interest) -> u8 {
    let readable = if interest.is_readable() { READABLE } else { 0 };
    let writable = if interest.is_writable() { WRITABLE } else { 0 };
    readable | writable
}

/// Returns the bits of an event. A reader or writer finds out about the end of a stream or an error, so these are
/// ready, too.
fn bits_of(event: &Event) -> u8 {
    let readable = event.is_readable() || event.is_read_closed() || event.is_priority();
    let writable = event.is_writable() || event.is_write_closed();
    match (readable, writable) {
        // Whichever operation comes next has to report the error.
        _ if event.is_error() => READABLE | WRITABLE,
        (true, false) => READABLE,
        (false, true) => WRITABLE,
        // An event that names neither must not be lost, so both are tried.
        _ => READABLE | WRITABLE,
    }
}

/// The tokens, and the sources that have them.
#[derive(Default)]
pub(crate) struct SourceRegistry {
    /// The attached poll, if one is. Without one no source can be registered.
    attached: RefCell<Option<Attached>>,
    /// The registered sources by token. The map is in order, because no order of hashes may reach a decision (L27).
    pub(crate) sources: RefCell<BTreeMap<usize, Rc<dyn Registered>>>,
    /// What the next round has to see.
    news: RefCell<VecDeque<News>>,
    /// Whether `news` has any; the engine asks in every round.
    has_news: Cell<bool>,
}

/// An attached poll, and the range of tokens that it leaves to the scheduler.
struct Attached {
    /// Registers sources with the poll.
    registry: Rc<Registry>,
    /// All tokens of the scheduler.
    tokens: Range<usize>,
    /// The token to be tried next.
    next: usize,
}

/// What the next round has to see.
pub(crate) enum News {
    /// The source has reported an event.
    Ready(Rc<dyn Registered>),
    /// An `Io` of this attempt was dropped. Its work may have nothing left to wait for.
    Lost(AttemptId),
}

impl SourceRegistry {
    /// Takes an event, and returns whether its token is one of the scheduler's.
    pub fn handle_event(&self, event: &Event) -> bool {
        let Token(token) = event.token();
        let attached = self.attached.borrow();
        let ours = attached.as_ref().is_some_and(|a| a.tokens.contains(&token));
        if ours && let Some(source) = self.sources.borrow().get(&token) {
            let registration = source.registration();
            registration
                .ready
                .set(registration.ready.get() | bits_of(event));
            // A source is in `news` once, however many events come before the next round.
            if !registration.queued.replace(true) {
                self.tell(News::Ready(source.clone()));
            }
        }
        ours
    }

    /// Returns whether the next round has something to see.
    #[inline]
    pub fn has_news(&self) -> bool {
        self.has_news.get()
    }

    /// Adds an entry to `news`. The next round sees it.
    pub(crate) fn tell(&self, news: News) {
        self.news.borrow_mut().push_back(news);
        self.has_news.set(true);
    }

    /// Takes the next entry of `news`.
    pub(crate) fn next_news(&self) -> Option<News> {
        let news = self.news.borrow_mut().pop_front();
        self.has_news.set(news.is_some());
        news
    }

    /// Attaches a poll, whose `tokens` are the scheduler's from now on.
    ///
    /// # Errors
    /// The range is empty; sources are registered with the former poll; or an error of the system.
    pub fn attach(&self, registry: &Registry, tokens: Range<usize>) -> io::Result<()> {
        if tokens.is_empty() {
            let message = "attach: the range of tokens is empty, so no source could be registered";
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
        // The former poll would go on reporting them, under tokens that may belong to others by then.
        if !self.sources.borrow().is_empty() {
            let message = "attach: sources are registered with the former poll; attach before works register any";
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        }
        *self.attached.borrow_mut() = Some(Attached {
            registry: Rc::new(registry.try_clone()?),
            next: tokens.start,
            tokens,
        });
        Ok(())
    }

    /// Returns a free token. O(log sources), unless almost all tokens are in use.
    ///
    /// # Errors
    /// No poll is attached, or all tokens are in use.
    pub fn new_token(&self) -> io::Result<(Rc<Registry>, usize)> {
        let mut attached = self.attached.borrow_mut();
        let Some(attached) = attached.as_mut() else {
            let message =
                "no poll is attached: call `WorkScheduler::attach`, or run with a `MioDriver`";
            return Err(io::Error::new(ErrorKind::NotConnected, message));
        };
        let sources = self.sources.borrow();
        if sources.len() >= attached.tokens.len() {
            let message = "all tokens are in use: attach a wider range, or register fewer sources";
            return Err(io::Error::new(ErrorKind::QuotaExceeded, message));
        }
        // The loop ends, since fewer tokens are in use than there are.
        loop {
            let token = attached.next;
            // A circle keeps a token free for long, so that a late event finds no new source.
            attached.next = match token + 1 {
                end if end >= attached.tokens.end => attached.tokens.start,
                next => next,
            };
            if !sources.contains_key(&token) {
                return Ok((attached.registry.clone(), token));
            }
        }
    }
}

/// All that is known of a registered source besides the source.
pub(crate) struct Registration {
    /// The token under which the source is registered.
    pub token: usize,
    /// The attempt that the source's events wake.
    pub attempt_id: AttemptId,
    /// The registry of the poll, for the deregistration.
    pub registry: Rc<Registry>,
    /// The bits for which the source is registered.
    pub interest: Cell<u8>,
    /// The bits for which the source may be ready: all of them at first, until it would block.
    pub ready: Cell<u8>,
    /// Whether the source is registered. Once false, it stays false.
    pub live: Cell<bool>,
    /// Whether the source is in `news`.
    pub queued: Cell<bool>,
}

/// A source and its registration, shared by its `Io` and the scheduler.
pub(crate) struct SourceCell<S> {
    /// What is known of the source besides itself.
    pub registration: Registration,
    /// The source, until it is closed or taken out.
    pub source: RefCell<Option<S>>,
}

impl<S> SourceCell<S> {
    /// Calls `operation` with the source, unless the source is gone. The source must not be in use already.
    pub fn with<R>(&self, operation: impl FnOnce(&mut S) -> R) -> io::Result<R> {
        let mut source = self.source.borrow_mut();
        source.as_mut().map(operation).ok_or_else(is_over)
    }
}

/// Returns the error of a source whose attempt is over.
pub(crate) fn is_over() -> io::Error {
    let message = "the source is closed, because the attempt that registered it is over: drop it in `on_reset`, and register anew in each attempt";
    io::Error::new(ErrorKind::NotConnected, message)
}

/// A source without its type.
pub(crate) trait Registered {
    /// Returns its registration.
    fn registration(&self) -> &Registration;
    /// Deregisters the source, which reports nothing from now on.
    fn deregister(&self);
    /// Deregisters and closes the source. A panic in the deregistration goes on after that.
    fn close(&self);
}

impl<S: Source> Registered for SourceCell<S> {
    fn registration(&self) -> &Registration {
        &self.registration
    }

    fn deregister(&self) {
        // A source that an operation is using cannot be borrowed. Its `Io` closes it, and so ends the registration.
        if let Ok(mut source) = self.source.try_borrow_mut()
            && let Some(source) = source.as_mut()
        {
            // The call fails if the source is closed, and then there is nothing to undo.
            let _ = self.registration.registry.deregister(source);
        }
    }

    fn close(&self) {
        // A panic in it must not keep the source open.
        let call = contain(|| self.deregister());
        // A source that is in use right now is closed by its `Io`.
        let source = self.source.try_borrow_mut().map(|mut source| source.take());
        dispose(source);
        if let Err(payload) = call {
            resume_unwind(payload);
        }
    }
}

/// The scheduler's end of the source registry: its drop closes every source.
#[derive(Default)]
pub(crate) struct OwnedRegistry {
    /// The registry itself.
    pub source_registry: Rc<SourceRegistry>,
}

impl OwnedRegistry {
    /// Closes every source and lets go of the poll.
    #[inline]
    pub fn reset(&mut self) {
        // A registry that nobody else has, and that never had a poll, had no source.
        let own = Rc::get_mut(&mut self.source_registry);
        if own.is_none_or(|own| own.attached.get_mut().is_some()) {
            *self = OwnedRegistry::default();
        }
    }
}

impl Drop for OwnedRegistry {
    fn drop(&mut self) {
        // They are taken out first, because closing one may use the registry.
        let sources = self.source_registry.sources.take();
        for source in sources.into_values() {
            // An `Io` that outlives the scheduler then finds its source closed.
            source.registration().live.set(false);
            dispose_by(|| source.close());
        }
    }
}

/// The sources that an attempt has registered, and some that it has dropped since.
#[derive(Default)]
pub(crate) struct SourceList(pub(crate) Vec<Rc<dyn Registered>>);

impl SourceList {
    /// Adds a source. Amortised O(1).
    pub fn push(&mut self, source: Rc<dyn Registered>) {
        // Sources that are gone are forgotten when the list would grow.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|source| source.registration().live.get());
        }
        self.0.push(source);
    }

    /// Returns whether a source is registered. The engine asks whenever the work goes to sleep, and the first source
    /// nearly always is.
    pub fn any_live(&self) -> bool {
        self.0.iter().any(|source| source.registration().live.get())
    }

    /// Returns how many sources are registered. O(n).
    pub fn live(&self) -> usize {
        let live = |source: &&Rc<dyn Registered>| source.registration().live.get();
        self.0.iter().filter(live).count()
    }
}
