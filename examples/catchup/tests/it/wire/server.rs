//! A server in virtual time that answers as a case says, and keeps a log of what it was asked for.

use catchup::archive::File;
use catchup::catchup::Cx;
use catchup::maker::Files;
use catchup::net::{Bytes, Network};
use catchup::server::{Request, Requests};
use crankwork::Time;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// One act of the server after a request.
#[derive(Clone)]
pub enum Act {
    /// Waits.
    Wait(Duration),
    /// Sends these bytes in one piece.
    Send(Vec<u8>),
    /// Sends these bytes in pieces of this length, each after a wait.
    Pieces(Vec<u8>, usize, Duration),
    /// Sends these bytes again and again without end, each time after a wait.
    Endless(Vec<u8>, Duration),
    /// Closes the connection.
    Close,
}

/// A request, as the server sees it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The file that is asked for.
    pub file: File,
    /// The number of requests for this file, this one included.
    pub visit: u32,
    /// The connection, from 1.
    pub connection: usize,
    /// The number of requests over this connection, this one included.
    pub nth: u32,
}

/// Returns the server's acts after a request, given the file as it should be; `None` is an honest answer.
pub type Script = Rc<dyn Fn(&Asked, &[u8]) -> Option<Vec<Act>>>;

/// The server: an archive, and what goes wrong with it.
pub struct Server {
    files: Arc<Files>,
    script: Script,
    visits: RefCell<BTreeMap<File, u32>>,
    log: RefCell<Vec<Asked>>,
}

impl Server {
    /// A server of these files.
    pub fn new(files: Arc<Files>, script: Script) -> Rc<Server> {
        Rc::new(Server {
            files,
            script,
            visits: RefCell::default(),
            log: RefCell::default(),
        })
    }

    /// All requests so far, in order.
    pub fn log(&self) -> Vec<Asked> {
        self.log.borrow().clone()
    }

    fn acts(&self, path: &str, connection: usize, nth: u32) -> Vec<Act> {
        let file = File::at(path).expect("the catch-up asks for files of an archive only");
        let visit = {
            let mut visits = self.visits.borrow_mut();
            let visit = visits.entry(file).or_default();
            *visit += 1;
            *visit
        };
        let asked = Asked {
            file,
            visit,
            connection,
            nth,
        };
        self.log.borrow_mut().push(asked);
        let Some(body) = self.files.get(&file) else {
            let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
            return vec![Act::Send(missing.to_vec())];
        };
        let acts = (self.script)(&asked, body);
        acts.unwrap_or_else(|| vec![Act::Send(super::answer::with_length(body))])
    }
}

/// The network with this server in it.
pub struct Wire {
    server: Rc<Server>,
    connections: usize,
}

impl Wire {
    /// For this server.
    pub fn new(server: Rc<Server>) -> Wire {
        Wire {
            server,
            connections: 0,
        }
    }
}

impl Network for Wire {
    fn connect(&mut self, _: Time) -> io::Result<Box<dyn Bytes>> {
        self.connections += 1;
        Ok(Box::new(Connection {
            server: self.server.clone(),
            number: self.connections,
            nth: 0,
            requests: Requests::new(),
            coming: VecDeque::new(),
            last: Time::ZERO,
        }))
    }
}

/// A piece of what the server sends.
enum Piece {
    /// The bytes, and how many of them have been read.
    Bytes(Vec<u8>, usize),
    Endless(Vec<u8>, Duration),
    End,
}

struct Connection {
    server: Rc<Server>,
    number: usize,
    nth: u32,
    requests: Requests,
    coming: VecDeque<(Time, Piece)>,
    /// When the last of it comes.
    last: Time,
}

impl Connection {
    fn plan(&mut self, acts: Vec<Act>, now: Time) {
        let mut at = self.last.max(now);
        for act in acts {
            match act {
                Act::Wait(time) => at = at.saturating_add(time),
                Act::Send(bytes) if bytes.is_empty() => {}
                Act::Send(bytes) => self.coming.push_back((at, Piece::Bytes(bytes, 0))),
                Act::Pieces(bytes, length, every) => {
                    for piece in bytes.chunks(length) {
                        at = at.saturating_add(every);
                        self.coming.push_back((at, Piece::Bytes(piece.to_vec(), 0)));
                    }
                }
                Act::Endless(bytes, every) => {
                    self.coming.push_back((at, Piece::Endless(bytes, every)));
                }
                Act::Close => self.coming.push_back((at, Piece::End)),
            }
        }
        self.last = at;
    }
}

impl Bytes for Connection {
    fn read(&mut self, cx: &mut Cx<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let now = cx.now();
        let Some((at, piece)) = self.coming.front_mut() else {
            return Poll::Pending;
        };
        if *at > now {
            cx.wake_at(*at);
            return Poll::Pending;
        }
        match piece {
            Piece::End => Poll::Ready(Ok(0)),
            Piece::Bytes(bytes, read) => {
                let rest = &bytes[*read..];
                let length = rest.len().min(buffer.len());
                buffer[..length].copy_from_slice(&rest[..length]);
                *read += length;
                if *read == bytes.len() {
                    self.coming.pop_front();
                }
                Poll::Ready(Ok(length))
            }
            Piece::Endless(bytes, every) => {
                let length = bytes.len().min(buffer.len());
                buffer[..length].copy_from_slice(&bytes[..length]);
                bytes.rotate_left(length);
                *at = at.saturating_add(*every);
                Poll::Ready(Ok(length))
            }
        }
    }

    fn write(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let now = cx.now();
        if matches!(self.coming.front(), Some((at, Piece::End)) if *at <= now) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.requests.feed(bytes);
        while let Some(request) = self.requests.take() {
            let Request::Get(path) = request else {
                panic!("the catch-up sent something that is no request");
            };
            self.nth += 1;
            let acts = self.server.acts(&path, self.number, self.nth);
            self.plan(acts, now);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn release(self: Box<Self>) -> Option<Box<dyn Bytes>> {
        Some(self)
    }
}
