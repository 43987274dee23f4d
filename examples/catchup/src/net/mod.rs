//! Byte streams: the one thing about a network that differs between the real world and a simulation.

mod simulated;
mod tcp;

pub use simulated::SimulatedNetwork;
pub use tcp::TcpNetwork;

use crate::catchup::Cx;
use crankwork::Time;
use std::io;
use std::task::Poll;

/// Opens connections to the archive's server.
pub trait Network {
    /// Begins a connection. It may turn out only at the first use that it cannot be made.
    ///
    /// # Errors
    /// The system's.
    fn connect(&mut self, now: Time) -> io::Result<Box<dyn Bytes>>;
}

/// A connection. `Pending` means that the work will be woken when it can go on.
pub trait Bytes {
    /// Reads some bytes; 0 is the end.
    fn read(&mut self, cx: &mut Cx<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some bytes.
    fn write(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// The work is done with it; another may use it, unless something is wrong with it.
    fn release(self: Box<Self>) -> Option<Box<dyn Bytes>>;
}
