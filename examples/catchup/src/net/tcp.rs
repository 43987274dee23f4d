//! Real connections, registered with the host's poll for as long as a work uses them.

use super::{Bytes, Network};
use crate::catchup::Cx;
use crankwork::{Io, Time};
use mio::Interest;
use mio::net::TcpStream;
use std::io;
use std::net::SocketAddr;
use std::task::{Poll, ready};

/// The network, with one server in it.
#[derive(Debug)]
pub struct TcpNetwork {
    server: SocketAddr,
}

impl TcpNetwork {
    /// Connects to this server.
    pub fn new(server: SocketAddr) -> TcpNetwork {
        TcpNetwork { server }
    }
}

impl Network for TcpNetwork {
    fn connect(&mut self, _: Time) -> io::Result<Box<dyn Bytes>> {
        let stream = TcpStream::connect(self.server)?;
        Ok(Box::new(Connection::Idle(Some(stream))))
    }
}

enum Connection {
    /// Nobody's at present; nothing only while it becomes somebody's.
    Idle(Option<TcpStream>),
    /// Registered for the attempt of a work.
    Used { io: Io<TcpStream>, connected: bool },
}

impl Connection {
    /// The stream, connected.
    fn stream(&mut self, cx: &mut Cx<'_>) -> Poll<io::Result<&mut Io<TcpStream>>> {
        if let Connection::Idle(stream) = self {
            let stream = stream.take().ok_or(io::ErrorKind::NotConnected)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            *self = Connection::Used {
                io: cx.io().register(stream, both)?,
                connected: false,
            };
        }
        match self {
            Connection::Idle(_) => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Connection::Used { io, connected } => {
                if !*connected {
                    ready!(io.poll_connect())?;
                    io.with(|stream| stream.set_nodelay(true))??;
                    *connected = true;
                }
                Poll::Ready(Ok(io))
            }
        }
    }
}

impl Bytes for Connection {
    fn read(&mut self, cx: &mut Cx<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        ready!(self.stream(cx))?.poll_read(buffer)
    }

    fn write(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.stream(cx))?.poll_write(bytes)
    }

    fn release(self: Box<Self>) -> Option<Box<dyn Bytes>> {
        let stream = match *self {
            Connection::Used { io, .. } => io.deregister().ok(),
            Connection::Idle(stream) => stream,
        };
        stream.map(|stream| Box::new(Connection::Idle(Some(stream))) as Box<dyn Bytes>)
    }
}
