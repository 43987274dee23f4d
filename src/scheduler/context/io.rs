//! `cx.io()`: sockets, pipes and other sources of readiness.

use super::WorkContext;
use crate::engine::Engine;
use crate::engine::io::Io;
use mio::Interest;
use mio::event::Source;
use std::fmt;
use std::io;
use std::marker::PhantomData;

/// Registers sources for the present attempt of a work; see [`WorkContext::io`].
pub struct Sources<'a, C: ?Sized> {
    engine: &'a mut Engine,
    slot: u32,
    app: PhantomData<fn(&C)>,
}

impl<C: ?Sized> Sources<'_, C> {
    /// Registers a source that the work owns. The source must be non-blocking, as all sources of mio are. A work may
    /// sleep while a source of its own is registered. O(log sources).
    ///
    /// # Errors
    /// The system's error. Also: no poll is attached, all tokens are in use, or the call comes from a hook. The source
    /// is closed then.
    pub fn register<S: Source + 'static>(
        &mut self,
        source: S,
        interest: Interest,
    ) -> io::Result<Io<S>> {
        self.engine.register_source(self.slot, source, interest)
    }

    /// Returns how many sources this attempt has registered. O(sources of the attempt).
    pub fn len(&self) -> usize {
        self.engine
            .arena
            .extension(self.slot)
            .map_or(0, |extension| extension.sources.live())
    }

    /// Returns whether this attempt has registered none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<C: ?Sized> WorkContext<'_, C> {
    /// Returns the sources of this attempt, to register sockets, pipes and other sources of mio with the host's poll.
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
            engine: &mut self.lent.engine,
            app: PhantomData,
        }
    }
}

/// Prints how many sources are registered.
impl<C: ?Sized> fmt::Debug for Sources<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.len();
        f.debug_struct("Sources").field("len", &len).finish()
    }
}
