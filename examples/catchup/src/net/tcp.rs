//! Real connections.

use super::{Bytes, Network};
use crate::catchup::Cx;
use crankwork::Time;
use mio::net::TcpStream;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::task::Poll;

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
        stream.set_nodelay(true)?;
        Ok(Box::new(Connection { stream }))
    }
}

struct Connection {
    stream: TcpStream,
}

impl Bytes for Connection {
    fn read(&mut self, cx: &mut Cx<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                cx.wake_after(std::time::Duration::from_millis(1));
                Poll::Pending
            }
            result => Poll::Ready(result),
        }
    }

    fn write(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.stream.write(bytes) {
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::NotConnected
                ) =>
            {
                cx.wake_after(std::time::Duration::from_millis(1));
                Poll::Pending
            }
            result => Poll::Ready(result),
        }
    }
}
