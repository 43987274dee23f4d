//! What the server answers, and what goes wrong with it: from the seed, the path and how often it has been asked for,
//! so that a file's faults do not depend on what else is going on.

use super::{Request, Shelf};
use crate::archive::File;
use crate::random;
use crankwork::Stream;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often answers go wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// The probability of each answer to go wrong, 0 to 1.
    pub rate: f64,
    /// How long each answer takes at least.
    pub latency: Duration,
    /// Which ones go wrong.
    pub seed: u64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How long the server thinks.
    pub delay: Duration,
    /// What it sends.
    pub bytes: Vec<u8>,
    /// And then.
    pub then: Then,
}

/// What happens to the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It waits for the next request.
    KeepOpen,
    /// It is closed.
    Close,
    /// It stays open, but nothing comes any more.
    Stall,
}

/// Answers requests for the files of an archive.
#[derive(Debug)]
pub struct Responder {
    shelf: Shelf,
    faults: Faults,
    /// How often each path has been asked for.
    visits: Mutex<BTreeMap<File, u64>>,
}

impl Responder {
    /// A server of this archive.
    pub fn new(shelf: Shelf, faults: Faults) -> Responder {
        Responder {
            shelf,
            faults,
            visits: Mutex::default(),
        }
    }

    /// The answer to a request.
    pub fn reply(&self, request: &Request) -> Reply {
        let file = match request {
            Request::Bad => return self.plain("400 Bad Request", Then::Close),
            Request::Get(path) => File::at(path),
        };
        let Some(file) = file else {
            return self.plain("404 Not Found", Then::KeepOpen);
        };
        let mut random = random::stream(self.faults.seed, &file.path(), self.visit(file));
        if random::chance(&mut random, self.faults.rate) {
            return self.fault(file, &mut random);
        }
        match self.answer(file, &mut random) {
            Ok(bytes) => self.whole(bytes),
            Err(status) => self.plain(status, Then::KeepOpen),
        }
    }

    fn visit(&self, file: File) -> u64 {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = visits.entry(file).or_default();
        *visit += 1;
        *visit
    }

    fn whole(&self, bytes: Vec<u8>) -> Reply {
        Reply {
            delay: self.faults.latency,
            bytes,
            then: Then::KeepOpen,
        }
    }

    fn plain(&self, status: &str, then: Then) -> Reply {
        Reply {
            delay: self.faults.latency,
            bytes: format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            then,
        }
    }

    /// One of the things that go wrong.
    fn fault(&self, file: File, random: &mut Stream) -> Reply {
        let kind = random.below(5);
        let mut reply = match self.answer(file, random) {
            Ok(bytes) => self.whole(bytes),
            Err(status) => return self.plain(status, Then::KeepOpen),
        };
        let length = reply.bytes.len() as u64;
        match kind {
            0 if random.below(4) == 0 => {
                let status = "503 Service Unavailable\r\nRetry-After: 1";
                return self.plain(status, Then::KeepOpen);
            }
            0 => return self.plain("503 Service Unavailable", Then::KeepOpen),
            1 => {
                reply.bytes.clear();
                reply.then = Then::Close;
            }
            2 => {
                reply.bytes.truncate(random.below(length) as usize);
                reply.then = Then::Close;
            }
            3 => {
                reply.bytes.truncate(random.below(length) as usize);
                reply.then = Then::Stall;
            }
            _ => {
                // The last quarter is far from the head, in all but the smallest files.
                let at = length - 1 - random.below(length / 4);
                reply.bytes[at as usize] ^= 1 << random.below(8);
            }
        }
        reply
    }

    /// The file as it should be sent: with its length, or in chunks.
    fn answer(&self, file: File, random: &mut Stream) -> Result<Vec<u8>, &'static str> {
        let body = match self.shelf.get(file) {
            Ok(Some(body)) => body,
            Ok(None) => return Err("404 Not Found"),
            Err(_) => return Err("500 Internal Server Error"),
        };
        Ok(match random.below(4) {
            0 => in_chunks(&body, random),
            _ => with_length(&body),
        })
    }
}

fn with_length(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn in_chunks(body: &[u8], random: &mut Stream) -> Vec<u8> {
    let mut text = String::from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut answer = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.len().min(1 + random.below(16 << 10) as usize));
        // Writing to a string cannot fail.
        let _ = write!(text, "{:x}\r\n", chunk.len());
        answer.extend(std::mem::take(&mut text).into_bytes());
        answer.extend_from_slice(chunk);
        text.push_str("\r\n");
        rest = after;
    }
    text.push_str("0\r\n\r\n");
    answer.extend(text.into_bytes());
    answer
}
