//! What the server answers, and what goes wrong with it: from the seed, the path and how often it has been asked for,
//! so that a file's faults do not depend on what else is going on.

use super::{Answer, Found, Request, Shelf};
use crate::archive::File;
use crate::random;
use crankwork::Stream;
use std::collections::BTreeMap;
use std::io::Read;
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

/// What the server does about a request.
pub struct Reply {
    /// How long the server thinks.
    pub delay: Duration,
    /// What it sends.
    pub answer: Answer,
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
    /// How often each file that is there has been asked for.
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
        match self.shelf.open(file) {
            Ok(Found::File { length, content }) => self.found(file, length, content),
            Ok(Found::Nothing) => self.plain("404 Not Found", Then::KeepOpen),
            Ok(Found::NoFile) => self.plain("403 Forbidden", Then::KeepOpen),
            Err(_) => self.plain("500 Internal Server Error", Then::KeepOpen),
        }
    }

    /// The file, as it should be sent or not: with its length, or in chunks.
    fn found(&self, file: File, length: u64, content: Box<dyn Read + Send>) -> Reply {
        let mut random = random::stream(self.faults.seed, &file.path(), self.visit(file));
        let goes_wrong = random::chance(&mut random, self.faults.rate);
        let answer = match random.below(4) {
            0 => Answer::in_chunks(content, length, Stream::new(random.next_u64())),
            _ => Answer::with_length(content, length),
        };
        let reply = self.whole(answer, Then::KeepOpen);
        match goes_wrong {
            true => self.fault(reply, &mut random),
            false => reply,
        }
    }

    fn visit(&self, file: File) -> u64 {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = visits.entry(file).or_default();
        *visit += 1;
        *visit
    }

    fn whole(&self, answer: Answer, then: Then) -> Reply {
        Reply {
            delay: self.faults.latency,
            answer,
            then,
        }
    }

    fn plain(&self, status: &str, then: Then) -> Reply {
        self.whole(Answer::plain(status), then)
    }

    /// One of the things that go wrong.
    fn fault(&self, mut reply: Reply, random: &mut Stream) -> Reply {
        let length = reply.answer.least();
        match random.below(5) {
            0 if random.below(4) == 0 => {
                let status = "503 Service Unavailable\r\nRetry-After: 1";
                return self.plain(status, Then::KeepOpen);
            }
            0 => return self.plain("503 Service Unavailable", Then::KeepOpen),
            1 => {
                reply.answer.cut(0);
                reply.then = Then::Close;
            }
            2 => {
                reply.answer.cut(random.below(length));
                reply.then = Then::Close;
            }
            3 => {
                reply.answer.cut(random.below(length));
                reply.then = Then::Stall;
            }
            _ => {
                // The last quarter is far from the head, in all but the smallest files.
                let at = length - 1 - random.below(length / 4);
                reply.answer.flip(at, 1 << random.below(8));
            }
        }
        reply
    }
}
