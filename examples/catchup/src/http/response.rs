//! An answer, read as it comes: any number of bytes at a time.

use super::HttpError;
use super::chunked::Chunked;
use std::time::Duration;

/// The longest head, in bytes, and the most header lines.
const HEAD_LIMIT: usize = 16 << 10;
const HEADER_LINES: usize = 64;

/// Reads one answer with status 200.
pub struct Decoder {
    /// Bytes that have come and are not part of the body yet.
    buffer: Vec<u8>,
    body: Vec<u8>,
    body_limit: usize,
    state: State,
    keeps_alive: bool,
    received: usize,
}

enum State {
    Head,
    Length(usize),
    Chunked(Chunked),
    UntilClosed,
    Done,
}

/// What a head says about what follows.
struct Head {
    length: usize,
    keeps_alive: bool,
    state: State,
}

impl Decoder {
    /// For an answer whose body has at most so many bytes.
    pub fn new(body_limit: usize) -> Decoder {
        Decoder {
            buffer: Vec::new(),
            body: Vec::new(),
            body_limit,
            state: State::Head,
            keeps_alive: false,
            received: 0,
        }
    }

    /// Bytes that have come so far.
    pub fn received(&self) -> usize {
        self.received
    }

    /// Bytes of the body that have come so far, and in all if that is known.
    pub fn body_progress(&self) -> (usize, Option<usize>) {
        let total = match self.state {
            State::Length(length) => Some(length),
            State::Done => Some(self.body.len()),
            _ => None,
        };
        (self.body.len(), total)
    }

    /// Takes what has come; `true` once the answer is complete.
    ///
    /// # Errors
    /// [`HttpError`]: the answer is of no use, however it goes on.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<bool, HttpError> {
        self.received += bytes.len();
        self.buffer.extend_from_slice(bytes);
        if let State::Head = self.state {
            match read_head(&self.buffer)? {
                None if self.buffer.len() > HEAD_LIMIT => {
                    return Err(too_large("head", HEAD_LIMIT));
                }
                None => return Ok(false),
                Some(head) => {
                    self.buffer.drain(..head.length);
                    self.keeps_alive = head.keeps_alive;
                    self.state = head.state;
                }
            }
        }
        if self.fill_body()? {
            self.state = State::Done;
            // Something after the answer: the connection is not where it should be.
            self.keeps_alive &= self.buffer.is_empty();
        }
        Ok(matches!(self.state, State::Done))
    }

    /// The connection has ended. Right only if the body lasts until then.
    ///
    /// # Errors
    /// [`HttpError::Closed`], if more should have come.
    pub fn end(&mut self) -> Result<(), HttpError> {
        match self.state {
            State::UntilClosed | State::Done => Ok(()),
            _ => Err(HttpError::Closed {
                received: self.received,
            }),
        }
    }

    /// The body, once it is complete, and whether the connection can be used again.
    pub fn take_body(&mut self) -> (Vec<u8>, bool) {
        (std::mem::take(&mut self.body), self.keeps_alive)
    }

    /// Moves what belongs to the body; `true` if that was its end.
    fn fill_body(&mut self) -> Result<bool, HttpError> {
        let (body, limit) = (&mut self.body, self.body_limit);
        match &mut self.state {
            State::Head | State::Done => Ok(true),
            State::Length(length) if *length > limit => Err(too_large("body", limit)),
            State::Length(length) => {
                let wanted = (*length - body.len()).min(self.buffer.len());
                body.extend(self.buffer.drain(..wanted));
                Ok(body.len() == *length)
            }
            State::Chunked(chunked) => chunked.take(&mut self.buffer, body, limit),
            State::UntilClosed => {
                body.append(&mut self.buffer);
                match body.len() > limit {
                    true => Err(too_large("body", limit)),
                    false => Ok(false),
                }
            }
        }
    }
}

pub(super) fn too_large(what: &'static str, limit: usize) -> HttpError {
    HttpError::TooLarge { what, limit }
}

/// The head, if it is complete.
fn read_head(bytes: &[u8]) -> Result<Option<Head>, HttpError> {
    let malformed = |what: &str| HttpError::Malformed(what.to_owned());
    let mut lines = [httparse::EMPTY_HEADER; HEADER_LINES];
    let mut response = httparse::Response::new(&mut lines);
    let parsed = response
        .parse(bytes)
        .map_err(|error| malformed(&error.to_string()))?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let headers = Headers(response.headers);
    match response.code.unwrap_or_default() {
        200 => {}
        code @ 300..=399 => return Err(HttpError::Redirect(code)),
        code => {
            let retry_after = headers.number("retry-after")?.map(Duration::from_secs);
            return Err(HttpError::Status { code, retry_after });
        }
    }
    let chunked = headers.has("transfer-encoding", "chunked");
    let state = match (headers.number("content-length")?, chunked) {
        (Some(_), true) => return Err(malformed("both chunked and with a length")),
        (Some(length), false) => State::Length(usize::try_from(length).unwrap_or(usize::MAX)),
        (None, true) => State::Chunked(Chunked::new()),
        (None, false) if headers.get("transfer-encoding").is_some() => {
            return Err(malformed("an unknown transfer encoding"));
        }
        (None, false) => State::UntilClosed,
    };
    let keeps_alive = response.version == Some(1) && !headers.has("connection", "close");
    Ok(Some(Head {
        length,
        keeps_alive,
        state,
    }))
}

/// Header lines; names are compared without regard to case.
struct Headers<'a>(&'a [httparse::Header<'a>]);

impl<'a> Headers<'a> {
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let lines = self.0.iter();
        lines
            .filter(move |line| line.name.eq_ignore_ascii_case(name))
            .map(|line| str::from_utf8(line.value).unwrap_or_default().trim())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// Whether one of the values, which may be lists, is this word.
    fn has(&self, name: &str, word: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(','))
            .any(|item| item.trim().eq_ignore_ascii_case(word))
    }

    /// The one number in this header.
    fn number(&self, name: &str) -> Result<Option<u64>, HttpError> {
        let mut number = None;
        for value in self.all(name) {
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            let read = value.parse::<u64>().ok().filter(|_| digits);
            if read.is_none() || number.is_some_and(|before| Some(before) != read) {
                return Err(HttpError::Malformed(format!("a {name} of {value:?}")));
            }
            number = read;
        }
        Ok(number)
    }
}
