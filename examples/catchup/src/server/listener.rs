//! The server on a real socket of this machine: a thread that accepts, and one per connection. Simple and blocking: it
//! stands for a server somewhere else, and shares nothing with the program that catches up.

use super::{Requests, Responder, Then};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// More connections than this are closed at once.
const MOST_CONNECTIONS: usize = 1024;

/// Bytes that are sent at a time.
const PIECE: usize = 64 << 10;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepts: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    responder: Responder,
    open: Mutex<Open>,
    /// Wakes who thinks or stalls, at the end.
    ending: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    ended: bool,
    connections: Vec<(Arc<TcpStream>, JoinHandle<()>)>,
}

impl Listener {
    /// Listens on this port of the loopback interface; 0 takes any that is free.
    ///
    /// # Errors
    /// The system's, for one that the port is in use.
    pub fn start(port: u16, responder: Responder) -> io::Result<Listener> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let address = socket.local_addr()?;
        let shared = Arc::new(Shared {
            responder,
            open: Mutex::default(),
            ending: Condvar::new(),
        });
        let accepting = shared.clone();
        let accepts = thread::Builder::new()
            .name(String::from("archive-server"))
            .spawn(move || accepting.accept(&socket))?;
        Ok(Listener {
            address,
            shared,
            accepts: Some(accepts),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.ending.notify_all();
        // A connection is what it waits for. If none can be made, the thread cannot be reached and is left alone.
        let reached = TcpStream::connect(self.address).is_ok();
        if let Some(accepts) = self.accepts.take().filter(|_| reached) {
            let _ = accepts.join();
        }
        let connections = std::mem::take(&mut self.shared.lock().connections);
        for (stream, thread) in connections {
            // Already closed, or closed now: either way its thread ends.
            let _ = stream.shutdown(Shutdown::Both);
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Shared>, socket: &TcpListener) {
        loop {
            let accepted = socket.accept();
            let mut open = self.lock();
            if open.ended {
                return;
            }
            open.connections.retain(|(_, thread)| !thread.is_finished());
            match accepted {
                Ok((stream, _)) if open.connections.len() < MOST_CONNECTIONS => {
                    // A connection that cannot be served is closed by being dropped.
                    let _ = self.serve(stream, &mut open);
                }
                Ok(_) => {}
                Err(_) => {
                    drop(open);
                    // Out of descriptors, most likely: some will be free soon.
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
    }

    fn serve(self: &Arc<Shared>, stream: TcpStream, open: &mut Open) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        let (shared, ours) = (self.clone(), stream.clone());
        let thread = thread::Builder::new()
            .name(String::from("archive-connection"))
            .spawn(move || {
                // The peer has gone, or the server ends: nothing is left to do for this connection.
                let _ = shared.talk(&ours);
                let _ = ours.shutdown(Shutdown::Both);
            })?;
        open.connections.push((stream, thread));
        Ok(())
    }

    fn talk(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut requests = Requests::new();
        let mut buffer = [0; 4 << 10];
        loop {
            while let Some(request) = requests.take() {
                let reply = self.responder.reply(&request);
                let (mut answer, then) = (reply.answer, reply.then);
                self.pause(reply.delay)?;
                let mut out = BufWriter::with_capacity(PIECE, stream);
                io::copy(&mut answer, &mut out)?;
                out.flush()?;
                match then {
                    Then::KeepOpen => {}
                    Then::Close => return Ok(()),
                    // Until the other side gives up.
                    Then::Stall => return io::copy(&mut stream, &mut io::sink()).map(drop),
                }
            }
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                length => requests.feed(&buffer[..length]),
            }
        }
    }

    /// Waits, or fails if the server ends meanwhile.
    fn pause(&self, delay: Duration) -> io::Result<()> {
        if delay.is_zero() {
            return Ok(());
        }
        let open = self.lock();
        let (open, _) = self
            .ending
            .wait_timeout_while(open, delay, |open| !open.ended)
            .unwrap_or_else(PoisonError::into_inner);
        match open.ended {
            true => Err(ErrorKind::Interrupted.into()),
            false => Ok(()),
        }
    }
}
