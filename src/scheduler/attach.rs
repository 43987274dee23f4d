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
    /// The poll alone does not tell the host of other threads. For that the host makes a waker, and calls it in the
    /// [notifier](WorkScheduler::set_notifier):
    ///
    /// ```
    /// use crankwork::{Budget, MonotonicClock, Next, ThreadOffload, WorkScheduler};
    /// use mio::{Events, Poll, Token, Waker};
    /// use std::io::ErrorKind;
    ///
    /// const WAKER: Token = Token(0);
    /// const WORKS: usize = 1 << 16;
    ///
    /// let mut poll = Poll::new()?;
    /// let mut work = WorkScheduler::<()>::new(Default::default());
    /// work.attach(poll.registry(), WORKS..usize::MAX)?;
    /// let waker = Waker::new(poll.registry(), WAKER)?;
    /// work.set_notifier(move || drop(waker.wake()));
    /// work.set_offload(ThreadOffload::new(1)?);
    ///
    /// let mut ticket = None;
    /// let index = work.add_fn("index", move |cx| {
    ///     ticket.get_or_insert_with(|| cx.offload(|| 63)).poll(cx)
    /// })?;
    ///
    /// let (clock, mut events) = (MonotonicClock::new(), Events::with_capacity(64));
    /// loop {
    ///     let crank = work.crank_work(clock.now(), &mut (), Budget::turns(100));
    ///     match crank.next {
    ///         Next::Idle => break,
    ///         Next::Stalled => panic!("{}", work.stall_report()),
    ///         next => match poll.poll(&mut events, next.timeout(clock.now())) {
    ///             // A signal has ended the wait.
    ///             Err(error) if error.kind() == ErrorKind::Interrupted => continue,
    ///             done => done?,
    ///         },
    ///     }
    ///     for event in &events {
    ///         if !work.handle_event(event) {
    ///             match event.token() {
    ///                 WAKER => {}
    ///                 _ => { /* a source of the host's own */ }
    ///             }
    ///         }
    ///     }
    /// }
    /// assert_eq!(work.take(index), Some(63));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
