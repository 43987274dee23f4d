//! The chunked transfer encoding (RFC 9112, section 7.1).

use super::HttpError;
use super::response::too_large;

/// The longest line with a chunk's size, and the longest trailer, in bytes.
const LINE_LIMIT: usize = 1 << 10;

/// Reads chunks as they come.
pub struct Chunked(State);

#[derive(Clone, Copy)]
enum State {
    /// Before the line with a chunk's size.
    Size,
    /// So many bytes of the chunk, and then of the line break after it, are to come.
    Data(usize),
    DataEnd,
    /// After the last chunk: lines up to an empty one.
    Trailer,
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
                State::Size => match httparse::parse_chunk_size(rest) {
                    Ok(httparse::Status::Complete((line, size))) => {
                        at += line;
                        self.0 = self.after_size(size, body.len(), limit)?;
                    }
                    Ok(httparse::Status::Partial) => break self.wait_for_line(rest)?,
                    Err(_) => return Err(malformed("a chunk without a size")),
                },
                State::Data(left) => {
                    let part = left.min(rest.len());
                    body.extend_from_slice(&rest[..part]);
                    at += part;
                    self.0 = match left - part {
                        0 => State::DataEnd,
                        left => State::Data(left),
                    };
                    if left > part {
                        break false;
                    }
                }
                State::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        at += 2;
                        self.0 = State::Size;
                    }
                    [] | [b'\r'] => break false,
                    _ => return Err(malformed("a chunk of another size than it says")),
                },
                State::Trailer => match rest.windows(2).position(|pair| pair == b"\r\n") {
                    Some(length) => {
                        at += length + 2;
                        if length == 0 {
                            break true;
                        }
                    }
                    None => break self.wait_for_line(rest)?,
                },
            }
        };
        buffer.drain(..at);
        Ok(ended)
    }

    fn after_size(&self, size: u64, body: usize, limit: usize) -> Result<State, HttpError> {
        match usize::try_from(size) {
            Ok(0) => Ok(State::Trailer),
            Ok(size) if size <= limit - body => Ok(State::Data(size)),
            _ => Err(too_large("body", limit)),
        }
    }

    /// A line that is not complete yet; it must not grow for ever.
    fn wait_for_line(&self, line: &[u8]) -> Result<bool, HttpError> {
        match line.len() > LINE_LIMIT {
            true => Err(malformed("a line between chunks that does not end")),
            false => Ok(false),
        }
    }
}

fn malformed(what: &str) -> HttpError {
    HttpError::Malformed(what.to_owned())
}
