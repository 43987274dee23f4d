//! A registered source, as its work holds it.
//!
//! Invariant: a registration that is not `live` stays so, and its token may belong to another source.

use super::source_registry::{
    News, READABLE, Registered, SourceCell, SourceRegistry, WRITABLE, bits, is_over,
};
use crate::engine::panics::{dispose, dispose_by};
use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, Token};
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::task::Poll;

/// A source that is registered for one attempt of one work. Each of its events wakes that work.
///
/// `mio` reports edges: it reports readiness once, and again only after the source would have blocked. The
/// `poll` methods see to that. A work calls them as long as they return `Ready`, and may stop in between and go on
/// later. It may return [`Poll::Pending`] once one of them has. They cost no system call while nothing has been
/// reported.
///
/// When the attempt ends, however it ends, the source is deregistered and closed, wherever the `Io` is then. To keep
/// the source, take it out before ([`Io::deregister`]). Drop the `Io` in `on_reset`, and register anew in each
/// attempt.
pub struct Io<S: Source + 'static> {
    /// The source and its registration, which the scheduler shares.
    pub(crate) held: Rc<SourceCell<S>>,
    /// The table of the scheduler's sources.
    pub(crate) source_registry: Rc<SourceRegistry>,
}

impl<S: Source + 'static> Io<S> {
    /// Calls `operation` if the source may be ready for `interest`. If the operation would block, returns `Pending`
    /// until the source reports something. If it was interrupted, calls it again.
    ///
    /// # Errors
    /// Those of the operation; the attempt is over; or the source is not registered for `interest`.
    ///
    /// # Panics
    /// If `operation` panics.
    pub fn poll_io<R>(
        &mut self,
        interest: Interest,
        mut operation: impl FnMut(&mut S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let (registration, wanted) = (&self.held.registration, bits(interest));
        if !registration.live.get() {
            return Poll::Ready(Err(is_over()));
        }
        if registration.interest.get() & wanted != wanted {
            let message =
                "the source is not registered for that: `reregister` it with this interest";
            return Poll::Ready(Err(io::Error::new(ErrorKind::InvalidInput, message)));
        }
        // `mio` reports readiness once, so the flag stays set until the source would block.
        while registration.ready.get() & wanted != 0 {
            match self.held.with(&mut operation).and_then(|done| done) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    registration.ready.set(registration.ready.get() & !wanted);
                }
                done => return Poll::Ready(done),
            }
        }
        Poll::Pending
    }

    /// Reads some bytes; 0 is the end of the stream.
    ///
    /// # Errors
    /// As [`Io::poll_io`].
    pub fn poll_read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>>
    where
        S: Read,
    {
        self.poll_io(Interest::READABLE, |source| source.read(buffer))
    }

    /// Writes some of `bytes`.
    ///
    /// # Errors
    /// As [`Io::poll_io`].
    pub fn poll_write(&mut self, bytes: &[u8]) -> Poll<io::Result<usize>>
    where
        S: Write,
    {
        self.poll_io(Interest::WRITABLE, |source| source.write(bytes))
    }

    /// Returns whether reading may succeed: the source has reported it, or no read has been tried yet.
    pub fn is_readable(&self) -> bool {
        self.held.registration.ready.get() & READABLE != 0
    }

    /// Returns whether writing may succeed.
    pub fn is_writable(&self) -> bool {
        self.held.registration.ready.get() & WRITABLE != 0
    }

    /// Returns whether the source is still registered. It is not once the attempt is over.
    pub fn is_registered(&self) -> bool {
        self.held.registration.live.get()
    }

    /// Calls `operation` with the source, for calls that do not depend on readiness: addresses, options, shutting
    /// down.
    ///
    /// # Errors
    /// The attempt is over.
    ///
    /// # Panics
    /// If `operation` panics.
    pub fn with<R>(&mut self, operation: impl FnOnce(&mut S) -> R) -> io::Result<R> {
        self.held.with(operation)
    }

    /// Registers the source for `interest` instead.
    ///
    /// # Errors
    /// An error of the system; or the attempt is over.
    pub fn reregister(&mut self, interest: Interest) -> io::Result<()> {
        let registration = &self.held.registration;
        if !registration.live.get() {
            return Err(is_over());
        }
        self.held.with(|source| {
            registration
                .registry
                .reregister(source, Token(registration.token), interest)
        })??;
        registration.interest.set(bits(interest));
        // The new registration reports changes only, so each operation has to be tried once.
        registration.ready.set(bits(interest));
        Ok(())
    }

    /// Takes the source out: it is deregistered, and stays open.
    ///
    /// # Errors
    /// The attempt is over, and the source closed.
    pub fn deregister(self) -> io::Result<S> {
        self.leave();
        self.held.source.take().ok_or_else(is_over)
    }

    /// Deregisters the source, unless it is deregistered already. The engine looks whether the work has lost its last
    /// source.
    fn leave(&self) {
        // The end of the attempt may have deregistered it already, and the token may have a new owner.
        if self.held.registration.live.replace(false) {
            let registration = &self.held.registration;
            self.source_registry
                .sources
                .borrow_mut()
                .remove(&registration.token);
            self.source_registry
                .tell(News::Lost(registration.attempt_id));
            // This is the program's code and may panic, so the table and the news come before it.
            self.held.deregister();
        }
    }
}

impl Io<TcpStream> {
    /// Waits until a stream made by `TcpStream::connect` is connected. It has to be registered as writable.
    ///
    /// # Errors
    /// The reason why there is no connection; or as [`Io::poll_io`].
    pub fn poll_connect(&mut self) -> Poll<io::Result<()>> {
        self.poll_io(Interest::WRITABLE, |stream| {
            // A failed connection makes the stream writable, too, and only this error tells it from a success.
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
            // An event may come before the connection stands. `NotConnected` then means to wait on.
            match stream.peer_addr() {
                Err(error) if error.kind() == ErrorKind::NotConnected => {
                    Err(ErrorKind::WouldBlock.into())
                }
                peer => peer.map(drop),
            }
        })
    }
}

impl<S: Source + 'static> Drop for Io<S> {
    fn drop(&mut self) {
        dispose_by(|| self.leave());
        // The source is closed here, even if the scheduler still has its end of it.
        dispose(self.held.source.take());
    }
}

impl<S: Source + 'static> fmt::Debug for Io<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io")
            .field("token", &self.held.registration.token)
            .field("registered", &self.is_registered())
            .field("readable", &self.is_readable())
            .field("writable", &self.is_writable())
            .finish()
    }
}
