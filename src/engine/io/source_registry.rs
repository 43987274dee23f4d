//! What the scheduler, the sources and a driver share: which token is whose, and what has been reported.

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

pub(crate) const READABLE: u8 = 1;
pub(crate) const WRITABLE: u8 = 2;

pub(crate) fn bits(interest: Interest) -> u8 {
    let readable = if interest.is_readable() { READABLE } else { 0 };
    let writable = if interest.is_writable() { WRITABLE } else { 0 };
    readable | writable
}

/// What an event says; the end of a stream and an error are seen by reading or writing.
fn bits_of(event: &Event) -> u8 {
    let readable = event.is_readable() || event.is_read_closed() || event.is_priority();
    let writable = event.is_writable() || event.is_write_closed();
    match (readable, writable) {
        _ if event.is_error() => READABLE | WRITABLE,
        (true, false) => READABLE,
        (false, true) => WRITABLE,
        _ => READABLE | WRITABLE,
    }
}

/// Where the tokens come from, and whose they are.
#[derive(Default)]
pub(crate) struct SourceRegistry {
    attached: RefCell<Option<Attached>>,
    pub(crate) sources: RefCell<BTreeMap<usize, Rc<dyn Registered>>>,
    news: RefCell<VecDeque<News>>,
    /// Whether there are news: asked in every round.
    has_news: Cell<bool>,
}

struct Attached {
    registry: Rc<Registry>,
    tokens: Range<usize>,
    next: usize,
}

/// What the next round has to see.
pub(crate) enum News {
    Ready(Rc<dyn Registered>),
    /// An `Io` has been dropped; was it the last thing that its work could wait for?
    Lost(AttemptId),
}

impl SourceRegistry {
    /// Whether the token is one of the scheduler's.
    pub fn handle_event(&self, event: &Event) -> bool {
        let Token(token) = event.token();
        let attached = self.attached.borrow();
        let ours = attached.as_ref().is_some_and(|a| a.tokens.contains(&token));
        if ours && let Some(source) = self.sources.borrow().get(&token) {
            let registration = source.registration();
            registration
                .ready
                .set(registration.ready.get() | bits_of(event));
            if !registration.queued.replace(true) {
                self.tell(News::Ready(source.clone()));
            }
        }
        ours
    }

    #[inline]
    pub fn has_news(&self) -> bool {
        self.has_news.get()
    }

    pub(crate) fn tell(&self, news: News) {
        self.news.borrow_mut().push_back(news);
        self.has_news.set(true);
    }

    pub(crate) fn next_news(&self) -> Option<News> {
        let news = self.news.borrow_mut().pop_front();
        self.has_news.set(news.is_some());
        news
    }

    pub fn attach(&self, registry: &Registry, tokens: Range<usize>) -> io::Result<()> {
        if tokens.is_empty() {
            let message = "attach: the range of tokens is empty, so no source could be registered";
            return Err(io::Error::new(ErrorKind::InvalidInput, message));
        }
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

    /// A free token. O(log sources), unless almost all tokens are in use.
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
        loop {
            let token = attached.next;
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

/// What is known of a registered source besides the source.
pub(crate) struct Registration {
    pub token: usize,
    pub attempt_id: AttemptId,
    pub registry: Rc<Registry>,
    pub interest: Cell<u8>,
    /// What it may be ready for: all of it at first, until it would block.
    pub ready: Cell<u8>,
    /// Registered; never again once it is not.
    pub live: Cell<bool>,
    /// In `news`.
    pub queued: Cell<bool>,
}

pub(crate) struct SourceCell<S> {
    pub registration: Registration,
    pub source: RefCell<Option<S>>,
}

impl<S> SourceCell<S> {
    /// Calls the operation, unless the source is gone.
    pub fn with<R>(&self, operation: impl FnOnce(&mut S) -> R) -> io::Result<R> {
        let mut source = self.source.borrow_mut();
        source.as_mut().map(operation).ok_or_else(is_over)
    }
}

pub(crate) fn is_over() -> io::Error {
    let message = "the source is closed, because the attempt that registered it is over: drop it in `on_reset`, and register anew in each attempt";
    io::Error::new(ErrorKind::NotConnected, message)
}

/// A source without its type.
pub(crate) trait Registered {
    fn registration(&self) -> &Registration;
    /// It reports nothing from now on.
    fn deregister(&self);
    /// Closes it. A panic in its deregistration comes through after that.
    fn close(&self);
}

impl<S: Source> Registered for SourceCell<S> {
    fn registration(&self) -> &Registration {
        &self.registration
    }

    fn deregister(&self) {
        if let Ok(mut source) = self.source.try_borrow_mut()
            && let Some(source) = source.as_mut()
        {
            // It fails if the source is closed, and then there is nothing to undo.
            let _ = self.registration.registry.deregister(source);
        }
    }

    fn close(&self) {
        let call = contain(|| self.deregister());
        // One that is in use right now is closed by its `Io`.
        let source = self.source.try_borrow_mut().map(|mut source| source.take());
        dispose(source);
        if let Err(payload) = call {
            resume_unwind(payload);
        }
    }
}

/// The scheduler's end of the source_registry: when it goes, so does every source.
#[derive(Default)]
pub(crate) struct OwnedRegistry {
    pub source_registry: Rc<SourceRegistry>,
}

impl Drop for OwnedRegistry {
    fn drop(&mut self) {
        let sources = self.source_registry.sources.take();
        for source in sources.into_values() {
            source.registration().live.set(false);
            dispose_by(|| source.close());
        }
    }
}

/// The sources that an attempt has registered, and some that it has dropped since.
#[derive(Default)]
pub(crate) struct SourceList(pub(crate) Vec<Rc<dyn Registered>>);

impl SourceList {
    pub fn push(&mut self, source: Rc<dyn Registered>) {
        // Those that are gone are forgotten now and then: amortised O(1).
        if self.0.len() == self.0.capacity() {
            self.0.retain(|source| source.registration().live.get());
        }
        self.0.push(source);
    }

    /// Whether one is registered: asked whenever the work goes to sleep. The first nearly always is.
    pub fn any_live(&self) -> bool {
        self.0.iter().any(|source| source.registration().live.get())
    }

    /// How many are registered. O(n).
    pub fn live(&self) -> usize {
        let live = |source: &&Rc<dyn Registered>| source.registration().live.get();
        self.0.iter().filter(live).count()
    }
}
