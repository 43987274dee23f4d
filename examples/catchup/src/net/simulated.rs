//! Connections in virtual time: what the server answers comes in random pieces, after random delays, all from the seed.

use super::{Bytes, Network};
use crate::catchup::Cx;
use crate::random;
use crate::server::{Reply, Requests, Responder, Then};
use crankwork::Stream;
use crankwork::Time;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// The longest piece, in bytes, and the longest time between two, in nanoseconds.
const LONGEST_PIECE: u64 = 8 << 10;
const LONGEST_GAP_NS: u64 = 2_000_000;

/// A network with one server.
pub struct SimulatedNetwork {
    server: Rc<Responder>,
    seed: u64,
    connections: u64,
}

impl SimulatedNetwork {
    /// For this server; the seed says how its answers come.
    pub fn new(server: Rc<Responder>, seed: u64) -> SimulatedNetwork {
        SimulatedNetwork {
            server,
            seed,
            connections: 0,
        }
    }
}

impl Network for SimulatedNetwork {
    fn connect(&mut self, _: Time) -> io::Result<Box<dyn Bytes>> {
        self.connections += 1;
        Ok(Box::new(Connection {
            server: self.server.clone(),
            requests: Requests::new(),
            random: random::stream(self.seed, "connection", self.connections),
            pieces: VecDeque::new(),
            last: Time::ZERO,
            closes: None,
        }))
    }
}

struct Connection {
    server: Rc<Responder>,
    requests: Requests,
    random: Stream,
    /// What will come, and when.
    pieces: VecDeque<(Time, Vec<u8>)>,
    /// When the last of it comes.
    last: Time,
    /// When the server closes the connection, if it does.
    closes: Option<Time>,
}

impl Connection {
    fn gap(&mut self) -> Duration {
        Duration::from_nanos(self.random.below(LONGEST_GAP_NS))
    }

    fn plan(&mut self, reply: Reply, now: Time) {
        let Reply {
            delay,
            mut answer,
            mut then,
        } = reply;
        let mut at = self.last.max(now).saturating_add(delay);
        loop {
            let length = 1 + self.random.below(LONGEST_PIECE);
            let mut piece = Vec::new();
            if answer
                .by_ref()
                .take(length)
                .read_to_end(&mut piece)
                .is_err()
            {
                then = Then::Close;
            }
            if piece.is_empty() {
                break;
            }
            at = at.saturating_add(self.gap());
            self.pieces.push_back((at, piece));
        }
        self.last = at;
        match then {
            Then::Close => self.closes = Some(at.saturating_add(self.gap())),
            Then::KeepOpen | Then::Stall => {}
        }
    }
}

impl Bytes for Connection {
    fn read(&mut self, cx: &mut Cx<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let now = cx.now();
        match self.pieces.front_mut() {
            Some((at, piece)) if *at <= now => {
                let length = piece.len().min(buffer.len());
                buffer[..length].copy_from_slice(&piece[..length]);
                piece.drain(..length);
                if piece.is_empty() {
                    self.pieces.pop_front();
                }
                Poll::Ready(Ok(length))
            }
            Some((at, _)) => {
                cx.wake_at(*at);
                Poll::Pending
            }
            None => match self.closes {
                Some(at) if at <= now => Poll::Ready(Ok(0)),
                Some(at) => {
                    cx.wake_at(at);
                    Poll::Pending
                }
                // Nothing will come; the reader's patience ends some time.
                None => Poll::Pending,
            },
        }
    }

    fn write(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let now = cx.now();
        if self.closes.is_some_and(|at| at <= now) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        // Small pieces, so that requests are written in several turns, too.
        let length = bytes.len().min(1 + self.random.below(256) as usize);
        self.requests.feed(&bytes[..length]);
        while let Some(request) = self.requests.take() {
            let reply = self.server.reply(&request);
            self.plan(reply, now);
        }
        Poll::Ready(Ok(length))
    }

    fn release(self: Box<Self>) -> Option<Box<dyn Bytes>> {
        Some(self)
    }
}
