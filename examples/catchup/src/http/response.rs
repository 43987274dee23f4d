//! An answer, read as it comes: any number of bytes at a time.

use super::chunked::Chunked;
use super::{HttpError, date};
use std::time::{Duration, SystemTime};

/// The longest head, in bytes, and the most header lines.
const HEAD_LIMIT: usize = 16 << 10;
const HEADER_LINES: usize = 64;

/// The most interim answers (1xx) before the answer.
const MOST_INTERIM: usize = 16;

/// So many characters of what is wrong are told.
const QUOTED: usize = 40;

/// What is switched to with status 101 is not HTTP.
const SWITCHING_PROTOCOLS: u16 = 101;

/// Reads one answer with status 200. What it keeps is the body, which has a limit, and at most a head.
pub struct Decoder {
    /// Bytes that have come and are not part of the body yet.
    buffer: Vec<u8>,
    body: Vec<u8>,
    body_limit: usize,
    state: State,
    keeps_alive: bool,
    received: usize,
    /// Interim answers so far.
    interim: usize,
}

enum State {
    Head,
    Length(usize),
    Chunked(Chunked),
    UntilClosed,
    Done,
}

/// What a head says about what follows.
enum Head {
    /// Another head.
    Interim,
    /// The body.
    Answer { keeps_alive: bool, state: State },
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
            interim: 0,
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
        while let State::Head = self.state {
            let head = read_head(&self.buffer)?;
            if head
                .as_ref()
                .map_or(self.buffer.len(), |(length, _)| *length)
                > HEAD_LIMIT
            {
                return Err(too_large("head", HEAD_LIMIT));
            }
            let Some((length, head)) = head else {
                return Ok(false);
            };
            self.buffer.drain(..length);
            self.begin(head)?;
        }
        if self.fill_body()? {
            self.state = State::Done;
            // Something after the answer: the connection is not where it should be.
            self.keeps_alive &= self.buffer.is_empty();
        }
        self.check_framing()?;
        Ok(matches!(self.state, State::Done))
    }

    /// Goes on after a head.
    fn begin(&mut self, head: Head) -> Result<(), HttpError> {
        match head {
            Head::Interim if self.interim == MOST_INTERIM => {
                let what = format!("more than {MOST_INTERIM} interim answers");
                return Err(HttpError::Malformed(what));
            }
            Head::Interim => self.interim += 1,
            Head::Answer { keeps_alive, state } => {
                self.keeps_alive = keeps_alive;
                self.state = state;
            }
        }
        Ok(())
    }

    /// A body in small chunks, each with much around it, must not make an answer without end.
    fn check_framing(&self) -> Result<(), HttpError> {
        let framing = self.received - self.body.len() - self.buffer.len();
        let limit = self.body_limit.saturating_add(HEAD_LIMIT);
        match framing > limit {
            true => Err(too_large("framing of the body", limit)),
            false => Ok(()),
        }
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
                make_room(body, wanted, *length);
                body.extend(self.buffer.drain(..wanted));
                Ok(body.len() == *length)
            }
            State::Chunked(chunked) => chunked.take(&mut self.buffer, body, limit),
            State::UntilClosed => {
                make_room(body, self.buffer.len(), limit);
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

/// Makes room for `more` bytes: as a vector does, by doubling, but never for more than `most` bytes in all, or than are
/// there.
pub(super) fn make_room(body: &mut Vec<u8>, more: usize, most: usize) {
    let wanted = body.len() + more;
    if wanted > body.capacity() {
        let doubled = body.capacity().saturating_mul(2).min(most);
        body.reserve_exact(doubled.max(wanted) - body.len());
    }
}

/// The head and its length, if it is complete.
fn read_head(bytes: &[u8]) -> Result<Option<(usize, Head)>, HttpError> {
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
        code @ 100..=199 if code != SWITCHING_PROTOCOLS => {
            return Ok(Some((length, Head::Interim)));
        }
        code @ 300..=399 => return Err(HttpError::Redirect(code)),
        code => {
            let retry_after = headers.retry_after();
            return Err(HttpError::Status { code, retry_after });
        }
    }
    let state = match (headers.number("content-length")?, headers.is_chunked()?) {
        (Some(_), true) => return Err(malformed("both chunked and with a length")),
        (Some(length), false) => State::Length(usize::try_from(length).unwrap_or(usize::MAX)),
        (None, true) => State::Chunked(Chunked::new()),
        (None, false) => State::UntilClosed,
    };
    let keeps_alive = response.version == Some(1) && !headers.has("connection", "close");
    Ok(Some((length, Head::Answer { keeps_alive, state })))
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

    /// The items of all values, which may be lists.
    fn items(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.all(name)
            .flat_map(|value| value.split(','))
            .map(str::trim)
    }

    fn has(&self, name: &str, word: &str) -> bool {
        self.items(name).any(|item| item.eq_ignore_ascii_case(word))
    }

    /// Whether the body is in chunks. No other coding is understood, alone or with it.
    fn is_chunked(&self) -> Result<bool, HttpError> {
        let mut codings = self.items("transfer-encoding");
        match (codings.next(), codings.next()) {
            (None, _) => Ok(false),
            (Some(only), None) if only.eq_ignore_ascii_case("chunked") => Ok(true),
            _ => {
                let what = String::from("an unknown transfer encoding");
                Err(HttpError::Malformed(what))
            }
        }
    }

    /// The one number in this header. What no number can hold is the largest.
    fn number(&self, name: &str) -> Result<Option<u64>, HttpError> {
        let mut number = None;
        for value in self.all(name) {
            let read = digits(value);
            if read.is_none() || number.is_some_and(|before| Some(before) != read) {
                let start: String = value.chars().take(QUOTED).collect();
                return Err(HttpError::Malformed(format!("a {name} of {start:?}")));
            }
            number = read;
        }
        Ok(number)
    }

    /// How long to wait, said as seconds or as a date. A date is compared with the answer's own, so that it does not
    /// matter what this machine's clock says; with that clock only if the answer has none. What is neither says
    /// nothing.
    fn retry_after(&self) -> Option<Duration> {
        let value = self.get("retry-after")?;
        let seconds = digits(value).or_else(|| {
            let now = self
                .get("date")
                .and_then(date::seconds)
                .or_else(unix_time)?;
            Some(date::seconds(value)?.saturating_sub(now))
        });
        seconds.map(Duration::from_secs)
    }
}

fn digits(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

fn unix_time() -> Option<u64> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.ok().map(|since| since.as_secs())
}
