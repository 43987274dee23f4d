//! The chunked transfer encoding (RFC 9112, section 7.1).

use super::HttpError;
use super::response::{make_room, too_large};

/// The longest line with a chunk's size, in bytes.
const LINE_LIMIT: usize = 1 << 10;

/// The most bytes of all trailers together.
const TRAILER_LIMIT: usize = 8 << 10;

/// The bytes of a line break.
const LINE_BREAK: usize = 2;

/// Reads chunks as they come.
pub struct Chunked(State);

#[derive(Clone, Copy)]
enum State {
    /// Before the line with a chunk's size.
    Size,
    /// So many bytes of the chunk, and then of the line break after it, are to come.
    Data(usize),
    DataEnd,
    /// After the last chunk: lines up to an empty one, and how many bytes of them have come.
    Trailer(usize),
}

impl Chunked {
    /// Before the first chunk.
    pub fn new() -> Chunked {
        Chunked(State::Size)
    }

    /// Moves from `buffer` to `body` what belongs there; `true` after the end.
    pub fn take(
        &mut self,
        buffer: &mut Vec<u8>,
        body: &mut Vec<u8>,
        limit: usize,
    ) -> Result<bool, HttpError> {
        let mut at = 0;
        let ended = loop {
            let rest = &buffer[at..];
            match self.0 {
                State::Size => {
                    let Some((line, size)) = read_size(rest)? else {
                        break false;
                    };
                    at += line;
                    self.0 = after_size(size, body.len(), limit)?;
                }
                State::Data(left) => {
                    let part = append(body, &rest[..left.min(rest.len())], limit);
                    at += part;
                    if part < left {
                        self.0 = State::Data(left - part);
                        break false;
                    }
                    self.0 = State::DataEnd;
                }
                State::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        at += 2;
                        self.0 = State::Size;
                    }
                    [] | [b'\r'] => break false,
                    _ => return Err(malformed("a chunk of another size than it says")),
                },
                State::Trailer(seen) => {
                    let Some(line) = read_trailer(rest, seen)? else {
                        break false;
                    };
                    at += line;
                    self.0 = State::Trailer(seen + line);
                    // The empty line, which is a line break alone, ends the body.
                    if line == LINE_BREAK {
                        break true;
                    }
                }
            }
        };
        buffer.drain(..at);
        Ok(ended)
    }
}

/// Appends a part of a chunk to the body, and returns its length.
fn append(body: &mut Vec<u8>, part: &[u8], limit: usize) -> usize {
    make_room(body, part.len(), limit);
    body.extend_from_slice(part);
    part.len()
}

/// The length of the line that begins here, and the size in it; `None` as long as the line is not complete.
fn read_size(rest: &[u8]) -> Result<Option<(usize, u64)>, HttpError> {
    if rest.first().is_some_and(|first| !first.is_ascii_hexdigit()) {
        return Err(malformed("a chunk without a size"));
    }
    let line = match httparse::parse_chunk_size(rest) {
        Ok(httparse::Status::Complete(line)) => Some(line),
        Ok(httparse::Status::Partial) => None,
        Err(_) => return Err(malformed("a chunk without a size")),
    };
    match line.map_or(rest.len(), |(length, _)| length) > LINE_LIMIT {
        true => Err(malformed("a line between chunks that does not end")),
        false => Ok(line),
    }
}

/// The length of the trailer that begins here, its line break included; `None` as long as it is not complete. `seen`
/// bytes of trailers came before.
fn read_trailer(rest: &[u8], seen: usize) -> Result<Option<usize>, HttpError> {
    let line = rest.windows(LINE_BREAK).position(|pair| pair == b"\r\n");
    let length = line.map_or(rest.len(), |length| length + LINE_BREAK);
    match seen + length > TRAILER_LIMIT {
        true => Err(malformed("trailers that do not end")),
        false => Ok(line.map(|_| length)),
    }
}

fn after_size(size: u64, body: usize, limit: usize) -> Result<State, HttpError> {
    match usize::try_from(size) {
        Ok(0) => Ok(State::Trailer(0)),
        Ok(size) if size <= limit - body => Ok(State::Data(size)),
        _ => Err(too_large("body", limit)),
    }
}

fn malformed(what: &str) -> HttpError {
    HttpError::Malformed(what.to_owned())
}
